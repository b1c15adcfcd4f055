/**
 * Collection, on the side of a shelf's owner: dropping the records that nothing needs any more.
 *
 * A record is needed while a revision names it or an open lease holds it. The catalogue lists the keys that its last
 * revision has left (`drops`); a sweep finds all others, such as those of a put whose owner died, by comparing
 * the whole set with the catalogue; an audit compares the other way round. Whatever they find goes the same way: the
 * owner's leases are asked, then the catalogue, and then the owner drops it under the epoch that it had before it asked.
 *
 * Why that is safe: a commit that names a record carries the shelf's present epoch and an open lease, under which this
 * owner has added the record. If no lease held it after it was marked and nothing has touched it since (see DropGuard),
 * then every lease that ever did was ended in the catalogue before, so whatever could be committed has been, and the
 * catalogue's answer, which is younger, shows it. Under another epoch the owner refuses the drop.
 */
import { DfsError } from "../../core/errors.ts";
import { digestOf } from "../../core/ids.ts";
import type { FileKey, ShelfId } from "../../core/ids.ts";
import { collectMs, sweepMs, sweepPauseMs, recordsPerCallMax } from "../../core/limits.ts";
import type { ShelfChange } from "../../core/shelf.ts";
import { DropGuard } from "./drop-guard.ts";
import type { CollectorCatalogue, CollectorOwner, CollectorStore, UpkeepOptions } from "./ports.ts";
import { Rounds } from "./rounds.ts";

export interface CollectorOptions extends UpkeepOptions {
  readonly shelf: ShelfId;
  readonly store: CollectorStore;
  readonly catalogue: CollectorCatalogue;
  readonly owner: CollectorOwner;
  /**
   * The shelf's guard, where puts and the shelf's earlier or later collectors use the same: whatever outlives a collector
   * has to be known to the next one. One of its own without it.
   */
  readonly guard?: DropGuard;
  /** Hears of keys that were dropped: they are no longer announced, and there may be space to give back. */
  readonly onDropped: (fileKeys: readonly FileKey[]) => void;
  /** Gets back records that revisions name and that are not in the set, or not for as many copies as they say. */
  readonly onLost: (lost: readonly ShelfChange[], signal: AbortSignal) => Promise<void>;
  /** How often `drops` is looked at, and the whole set; defaults in limits.ts. */
  readonly collectMs?: number;
  readonly sweepMs?: number;
}

/** What a sweep or an audit came to. */
export interface WalkReport {
  /** Records that were looked at. */
  readonly records: number;
  /** Those that were dropped, or, by an audit, that were lost. */
  readonly found: number;
}

