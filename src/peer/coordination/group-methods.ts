/** RPC methods between the members of the group, and to those that shall become one. */
import * as v from "valibot";
import { digestBytes } from "../../core/ids.ts";
import { groupFrameBytesMax, groupPeersKnownMax, snapshotPieceBytes } from "../../core/limits.ts";
import { defineMethod } from "../wire/rpc-method.ts";
import { groupSchemas } from "./group-mark.ts";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const bytes = (most: number): v.GenericSchema<unknown, Uint8Array> => v.pipe(v.instance(Uint8Array), v.maxLength(most));
const { group, generation, memberId, peer } = groupSchemas;

const seatSchema = v.object({ group, generation, member: memberId });

/** What a snapshot's data stands for: the file, by its length and SHA-256. */
export const snapshotFileSchema = v.object({
  bytes: v.pipe(count, v.minValue(1)),
  digest: v.pipe(v.instance(Uint8Array), v.length(digestBytes)),
});

export const groupMethods = {
  /** Makes the callee a member-to-be with an empty log; it answers once that is on its disk. Fails with `exists` when it has a seat that may still count. */
  takeSeat: defineMethod({
    name: "group.take-seat",
    params: v.object({
      seat: seatSchema,
      peers: v.pipe(v.array(v.tuple([memberId, peer])), v.maxLength(groupPeersKnownMax)),
    }),
    result: v.null(),
  }),
  /** Which member the callee is; null for none. */
  seat: defineMethod({ name: "group.seat", params: v.object({}), result: v.nullable(seatSchema) }),
  /** Offers a snapshot; the callee fetches its file and answers when it has it, or has no need of it. */
  offerSnapshot: defineMethod({
    name: "group.offer-snapshot",
    params: v.object({ group, message: bytes(groupFrameBytesMax) }),
    result: v.null(),
  }),
  /** One piece of the snapshot that was offered. Fails with `not-found` when there is a newer one. */
  readSnapshot: defineMethod({
    name: "group.read-snapshot",
    params: v.object({ group, digest: snapshotFileSchema.entries.digest, offset: count }),
    result: bytes(snapshotPieceBytes),
  }),
};
