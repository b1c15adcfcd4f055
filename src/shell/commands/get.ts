import { resolve } from "node:path";
import type { TransferEvent, TransferSummary } from "../../core/client.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { eachOperand, staleOption } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { remotePath } from "../operands.ts";
import { runTransfer, transferChoices, transferOptions } from "../transfer.ts";

/** `get`: fetches files to this machine. */
export const get: Command = {
  name: "get",
  summary: "fetch files; with one operand to the local directory, otherwise the last operand is the target",
  usage: "[-Rnfcqv] [-P N] [--rev N] [--stale] [--json] REMOTE… [LOCAL|-]",
  options: [
    ...transferOptions,
    { long: "rev", value: "N", summary: "this revision instead of the newest" },
    staleOption,
    { long: "verbose", short: "v", summary: "a line with counters of files, chunks and bytes" },
    { long: "json", summary: "the counters as one JSON object" },
  ],
  side: (index, count) => (count > 1 && index === count - 1 ? "local" : "remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: ["get report.pdf", "get -R /backup/photos .", "get notes.txt - | less"],
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
  const sources = named.map((name) => remotePath(name, context));
  const request = { sources, target: resolve(context.state.lcwd, target), revision, ...transferChoices(invocation) };
  const client = await context.client();
  const start = (onEvent: (event: TransferEvent) => void): Promise<TransferSummary> =>
    client.get(request, { ...context.reads, onEvent });
  return runTransfer("get", invocation, context, start).catch((error: unknown) => {
    if (named.length > 1 || toDfsError(error).path !== undefined) throw error;
    return context.report(error, named[0]);
  });
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
