/** The methods of the control socket about copies and space: backup, space, policy, orders about peers, fsck. */
import * as v from "valibot";
import type { DrainProgress, NetworkPolicy, ShelfBackup, SpaceReport } from "../../core/client.ts";
import { peersMax } from "../../core/limits.ts";
import { defineMethod } from "../wire/rpc-method.ts";
import {
  count,
  integer,
  linkStanding,
  milliseconds,
  nothing,
  peerId,
  peerName,
  peerState,
  shelfId,
  storageOrder,
  text,
  wireError,
} from "./control-schemas.ts";

const link = v.object({
  id: peerId,
  name: peerName,
  state: peerState,
  standing: linkStanding,
  epoch: v.optional(count),
  sequence: v.optional(count),
  lagChanges: v.optional(count),
  lagBytes: v.optional(count),
  filledBytes: v.optional(count),
  fillBytes: v.optional(count),
  verifiedMs: v.optional(milliseconds),
});

const shelfBackup: v.GenericSchema<unknown, ShelfBackup> = v.object({
  shelf: shelfId,
  home: v.optional(peerName),
  epoch: count,
  wanted: count,
  revisions: count,
  bytes: count,
  links: v.array(link),
});

const space: v.GenericSchema<unknown, SpaceReport> = v.object({
  peers: v.array(
    v.object({
      id: peerId,
      name: peerName,
      state: peerState,
      capacityBytes: count,
      usedBytes: count,
      freeBytes: count,
    }),
  ),
  logicalBytes: count,
  storedBytes: count,
  own: v.object({ liveBytes: count, deadBytes: count, diskBytes: count }),
});

const policyFields = { copies: integer, minCopies: integer, retainRevisions: integer, retainMs: v.number() };
const policy: v.GenericSchema<unknown, NetworkPolicy> = v.object(policyFields);
const drainProgress: v.GenericSchema<unknown, DrainProgress> = v.object({
  isDone: v.boolean(),
  shelves: count,
  bytes: count,
  reason: text,
});

/** A FsckProgress as it travels: its error as plain data. */
const fsckProgress = v.object({
  peer: peerName,
  isDone: v.boolean(),
  chunks: count,
  bytes: count,
  totalBytes: count,
  damaged: count,
  mended: count,
  error: v.optional(wireError),
});
export type WireFsckProgress = v.InferOutput<typeof fsckProgress>;

export const storageMethods = {
  backup: defineMethod({ name: "backup", params: v.object({}), result: v.array(shelfBackup) }),
  space: defineMethod({ name: "space", params: v.object({}), result: space }),
  policy: defineMethod({ name: "policy", params: v.object({}), result: policy }),
  setPolicy: defineMethod({ name: "setPolicy", params: v.partial(v.object(policyFields)), result: policy }),
  orderStorage: defineMethod({
    name: "orderStorage",
    params: v.object({ peer: peerName, order: v.nullable(storageOrder) }),
    result: nothing,
  }),
  revokePeer: defineMethod({
    name: "revokePeer",
    params: v.object({ peer: peerName, force: v.optional(v.boolean()) }),
    result: nothing,
  }),
  drainProgress: defineMethod({
    name: "drainProgress",
    params: v.object({ peer: peerName }),
    result: drainProgress,
  }),
  fsck: defineMethod({
    name: "fsck",
    params: v.object({ peers: v.optional(v.pipe(v.array(peerName), v.maxLength(peersMax))) }),
    item: fsckProgress,
    result: v.array(fsckProgress),
  }),
};
