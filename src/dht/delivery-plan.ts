import type { PeerId } from "../core/ids.ts";
import { holderKeysPerMessageMax, holderReplicas } from "../core/limits.ts";
import { closestPeers, kadIdOfKey } from "./kad-id.ts";
import type { KadPeer } from "./ports.ts";

/** One key and how its announcement goes. */
export interface Parcel {
  readonly key: Uint8Array;
  readonly failures: number;
  /** Peers that should learn of it, this one not counted. */
  targets: number;
  /** Of those, the ones that keep it now. */
  accepted: number;
}

/** One message: these keys to that peer. */
export interface Delivery {
  readonly peer: PeerId;
  readonly parcels: readonly Parcel[];
}

/**
 * Which peer should be told of which keys: each key's 8 closest peers, this one counted as one of them.
 *
 * Counts the targets in the parcels. With `wanted`, only messages to those peers are planned. A message has at most
 * 500 keys.
 */
export function planDeliveries(
  parcels: readonly Parcel[],
  self: KadPeer,
  peers: readonly KadPeer[],
  wanted: (peer: PeerId) => boolean = () => true,
): Delivery[] {
  const everybody = [self, ...peers];
  const byPeer = new Map<PeerId, Parcel[]>();
  for (const parcel of parcels) {
    for (const { id } of closestPeers(kadIdOfKey(parcel.key), everybody, holderReplicas)) {
      if (id === self.id || !wanted(id)) continue;
      parcel.targets += 1;
      const forPeer = byPeer.get(id);
      if (forPeer === undefined) byPeer.set(id, [parcel]);
      else forPeer.push(parcel);
    }
  }
  return [...byPeer].flatMap(([peer, all]) => messagesOf(all).map((page) => ({ peer, parcels: page })));
}

function messagesOf(parcels: readonly Parcel[]): Parcel[][] {
  const pages = Math.ceil(parcels.length / holderKeysPerMessageMax);
  return Array.from({ length: pages }, (_, page) =>
    parcels.slice(page * holderKeysPerMessageMax, (page + 1) * holderKeysPerMessageMax),
  );
}
