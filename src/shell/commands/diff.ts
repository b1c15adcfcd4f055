import type { DfsClient } from "../../core/client.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { RevisionInfo } from "../../core/history.ts";
import type { FileKey } from "../../core/ids.ts";
import { diffBytesMax } from "../../core/limits.ts";
import type { DfsPath } from "../../core/names.ts";
import { allOn, atOption, isJson, jsonOption, staleOption, wholeNumber } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { firstDifference } from "../diff/first-difference.ts";
import { type Hunk, hunksOf, textOf, unifiedLines } from "../diff/text-diff.ts";
import { byteText, jsonLine, nameText, timeText } from "../formats.ts";
import { temporary } from "../manual.ts";
import { remotePath } from "../operands.ts";

const contextLinesDefault = 3;
const differs = 1;
const trouble = 2;

/** `diff`: what changed between two revisions of a file, or between two files. */
export const diff: Command = {
  name: "diff",
  purpose: "past",
  summary: "what changed in a file, or between two",
  usage: "[-U N] [--rev N] [--at WHEN] [--stale] [--json] FILE [FILE]",
  description: [
    "Compares a revision of FILE, or what it was at a time, with its newest one, two revisions of it, or two files, and prints the lines that went and came, as diff -u does.",
    "What is no text, and files of more than 4 MiB, are only told to differ, with the place of the first byte that does.",
  ],
  options: [
    { long: "rev", value: "N", summary: "this revision; given twice, the older and the newer one", isRepeatable: true },
    { long: "unified", short: "U", value: "N", summary: "this many lines around each change, 3 unless told" },
    atOption,
    staleOption,
    { ...jsonOption, summary: "one JSON object" },
  ],
  side: allOn("remote"),
  isCondition: true,
  operandsMin: 1,
  operandsMax: 2,
  operands: { FILE: "a file" },
  exitCodes: {
    0: "the same",
    1: "different",
    2: "wrong usage, or a failure that has no code of its own",
    3: "no such file or revision",
    4: "a directory",
    ...temporary,
  },
  examples: [
    ["diff plan.md --rev 3", "What changed since revision 3."],
    ["diff plan.md --rev 3 --rev 5", "What changed from revision 3 to revision 5."],
    ["diff plan.md --at yesterday", "What changed since then."],
    ["diff draft.txt final.txt", "Two files."],
    ["diff plan.md --rev 3 && echo same", "In a script, which a difference does not end here."],
  ],
  seeAlso: ["revisions", "restore", "undo"],
  async run(invocation, context) {
    try {
      return await compare(invocation, context);
    } catch (error) {
      return Math.max(trouble, await context.report(error));
    }
  },
};

/** One of the two things that are compared. */
interface Side {
  readonly operand: string;
  readonly path: DfsPath;
  readonly revision: number;
  readonly committedMs: number;
  readonly sizeBytes: number;
  readonly fileKey: FileKey | undefined;
  read(): AsyncIterable<Uint8Array>;
}

type Sides = readonly [Side, Side];

/** What there is to tell: lines, or only where the first byte differs. */
type Difference = { readonly hunks: readonly Hunk[] } | { readonly firstByte: number };

async function compare(invocation: Invocation, context: CommandContext): Promise<number> {
  const contextLines = invocation.options.number("unified", 0) ?? contextLinesDefault;
  const sides = await sidesOf(invocation, context);
  const difference = sides[0].fileKey === sides[1].fileKey ? undefined : await differenceOf(sides, contextLines);
  const json = isJson(invocation, context);
  if (json) await context.stdout.write(jsonLine(jsonOf(sides, difference)));
  else if (difference !== undefined) await print(sides, difference, context);
  return difference === undefined ? 0 : differs;
}

