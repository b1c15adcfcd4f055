/** RPC methods by which peers look after each other's disks. */
import * as v from "valibot";
import { challengeNonceBytes } from "../../backup/upkeep/challenge.ts";
import { digestBytes } from "../../core/ids.ts";
import { haveIdsMax, sealedBytesMax } from "../../core/limits.ts";
import { defineMethod } from "../wire/rpc-method.ts";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const bytesOf = (length: number): v.GenericSchema<unknown, Uint8Array> =>
  v.pipe(v.instance(Uint8Array), v.length(length));
const digests: v.GenericSchema<unknown, Uint8Array> = v.pipe(
  v.instance(Uint8Array),
  v.maxLength(haveIdsMax * digestBytes),
  v.check((bytes) => bytes.length % digestBytes === 0, "not a whole number of digests"),
);
const flags = v.instance(Uint8Array) as v.GenericSchema<unknown, Uint8Array>;

const checkProgress = v.object({ chunks: count, bytes: count, totalBytes: count, damaged: count, mended: count });
/** How far a peer's check of its own disk is. */
export type CheckProgress = v.InferOutput<typeof checkProgress>;

export const upkeepMethods = {
  /** Proves that the chunk is on this peer's disk: see src/backup/upkeep/challenge.ts. */
  challenge: defineMethod({
    name: "upkeep.challenge",
    params: v.object({
      nonce: bytesOf(challengeNonceBytes),
      digest: bytesOf(digestBytes),
      offset: v.pipe(count, v.maxValue(sealedBytesMax)),
      length: v.pipe(count, v.minValue(1), v.maxValue(sealedBytesMax)),
    }),
    result: bytesOf(digestBytes),
  }),
  /** One byte a digest: 1 when the chunk is here. */
  hasChunks: defineMethod({ name: "upkeep.has-chunks", params: v.object({ digests }), result: flags }),
  /** Hashes every chunk on this peer's disk anew, and mends what is damaged; the items say how far it is. */
  check: defineMethod({ name: "upkeep.check", params: v.object({}), item: checkProgress, result: checkProgress }),
};
