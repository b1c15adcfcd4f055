/** RPC methods of a shelf: what a writer on another peer asks of it besides sending chunks. */
import * as v from "valibot";
import { digestBytes, fileKeyOf, type LeaseId, parseLeaseId } from "../core/ids.ts";
import { haveIdsMax, recordsPerCallMax } from "../core/limits.ts";
import { defineMethod } from "./wire/rpc-method.ts";

const lease: v.GenericSchema<unknown, LeaseId> = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{32}$/),
  v.transform((text) => parseLeaseId(text)),
);
const nothing = v.null();
const flagBytes = v.instance(Uint8Array) as v.GenericSchema<unknown, Uint8Array>;

/** Digests of 32 bytes each, one after the other, at most `count` of them. */
function digests(count: number): v.GenericSchema<unknown, Uint8Array> {
  return v.pipe(
    v.instance(Uint8Array),
    v.maxLength(count * digestBytes),
    v.check((bytes) => bytes.length % digestBytes === 0, "not a whole number of digests"),
  );
}

export const shelfMethods = {
  /** Opens or renews a lease; the result is how long it runs, in milliseconds. */
  holdLease: defineMethod({
    name: "shelf.hold-lease",
    params: v.object({ lease }),
    result: v.pipe(v.number(), v.minValue(1)),
  }),
  /** One byte a digest: 1 when the chunk is here and now pinned, else 0. */
  pin: defineMethod({
    name: "shelf.pin",
    params: v.object({ lease, digests: digests(haveIdsMax) }),
    result: flagBytes,
  }),
  addRecords: defineMethod({
    name: "shelf.add-records",
    params: v.object({ lease, digests: digests(recordsPerCallMax) }),
    result: nothing,
  }),
  endLease: defineMethod({ name: "shelf.end-lease", params: v.object({ lease }), result: nothing }),
  /** One byte a file key: 1 when this peer holds its record and every chunk. */
  hasRecords: defineMethod({
    name: "shelf.has-records",
    params: v.object({ digests: digests(recordsPerCallMax) }),
    result: flagBytes,
  }),
};

/** Digests as one byte string, and back. */
export const joinDigests = (list: readonly Uint8Array[]): Uint8Array => Buffer.concat(list);

export function splitDigests(bytes: Uint8Array): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += digestBytes) list.push(bytes.slice(start, start + digestBytes));
  return list;
}

export const flagsToBytes = (flags: readonly boolean[]): Uint8Array => Uint8Array.from(flags, Number);

export const bytesToFlags = (bytes: Uint8Array): boolean[] => Array.from(bytes, (byte) => byte === 1);

export const fileKeysOf = (bytes: Uint8Array) => splitDigests(bytes).map(fileKeyOf);
