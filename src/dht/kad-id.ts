/**
 * Places in Kademlia's key space (Maymounkov and Mazières, 2002), as libp2p's Kademlia computes them.
 *
 * The kad id of a file key is SHA-256 of its multihash (0x12, 0x20, then the key's 32-byte digest); that of a peer is
 * SHA-256 of the multihash that its base58 text spells. Closeness is the XOR of two kad ids, read as a number.
 */
import { hash } from "node:crypto";
import { base58btc } from "multiformats/bases/base58";
import { digestBytes } from "../core/ids.ts";
import type { PeerId } from "../core/ids.ts";
import type { KadPeer } from "./ports.ts";

const sha256Code = 0x12;
const multihashPrefixBytes = 2;

/** The 34-byte SHA-256 multihash of a file key's digest. */
export function multihashOf(digest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(multihashPrefixBytes + digestBytes);
  bytes.set([sha256Code, digestBytes]);
  bytes.set(digest, multihashPrefixBytes);
  return bytes;
}

const sha256 = (bytes: Uint8Array): Uint8Array => hash("sha256", bytes, "buffer");

/** The kad id (32 bytes) of a file key's 32-byte digest. */
export const kadIdOfKey = (digest: Uint8Array): Uint8Array => sha256(multihashOf(digest));

/** `peer` with its kad id. */
export const kadPeer = (peer: PeerId): KadPeer => ({ id: peer, kadId: sha256(base58btc.decode(`z${peer}`)) });

/** Whether `a` is closer to `target` than `b` is. All are kad ids. */
function isCloser(target: Uint8Array, a: Uint8Array, b: Uint8Array): boolean {
  for (let index = 0; index < target.length; index += 1) {
    const byte = target[index] ?? 0;
    const distanceA = byte ^ (a[index] ?? 0);
    const distanceB = byte ^ (b[index] ?? 0);
    if (distanceA !== distanceB) return distanceA < distanceB;
  }
  return false;
}

/** The up to `count` peers closest to `target` (a kad id), the closest first. */
export function closestPeers(target: Uint8Array, peers: readonly KadPeer[], count: number): KadPeer[] {
  const closest: KadPeer[] = [];
  for (const peer of peers) {
    const last = closest[count - 1];
    if (last !== undefined && !isCloser(target, peer.kadId, last.kadId)) continue;
    let index = Math.min(closest.length, count - 1);
    for (; index > 0; index -= 1) {
      const before = closest[index - 1];
      if (before === undefined || !isCloser(target, peer.kadId, before.kadId)) break;
      closest[index] = before;
    }
    closest[index] = peer;
  }
  return closest;
}

/** How many leading bits two kad ids share: 0 to 256. */
export function commonPrefixBits(a: Uint8Array, b: Uint8Array): number {
  const index = a.findIndex((byte, at) => byte !== b[at]);
  if (index === -1) return a.length * 8;
  return index * 8 + Math.clz32((a[index] ?? 0) ^ (b[index] ?? 0)) - 24;
}
