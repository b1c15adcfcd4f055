/** The forms of what a put and a get are asked for, and of what they tell. */
import * as v from "valibot";
import type { TransferSummary } from "../../core/client.ts";
import { count, flag, path, text, wireError } from "./control-schemas.ts";

export const summary: v.GenericSchema<unknown, TransferSummary> = v.object({
  files: count,
  directories: count,
  bytes: count,
  unchanged: count,
  failed: count,
  chunks: count,
  newChunks: count,
  newBytes: count,
  sentChunks: count,
  sentBytes: count,
  copies: count,
  copiesWanted: v.optional(count),
  elapsedMs: v.number(),
});

/** A TransferEvent as it travels: its error as plain data. */
export const transferEvent = v.variant("type", [
  v.object({ type: v.literal("found"), files: count, bytes: count }),
  v.object({ type: v.literal("started"), path: text, sizeBytes: count }),
  v.object({ type: v.literal("progress"), path: text, bytes: count }),
  v.object({
    type: v.literal("done"),
    path: text,
    outcome: v.picklist(["written", "unchanged", "would-write"]),
    revision: count,
    copies: count,
  }),
  v.object({ type: v.literal("passed"), files: count, bytes: count }),
  v.object({ type: v.literal("failed"), path: text, error: wireError }),
]);
export type WireTransferEvent = v.InferOutput<typeof transferEvent>;

/** A file or directory of the peer's machine. */
export const localSource = v.object({ kind: v.literal("path"), path: text });

export const putSource = v.variant("kind", [
  localSource,
  /** Its bytes come as the call's input. */
  v.object({ kind: v.literal("stream"), name: text }),
]);

/** What a put is asked for, besides its sources. */
export const putFields = {
  target: path,
  recursive: flag,
  force: flag,
  resume: flag,
  checksum: flag,
  ifRevision: v.optional(count),
  expiresMs: v.optional(count),
  copies: v.optional(v.number()),
  parallel: v.optional(v.pipe(count, v.minValue(1))),
};

/** What a get is asked for. */
export const getFields = {
  sources: v.pipe(v.array(path), v.minLength(1)),
  target: text,
  recursive: flag,
  force: flag,
  resume: flag,
  revision: v.optional(v.pipe(count, v.minValue(1))),
  parallel: v.optional(v.pipe(count, v.minValue(1))),
  stale: flag,
};
