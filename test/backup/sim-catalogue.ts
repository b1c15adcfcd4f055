/** The catalogue's part in keeping shelves, as a model: chains under epochs, commits that carry one, lost disks. */
import type { PeerId, ShelfId } from "../../src/core/ids.ts";
import type { StorageOrder } from "../../src/backup/planner-input.ts";
import type { ChainLink } from "../../src/core/shelf.ts";
import type { FileSet } from "./sim-files.ts";
import type { Mistake } from "./sim-mistakes.ts";

/** A shelf's row, and of its files those that were committed. */
export interface ShelfRow {
  readonly shelf: ShelfId;
  home: PeerId | null;
  epoch: number;
  links: readonly ChainLink[];
  copiesMax: number;
  committed: FileSet;
  /** For each number of copies the files that ask for as many or more, whether committed or not. */
  readonly asking: FileSet[];
  /** Copies that each file asks for. */
  readonly copiesOf: number[];
}

/** A member's row. */
export interface PeerRow {
  order: StorageOrder | null;
  /** The number of its disk: another one means that the first was lost. */
  store: number;
}

/** The refusal of whoever works by an older chain. */
export type Answer = "done" | "moved";

export const copiesAskedMax = 4;

export class SimCatalogue {
  readonly shelves: ShelfRow[] = [];
  readonly peers = new Map<PeerId, PeerRow>();
  copies = 2;
  minCopies = 2;
  readonly #mistakes: ReadonlySet<Mistake>;

  constructor(mistakes: ReadonlySet<Mistake>) {
    this.#mistakes = mistakes;
  }

  /** Members that may keep links: nothing is ordered of them. */
  get keepers(): number {
    let keepers = 0;
    for (const { order } of this.peers.values()) if (order === null) keepers++;
    return keepers;
  }

  admit(id: PeerId, shelf: ShelfId): void {
    this.peers.set(id, { order: null, store: 1 });
    const links = this.#normal([{ peer: id, keepsFrom: 1, hasFrom: 1, isFilled: true }]);
    const asking = Array.from({ length: copiesAskedMax + 2 }, () => 0);
    const files = { copiesMax: 1, committed: 0, asking, copiesOf: [] };
    this.shelves.push({ shelf, home: id, epoch: 1, links, ...files });
  }

  orderChain(row: ShelfRow, epoch: number, links: readonly ChainLink[]): Answer {
    if (epoch !== row.epoch && !this.#mistakes.has("order-without-epoch")) return "moved";
    this.#set(row, links);
    return "done";
  }

  reportLink(row: ShelfRow, epoch: number, owner: PeerId, peer: PeerId, hasFrom: number): Answer {
    if (epoch !== row.epoch) return "moved";
    if (row.links[0]?.peer !== owner || row.links.every((link) => link.peer !== peer)) return "moved";
    const reported = (link: ChainLink): ChainLink => ({ ...link, hasFrom, isFilled: hasFrom === 0 || link.isFilled });
    this.#set(
      row,
      row.links.map((link) => (link.peer === peer ? reported(link) : link)),
    );
    return "done";
  }

  putFile(row: ShelfRow, epoch: number, file: number): Answer {
    if (epoch !== row.epoch && !this.#mistakes.has("commit-with-old-epoch")) return "moved";
    const copies = row.copiesOf[file] ?? 1;
    row.committed |= 1 << file;
    row.copiesMax = Math.max(row.copiesMax, copies);
    return "done";
  }

  /** The peer is back with another disk: it claims nothing any more, and leads nothing that another link has. */
  comeWithStore(id: PeerId, store: number): void {
    const member = this.peers.get(id);
    if (member === undefined || member.store === store) return;
    member.store = store;
    if (this.#mistakes.has("keep-claims-of-a-lost-disk")) return;
    for (const row of this.shelves) if (row.links.some(({ peer }) => peer === id)) this.#loseDisk(row, id);
  }

  /** Removes a member that no chain names; returns whether it could. */
  removePeer(id: PeerId): boolean {
    if (this.shelves.some(({ links }) => links.some(({ peer }) => peer === id))) return false;
    for (const row of this.shelves) if (row.home === id) row.home = null;
    return this.peers.delete(id);
  }

  /** Where the disk was the owner's, the link that claims most leads, else the one that may have most. */
  #loseDisk(row: ShelfRow, id: PeerId): void {
    const emptied = row.links.map((link) => (link.peer === id ? { ...link, hasFrom: 0, isFilled: true } : link));
    const [old, ...others] = emptied;
    const lack = ({ hasFrom, isFilled }: ChainLink): number =>
      hasFrom > 0 && hasFrom <= row.copiesMax ? hasFrom : row.copiesMax + (isFilled ? 1 : 2);
    const [heir] = others.toSorted((left, right) => lack(left) - lack(right));
    if (old?.peer !== id) return this.#set(row, emptied);
    if (heir === undefined) return this.#set(row, [{ ...old, hasFrom: 1 }]);
    const rest = others.filter((link) => link !== heir);
    const owner = { ...heir, keepsFrom: 1, hasFrom: 1, isFilled: true };
    return this.#set(row, [owner, { ...old, keepsFrom: Math.max(2, heir.keepsFrom) }, ...rest]);
  }

  #set(row: ShelfRow, links: readonly ChainLink[]): void {
    row.links = this.#normal(links);
    row.epoch++;
  }

  /** No link claims more than it keeps. */
  #normal(links: readonly ChainLink[]): readonly ChainLink[] {
    return links.map((link) =>
      link.hasFrom === 0 ? link : { ...link, hasFrom: Math.max(link.hasFrom, link.keepsFrom) },
    );
  }
}

/** The files that a link claims to have, of those committed. */
export function claimed(row: ShelfRow, { hasFrom }: ChainLink): FileSet {
  return hasFrom === 0 ? 0 : row.committed & askingFor(row, hasFrom);
}

/** The files that ask for `copies` or more. */
export function askingFor(row: ShelfRow, copies: number): FileSet {
  return row.asking[copies] ?? 0;
}
