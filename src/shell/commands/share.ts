/* The commands that give other users files, take that back, and tell of it. */
import type { Share } from "../../core/accounts.ts";
import { DfsError } from "../../core/errors.ts";
import { parseUserName } from "../../core/ids.ts";
import { isJson, jsonOption, allOn, staleOption } from "../command.ts";
import type { Command } from "../command.ts";
import { alignRows, jsonLine, nameText, timeText } from "../formats.ts";
import { remotePath } from "../operands.ts";
import type { Output } from "../output.ts";
import { tell } from "./login.ts";

/** `share`: gives another user a file or a directory. */
export const share: Command = {
  name: "share",
  summary: "let another user read a file, or a directory with all that is and will be in it; no data moves",
  usage: "[--write] PATH USER",
  options: [{ long: "write", short: "w", summary: "let the other one also change what is in it" }],
  side: (index) => (index === 0 ? "remote" : "user"),
  operandsMin: 2,
  operandsMax: 2,
  examples: ["share /docs bob", "share --write /work bob"],
  async run(invocation, context) {
    const [path, user] = oneOfEach(invocation.operands);
    const client = await context.client();
    const name = parseUserName(user);
    const write = invocation.options.has("write");
    const made = await client.share(remotePath(path, context), name, { write, signal: context.signal });
    const verbs = made.mayWrite ? "read and change" : "read";
    await tell(`${name} can ${verbs} it, and finds it in /from/${made.owner}`, context);
    return 0;
  },
};

/** `unshare`: takes a share back. */
export const unshare: Command = {
  name: "unshare",
  summary: "take a share back: what changes from now on has a new key; what the other one could read may be known",
  usage: "PATH USER",
  options: [],
  side: (index) => (index === 0 ? "remote" : "user"),
  operandsMin: 2,
  operandsMax: 2,
  examples: ["unshare /docs bob"],
  async run(invocation, context) {
    const [path, user] = oneOfEach(invocation.operands);
    const client = await context.client();
    const name = parseUserName(user);
    await client.unshare(remotePath(path, context), name, { signal: context.signal });
    await tell(`${name} cannot reach it any more; whatever ${name} has read or copied stays with ${name}`, context);
    return 0;
  },
};

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
  summary: "what you share with others, and what others share with you",
  usage: "[--by|--to] [--stale] [--json]",
  options: [
    { long: "by", summary: "only what you share" },
    { long: "to", summary: "only what others share with you" },
    staleOption,
    jsonOption,
  ],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  examples: ["shares", "shares --to --json"],
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
