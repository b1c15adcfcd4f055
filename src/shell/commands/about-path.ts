/* The commands that tell everything about one path. */
import type { DfsClient, Entry, WhyReport } from "../../core/client.ts";
import { allOn, atOption, eachOperand, staleOption } from "../command.ts";
import type { Command } from "../command.ts";
import { alignRows, byteText, durationText, entryJson, jsonLine, modeText, nameText } from "../formats.ts";
import type { Output } from "../output.ts";
import { compareNames } from "../listing.ts";
import { remotePath } from "../operands.ts";
import { temporary } from "../manual.ts";

/** `stat`: everything that the catalogue says of a path. */
export const stat: Command = {
  name: "stat",
  purpose: "files",
  summary: "everything that the catalogue says of a path",
  usage: "[--at WHEN] [--stale] [--json] PATH…",
  description: [
    "Prints for each PATH its kind, mode and times, and for a file its size, its revision, the disks that it is on, what it added to the store after deduplication, what its earlier revisions cost, when it goes away by itself, and the key under which its holders are found.",
  ],
  options: [atOption, staleOption, { long: "json", summary: "one JSON object a line" }],
  side: allOn("remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { PATH: "a file or directory of the network" },
  exitCodes: { 2: "wrong usage, or a path is empty", 3: "a path is not there", ...temporary },
  examples: [
    ["stat report.pdf", "All that is known of a file."],
    ["stat --json *.pdf", "The same of several, for a program."],
  ],
  seeAlso: ["ls", "why"],
  async run({ options, operands }, context) {
    const isJson = options.has("json") || context.settings.json;
    const client = await context.client();
    return eachOperand(context, operands, async (operand) => {
      const entry = await client.stat(remotePath(operand, context), context.reads);
      await context.stdout.write(isJson ? jsonLine(entryJson(entry)) : alignRows(statRows(entry, context.stdout)));
    });
  },
};

function statRows(entry: Entry, stdout: Output): readonly (readonly string[])[] {
  const rows = [
    ["path:", nameText(entry.path, stdout)],
    ["kind:", entry.kind],
    ["mode:", `${modeText(entry)} (${(entry.mode & 0o7777).toString(8).padStart(4, "0")})`],
    ["modified:", new Date(entry.modifiedMs).toISOString()],
    ["committed:", new Date(entry.committedMs).toISOString()],
  ];
  if (entry.kind === "directory") return rows;
  return [
    ...rows,
    ["size:", `${entry.sizeBytes} bytes`],
    ["revision:", String(entry.revision)],
    ["copies:", String(entry.copies)],
    ["added:", `${entry.addedBytes} bytes`],
    ["history:", `${entry.historyBytes} bytes`],
    ...(entry.expiresMs === undefined ? [] : [["expires:", new Date(entry.expiresMs).toISOString()]]),
    ["file key:", entry.fileKey ?? "-"],
  ];
}

/** `why`: where a file is, and how safe it is. */
export const why: Command = {
  name: "why",
  purpose: "network",
  summary: "where a file is, and how many failures it survives",
  usage: "[--stale] [--json] FILE…",
  description: [
    "Asks the holders of each FILE now, and prints: its revision, its shelf and that shelf's chain, who has all of it, how they were found, when the shelf's owner last compared what the others have, and how many of these disks may be lost before the file is.",
  ],
  options: [staleOption, { long: "json", summary: "one JSON object a line" }],
  side: allOn("remote"),
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { FILE: "a file of the network" },
  exitCodes: { 2: "wrong usage, or a path is empty", 3: "a file is not there", 4: "it is a directory", ...temporary },
  examples: [
    ["why report.pdf", "How safe a file is."],
    ["why --json report.pdf", "The same for a program."],
  ],
  seeAlso: ["backup", "stat", "fsck"],
  async run({ options, operands }, context) {
    const isJson = options.has("json") || context.settings.json;
    const client = await context.client();
    return eachOperand(context, operands, async (operand) => {
      const report = await client.why(remotePath(operand, context), context.reads);
      const verified = await verifiedLinks(report, client, context.signal);
      await context.stdout.write(
        isJson ? jsonLine(whyJson(report, verified)) : alignRows(whyRows(report, verified, context.stdout)),
      );
    });
  },
};

/** When the owner last compared what each other peer of the chain has, in milliseconds since 1970, as far as it can be asked. */
async function verifiedLinks(
  { shelf, chain }: WhyReport,
  client: DfsClient,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  if (chain.length < 2) return new Map();
  const shelves = await client.backup({ signal }).catch(() => []);
  signal.throwIfAborted();
  const links = shelves.find((each) => each.shelf === shelf)?.links ?? [];
  return new Map(links.flatMap(({ id, verifiedMs }) => (verifiedMs === undefined ? [] : [[id, verifiedMs] as const])));
}

function whyJson({ chain, ...report }: WhyReport, verified: ReadonlyMap<string, number>): Record<string, unknown> {
  const withTime = chain.map((link) => {
    const timeMs = verified.get(link.id);
    return timeMs === undefined ? link : { ...link, verified: new Date(timeMs).toISOString() };
  });
  const { path, revision, sizeBytes, fileKey, shelf, copiesWanted, ...rest } = report;
  return { path, revision, sizeBytes, fileKey, shelf, copiesWanted, chain: withTime, ...rest };
}

function verifiedText({ chain }: WhyReport, verified: ReadonlyMap<string, number>): string {
  const nowMs = Date.now();
  return chain
    .slice(1)
    .map(({ id, name }) => {
      const timeMs = verified.get(id);
      return `${name} ${timeMs === undefined ? "not yet" : `${durationText(Math.max(0, nowMs - timeMs))} ago`}`;
    })
    .join(", ");
}

function whyRows(
  report: WhyReport,
  verified: ReadonlyMap<string, number>,
  stdout: Output,
): readonly (readonly string[])[] {
  const chain = report.chain.map(({ name, state, standing }) =>
    state === "up" ? `${name} (${standing})` : `${name} (${standing}, ${state})`,
  );
  const byName = report.holders.toSorted((left, right) => compareNames(left.name ?? left.id, right.name ?? right.id));
  const holders = byName.map(({ id, name, answered, complete }) => {
    const state = !answered ? " (no answer)" : complete ? "" : " (incomplete)";
    return `${name ?? id}${state}`;
  });
  const source = report.fallbackReason === undefined ? "" : ` (${report.fallbackReason})`;
  return [
    ["path:", nameText(report.path, stdout)],
    ["revision:", String(report.revision)],
    ["size:", sizeText(report)],
    ["file key:", report.fileKey],
    ...(report.firstChunks.length > 0 ? [["first chunks:", report.firstChunks.join(" ")]] : []),
    ["shelf:", report.shelf],
    ["chain:", chain.join(" → ")],
    ["holders:", holders.length > 0 ? holders.join(", ") : "none"],
    ["found by:", report.foundBy + source],
    ...(verified.size > 0 ? [["verified:", verifiedText(report, verified)]] : []),
    ["safety:", safetyText(report)],
  ];
}

/** The chunks are known only where a holder answers. */
function sizeText({ sizeBytes, chunks, sealedBytes }: WhyReport): string {
  if (chunks === 0 && sizeBytes > 0) return `${sizeBytes} bytes; no holder answers that could list its chunks`;
  return `${sizeBytes} bytes in ${chunks} ${chunks === 1 ? "chunk" : "chunks"}, ${sealedBytes} bytes sealed`;
}

/** How many failures away from loss the file is: a disk counts that answered just now and has all of it. */
function safetyText({ failuresToLoss, sizeBytes, copiesWanted, holders }: WhyReport): string {
  const disks = failuresToLoss + 1;
  if (disks < 1) return `no complete copy answers now: ${byteText(sizeBytes)} cannot be read; see peers`;
  const advice = disks < copiesWanted ? "; see backup" : "";
  const have =
    disks <= copiesWanted ? `${disks} of ${copiesWanted} wanted disks` : `${disks} disks (${copiesWanted} wanted)`;
  if (disks > 1) return `${have} have it: any ${countText(failuresToLoss)} of them may be lost${advice}`;
  const only = holders.find(({ answered, complete }) => answered && complete);
  return `1 disk has it: losing ${only?.name ?? only?.id ?? "it"} loses the file${advice}`;
}

const countWords = ["none", "one", "two", "three", "four"];

function countText(count: number): string {
  return countWords[count] ?? String(count);
}
