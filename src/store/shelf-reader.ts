/** Answers what is in the set of a shelf and what is claimed of it; each answer as the index is at one moment. */
import type { ShelfId } from "../core/ids.ts";
import type { Savepoint } from "../core/shelf.ts";
import type { LoggedChange, ShelfBucket, ShelfEntry, ShelfPageQuery, ShelfStats } from "./chunk-store.ts";
import { addSums, emptySum } from "./set-digest.ts";
import { reachesBack, savepointOf } from "./shelf-state.ts";
import type { StoreIndex } from "./store-index.ts";

/** A row that no shelf has: its set is empty. */
const noRow = 0;

/** What `ChunkStore` says of its methods of the same names. */
export class ShelfReader {
  readonly #index: StoreIndex;

  constructor(index: StoreIndex) {
    this.#index = index;
  }

  savepoint(shelf: ShelfId): Savepoint | undefined {
    const row = this.#index.shelves.find(shelf);
    return row === undefined ? undefined : savepointOf(shelf, row.state);
  }

  all(): readonly ShelfStats[] {
    return this.#index.shelves
      .all()
      .map(({ shelf, state, bytes }) => ({ savepoint: savepointOf(shelf, state), records: state.records, bytes }));
  }

  changesSince(
    shelf: ShelfId,
    point: { readonly epoch: number; readonly sequence: number },
    limit: number,
  ): readonly LoggedChange[] | undefined {
    const row = this.#index.shelves.find(shelf);
    if (row === undefined || !reachesBack(row.state, row.history, point)) return undefined;
    return this.#index.shelves.logAfter(row.id, point.sequence, limit);
  }

  buckets(shelf: ShelfId, position: number): readonly ShelfBucket[] {
    return this.#index.members.buckets(this.#idOf(shelf), position);
  }

  setDigest(shelf: ShelfId, position: number): Uint8Array {
    return this.buckets(shelf, position).reduce((sum, { digest }) => addSums(sum, digest), emptySum());
  }

  page(shelf: ShelfId, query: ShelfPageQuery): readonly ShelfEntry[] {
    return this.#index.members.page(this.#idOf(shelf), query);
  }

  #idOf(shelf: ShelfId): number {
    return this.#index.shelves.find(shelf)?.id ?? noRow;
  }
}
