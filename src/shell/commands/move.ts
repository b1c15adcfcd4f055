/* The commands that move and copy within the network: no data travels while it stays with its user. */
import type { DfsClient } from "../../core/client.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { baseName, printable } from "../../core/names.ts";
import type { DfsPath } from "../../core/names.ts";
import { allOn, eachOperand } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { remotePath, statIfThere, targetRule } from "../operands.ts";
import { temporary } from "../manual.ts";

/** `mv`: renames and moves. */
export const mv: Command = {
  name: "mv",
  purpose: "files",
  summary: "rename or move",
  usage: "[-fin] SOURCE… TARGET",
  description: [
    "Moves each SOURCE into TARGET where that is a directory, else renames the one SOURCE to it. No data moves, whatever the size. A file keeps its revisions.",
    "Between your own files and those of others nothing can be moved: copy, then remove.",
  ],
  options: [
    { long: "force", short: "f", summary: "replace a file that is there already" },
    { long: "interactive", short: "i", summary: "ask before replacing" },
    { long: "no-clobber", short: "n", summary: "leave what is there, and say nothing" },
  ],
  side: allOn("remote"),
  operandsMin: 2,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { SOURCE: "a file or directory", TARGET: "the directory to move into, or the new name" },
  exitCodes: {
    2: "wrong usage, a directory into itself, or another user's place",
    3: "a source or the target directory is not there",
    4: "the target is there already (-f replaces a file)",
    ...temporary,
  },
  examples: [
    ["mv draft.txt final.txt", "Rename a file."],
    ["mv *.jpg photos", "Move pictures into a directory."],
  ],
  seeAlso: ["cp", "rm", "undo"],
  run: (invocation, context) =>
    toTarget(invocation, context, (client, from, to, force) => client.move(from, to, { force, ...context.writes })),
};

/** `cp`: copies. */
export const cp: Command = {
  name: "cp",
  purpose: "files",
  summary: "copy without moving data",
  usage: "[-rfin] SOURCE… TARGET",
  description: [
    "Copies each SOURCE into TARGET where that is a directory, else to TARGET. Within your own files no data moves: a copy shares its chunks with its source. Between users the content is sealed anew for the other one. A copy starts with its newest revision. A SOURCE of the past (see paths) is brought back so.",
  ],
  options: [
    { long: "recursive", short: "r", summary: "directories with all that is in them" },
    { long: "force", short: "f", summary: "replace a file that is there already" },
    { long: "interactive", short: "i", summary: "ask before replacing" },
    { long: "no-clobber", short: "n", summary: "leave what is there, and say nothing" },
  ],
  side: allOn("remote"),
  operandsMin: 2,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { SOURCE: "a file, or with -r a directory", TARGET: "the directory to copy into, or the name of the copy" },
  exitCodes: {
    2: "wrong usage, or a directory into itself",
    3: "a source or the target directory is not there",
    4: "the target is there already (-f replaces a file), or a directory without -r",
    ...temporary,
  },
  examples: [
    ["cp report.pdf report-old.pdf", "Copy a file."],
    ["cp -r photos backup", "Copy a tree."],
    ["cp -r /from/ann/docs /mine", "Take a copy of what ann shares."],
    ["cp -r /@2026-11-01/photos old-photos", "Bring back what photos was on that day."],
  ],
  seeAlso: ["mv", "put", "share"],
  run: (invocation, context) =>
    toTarget(invocation, context, (client, from, to, force) =>
      client.copy(from, to, { force, recursive: invocation.options.has("recursive"), ...context.writes }),
    ),
};

type Relocate = (client: DfsClient, from: DfsPath, to: DfsPath, force: boolean) => Promise<unknown>;

async function toTarget({ options, groups }: Invocation, context: CommandContext, relocate: Relocate): Promise<number> {
  const [target, ...extra] = groups.at(-1) ?? [];
  if (target === undefined || extra.length > 0)
    throw new DfsError("usage", "the target, the last operand, must be one path");
  const sources = groups.slice(0, -1).flat();
  const rule = await targetRule(target, sources.length, context);
  const client = await context.client();
  return eachOperand(context, sources, async (source) => {
    const from = remotePath(source, context);
    const to = rule(baseName(from));
    const isThere = options.has("force") ? false : (await statIfThere(client, to, context.signal)) !== undefined;
    if (isThere && options.has("no-clobber")) return;
    if (isThere && options.has("interactive") && !(await mayReplace(to, context))) return;
    try {
      await relocate(client, from, to, options.has("force") || (isThere && options.has("interactive")));
    } catch (error) {
      throw explained(error, to);
    }
  });
}

/** Says what is in the way, and which option helps. */
function explained(error: unknown, to: DfsPath): unknown {
  const { kind, message } = toDfsError(error);
  if (kind === "exists" && message.startsWith(kind))
    return new DfsError(kind, `${printable(to)} ${message}`, { cause: error });
  if (kind === "is-directory" && message === "is a directory")
    return new DfsError(kind, "is a directory (use -r)", { cause: error });
  return error;
}

async function mayReplace(to: DfsPath, context: CommandContext): Promise<boolean> {
  if (context.ask === undefined) throw new DfsError("usage", "-i needs a terminal to ask on");
  return context.ask(`replace ${printable(to)}?`);
}
