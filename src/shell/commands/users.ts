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
import { temporary } from "../manual.ts";

/** `users`: who there is. */
export const users: Command = {
  name: "users",
  purpose: "people",
  summary: "the users of the network",
  usage: "[--stale] [--json]",
  description: [
    "Prints for each user the role, what the files cost with earlier revisions and removed files, of which quota, and the fingerprint of the user's keys. shared is everybody.",
  ],
  options: [staleOption, jsonOption],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: temporary,
  examples: [
    ["users", "Who there is."],
    ["users --json", "The same for a program."],
  ],
  seeAlso: ["adduser", "whoami", "quota"],
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
  purpose: "people",
  summary: "make a user",
  usage: "[--password-file FILE] [--quota SIZE] USER",
  description: [
    "Makes a user with files of their own. The first user of a network becomes administrator; after that only administrators make users. The password is asked for twice and not shown, has 10 characters at the least, and cannot be replaced when it is lost.",
  ],
  options: [
    passwordFileOption,
    { long: "quota", value: "SIZE", summary: "what the user's files may cost in all: 500M, 20G; without it no limit" },
  ],
  side: allOn("none"),
  operandsMin: 1,
  operandsMax: 1,
  operands: { USER: "the name: small letters, digits and dashes" },
  exitCodes: {
    2: "wrong usage, a bad name, a weak password, or nobody can be asked",
    3: "the password file is not there",
    4: "the name is taken, or you are no administrator",
    ...temporary,
  },
  examples: [
    ["adduser ann", "Make ann; the password is asked for."],
    ["adduser --quota 20G --password-file bob.password bob", "Make bob from a script, with a limit."],
  ],
  seeAlso: ["login", "userdel", "quota", "admin"],
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
  purpose: "people",
  summary: "change your password",
  usage: "[--password-file FILE] [--new-password-file FILE]",
  description: [
    "Asks for the present password, and for the new one twice. Nothing is encrypted anew, since a password only protects the user's key. A password has 10 characters at the least; one that is lost cannot be replaced by anybody.",
  ],
  options: [
    { ...passwordFileOption, summary: "take the present password from the first line of this local file" },
    { long: "new-password-file", value: "FILE", summary: "take the new one from the first line of this local file" },
  ],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: {
    2: "wrong usage, a weak password, or nobody can be asked",
    3: "a password file is not there",
    4: "the present password is wrong, or others can read a password file",
    ...temporary,
    6: "nobody is logged in",
  },
  examples: [
    ["passwd", "Change it; both are asked for."],
    ["passwd --password-file old.password --new-password-file new.password", "Change it from a script."],
  ],
  seeAlso: ["login", "adduser"],
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
  purpose: "people",
  summary: "end a user, and in time the user's files",
  usage: "[-f] USER",
  description: [
    "Ends USER with all shares given and received. The files are kept as removed ones are (see retain), but nobody can read them any more. Administrators may end others, and each user may end itself. The last administrator stays.",
  ],
  options: [{ long: "force", short: "f", summary: "without a question" }],
  side: allOn("user"),
  operandsMin: 1,
  operandsMax: 1,
  operands: { USER: "who shall be ended" },
  exitCodes: {
    1: "the question was answered with no",
    2: "wrong usage, nobody can answer, or it is the last administrator",
    3: "there is no such user",
    4: "you are no administrator",
    ...temporary,
  },
  examples: [
    ["userdel bob", "End bob, after a question."],
    ["userdel -f bob", "End bob without one."],
  ],
  seeAlso: ["adduser", "retain"],
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
  if (context.ask === undefined) throw new DfsError("usage", "it asks first, and nobody can answer here: give --force");
  return context.ask(`userdel: end ${name} for good, with shares given and received, and all files?`);
}
