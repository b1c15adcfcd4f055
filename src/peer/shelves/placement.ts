/**
 * Which shelf a new file goes to: the writer's own where it has one, else the emptier of two random shelves whose owners
 * are up. A file that exists stays on its shelf, so that only changed chunks travel.
 */
import { withDeadline } from "../../core/deadline.ts";
import { DfsError } from "../../core/errors.ts";
import type { ShelfRow } from "../../catalogue/rows.ts";
import type { PeerId, ShelfId } from "../../core/ids.ts";
import { callTimeoutMs, presenceBelievedMs, shelfAvoidedMs } from "../../core/limits.ts";
import { untilAborted } from "../../core/until-aborted.ts";
import type { Presence } from "../coordination/catalogue-access.ts";
import { NetworkShelf, type NetworkShelfOptions } from "./network-shelf.ts";
import type { Fits, ShelfPort } from "./shelf-port.ts";

export interface PlacementOptions extends NetworkShelfOptions {
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

const fitsAnywhere: Fits = () => Promise.resolve(true);

export class Placement {
  readonly #options: PlacementOptions;
  readonly #shelves = new Map<ShelfId, NetworkShelf>();
  /** Until when each shelf is not chosen, by a clock that nobody sets. */
  readonly #avoided = new Map<ShelfId, number>();
  #seen: { readonly askedMs: number; readonly told: Promise<readonly Presence[]> } | undefined;

  constructor(options: PlacementOptions) {
    this.#options = options;
  }

  /**
   * The shelf of an existing file, or one for a new file: one of those that it `fits`, where there is any. Fails with
   * `unreachable` when no shelf can take it.
   */
  async shelfFor(existing: ShelfId | undefined, signal: AbortSignal, fits: Fits = fitsAnywhere): Promise<ShelfPort> {
    if (existing !== undefined) return this.#shelf(existing);
    const own = this.#ownShelf();
    if (own !== undefined && (await fits(own))) return this.#shelf(own);
    return this.#shelf(
      (await this.#choose(signal, fits)) ?? own ?? (await this.#choose(signal, fitsAnywhere)) ?? none(),
    );
  }

  /** Whether new files may go to a shelf: its owner is known, nobody moves it away, and it was not avoided lately. */
  takes(shelf: ShelfId): boolean {
    const { members } = this.#options;
    const owner = members.ownerOf(shelf);
    return owner !== undefined && members.peer(owner)?.storageOrder === null && !this.#isAvoided(shelf);
  }

  /** Has new files go to other shelves for a while; false where there is no other. */
  avoid(shelf: ShelfId): boolean {
    this.#avoided.set(shelf, performance.now() + shelfAvoidedMs);
    return this.#options.members.shelves.some(({ shelf: other, home }) => home !== null && !this.#isAvoided(other));
  }

  #isAvoided(shelf: ShelfId): boolean {
    return (this.#avoided.get(shelf) ?? 0) > performance.now();
  }

  #shelf(shelf: ShelfId): NetworkShelf {
    const known = this.#shelves.get(shelf);
    if (known !== undefined) return known;
    const port = new NetworkShelf(shelf, this.#options);
    this.#shelves.set(shelf, port);
    return port;
  }

  /** This peer's own shelf, unless others keep it now, or everything is to move off this peer. */
  #ownShelf(): ShelfId | undefined {
    const { members, self } = this.#options;
    const row = members.peer(self);
    if (row === undefined || row.shelf === null || row.storageOrder !== null) return undefined;
    return members.ownerOf(row.shelf) === self ? row.shelf : undefined;
  }

  /** One of the shelves that can take files; undefined where the file fits none. Fails with `unreachable` when there is none at all. */
  async #choose(signal: AbortSignal, fits: Fits): Promise<ShelfId | undefined> {
    const { members, random } = this.#options;
    const presence = new Map((await this.#peersSeen(signal)).map((seen) => [seen.id, seen]));
    const shelves = members.shelves.filter(({ home }) => home !== null);
    const seenAt = (peer: PeerId | undefined): Presence | undefined =>
      peer === undefined ? undefined : this.#usable(peer, presence.get(peer));
    const allLed = shelves.filter(({ links }) => seenAt(links[0]?.peer) !== undefined);
    const wellLed = allLed.filter(({ shelf }) => !this.#isAvoided(shelf));
    const led = wellLed.length > 0 ? wellLed : allLed;
    // Where every owner is away, somebody is about to take over, and the upload waits for that.
    const able = led.length > 0 ? led : shelves.filter(({ links }) => links.some(({ peer }) => seenAt(peer)));
    if (able.length === 0) return none();
    const areFit = await Promise.all(able.map(({ shelf }) => fits(shelf)));
    const choice = able.filter((_, place) => areFit[place] === true);
    const pick = (): ShelfRow | undefined => choice[Math.floor(random() * choice.length)];
    const [first, second] = [pick(), pick()];
    if (first === undefined || second === undefined) return undefined;
    const freeBytes = ({ links }: ShelfRow): number => seenAt(links[0]?.peer)?.freeBytes ?? 0;
    return (freeBytes(first) >= freeBytes(second) ? first : second).shelf;
  }

  /** What the leader says of the peers: asked once for all the choices of a moment. Fails as `presence` does. */
  #peersSeen(signal: AbortSignal): Promise<readonly Presence[]> {
    const nowMs = performance.now();
    if (this.#seen !== undefined && nowMs - this.#seen.askedMs < presenceBelievedMs)
      return untilAborted(signal, this.#seen.told);
    const { catalogue } = this.#options;
    const told = withDeadline(callTimeoutMs, undefined, (bounded) => catalogue.presence(bounded));
    const seen = { askedMs: nowMs, told };
    this.#seen = seen;
    told.catch(() => {
      if (this.#seen === seen) this.#seen = undefined;
    });
    return untilAborted(signal, told);
  }

  /** A peer that can take files, as far as the leader has heard of it; a new leader has not heard of everybody yet. */
  #usable(peer: PeerId, seen: Presence | undefined): Presence | undefined {
    const { links, members, self } = this.#options;
    if (members.peer(peer)?.storageOrder !== null) return undefined;
    const isConnected = peer === self || links.isConnected(peer);
    return seen?.standing === "up" || (seen?.standing === "suspect" && isConnected) ? seen : undefined;
  }
}

function none(): never {
  throw new DfsError("unreachable", "no peer with storage is up; start one with dfs-peer and a --capacity above 0");
}
