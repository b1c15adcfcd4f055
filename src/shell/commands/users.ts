/* The commands that tell who the users are, make and end them, and change a password. */
import type { UserInfo } from "../../core/accounts.ts";
import { DfsError } from "../../core/errors.ts";
import { parseUserName } from "../../core/ids.ts";
import type { UserName } from "../../core/ids.ts";
import { allOn, isJson, jsonOption, staleOption } from "../command.ts";
import type { Command, CommandContext, OptionValues } from "../command.ts";
import { sharedUser } from "../doors.ts";
import { alignRows, humanSize, jsonLine } from "../formats.ts";
import { newPassword, passwordSources, presentPassword } from "../passwords.ts";
import { sizeBytes } from "../sizes.ts";
import { userJson } from "../use.ts";
import { passwordFileOption, standAs, tell } from "./login.ts";

/** `users`: who there is. */
export const users: Command = {
  name: "users",
  summary: "the users of the network, what their files cost, of which quota, and the fingerprints of their keys",
  usage: "[--stale] [--json]",
  options: [staleOption, jsonOption],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  examples: [],
  async run(invocation, context) {
    const client = await context.client();
    const all = await client.users(context.reads);
    if (isJson(invocation, context)) for (const user of all) await context.stdout.write(jsonLine(userJson(user)));
    else await context.stdout.write(usersTable(all));
    return 0;
  },
};

function usersTable(all: readonly UserInfo[]): string {
  const rows = all.map(({ name, isAdmin, usedBytes, quotaBytes, fingerprint }) => [
    name,
    name === sharedUser ? "everybody" : isAdmin ? "administrator" : "user",
    humanSize(usedBytes),
    quotaBytes === undefined ? "-" : humanSize(quotaBytes),
    fingerprint,
  ]);
  return alignRows([["NAME", "ROLE", "USED", "QUOTA", "KEYS"], ...rows], new Set([2, 3]));
}

/** `adduser`: makes a user. */
export const adduser: Command = {
  name: "adduser",
  summary: "make a user; the first one becomes administrator, and later ones only an administrator makes",
  usage: "[--password-file FILE] [--quota SIZE] USER",
  options: [
    passwordFileOption,
    { long: "quota", value: "SIZE", summary: "what the user's files may cost in all: 500M, 20G; without it no limit" },
  ],
  side: allOn("none"),
  operandsMin: 1,
  operandsMax: 1,
  examples: ["adduser ann", "adduser --quota 20G --password-file bob.password bob"],
  async run({ options, operands: [operand = ""] }, context) {
    const name = parseUserName(operand);
    const quota = options.text("quota");
    const quotaBytes = quota === undefined ? undefined : sizeBytes(quota, "--quota");
    const client = await context.client();
    const file = options.text("password-file");
    const password = await newPassword(name, file, "--password-file", passwordSources(context));
    const { isAdmin } = await client.addUser({ name, password, quotaBytes }, { signal: context.signal });
    const role = isAdmin ? " and administrator" : "";
    await tell(
      `${name} is a user${role} now: "login ${name}" acts for ${name}; a lost password cannot be replaced`,
      context,
    );
    return 0;
  },
};

/** `passwd`: another password for who is logged in. */
export const passwd: Command = {
  name: "passwd",
  summary: "change your password; nothing is encrypted anew",
  usage: "[--password-file FILE] [--new-password-file FILE]",
  options: [
    { ...passwordFileOption, summary: "take the present password from the first line of this local file" },
    { long: "new-password-file", value: "FILE", summary: "take the new one from the first line of this local file" },
  ],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  examples: ["passwd", "passwd --password-file old.password --new-password-file new.password"],
  async run({ options }, context) {
    const { signal } = context;
    const client = await context.client();
    const { name, isShared } = await client.whoami({ signal });
    if (isShared) throw new DfsError("not-logged-in", "nobody is logged in: see login");
    const old = await presentPassword(name, options.text("password-file"), passwordSources(context));
    const next = await chosenPassword(name, options, context);
    await client.changePassword({ old, new: next }, { signal });
    await tell("the new password counts from now on", context);
    return 0;
  },
};

function chosenPassword(name: UserName, options: OptionValues, context: CommandContext): Promise<string> {
  const option = "--new-password-file";
  return newPassword(name, options.text("new-password-file"), option, passwordSources(context));
}

/** `userdel`: ends a user. */
export const userdel: Command = {
  name: "userdel",
  summary: "end a user, and after the retention the user's files; administrators may, and each user for itself",
  usage: "[-f] USER",
  options: [{ long: "force", short: "f", summary: "without a question" }],
  side: allOn("user"),
  operandsMin: 1,
  operandsMax: 1,
  examples: ["userdel bob"],
  async run({ options, operands: [operand = ""] }, context) {
    const { signal } = context;
    const name = parseUserName(operand);
    if (!options.has("force") && !(await mayEnd(name, context))) return 1;
    const client = await context.client();
    const self = await client.whoami({ signal });
    await client.removeUser(name, { signal });
    if (self.name === name) {
      await client.logout({ signal });
      await standAs(await client.whoami({ signal }), client, context);
    }
    await tell(`${name} is no user any more`, context);
    return 0;
  },
};

async function mayEnd(name: UserName, context: CommandContext): Promise<boolean> {
  if (context.ask === undefined)
    throw new DfsError("usage", "userdel asks first, and nobody can answer here: give --force");
  return context.ask(`userdel: end ${name} for good, with shares given and received, and all files?`);
}
