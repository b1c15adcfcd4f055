import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { TransferEvent, TransferSummary } from "../../core/client.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { atOption, eachOperand, staleOption } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import type { DfsPath } from "../../core/names.ts";
import { remotePath } from "../operands.ts";
import { runTransfer, transferChoices, transferOptions } from "../transfer.ts";
import { temporary } from "../manual.ts";

/** `get`: fetches files to this machine. */
export const get: Command = {
  name: "get",
  purpose: "transfers",
  summary: "fetch files to this machine",
  usage: "[-Rnfcqv] [-P N] [--rev N] [--at WHEN] [--stale] [--json] REMOTE… [LOCAL|-]",
  description: [
    "Fetches each REMOTE file to the local directory (see lcd), or, with several operands, to the last one: into LOCAL where that is a directory, else as LOCAL itself. With - the bytes go to stdout.",
    "Chunks come from several holders at once, and each is checked. A file is written under another name and gets its own when it is whole; one that is there already is replaced only with -f. Links are not followed. Modes and times are kept.",
  ],
  options: [
    ...transferOptions,
    { long: "rev", value: "N", summary: "this revision instead of the newest" },
    atOption,
    staleOption,
    { long: "verbose", short: "v", summary: "a line with counters of files, chunks and bytes" },
    { long: "json", summary: "the counters as one JSON object" },
  ],
  side: (index, count) => (count > 1 && index === count - 1 ? "local" : "remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: {
    REMOTE: "a file of the network, or with -R a directory",
    LOCAL: "the local directory to get into, or the name to get under",
    "-": "stdout",
  },
  exitCodes: {
    1: "some of several files failed",
    3: "a file or its revision is not there",
    4: "it is there already (-f replaces it), or a directory without -R",
    ...temporary,
  },
  examples: [
    ["get report.pdf", "Fetch a file to the local directory."],
    ["get -R /backup/photos .", "Fetch a tree."],
    ["get --rev 2 plan.md old-plan.md", "Fetch an earlier revision under another name."],
    ["get notes.txt - | less", "Read a file with a local program."],
  ],
  seeAlso: ["put", "jobs", "cat", "lcd"],
  isTransfer: ({ groups, options }) => groups.at(-1)?.[0] !== "-" && !options.has("dry-run"),
  run,
};

async function run(invocation: Invocation, context: CommandContext): Promise<number> {
  const { groups, options } = invocation;
  const [target, ...extra] = groups.length > 1 ? (groups.at(-1) ?? []) : ["."];
  if (target === undefined || extra.length > 0)
    throw new DfsError("usage", "the target, the last operand, must be one path");
  const named = (groups.length > 1 ? groups.slice(0, -1) : groups).flat();
  const revision = options.number("rev", 1);
  if (target === "-") return toStandardOutput(named, revision, context);
  if (named.length > 1) await requireFolder(target, context);
  const { sources, worst } = await presentSources(groups.length > 1 ? groups.slice(0, -1) : groups, context);
  if (sources.length === 0) return worst;
  const request = { sources, target: resolve(context.state.lcwd, target), revision, ...transferChoices(invocation) };
  const client = await context.client();
  const start = (onEvent: (event: TransferEvent) => void): Promise<TransferSummary> =>
    client.get(request, { ...context.reads, onEvent });
  const job = { kind: "get", ...request, stale: context.reads.stale } as const;
  const code = await runTransfer("get", invocation, context, { start, job }).catch((error: unknown) => {
    if (named.length > 1 || toDfsError(error).path !== undefined) throw error;
    return context.report(error, named[0]);
  });
  return Math.max(code, worst);
}

async function requireFolder(target: string, { state }: CommandContext): Promise<void> {
  const status = await stat(resolve(state.lcwd, target)).catch((error: unknown) => {
    throw toDfsError(error, { path: target });
  });
  if (!status.isDirectory())
    throw new DfsError("not-directory", "not a directory; several sources need one to go into", { path: target });
}

/** The sources of several that are there; the others are reported. What a pattern gave was there a moment ago, and one alone tells itself. */
async function presentSources(
  groups: Invocation["groups"],
  context: CommandContext,
): Promise<{ sources: readonly DfsPath[]; worst: number }> {
  const sources: DfsPath[] = [];
  const isAlone = groups.length === 1;
  const client = await context.client();
  const worst = await eachOperand(context, groups.flat(), async (name) => {
    const path = remotePath(name, context);
    const isTyped = groups.some((group) => group.length === 1 && group[0] === name);
    if (isTyped && !isAlone) await client.stat(path, context.reads);
    sources.push(path);
  });
  return { sources, worst };
}

async function toStandardOutput(
  named: readonly string[],
  revision: number | undefined,
  context: CommandContext,
): Promise<number> {
  const client = await context.client();
  return eachOperand(context, named, async (name) => {
    const bytes = client.read(remotePath(name, context), { revision, ...context.reads });
    for await (const piece of bytes) await context.stdout.write(piece);
  });
}