async function sidesOf({ operands, options, pastMs }: Invocation, context: CommandContext): Promise<Sides> {
  const [operand = "", other] = operands;
  const [first, second, ...more] = options.texts("rev").map((text) => wholeNumber(text, "--rev", 1));
  const present = { state: context.state };
  const then = (name: string): Promise<Side> => newest(name, remotePath(name, context), context);
  const now = (): Promise<Side> => newest(operand, remotePath(operand, present), context);
  const at = (revision: number): Promise<Side> => earlier(operand, remotePath(operand, present), revision, context);
  if (other !== undefined) {
    if (first !== undefined) throw new DfsError("usage", "--rev goes with one file only");
    return [await then(operand), await then(other)];
  }
  const given = options.texts("rev").length + (pastMs === undefined ? 0 : 1);
  if (given === 0) throw new DfsError("usage", "compare with what? Give --rev N, --at WHEN, or a second file");
  if (given > 2 || more.length > 0) throw new DfsError("usage", "two states of a file can be compared, not more");
  const old = first === undefined ? await then(operand) : await at(first);
  if (second !== undefined) return [old, await at(second)];
  return [old, first !== undefined && pastMs !== undefined ? await then(operand) : await now()];
}

/** What fails about an operand is told of it as it was typed. */
async function about<Result>(operand: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { kind, message, retryAfterMs } = toDfsError(error);
    throw new DfsError(kind, message, { path: operand, retryAfterMs, cause: error });
  }
}

async function newest(operand: string, path: DfsPath, context: CommandContext): Promise<Side> {
  const { reads } = context;
  const client = await context.client();
  const entry = await about(operand, () => client.stat(path, reads));
  if (entry.kind === "directory") throw new DfsError("is-directory", "is a directory", { path: operand });
  const { revision, committedMs, sizeBytes, fileKey } = entry;
  const read = (): AsyncIterable<Uint8Array> => client.read(path, { revision, ...reads });
  return { operand, path, revision, committedMs, sizeBytes, fileKey, read };
}

async function earlier(operand: string, path: DfsPath, revision: number, context: CommandContext): Promise<Side> {
  const { reads } = context;
  const client = await context.client();
  const info = await about(operand, () => revisionOf(client, path, revision, reads));
  if (info === undefined)
    throw new DfsError("not-found", `has no revision ${revision} that is kept: see revisions`, { path: operand });
  const { committedMs, sizeBytes, fileKey } = info;
  const read = (): AsyncIterable<Uint8Array> => client.read(path, { revision, ...reads });
  return { operand, path, revision, committedMs, sizeBytes, fileKey, read };
}

async function revisionOf(
  client: DfsClient,
  path: DfsPath,
  revision: number,
  reads: CommandContext["reads"],
): Promise<RevisionInfo | undefined> {
  for await (const info of client.revisions(path, reads)) if (info.revision === revision) return info;
  return undefined;
}

/** Undefined where there is none. */
async function differenceOf([old, now]: Sides, contextLines: number): Promise<Difference | undefined> {
  const isSmall = Math.max(old.sizeBytes, now.sizeBytes) <= diffBytesMax;
  const hunks = isSmall ? await lineDifference([old, now], contextLines) : undefined;
  if (hunks !== undefined) return hunks.length === 0 ? undefined : { hunks };
  const firstByte = await firstDifference(old.read(), now.read());
  return firstByte === undefined ? undefined : { firstByte };
}

/** Undefined for what is no text, and for texts that differ too much. */
async function lineDifference([old, now]: Sides, contextLines: number): Promise<readonly Hunk[] | undefined> {
  const [oldText, newText] = [textOf(await bytesOf(old)), textOf(await bytesOf(now))];
  if (oldText === undefined || newText === undefined) return undefined;
  return hunksOf(oldText, newText, contextLines);
}

async function bytesOf(side: Side): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of side.read()) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function print(sides: Sides, difference: Difference, { stdout }: CommandContext): Promise<void> {
  const [old, now] = sides;
  if ("hunks" in difference) {
    for (const line of unifiedLines([label(old), label(now)], difference.hunks, stdout)) await stdout.write(line);
    return;
  }
  const text = `${label(old)} and ${label(now)} differ: ${byteText(old.sizeBytes)} and ${byteText(now.sizeBytes)}, first difference at byte ${difference.firstByte}`;
  await stdout.write(`${nameText(text, stdout)}\n`);
}

function label({ operand, revision, committedMs }: Side): string {
  return `${operand} (revision ${revision}, ${timeText(committedMs)})`;
}

function jsonOf(sides: Sides, difference: Difference | undefined): Record<string, unknown> {
  const [old, now] = sides.map(({ path, revision, committedMs, sizeBytes }) => ({
    path,
    revision,
    committed: new Date(committedMs).toISOString(),
    sizeBytes,
  }));
  const isSame = difference === undefined;
  return { old, new: now, isSame, ...difference };
}
