import type { FsckProgress } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import { parsePeerName } from "../../core/ids.ts";
import type { PeerName } from "../../core/ids.ts";
import { barsWithTotal } from "../bars.ts";
import { allOn, isJson, jsonOption } from "../command.ts";
import type { BarSpace, Command, CommandContext, Invocation } from "../command.ts";
import { alignRows, byteText, humanSize, jsonLine } from "../formats.ts";

/** `fsck`: checks what is on the disks, and mends it. */
export const fsck: Command = {
  name: "fsck",
  purpose: "network",
  summary: "read everything on the disks, and mend what is damaged",
  usage: "[--json] [PEER…]",
  description: [
    "Hashes every chunk anew on the disks of all peers, or of these, and fetches what is damaged or lost from another disk. Every peer does the same by itself once in 30 days.",
  ],
  options: [jsonOption],
  side: allOn("peer"),
  operandsMin: 0,
  operandsMax: Number.POSITIVE_INFINITY,
  operands: { PEER: "the name of a peer" },
  exitCodes: {
    3: "there is no such peer",
    5: "a peer cannot be reached, or does not answer in time",
    7: "something is damaged that no other disk has whole",
  },
  examples: [
    ["fsck", "Check all disks."],
    ["fsck ben", "Check the disk of ben."],
  ],
  seeAlso: ["why", "status", "backup"],
  run,
};

async function run(invocation: Invocation, context: CommandContext): Promise<number> {
  const named = invocation.operands.map((operand) => parsePeerName(operand));
  const check = new Check();
  const view = context.settings.quiet ? undefined : context.progress((space) => check.lines(space));
  const client = await context.client();
  let results: readonly FsckProgress[];
  try {
    results = await client.fsck({
      peers: named.length > 0 ? named : undefined,
      onProgress: (progress) => check.heard(progress),
      signal: context.signal,
    });
  } finally {
    view?.stop();
  }
  await context.stdout.write(isJson(invocation, context) ? jsonText(results) : tableText(results));
  return worstOf(results, context);
}

/** What is damaged still, and who could not be asked, on stderr. Returns the worst exit code. */
async function worstOf(results: readonly FsckProgress[], context: CommandContext): Promise<number> {
  let worst = 0;
  for (const { peer, damaged, mended, error } of results) {
    if (error !== undefined) worst = Math.max(worst, await context.report(error, peer));
    const left = damaged - mended;
    if (left <= 0) continue;
    const chunks = left === 1 ? "1 damaged chunk is" : `${left} damaged chunks are`;
    const advice = "start the peers that are away, then run fsck again";
    const damage = new DfsError("integrity", `${chunks} not mended: no other peer has what is needed; ${advice}`);
    worst = Math.max(worst, await context.report(damage, peer));
  }
  return worst;
}

function tableText(results: readonly FsckProgress[]): string {
  const rows = results.map(({ peer, chunks, bytes, damaged, mended, isDone, error }) => [
    peer,
    String(chunks),
    humanSize(bytes),
    String(damaged),
    String(mended),
    isDone && error === undefined ? "done" : "not done",
  ]);
  return alignRows([["PEER", "CHUNKS", "BYTES", "DAMAGED", "MENDED", "CHECK"], ...rows], new Set([1, 2, 3, 4]));
}

function jsonText(results: readonly FsckProgress[]): string {
  const shown = results.map(({ error, ...result }) =>
    error === undefined ? result : { ...result, error: { kind: error.kind, message: error.message } },
  );
  return shown.map(jsonLine).join("");
}

/** A running check: what each peer told last. */
class Check {
  readonly #startedMs = performance.now();
  readonly #peers = new Map<PeerName, FsckProgress>();

  heard(progress: FsckProgress): void {
    this.#peers.set(progress.peer, progress);
  }

  /** A bar for each peer that is at work, and one for all. */
  lines(space: BarSpace): readonly string[] {
    const all = [...this.#peers.values()];
    if (all.length === 0) return [];
    const bars = all
      .filter(({ isDone, error }) => !isDone && error === undefined)
      .map(({ peer, bytes, totalBytes, damaged }) => ({
        label: peer,
        bytes,
        sizeBytes: totalBytes,
        note: damaged === 0 ? byteText(bytes) : `${byteText(bytes)}, ${damaged} damaged`,
      }));
    const total = {
      label: `${all.length - bars.length}/${all.length} peers`,
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      sizeBytes: all.reduce((sum, { totalBytes }) => sum + totalBytes, 0),
      startedMs: this.#startedMs,
    };
    return barsWithTotal(bars, total, space);
  }
}
