/**
 * RPC methods of a shelf: what writers ask of its owner besides sending chunks (`shelf.`), and what its owner asks of the
 * other links of the chain (`chain.`).
 */
import * as v from "valibot";
import type { ShelfBucket } from "../../backup/replication/ports.ts";
import { DfsError } from "../../core/errors.ts";
import {
  digestBytes,
  digestOf,
  fileKeyOf,
  type LeaseId,
  parseLeaseId,
  parsePeerId,
  parseShelfId,
  type ShelfId,
} from "../../core/ids.ts";
import { chainLinksMax, copiesMax, haveIdsMax, recordsPerCallMax, shelvesMax } from "../../core/limits.ts";
import type { Savepoint, ShelfChange } from "../../core/shelf.ts";
import { defineMethod } from "../wire/rpc-method.ts";

const lease: v.GenericSchema<unknown, LeaseId> = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{32}$/),
  v.transform((text) => parseLeaseId(text)),
);
const shelf: v.GenericSchema<unknown, ShelfId> = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{32}$/),
  v.transform((text) => parseShelfId(text)),
);
const nothing = v.null();
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const flagBytes = v.instance(Uint8Array) as v.GenericSchema<unknown, Uint8Array>;
const digest: v.GenericSchema<unknown, Uint8Array> = v.pipe(v.instance(Uint8Array), v.length(digestBytes));

/** Whole pieces of `pieceBytes` bytes, one after the other, at most `most` of them. */
function piecesOf(pieceBytes: number, most: number): v.GenericSchema<unknown, Uint8Array> {
  return v.pipe(
    v.instance(Uint8Array),
    v.maxLength(most * pieceBytes),
    v.check((bytes) => bytes.length % pieceBytes === 0, "not a whole number of pieces"),
  );
}

const digests = (most: number): v.GenericSchema<unknown, Uint8Array> => piecesOf(digestBytes, most);
/** A digest and the number of copies, as `joinChanges` writes them. */
const changeBytes = digestBytes + 1;
const bucketBytes = 8 + digestBytes;
/** By the first byte of the digest. */
const bucketsOfShelf = 256;
const changes = piecesOf(changeBytes, recordsPerCallMax);
const savepoint: v.GenericSchema<unknown, Savepoint> = v.object({ shelf, epoch: count, sequence: count, digest });
const work = { shelf, epoch: count };
/** Copies that a put wants; 0 leaves that to the network. */
const copies = v.pipe(count, v.maxValue(copiesMax));
const feed = v.pipe(count, v.maxValue(2 ** 48 - 1));

const peer = v.pipe(v.string(), v.maxLength(64), v.regex(/^[1-9A-HJ-NP-Za-km-z]{40,64}$/), v.transform(parsePeerId));
const known = v.optional(count);
const ownedShelf = v.object({
  shelf,
  epoch: known,
  sequence: known,
  links: v.pipe(
    v.array(
      v.object({
        peer,
        epoch: known,
        sequence: known,
        lagChanges: known,
        lagBytes: known,
        filledBytes: known,
        fillBytes: known,
        lastVerifiedMs: v.optional(v.number()),
      }),
    ),
    v.maxLength(chainLinksMax),
  ),
});
/** An owner's account of one of its shelves. */
export type OwnedShelf = v.InferOutput<typeof ownedShelf>;

export const shelfMethods = {
  /** Opens or renews a lease; the result is how long it runs, in milliseconds. */
  holdLease: defineMethod({
    name: "shelf.hold-lease",
    params: v.object({ shelf, lease, copies }),
    result: v.pipe(v.number(), v.minValue(1)),
  }),
  /** One byte a digest: 1 when the chunk is here and now pinned, else 0. Other links of the chain answer it too. */
  pin: defineMethod({
    name: "shelf.pin",
    params: v.object({ lease, digests: digests(haveIdsMax) }),
    result: flagBytes,
  }),
  addRecords: defineMethod({
    name: "shelf.add-records",
    params: v.object({
      shelf,
      lease,
      copies,
      digests: digests(recordsPerCallMax),
    }),
    result: v.object({ copies: count, epoch: count }),
  }),
  endLease: defineMethod({ name: "shelf.end-lease", params: v.object({ shelf, lease }), result: nothing }),
  /** One byte a file key: 1 when this peer holds its record and every chunk. */
  hasRecords: defineMethod({
    name: "shelf.has-records",
    params: v.object({ digests: digests(recordsPerCallMax) }),
    result: flagBytes,
  }),
};

