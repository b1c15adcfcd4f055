/**
 * By which chain this peer owns a shelf, if it does, and what it says in the catalogue about the other links.
 *
 * A chain counts once the disk has begun its epoch. When anybody knows that an epoch is over, this peer acts by it no
 * more, and by no earlier one; it goes on when it is told of a newer chain that it leads.
 */
import pLimit from "p-limit";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { PeerId, ShelfId } from "../../core/ids.ts";
import type { ChainLink, Savepoint } from "../../core/shelf.ts";
import type { ChainPort, KnownChain, ReplicationLog, ShelfStore } from "./ports.ts";

export interface ReignOptions {
  readonly shelf: ShelfId;
  readonly self: PeerId;
  readonly store: ShelfStore;
  readonly chain: ChainPort;
  readonly log: ReplicationLog;
  readonly refresh: () => void;
  /** Runs `work` while no change of the set is made. */
  readonly still: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** This chain counts from now on; `disclaimed` is the link whose claim this owner has just taken back. */
  readonly onChain: (chain: KnownChain, begun: Savepoint, disclaimed: PeerId | undefined) => void;
  /** No chain counts any more. */
  readonly onEnd: () => void;
}

/** The chain by which this peer acts. */
export interface Acting extends KnownChain {
  /** Disks that a put needs at the least. */
  readonly minCopies: number;
  /** The same while nobody else can have owned the shelf in between. */
  readonly reign: number;
}

export class Reign {
  readonly #options: ReignOptions;
  /** The catalogue is told one thing at a time, so that each report knows the epoch that the one before made. */
  readonly #reports = pLimit(1);
  readonly #stopping = new AbortController();
  #acting: Acting | undefined;
  /** The newest chain that is known, when this peer leads it. */
  #wanted: { readonly chain: KnownChain; readonly minCopies: number } | undefined;
  /** The newest epoch that is known to be over, or that another peer leads. */
  #overEpoch = 0;
  #reign = 0;
  /**
   * Links that the catalogue is told to have everything: they count as such from before that, and as long as it may still
   * happen, which is until there is another epoch.
   */
  readonly #claiming = new Set<PeerId>();
  #changed = Promise.resolve();
  #onChange: () => void = () => undefined;

  constructor(options: ReignOptions) {
    this.#options = options;
    this.#change();
  }

  /** The chain by which this peer acts. Fails with `moved` when there is none. */
  acting(): Acting {
    if (this.#acting !== undefined) return this.#acting;
    throw new DfsError("moved", `this peer does not own shelf ${this.#options.shelf} now; look again who does`, {
      op: "shelf",
      path: this.#options.shelf,
    });
  }

  /** The epoch of that chain; undefined when there is none. */
  get epoch(): number | undefined {
    return this.#acting?.epoch;
  }

  /** Resolves with the next change of anything that acknowledging depends on. */
  get changed(): Promise<void> {
    return this.#changed;
  }

  /** Whether a link is relied upon to have all records for so many copies. */
  isReliedUpon(link: ChainLink, copies: number): boolean {
    if (this.#claiming.has(link.peer) && link.keepsFrom <= copies) return true;
    return link.hasFrom > 0 && link.hasFrom <= copies;
  }

  /** See `ShelfOwner.setChain`. */
  setChain(chain: KnownChain, minCopies: number): void {
    if (this.#stopping.signal.aborted || chain.epoch < this.#knownEpoch()) return;
    if (chain.links[0]?.peer !== this.#options.self) {
      this.#end(chain.epoch);
      return;
    }
    this.#wanted = { chain, minCopies };
    if (this.#acting?.epoch !== chain.epoch) void this.#begin(undefined);
    else if (this.#acting.minCopies !== minCopies) {
      this.#acting = { ...this.#acting, minCopies };
      this.#change();
    }
  }

  #knownEpoch(): number {
    return Math.max(this.#overEpoch, this.#acting?.epoch ?? 0, this.#wanted?.chain.epoch ?? 0);
  }

  /** Somebody knows that `epoch` is over. */
  moved(epoch: number): void {
    if (epoch <= this.#overEpoch) return;
    this.#end(epoch);
    this.#options.refresh();
  }

  #end(epoch: number): void {
    this.#overEpoch = Math.max(this.#overEpoch, epoch);
    if (this.#wanted !== undefined && this.#wanted.chain.epoch <= this.#overEpoch) this.#wanted = undefined;
    if (this.#acting === undefined || this.#acting.epoch > this.#overEpoch) return;
    this.#cease();
  }

  #cease(): void {
    this.#acting = undefined;
    this.#claiming.clear();
    this.#options.onEnd();
    this.#change();
  }

  /** Acts by the wanted chain once the disk has begun its epoch. */
  async #begin(disclaimed: PeerId | undefined): Promise<void> {
    const { log, shelf, still, store, onChain } = this.#options;
    await still(async () => {
      const wanted = this.#wanted;
      if (wanted === undefined || this.#acting?.epoch === wanted.chain.epoch) return;
      const { chain, minCopies } = wanted;
      const begun = await store.beginEpoch(shelf, chain.epoch);
      if (this.#wanted === undefined || chain.epoch <= this.#overEpoch) return;
      if (this.#acting?.epoch !== chain.epoch - 1) this.#reign += 1;
      this.#acting = { ...chain, minCopies, reign: this.#reign };
      this.#claiming.clear();
      onChain(chain, begun, disclaimed);
      this.#change();
    }).catch((thrown: unknown) => {
      const error = toDfsError(thrown);
      if (error.kind === "moved") return this.moved(this.#knownEpoch());
      log.warn(`shelf ${shelf} cannot be led: ${error.message}`);
      this.#cease();
    });
  }

  /** Tells the catalogue that the link has everything that it keeps, if `isEqual` holds when it is its turn. */
  claim(peer: PeerId, isEqual: () => boolean): Promise<void> {
    return this.#reports(async () => {
      const { links } = this.acting();
      const link = links.find((known) => known.peer === peer);
      if (link === undefined || !isEqual()) return;
      this.#claiming.add(peer);
      this.#change();
      await this.#report({ ...link, hasFrom: link.keepsFrom });
    });
  }

  /** Tells the catalogue that nobody should rely upon the link. Does nothing when nobody does. */
  disclaim(peer: PeerId): Promise<void> {
    return this.#reports(async () => {
      const { links } = this.acting();
      const link = links.find((known) => known.peer === peer);
      if (link === undefined || (link.hasFrom === 0 && !this.#claiming.has(peer))) return;
      await this.#report({ ...link, hasFrom: 0, isFilled: true });
    });
  }

  async #report(link: ChainLink): Promise<void> {
    const { epoch, links, minCopies } = this.acting();
    const { peer, hasFrom } = link;
    try {
      const newEpoch = await this.#options.chain.report(epoch, peer, hasFrom, this.#stopping.signal);
      if (newEpoch <= this.#knownEpoch()) return; // the list of members was quicker
      const chain = { epoch: newEpoch, links: links.map((known) => (known.peer === peer ? link : known)) };
      this.#wanted = { chain, minCopies };
      await this.#begin(hasFrom === 0 ? peer : undefined);
    } catch (thrown) {
      const error = toDfsError(thrown);
      if (error.kind === "moved") this.moved(epoch);
      throw error;
    }
  }

  #change(): void {
    this.#onChange();
    this.#changed = new Promise((resolve) => (this.#onChange = resolve));
  }

  /** Ends the reign for good. */
  stop(): void {
    this.#stopping.abort(new DfsError("interrupted", "the peer is stopping"));
    this.#end(Number.MAX_SAFE_INTEGER);
  }
}
