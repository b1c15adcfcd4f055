/** One machine of the simulator: a disk with files, and what it believes of each chain. */
import type { PeerId, ShelfId } from "../../src/core/ids.ts";
import { countOf, fileBytes } from "./sim-files.ts";
import type { FileSet } from "./sim-files.ts";
import type { ChainLink } from "../../src/core/shelf.ts";
import type { ShelfRow } from "./sim-catalogue.ts";

/** A chain as a peer last heard of it. */
export interface ChainView {
  readonly epoch: number;
  readonly links: readonly ChainLink[];
}

export class SimPeer {
  readonly id: PeerId;
  readonly zone: string;
  isUp = true;
  /** Its disk is gone, and it will not be back with it. */
  isLost = false;
  /** Its heartbeats do not arrive. */
  isMute = false;
  store = 1;
  /** The tick at which a peer that is down is back. */
  backAt = 0;
  capacityFiles: number;
  readonly #files = new Map<ShelfId, FileSet>();
  readonly #views = new Map<ShelfId, ChainView>();
  /** Files of open uploads, on the shelves that it owns. */
  readonly #leased = new Map<ShelfId, FileSet>();

  constructor(id: PeerId, zone: string, capacityFiles: number) {
    this.id = id;
    this.zone = zone;
    this.capacityFiles = capacityFiles;
  }

  get freeBytes(): number {
    let used = 0;
    for (const files of this.#files.values()) used += countOf(files);
    return Math.max(0, this.capacityFiles - used) * fileBytes;
  }

  get shelves(): Iterable<ShelfId> {
    return this.#files.keys();
  }

  files({ shelf }: ShelfRow): FileSet {
    return this.#files.get(shelf) ?? 0;
  }

  /** Takes what fits of `files`; returns whether all of it did. */
  add(row: ShelfRow, files: FileSet): boolean {
    const has = this.files(row);
    if ((files & ~has) === 0) return true;
    if (this.freeBytes < countOf(files & ~has) * fileBytes) return false;
    this.#files.set(row.shelf, has | files);
    return true;
  }

  drop(row: ShelfRow, files: FileSet): void {
    const left = this.files(row) & ~files;
    if (left === 0) this.#files.delete(row.shelf);
    else this.#files.set(row.shelf, left);
  }

  loseDisk(): void {
    this.#files.clear();
    this.#views.clear();
    this.#leased.clear();
  }

  view({ shelf }: ShelfRow): ChainView | undefined {
    return this.#views.get(shelf);
  }

  /** Hears of the present chain; whoever does not own the shelf any more forgets its uploads. */
  refresh(row: ShelfRow): ChainView {
    const view = { epoch: row.epoch, links: row.links };
    this.#views.set(row.shelf, view);
    if (row.links[0]?.peer !== this.id) this.#leased.delete(row.shelf);
    return view;
  }

  leased({ shelf }: ShelfRow): FileSet {
    return this.#leased.get(shelf) ?? 0;
  }

  lease(row: ShelfRow, files: FileSet): void {
    this.#leased.set(row.shelf, this.leased(row) | files);
  }

  endLease(row: ShelfRow, files: FileSet): void {
    this.#leased.set(row.shelf, this.leased(row) & ~files);
  }
}
