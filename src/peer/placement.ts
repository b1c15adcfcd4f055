/**
 * Which shelf a new file goes to: the writer's own where it has one with room, else the emptier of two random shelves
 * of peers that are up. A file that exists stays on its shelf, so that only changed chunks travel.
 */
import { DfsError } from "../core/errors.ts";
import type { PeerId, ShelfId } from "../core/ids.ts";
import { suspectAfterMs } from "../core/limits.ts";
import type { CatalogueAccess } from "./coordination/catalogue-access.ts";
import type { Members } from "./members.ts";
import type { PeerLinks } from "./peer-links.ts";
import { RemoteShelf } from "./remote-shelf.ts";
import type { ShelfKeeper } from "./shelf-keeper.ts";
import type { ShelfPort } from "./shelf-port.ts";

export interface PlacementOptions {
  readonly self: PeerId;
  readonly own: ShelfKeeper | undefined;
  readonly members: Members;
  readonly links: PeerLinks;
  readonly catalogue: CatalogueAccess;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

export class Placement {
  readonly #options: PlacementOptions;
  readonly #remote = new Map<ShelfId, RemoteShelf>();

  constructor(options: PlacementOptions) {
    this.#options = options;
  }

  /** The shelf of an existing file, or one for a new file. Fails with `unreachable` when no shelf can take it. */
  async shelfFor(existing: ShelfId | undefined, signal: AbortSignal): Promise<ShelfPort> {
    if (existing !== undefined) return this.shelf(existing);
    return this.#options.own ?? this.#chooseRemote(signal);
  }

  /** The way to a shelf. Fails with `unreachable` when no member owns it. */
  shelf(shelf: ShelfId): ShelfPort {
    const { own, links, members } = this.#options;
    if (shelf === own?.shelf) return own;
    const known = this.#remote.get(shelf);
    if (known !== undefined) return known;
    const owner = members.ownerOf(shelf);
    if (owner === undefined) throw new DfsError("unreachable", "no member of the network owns the shelf of this file");
    const port = new RemoteShelf(shelf, owner.id, links);
    this.#remote.set(shelf, port);
    return port;
  }

  async #chooseRemote(signal: AbortSignal): Promise<ShelfPort> {
    const { catalogue, links, members, random, self } = this.#options;
    const presence = new Map((await catalogue.presence(signal)).map((seen) => [seen.id, seen]));
    const usable = members.peers.flatMap(({ id, shelf }) => {
      const seen = presence.get(id);
      if (shelf === null || id === self || seen === undefined || seen.ageMs >= suspectAfterMs) return [];
      return [{ shelf, freeBytes: seen.freeBytes, isConnected: links.isConnected(id) }];
    });
    if (usable.length === 0)
      throw new DfsError("unreachable", "no peer with storage is up; start one with dfs-peer and a --capacity above 0");
    // A new leader gives everybody time to be heard of: who is connected is there for sure.
    const connected = usable.filter(({ isConnected }) => isConnected);
    const choice = connected.length > 0 ? connected : usable;
    const pick = () => choice[Math.floor(random() * choice.length)] as (typeof usable)[number];
    const [first, second] = [pick(), pick()];
    return this.shelf((first.freeBytes >= second.freeBytes ? first : second).shelf);
  }
}
