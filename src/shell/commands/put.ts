import { lstat } from "node:fs/promises";
import { resolve } from "node:path";
import type { PutSource, TransferEvent, TransferSummary } from "../../core/client.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { copiesMax } from "../../core/limits.ts";
import { baseName } from "../../core/names.ts";
import type { DfsPath } from "../../core/names.ts";
import { jsonOption } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { remotePath, targetRule } from "../operands.ts";
import { expiryMs } from "../spans.ts";
import { runTransfer, transferChoices, transferOptions } from "../transfer.ts";

/** `put`: stores local files. */
export const put: Command = {
  name: "put",
  purpose: "transfers",
  summary: "store local files",
  usage: "[-Rnfcqv] [-P N] [--checksum] [--copies N] [--if-rev N] [--expire SPAN|TIME] [--json] LOCAL… [REMOTE]",
  description: [
    "Stores each LOCAL file under its name in the current directory, or, with several operands, in the last one: into REMOTE where that is a directory, else as REMOTE itself. It says done only once the files are on as many disks as policy wants, and their names are committed.",
    "Files are cut by content; what is stored already is not sent again, so that a changed file costs its changes and a moved one nothing. A file that is as it was when it was put from this machine before (size, times, inode) is not even read; --checksum reads it. Each put of a changed file makes a new revision and keeps the one before.",
    "Ctrl-C leaves no half file: what was sent is kept for a while, so that the same put goes on where it stopped.",
  ],
  options: [
    ...transferOptions,
    { long: "checksum", summary: "read every file, also those that have not been touched since they were put" },
    { long: "copies", value: "N", summary: "disks that each file is to be on, instead of what policy says" },
    { long: "if-rev", value: "N", summary: "only if the file is at this revision now; 0: only if there is none" },
    { long: "expire", value: "SPAN|TIME", summary: "the files go away by themselves: after 30m, 2h, 7d, or at a time" },
    { long: "verbose", short: "v", summary: "a line with counters of files, chunks and bytes" },
    { ...jsonOption, summary: "the counters as one JSON object" },
  ],
  side: (index, count) => (count > 1 && index === count - 1 ? "remote" : "local"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: {
    LOCAL: "a file of this machine, or with -R a directory; - is stdin, and needs REMOTE",
    REMOTE: "the directory to put into, or the name to put under",
  },
  exitCodes: {
    1: "some of several files failed",
    3: "a local file or the remote directory is not there",
    4: "it is there already (-f replaces it), somebody changed it first, a directory without -R, or a quota is used up",
    5: "too few disks or coordinators answer: try again",
  },
  examples: [
    ["put report.pdf", "Store a file in the current directory."],
    ["put -R photos /backup", "Store a tree below /backup."],
    ["put - notes.txt < draft.txt", "Store what comes from stdin."],
    ["put --if-rev 3 plan.md", "Replace it only if nobody else did since revision 3."],
    ["put --expire 7d log.txt", "Store a file that goes away after a week."],
    ["put --copies 3 -R contracts", "Store a tree on three disks."],
  ],
  seeAlso: ["get", "cp", "jobs", "policy", "why"],
  isTransfer: ({ operands, options }) => !operands.includes("-") && !options.has("dry-run"),
  run,
};

async function run(invocation: Invocation, context: CommandContext): Promise<number> {
  const { groups, options } = invocation;
  const ifRevision = options.number("if-rev", 0);
  const copies = options.number("copies", 1);
  if (copies !== undefined && copies > copiesMax) throw new DfsError("usage", `--copies is at most ${copiesMax}`);
  const expire = options.text("expire");
  const expiresMs = expire === undefined ? undefined : expiryMs(expire, Date.now());
  const target = groups.length > 1 ? onlyTarget(groups.at(-1) ?? []) : undefined;
  const named = (target === undefined ? groups : groups.slice(0, -1)).flat();
  const path = target === undefined ? context.state.cwd : remotePath(target, context);
  if (ifRevision !== undefined && named.length > 1) throw new DfsError("usage", "--if-rev goes with one file only");
  const { sources, worst } = await readableSources(named, target, context);
  if (sources.length === 0) return worst;
  if (target !== undefined && target !== "-") await targetRule(target, sources.length, context);
  const checksum = options.has("checksum");
  const request = { target: path, ifRevision, expiresMs, copies, checksum, ...transferChoices(invocation) };
  const client = await context.client();
  const start = (onEvent: (event: TransferEvent) => void): Promise<TransferSummary> =>
    client.put({ ...request, sources }, { ...context.writes, onEvent });
  const local = sources.filter((source) => source.kind === "path");
  const job =
    local.length < sources.length
      ? undefined
      : ({ kind: "put", ...request, sources: local, change: context.writes.change } as const);
  const code = await runTransfer("put", invocation, context, { start, job }).catch((error: unknown) => {
    if (named.length > 1 || toDfsError(error).path !== undefined) throw error;
    return context.report(error, named[0]);
  });
  return code === 0 ? worst : named.length > 1 && worst > 0 ? Math.max(code, worst) : code;
}

function onlyTarget(matches: readonly string[]): string {
  const [target] = matches;
  if (target === undefined || matches.length > 1)
    throw new DfsError("usage", "the target, the last operand, must be one path");
  return target;
}

/** The sources that are there; the others are reported. */
async function readableSources(
  named: readonly string[],
  target: string | undefined,
  context: CommandContext,
): Promise<{ sources: readonly PutSource[]; worst: number }> {
  const sources: PutSource[] = [];
  let worst = 0;
  for (const name of named) {
    try {
      sources.push(name === "-" ? standardInput(target, context) : await localSource(name, context));
    } catch (error) {
      if (toDfsError(error).kind === "usage") throw error;
      worst = Math.max(worst, await context.report(error, name));
    }
  }
  return { sources, worst };
}

async function localSource(name: string, { state }: CommandContext): Promise<PutSource> {
  if (name === "") throw new DfsError("usage", "a path cannot be empty");
  const path = resolve(state.lcwd, name);
  try {
    await lstat(path);
  } catch (error) {
    throw toDfsError(error);
  }
  return { kind: "path", path };
}

function standardInput(target: string | undefined, context: CommandContext): PutSource {
  if (target === undefined) throw new DfsError("usage", "stdin has no name: give the remote file after the dash");
  const path: DfsPath = remotePath(target, context);
  if (context.stdin === undefined) throw new DfsError("usage", "there is nothing to read: the script itself is stdin");
  return { kind: "stream", bytes: context.stdin, name: baseName(path) };
}
