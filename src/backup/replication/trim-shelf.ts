/** Forgets what is left of shelves on a peer that is no link of their chains any more. */
import { trimStepRecords } from "../../core/limits.ts";
import type { ReplicationPacer, ShelfStore } from "./ports.ts";
import type { ShelfMirror } from "./shelf-mirror.ts";

export interface TrimOptions {
  readonly mirror: ShelfMirror;
  readonly store: Pick<ShelfStore, "shelves">;
  readonly pacer: ReplicationPacer;
}

/**
 * Forgets, step by step, every shelf of which something is here and of whose chain this peer is no link, by what its
 * mirror knows of the chains: renew that first. Resolves with how many records went. A shelf whose chain is not known
 * stays. Ends early for a shelf of which this peer becomes a link meanwhile, so that its owner fills up what is left.
 */
export async function trimShelves({ mirror, store, pacer }: TrimOptions, signal: AbortSignal): Promise<number> {
  let records = 0;
  for (const { savepoint, records: here, bytes } of await store.shelves()) {
    const stepBytes = Math.ceil((bytes / Math.max(1, here)) * Math.min(here, trimStepRecords));
    let forgotten = await mirror.forgetSome(savepoint.shelf, trimStepRecords, signal);
    while (forgotten > 0) {
      records += forgotten;
      await pacer.take(stepBytes, signal);
      forgotten = await mirror.forgetSome(savepoint.shelf, trimStepRecords, signal);
    }
  }
  return records;
}
