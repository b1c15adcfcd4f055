import { holderAsksPerKeyMax, holderReplicas, holdersPerKeyMax, holdersWanted } from "../core/limits.ts";
import type { FileKey, PeerId } from "../core/ids.ts";
import { digestOf } from "../core/ids.ts";
import { closestPeers, kadIdOfKey } from "./kad-id.ts";
import type { Discovery, KadPeer } from "./ports.ts";

/** The search for the holders of one key: whom to ask next, who answered, who was named. Pure. */
export class HolderSearch {
  readonly key: FileKey;
  readonly digest: Uint8Array;
  readonly #holders = new Set<PeerId>();
  readonly #asked = new Set<PeerId>();
  #candidates: PeerId[] = [];
  /** Of the peers that a walk came to; the others are in the finger table, one hop away. */
  readonly #hops = new Map<PeerId, number>();
  #answers = 0;
  #walkMessages = 0;
  #foundHops: number | undefined;

  constructor(key: FileKey) {
    this.key = key;
    this.digest = digestOf(key);
  }

  /** Makes the closest 8 of `peers` the next to be asked; those that rest come last, and do not displace others. */
  consider(peers: readonly KadPeer[], isResting: (peer: PeerId) => boolean): void {
    const kadId = kadIdOfKey(this.digest);
    const closest = closestPeers(kadId, peers, holderReplicas).map(({ id }) => id);
    const awake = peers.filter(({ id }) => !isResting(id));
    const awakeClosest = closestPeers(kadId, awake, holderReplicas).map(({ id }) => id);
    this.#candidates = [...new Set([...awakeClosest, ...closest])].filter((id) => !this.#asked.has(id));
  }

  /** Makes peers that a walk came to the next to be asked, as `consider` does. */
  considerWalk({ peers, messages }: Discovery, isResting: (peer: PeerId) => boolean): void {
    this.#walkMessages += messages;
    for (const { id, hops } of peers) this.#hops.set(id, hops);
    this.consider(peers, isResting);
  }

  /** Takes the next peers to ask, at most 3; none when there is no one left. */
  nextPeers(): PeerId[] {
    const next = this.#candidates.splice(0, holderAsksPerKeyMax);
    for (const peer of next) this.#asked.add(peer);
    return next;
  }

  /** Notes one peer's answer, a hint at best: names beyond 8 are left out. */
  answered(peer: PeerId, holders: readonly PeerId[]): void {
    this.#answers += 1;
    if (holders.length > 0) this.#foundHops ??= this.#hopsTo(peer);
    for (const holder of holders) if (this.#holders.size < holdersPerKeyMax) this.#holders.add(holder);
  }

  get holders(): readonly PeerId[] {
    return [...this.#holders];
  }

  /** Whether so many holders are known that no one need be waited for. */
  get isContent(): boolean {
    return this.#holders.size >= holdersWanted;
  }

  /** How far away the first peer was that named a holder; without one, the farthest that was asked. */
  get hops(): number {
    return this.#foundHops ?? Math.max(0, ...Array.from(this.#asked, (peer) => this.#hopsTo(peer)));
  }

  /** Questions that were asked because of this key. */
  get messages(): number {
    return this.#asked.size + this.#walkMessages;
  }

  #hopsTo(peer: PeerId): number {
    return this.#hops.get(peer) ?? 1;
  }

  /** Why there is no holder, as a sentence's second half. */
  get reason(): string {
    if (this.#asked.size === 0) return "the finger table is empty: no other peer is known yet";
    if (this.#answers === 0) return `none of the ${this.#asked.size} closest peers answered`;
    return `${this.#answers} of the ${this.#asked.size} closest peers answered, and none knows a holder`;
  }
}
