import type { Libp2p, PeerId as Libp2pPeerId } from "@libp2p/interface";
import type { KadDHT, QueryEvent } from "@libp2p/kad-dht";
import type { Finger } from "../core/client.ts";
import { assert, toDfsError } from "../core/errors.ts";
import { parsePeerId } from "../core/ids.ts";
import type { NetworkId, PeerId } from "../core/ids.ts";
import { commonPrefixBits, kadPeer, multihashOf } from "./kad-id.ts";
import { kadProtocol } from "./kad-service.ts";
import type { Discovery, FingerTable, KadPeer, SignalOptions } from "./ports.ts";

/** The part of kad-dht's routing table that we use and that its types do not show. */
interface KadTable {
  closestPeers(kadId: Uint8Array, options: { readonly count: number }): Libp2pPeerId[];
  /** Adds a peer if it answers a ping and its bucket has room. */
  add(peer: Libp2pPeerId, options: SignalOptions): Promise<void>;
  remove(peer: Libp2pPeerId): Promise<void>;
  addEventListener(type: "peer:add" | "peer:remove", listener: () => void): void;
  removeEventListener(type: "peer:add" | "peer:remove", listener: () => void): void;
}

function tableOf(dht: KadDHT): KadTable {
  const { routingTable } = dht as unknown as { readonly routingTable?: Partial<KadTable> };
  for (const method of ["closestPeers", "add", "remove", "addEventListener", "removeEventListener"] as const) {
    assert(typeof routingTable?.[method] === "function", `kad-dht's routing table has ${method}`);
  }
  return routingTable as KadTable;
}

export interface Libp2pFingerTableOptions {
  readonly self: PeerId;
  readonly networkId: NetworkId;
  readonly dht: KadDHT;
  readonly node: Pick<Libp2p, "getPeers" | "peerStore">;
}

/** The finger table over libp2p's Kademlia: its routing table for whom we know, its queries for whom we do not. */
export class Libp2pFingerTable implements FingerTable {
  readonly #dht: KadDHT;
  readonly #table: KadTable;
  readonly #node: Libp2pFingerTableOptions["node"];
  readonly #protocol: string;
  readonly #self: KadPeer;
  /** The peers of the last listing, so that each is hashed once. */
  #kadPeers = new Map<string, KadPeer>();

  constructor({ dht, networkId, node, self }: Libp2pFingerTableOptions) {
    this.#dht = dht;
    this.#table = tableOf(dht);
    this.#node = node;
    this.#protocol = kadProtocol(networkId);
    this.#self = kadPeer(self);
  }

  peers(): readonly KadPeer[] {
    const listed = this.#listed().map((peer): [string, KadPeer] => {
      const text = peer.toString();
      return [text, this.#kadPeers.get(text) ?? kadPeer(parsePeerId(text))];
    });
    this.#kadPeers = new Map(listed);
    return [...this.#kadPeers.values()];
  }

  async discover(digest: Uint8Array, { signal }: SignalOptions): Promise<Discovery> {
    const walk = new Walk(this.#listed());
    const closest: Libp2pPeerId[] = [];
    try {
      for await (const event of this.#dht.getClosestPeers(multihashOf(digest), { signal })) {
        walk.note(event);
        if (event.name === "FINAL_PEER") closest.push(event.peer.id);
      }
    } catch (error) {
      throw toDfsError(signal.aborted ? signal.reason : error, { op: "discover" });
    }
    const peers = closest.map((peer) => ({ ...kadPeer(parsePeerId(peer.toString())), hops: walk.hopsTo(peer) }));
    return { peers: peers.filter(({ id }) => id !== this.#self.id), messages: walk.messages };
  }

  async fingers(): Promise<readonly Finger[]> {
    const fingers = this.#listed().map(async (peer): Promise<Finger> => {
      const { id, kadId } = kadPeer(parsePeerId(peer.toString()));
      return {
        id,
        commonPrefixBits: commonPrefixBits(this.#self.kadId, kadId),
        addresses: await this.#addressesOf(peer),
      };
    });
    return await Promise.all(fingers);
  }

  async tend({ signal }: SignalOptions): Promise<void> {
    const listed = new Set(this.#listed().map((peer) => peer.toString()));
    const missing = this.#node.getPeers().filter((peer) => !listed.has(peer.toString()));
    for (const peer of missing) {
      try {
        const { protocols } = await this.#node.peerStore.get(peer, { signal });
        // Strangers that want to join are connected as well.
        if (protocols.includes(this.#protocol)) await this.#table.add(peer, { signal });
      } catch (error) {
        // The peer left meanwhile: the next one.
        if (signal.aborted) throw toDfsError(signal.reason, { op: "tend", cause: error });
      }
    }
  }

  async drop(peer: PeerId): Promise<void> {
    const gone = this.#listed().find((listed) => listed.toString() === peer);
    if (gone !== undefined) await this.#table.remove(gone);
  }

  onChange(listener: () => void): () => void {
    this.#table.addEventListener("peer:add", listener);
    this.#table.addEventListener("peer:remove", listener);
    return () => {
      this.#table.removeEventListener("peer:add", listener);
      this.#table.removeEventListener("peer:remove", listener);
    };
  }

  /** Every peer of the routing table, the closest to this one first. */
  #listed(): Libp2pPeerId[] {
    return this.#table.closestPeers(this.#self.kadId, { count: Number.MAX_SAFE_INTEGER });
  }

  async #addressesOf(peer: Libp2pPeerId): Promise<readonly string[]> {
    try {
      const { addresses } = await this.#node.peerStore.get(peer);
      return addresses.map(({ multiaddr }) => multiaddr.toString());
    } catch {
      // The peer store forgets old addresses before the routing table forgets the peer.
      return [];
    }
  }
}

/** How far the peers are that a query of kad-dht meets, and how much it asks. */
class Walk {
  readonly #hops: Map<string, number>;
  messages = 0;

  constructor(table: readonly Libp2pPeerId[]) {
    this.#hops = new Map(table.map((peer) => [peer.toString(), 1]));
  }

  note(event: QueryEvent): void {
    if (event.name === "SEND_QUERY") this.messages += 1;
    if (event.name !== "PEER_RESPONSE") return;
    const hops = this.hopsTo(event.from) + 1;
    for (const { id } of event.closer) {
      const before = this.#hops.get(id.toString());
      if (before === undefined || hops < before) this.#hops.set(id.toString(), hops);
    }
  }

  /** A peer that the query began with may have left the table since. */
  hopsTo(peer: Libp2pPeerId): number {
    return this.#hops.get(peer.toString()) ?? 1;
  }
}
