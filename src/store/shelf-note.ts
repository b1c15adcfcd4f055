/**
 * What the log says about a shelf: changes of its set together with the savepoint that they lead to.
 *
 * `changed`: flags (u8: 1 loose, 2 the log of changes restarts, 4 the changes are written in it), fence, epoch,
 * sequence, where the log restarts (u64 each), digest of the set (32); then entries. `repeated`: entries alone. An entry
 * is the digest of a file key (32) and its copies (u8), 0 for a record that is not in the set. `forgotten`: nothing.
 */
import { DfsError } from "../core/errors.ts";
import { digestBytes, digestOf, fileKeyOf } from "../core/ids.ts";
import type { ShelfChange } from "../core/shelf.ts";
import type { ShelfStep } from "./shelf-state.ts";

const headBytes = 1 + 4 * 8 + digestBytes;
const flags = { loose: 1, restarts: 2, logged: 4 } as const;
const digestOffset = headBytes - digestBytes;

/** Bytes of one entry, and of what comes before the entries of a `changed` note. */
export const noteEntryBytes = digestBytes + 1;
export const noteHeadBytes = headBytes;

/** What a `changed` note says; the state's `records` is not in it, and is 0. */
export interface ShelfNote {
  readonly step: ShelfStep;
  readonly entries: readonly ShelfChange[];
}

/** The payload of a `changed` note. */
export function encodeChanged({ step, entries }: ShelfNote): Buffer {
  const { state, restartsAt, isLogged } = step;
  const head = Buffer.alloc(headBytes);
  head.writeUInt8(
    (state.isLoose ? flags.loose : 0) | (restartsAt === undefined ? 0 : flags.restarts) | (isLogged ? flags.logged : 0),
  );
  for (const [at, number] of [state.fence, state.epoch, state.sequence, restartsAt ?? 0].entries())
    head.writeBigUInt64BE(BigInt(number), 1 + at * 8);
  head.set(state.digest, digestOffset);
  return Buffer.concat([head, encodeEntries(entries)]);
}

/** Takes the payload of a `changed` note apart, whose length is one that such a note has. Fails with `integrity` on a number beyond 2^53 − 1. */
export function decodeChanged(payload: Buffer): ShelfNote {
  const bits = payload.readUInt8(0);
  const numberAt = (at: number): number => safeNumber(payload.readBigUInt64BE(1 + at * 8));
  const state = {
    fence: numberAt(0),
    epoch: numberAt(1),
    sequence: numberAt(2),
    digest: new Uint8Array(payload.subarray(digestOffset, headBytes)),
    records: 0,
    isLoose: (bits & flags.loose) !== 0,
  };
  const restartsAt = (bits & flags.restarts) === 0 ? undefined : numberAt(3);
  return {
    step: { state, restartsAt, isLogged: (bits & flags.logged) !== 0 },
    entries: decodeEntries(payload.subarray(headBytes)),
  };
}

function safeNumber(value: bigint): number {
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new DfsError("integrity", `a note about a shelf has the number ${value}, which nobody can have written`);
}

/** The payload of a `repeated` note. */
export function encodeEntries(entries: readonly ShelfChange[]): Buffer {
  const bytes = Buffer.alloc(entries.length * noteEntryBytes);
  for (const [at, { fileKey, copies }] of entries.entries()) {
    bytes.set(digestOf(fileKey), at * noteEntryBytes);
    bytes.writeUInt8(copies, at * noteEntryBytes + digestBytes);
  }
  return bytes;
}

/** The entries of a payload that has whole ones. */
export function decodeEntries(payload: Buffer): ShelfChange[] {
  return Array.from({ length: payload.length / noteEntryBytes }, (_, at) => {
    const entry = payload.subarray(at * noteEntryBytes, (at + 1) * noteEntryBytes);
    return { fileKey: fileKeyOf(entry.subarray(0, digestBytes)), copies: entry.readUInt8(digestBytes) };
  });
}
