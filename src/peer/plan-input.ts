/** Peers and shelves as the planner in src/backup takes them. */
import type { PlanPeer, PlanShelf } from "../backup/planner-input.ts";
import type { ShelfRow } from "../catalogue/rows.ts";
import type { PeerInfo } from "../core/client.ts";

/** From what the leader says of the peers. */
export function planPeersOf(peers: readonly PeerInfo[], shelves: readonly ShelfRow[]): PlanPeer[] {
  const homes = new Set(shelves.map(({ home }) => home));
  return peers.map(({ id, zone, state, freeBytes, storageOrder }) => ({
    id,
    zone,
    standing: state,
    storesFiles: homes.has(id),
    freeBytes,
    order: storageOrder ?? null,
  }));
}

export function planShelvesOf(shelves: readonly ShelfRow[]): PlanShelf[] {
  return shelves.map(({ shelf, home, epoch, links, copiesMax, sealedBytes }) => ({
    shelf,
    home,
    epoch,
    links,
    copiesMax,
    bytes: sealedBytes,
  }));
}
