/* The commands that say for whom the shell acts, and change it. */
import type { DfsClient } from "../../core/client.ts";
import type { Account } from "../../core/accounts.ts";
import { DfsError } from "../../core/errors.ts";
import { parseUserName } from "../../core/ids.ts";
import type { UserName } from "../../core/ids.ts";
import { loginRememberedMs } from "../../core/limits.ts";
import { rootPath } from "../../core/names.ts";
import { allOn, isJson, jsonOption, staleOption } from "../command.ts";
import type { Command, CommandContext, Invocation, OptionValues } from "../command.ts";
import { sharedUser, userLoggedIn } from "../doors.ts";
import { jsonLine, timeText } from "../formats.ts";
import { environmentText, passwordSources, presentPassword } from "../passwords.ts";
import { spanMs } from "../spans.ts";
import { accountJson, useText } from "../use.ts";
import { temporary } from "../manual.ts";

/** The option of every command that needs the password of a user who has one. */
export const passwordFileOption = {
  long: "password-file",
  value: "FILE",
  summary: "take the password from the first line of this local file, which only you may read",
} as const;

/** `login`: acts for a user. */
export const login: Command = {
  name: "login",
  purpose: "people",
  summary: "act for a user, in this shell",
  usage: "[--password-file FILE] [--remember[=SPAN]] [[-u] USER]",
  description: [
    "From now on / is USER's own files, which nobody else can read. The password is asked for and not shown; it never stands on the command line.",
    "Scripts name a file that only its owner can read: with --password-file, or by DFS_USER with DFS_PASSWORD_FILE or DFS_PASSWORD in the environment.",
    "With --remember the login counts on this machine for every shell of this data folder, until the time is over or logout ends it. After five wrong passwords the next try has to wait.",
  ],
  options: [
    { long: "user", short: "u", value: "USER", summary: "the user; without it DFS_USER, or it is asked for" },
    passwordFileOption,
    {
      long: "remember",
      value: "SPAN",
      isValueOptional: true,
      summary: "keep the login on this machine for every shell: 12 h, or 30m, 7d; logout ends it",
    },
  ],
  side: allOn("user"),
  operandsMin: 0,
  operandsMax: 1,
  operands: { USER: "the user; without it the one of --user or DFS_USER, or it is asked for" },
  exitCodes: {
    2: "wrong usage, or nobody can be asked for a password",
    3: "the password file is not there",
    4: "wrong user or password, or others can read the password file",
    ...temporary,
  },
  examples: [
    ["login ann", "Act for ann; the password is asked for."],
    ["login --remember=7d ann", "Keep the login on this machine for a week."],
    ["login -u ann --password-file ~/ann.password", "Log in from a script."],
  ],
  seeAlso: ["logout", "whoami", "passwd", "adduser"],
  async run(invocation, context) {
    const { options } = invocation;
    const rememberMs = rememberedMs(options);
    const name = await userToLogIn(invocation, context);
    const client = await context.client();
    const password = await presentPassword(name, options.text("password-file"), passwordSources(context));
    const account = await client.login({ name, password, rememberMs }, { signal: context.signal });
    await standAs(account, client, context);
    await tell(`logged in as ${account.name}${rememberedText(account)}`, context);
    return 0;
  },
};

function rememberedMs(options: OptionValues): number | undefined {
  const span = options.text("remember");
  return span === undefined ? undefined : span === "" ? loginRememberedMs : spanMs(span, "--remember");
}

async function userToLogIn({ options, operands }: Invocation, context: CommandContext): Promise<UserName> {
  const [operand] = operands;
  const option = options.text("user");
  if (operand !== undefined && option !== undefined) throw new DfsError("usage", "one user is enough");
  const given = operand ?? option ?? environmentText(context.env, "DFS_USER");
  if (given !== undefined) return parseUserName(given);
  if (context.askLine === undefined) throw new DfsError("usage", "whose login? name the user");
  return parseUserName((await context.askLine({ text: "user: ", isSecret: false })).trim());
}

/** `logout`: acts for the shared user again. */
export const logout: Command = {
  name: "logout",
  purpose: "people",
  summary: "act for nobody in particular again",
  usage: "",
  description: [
    "From now on / is what all members share. A login that was remembered on this machine is forgotten, and transfers that you have under way here are stopped: what they have done stays.",
  ],
  options: [],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: temporary,
  examples: [["logout", "End the login."]],
  seeAlso: ["login", "whoami"],
  async run(_invocation, context) {
    const client = await context.client();
    const stopped = await transfersOf(client, context);
    await client.logout({ signal: context.signal });
    if (stopped > 0) await context.stderr.write(`logout: note: ${stopped} of your transfers stopped\n`);
    await standAs(await client.whoami({ signal: context.signal }), client, context);
    await tell("logged out: / is what all members share", context);
    return 0;
  },
};

/** How many transfers a logout stops; none where nobody is logged in, or where that cannot be known. */
async function transfersOf(client: DfsClient, { reads, signal }: CommandContext): Promise<number> {
  if ((await userLoggedIn(client, reads)) === undefined) return 0;
  const jobs = await client.jobs({ signal });
  return jobs.filter(({ endedMs }) => endedMs === undefined).length;
}

/** `whoami`: for whom the shell acts. */
export const whoami: Command = {
  name: "whoami",
  purpose: "people",
  summary: "for whom the shell acts",
  usage: "[--stale] [--json]",
  description: [
    "Prints the user's name. On a terminal also whether that is an administrator, what the files cost, of which quota, and the fingerprint of the user's keys, by which others can tell that they share with the right one.",
  ],
  options: [staleOption, jsonOption],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: temporary,
  examples: [
    ["whoami", "Who is logged in."],
    ["whoami --json", "The same for a program, with bytes and quota."],
  ],
  seeAlso: ["login", "users", "df"],
  async run(invocation, context) {
    const client = await context.client();
    const account = await client.whoami(context.reads);
    const { stdout } = context;
    if (isJson(invocation, context)) await stdout.write(jsonLine(accountJson(account)));
    else await stdout.write(stdout.isTTY ? accountText(account) : `${account.name}\n`);
    return 0;
  },
};

function accountText(account: Account): string {
  if (account.isShared) return `${sharedUser}: nobody is logged in; / is what all members share\n`;
  const role = account.isAdmin ? " (administrator)" : "";
  return `${account.name}${role}${rememberedText(account)}\nuses ${useText(account)}\nkeys ${account.fingerprint}\n`;
}

function rememberedText({ rememberedUntilMs }: Account): string {
  return rememberedUntilMs === undefined ? "" : `, remembered here until ${timeText(rememberedUntilMs)}`;
}

/** The shell stands as this user, in the root where the directory is none that this user can reach. */
export async function standAs(account: Account, client: DfsClient, context: CommandContext): Promise<void> {
  const { state, signal } = context;
  const user = account.isShared ? undefined : account.name;
  if (user === state.user && user !== undefined) return;
  state.user = user;
  state.previousCwd = undefined;
  if (await isDirectory(client, context)) return;
  signal.throwIfAborted();
  state.cwd = rootPath;
}

async function isDirectory(client: DfsClient, { state, signal }: CommandContext): Promise<boolean> {
  if (state.cwd === rootPath) return true;
  try {
    return (await client.stat(state.cwd, { signal })).kind === "directory";
  } catch {
    // Whatever the reason: what cannot be looked at is no place to stand.
    return false;
  }
}

/** Says what became of it to a person who looks. */
export async function tell(text: string, { stdout, settings }: CommandContext): Promise<void> {
  if (stdout.isTTY && !settings.quiet) await stdout.write(`${text}\n`);
}