/** Collects one shelf while this peer owns it. Every call fails with `moved` as soon as it does not. */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #guard: DropGuard;
  readonly #collecting: Rounds;
  readonly #sweeping: Rounds;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#guard = options.guard ?? new DropGuard();
    const intervalMs = options.collectMs ?? collectMs;
    this.#collecting = new Rounds({
      ...options,
      what: "dropping what no file needs any more",
      firstMs: 0,
      retryMs: intervalMs,
      round: async (signal) => {
        await this.collect(signal);
        return intervalMs;
      },
    });
    this.#sweeping = new Rounds({
      ...options,
      what: "comparing a shelf with the catalogue",
      firstMs: 0,
      retryMs: intervalMs,
      round: async (signal) => {
        await this.sweep(signal);
        await this.audit(signal);
        return options.sweepMs ?? sweepMs;
      },
    });
  }

  /** Begins with a sweep: who owned the shelf before may have left something. */
  start(): void {
    this.#collecting.start();
    this.#sweeping.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#collecting.stop(), this.#sweeping.stop()]);
  }

  /** Looks at `drops` now, because there is something in it. */
  collectSoon(): void {
    this.#collecting.soon();
  }

  /**
   * Runs `work`, which adds these records to the shelf under a lease that holds them once it resolves. Nobody may look
   * whether a record is there, to leave it as it is, but in here. Waits while one of them is being dropped.
   */
  touching<Result>(fileKeys: readonly FileKey[], work: () => Promise<Result>): Promise<Result> {
    return this.#guard.touching(fileKeys, work);
  }

  /** Drops what the catalogue's `drops` names; resolves with how many records. */
  async collect(signal: AbortSignal): Promise<number> {
    const { catalogue } = this.#options;
    let count = 0;
    for (;;) {
      const epoch = this.#epoch();
      const fileKeys = await catalogue.drops(recordsPerCallMax, signal);
      if (fileKeys.length === 0) return count;
      const { dropped, held } = await this.#settle(epoch, fileKeys, signal);
      count += dropped.length;
      // What a lease holds is either committed, which takes it out of `drops`, or dropped when that lease ends.
      const settled = [...dropped, ...held];
      if (settled.length > 0) await catalogue.forgetDrops(epoch, settled, signal);
      if (settled.length === 0 || fileKeys.length < recordsPerCallMax) return count;
    }
  }

  /** Walks the whole set and drops what neither a revision names nor a lease holds. */
  async sweep(signal: AbortSignal): Promise<WalkReport> {
    const { clock, shelf, store } = this.#options;
    let records = 0;
    let found = 0;
    let after: FileKey | undefined;
    do {
      const page = await store.shelfPage(shelf, pageAfter(after));
      if (page.length === 0) break;
      const fileKeys = page.map(({ fileKey }) => fileKey);
      const dropped = await this.dropUnneeded(fileKeys, signal);
      records += page.length;
      found += dropped.length;
      after = page.length < recordsPerCallMax ? undefined : fileKeys.at(-1);
      if (after !== undefined) await clock.delay(sweepPauseMs, signal);
    } while (after !== undefined);
    return { records, found };
  }

  /** Walks all keys that revisions name, and has those fetched that are not in the set for so many copies. */
  async audit(signal: AbortSignal): Promise<WalkReport> {
    const { catalogue, clock, onLost } = this.#options;
    let records = 0;
    let found = 0;
    let after: FileKey | undefined;
    do {
      this.#epoch();
      const page: readonly ShelfChange[] = await catalogue.referencedKeys(after, recordsPerCallMax, signal);
      const lost = await this.#lost(after, page, signal);
      if (lost.length > 0) await onLost(lost, signal);
      records += page.length;
      found += lost.length;
      after = page.length < recordsPerCallMax ? undefined : page.at(-1)?.fileKey;
      if (after !== undefined) await clock.delay(sweepPauseMs, signal);
    } while (after !== undefined);
    return { records, found };
  }

  /** Of these keys, which all come behind `after`, those that the set lacks although a revision still names them. */
  async #lost(
    after: FileKey | undefined,
    named: readonly ShelfChange[],
    signal: AbortSignal,
  ): Promise<readonly ShelfChange[]> {
    const last = named.at(-1)?.fileKey;
    if (last === undefined) return [];
    const copiesHere = await this.#copiesHere(after, last);
    const absent = named.filter(({ fileKey, copies }) => (copiesHere.get(fileKey) ?? 0) < copies);
    if (absent.length === 0) return [];
    const areNamed = await this.#options.catalogue.references(
      absent.map(({ fileKey }) => fileKey),
      signal,
    );
    return absent.filter((_, index) => areNamed[index] === true);
  }

  /** For how many copies each record of the set is there, from behind `after` up to `last`. */
  async #copiesHere(after: FileKey | undefined, last: FileKey): Promise<ReadonlyMap<FileKey, number>> {
    const { shelf, store } = this.#options;
    const copies = new Map<FileKey, number>();
    let cursor = after;
    for (;;) {
      const page = await store.shelfPage(shelf, pageAfter(cursor));
      for (const change of page) copies.set(change.fileKey, change.copies);
      cursor = page.at(-1)?.fileKey;
      if (page.length < recordsPerCallMax || cursor === undefined || !isBefore(cursor, last)) return copies;
    }
  }

  /**
   * Drops those of these records, at most `recordsPerCallMax`, that neither a lease holds nor a revision names; resolves
   * with them. For whoever ends a lease too: what was added under it may have been found by another put since.
   */
  async dropUnneeded(fileKeys: readonly FileKey[], signal: AbortSignal): Promise<readonly FileKey[]> {
    return (await this.#settle(this.#epoch(), fileKeys, signal)).dropped;
  }

  async #settle(
    epoch: number,
    fileKeys: readonly FileKey[],
    signal: AbortSignal,
  ): Promise<{ readonly dropped: readonly FileKey[]; readonly held: readonly FileKey[] }> {
    const { catalogue, onDropped, owner, store } = this.#options;
    let held: readonly FileKey[] = [];
    const dropped = await this.#guard.dropUnneeded(
      fileKeys,
      async () => {
        // The leases first: what they no longer hold has been committed by then, or never will be.
        const areHeld = await store.isHeld(fileKeys);
        held = fileKeys.filter((_, index) => areHeld[index] === true);
        const free = fileKeys.filter((_, index) => areHeld[index] !== true);
        const areNamed = free.length === 0 ? [] : await catalogue.references(free, signal);
        return free.filter((_, index) => areNamed[index] === false);
      },
      (untouched) => owner.drop(epoch, untouched, signal),
    );
    if (dropped.length > 0) onDropped(dropped);
    return { dropped, held };
  }

  #epoch(): number {
    const epoch = this.#options.owner.epoch();
    if (epoch === undefined)
      throw new DfsError("moved", "this peer does not own the shelf any more; its new owner collects it", {
        op: "collect",
        path: this.#options.shelf,
      });
    return epoch;
  }
}

/** A page of the owner's set; `position` 0 leaves nothing out. */
function pageAfter(after: FileKey | undefined): { position: number; after?: FileKey; limit: number } {
  return { position: 0, limit: recordsPerCallMax, ...(after === undefined ? {} : { after }) };
}

function isBefore(left: FileKey, right: FileKey): boolean {
  return Buffer.compare(digestOf(left), digestOf(right)) < 0;
}
