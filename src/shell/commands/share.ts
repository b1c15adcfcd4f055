/* The commands that give other users files, take that back, and tell of it. */
import type { Share } from "../../core/accounts.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { parseUserName } from "../../core/ids.ts";
import { isJson, jsonOption, allOn, staleOption } from "../command.ts";
import type { Command } from "../command.ts";
import { alignRows, jsonLine, nameText, timeText } from "../formats.ts";
import { remotePath } from "../operands.ts";
import type { Output } from "../output.ts";
import { tell } from "./login.ts";
import { temporary } from "../manual.ts";

/** `share`: gives another user a file or a directory. */
export const share: Command = {
  name: "share",
  purpose: "people",
  summary: "let another user read a file or a directory",
  usage: "[--write] PATH USER",
  description: [
    "Gives USER the key of PATH: of a file, or of a directory with all that is and will be in it. No data moves. USER finds it in /from/YOU. Sharing again with or without --write changes what USER may do.",
  ],
  options: [{ long: "write", short: "w", summary: "let the other one also change what is in it" }],
  side: (index) => (index === 0 ? "remote" : "user"),
  operandsMin: 2,
  operandsMax: 2,
  operands: { PATH: "a file or directory of your own, not the root", USER: "who shall read it" },
  exitCodes: {
    2: "wrong usage, the root, or not your own",
    3: "the path or the user is not there",
    5: "too few coordinators answer: try again",
    6: "nobody is logged in",
  },
  examples: [
    ["share /docs bob", "Let bob read /docs."],
    ["share --write /work bob", "Let bob change what is in /work too."],
  ],
  seeAlso: ["unshare", "shares", "cp"],
  async run(invocation, context) {
    const [path, user] = oneOfEach(invocation.operands);
    const client = await context.client();
    const name = parseUserName(user);
    const write = invocation.options.has("write");
    const at = remotePath(path, context);
    const made = await client.share(at, name, { write, signal: context.signal }).catch(about(path));
    const verbs = made.mayWrite ? "read and change" : "read";
    await tell(`${name} can ${verbs} it, and finds it in /from/${made.owner}`, context);
    return 0;
  },
};

/** `unshare`: takes a share back. */
export const unshare: Command = {
  name: "unshare",
  purpose: "people",
  summary: "take a share back",
  usage: "PATH USER",
  description: [
    "From now on USER cannot reach PATH, and what changes in it has a new key. What USER has read or copied stays with USER, and whatever USER could read until now you should count as known.",
  ],
  options: [],
  side: (index) => (index === 0 ? "remote" : "user"),
  operandsMin: 2,
  operandsMax: 2,
  operands: { PATH: "what is shared", USER: "who shall not reach it any more" },
  exitCodes: {
    3: "the path or the user is not there, or it is not shared",
    5: "too few coordinators answer: try again",
    6: "nobody is logged in",
  },
  examples: [["unshare /docs bob", "End the share of /docs with bob."]],
  seeAlso: ["share", "shares"],
  async run(invocation, context) {
    const [path, user] = oneOfEach(invocation.operands);
    const client = await context.client();
    const name = parseUserName(user);
    await client.unshare(remotePath(path, context), name, { signal: context.signal }).catch(about(path));
    await tell(`${name} cannot reach it any more; whatever ${name} has read or copied stays with ${name}`, context);
    return 0;
  },
};

/** What fails about a path is told with the path as typed; what fails about something else is told as it is. */
function about(path: string): (error: unknown) => never {
  return (error) => {
    const failure = toDfsError(error);
    const isOther = failure.path !== undefined || (failure.kind !== "not-found" && failure.kind !== "usage");
    throw isOther ? error : new DfsError(failure.kind, failure.message, { path, cause: error });
  };
}

/** A glob may stand for several paths. */
function oneOfEach(operands: readonly string[]): readonly [path: string, user: string] {
  const [path, user, ...more] = operands;
  if (path === undefined || user === undefined || more.length > 0)
    throw new DfsError("usage", "one path and one user are needed");
  return [path, user];
}

/** `shares`: what is shared. */
export const shares: Command = {
  name: "shares",
  purpose: "people",
  summary: "what you share, and what others share with you",
  usage: "[--by|--to] [--stale] [--json]",
  description: [
    "Prints for each share its owner, the other user, what that one may do, since when, and where it is: yours under your own path, others' below /from.",
  ],
  options: [
    { long: "by", summary: "only what you share" },
    { long: "to", summary: "only what others share with you" },
    staleOption,
    jsonOption,
  ],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: temporary,
  examples: [
    ["shares", "All shares, in both directions."],
    ["shares --to --json", "What others share with you, for a program."],
  ],
  seeAlso: ["share", "unshare"],
  async run(invocation, context) {
    const { options } = invocation;
    const { stdout, reads } = context;
    const client = await context.client();
    const found: Share[] = [];
    if (options.has("by") || !options.has("to")) found.push(...(await client.shares("by", reads)));
    if (options.has("to") || !options.has("by")) found.push(...(await client.shares("to", reads)));
    if (isJson(invocation, context)) for (const each of found) await stdout.write(jsonLine(shareJson(each)));
    else if (found.length > 0) await stdout.write(sharesTable(found, stdout));
    else await tell("nothing is shared", context);
    return 0;
  },
};

function shareJson({ sinceMs, ...rest }: Share): Record<string, unknown> {
  return { ...rest, since: new Date(sinceMs).toISOString() };
}

function sharesTable(found: readonly Share[], stdout: Output): string {
  const rows = found.map(({ owner, grantee, mayWrite, sinceMs, path, kind }) => [
    owner,
    grantee,
    mayWrite ? "write" : "read",
    timeText(sinceMs),
    nameText(path, stdout, kind),
  ]);
  return alignRows([["OWNER", "USER", "MAY", "SINCE", "PATH"], ...rows]);
}