export const chainMethods = {
  begin: defineMethod({
    name: "chain.begin",
    params: v.object(work),
    result: v.object({ feed, savepoint: v.optional(savepoint) }),
  }),
  holdLease: defineMethod({ name: "chain.hold-lease", params: v.object({ ...work, lease }), result: nothing }),
  endLease: defineMethod({ name: "chain.end-lease", params: v.object({ ...work, lease }), result: nothing }),
  apply: defineMethod({
    name: "chain.apply",
    params: v.object({
      ...work,
      feed,
      after: count,
      sequence: count,
      changes,
      digest: v.optional(digest),
      lease: v.optional(lease),
    }),
    result: savepoint,
  }),
  /** A count (u64, big-endian) and a digest for each first byte of a key's digest. */
  buckets: defineMethod({
    name: "chain.buckets",
    params: v.object(work),
    result: piecesOf(bucketBytes, bucketsOfShelf),
  }),
  keys: defineMethod({
    name: "chain.keys",
    params: v.object({
      ...work,
      bucket: v.pipe(count, v.maxValue(bucketsOfShelf - 1)),
      after: v.optional(digest),
      limit: v.pipe(count, v.minValue(1), v.maxValue(recordsPerCallMax)),
    }),
    result: changes,
  }),
  /** What this peer, as the owner of shelves, knows of their links. */
  status: defineMethod({
    name: "chain.status",
    params: v.object({}),
    result: v.pipe(v.array(ownedShelf), v.maxLength(shelvesMax)),
  }),
};

/** Digests as one byte string, and back. */
export const joinDigests = (list: readonly Uint8Array[]): Uint8Array => Buffer.concat(list);

export function splitDigests(bytes: Uint8Array): Uint8Array[] {
  return split(bytes, digestBytes);
}

function split(bytes: Uint8Array, pieceBytes: number): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += pieceBytes) list.push(bytes.slice(start, start + pieceBytes));
  return list;
}

export const flagsToBytes = (flags: readonly boolean[]): Uint8Array => Uint8Array.from(flags, Number);

export const bytesToFlags = (bytes: Uint8Array): boolean[] => Array.from(bytes, (byte) => byte === 1);

export const fileKeysOf = (bytes: Uint8Array) => splitDigests(bytes).map(fileKeyOf);

/** Changes as one byte string, each a digest and a byte for the copies, and back. */
export function joinChanges(list: readonly ShelfChange[]): Uint8Array {
  const bytes = new Uint8Array(list.length * changeBytes);
  for (const [place, { fileKey, copies }] of list.entries()) {
    bytes.set(digestOf(fileKey), place * changeBytes);
    bytes[place * changeBytes + digestBytes] = copies;
  }
  return bytes;
}

export function splitChanges(bytes: Uint8Array): ShelfChange[] {
  return split(bytes, changeBytes).map((piece) => ({
    fileKey: fileKeyOf(piece.slice(0, digestBytes)),
    copies: piece[digestBytes] as number,
  }));
}

/** Buckets as one byte string, and back. */
export function joinBuckets(list: readonly ShelfBucket[]): Uint8Array {
  const bytes = Buffer.alloc(list.length * bucketBytes);
  for (const [place, { count: records, digest: sum }] of list.entries()) {
    bytes.writeBigUInt64BE(BigInt(records), place * bucketBytes);
    bytes.set(sum, place * bucketBytes + 8);
  }
  return bytes;
}

/** Fails with `protocol` on a count beyond 2^53 − 1. */
export function splitBuckets(bytes: Uint8Array): ShelfBucket[] {
  return split(bytes, bucketBytes).map((piece) => {
    const records = Number(Buffer.from(piece.buffer).readBigUInt64BE(0));
    if (!Number.isSafeInteger(records)) throw new DfsError("protocol", "a bucket of a shelf has an impossible count");
    return { count: records, digest: piece.slice(8) };
  });
}
