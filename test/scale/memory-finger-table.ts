/**
 * A finger table in memory by the rules of kad-dht's routing table: a trie by the first bits of the kad ids whose leaves
 * split when they are full, down to a depth; what does not fit then stays out. A walk asks the closest known peers for
 * the closest that they know, until nobody new is closer.
 */
import { DfsError } from "../../src/core/errors.ts";
import type { PeerId } from "../../src/core/ids.ts";
import { fingersPerBucketMax } from "../../src/core/limits.ts";
import { closestPeers, commonPrefixBits, kadIdOfKey, kadPeer } from "../../src/dht/kad-id.ts";
import type { DiscoveredPeer, Discovery, FingerTable, KadPeer, SignalOptions } from "../../src/dht/ports.ts";

/** Of kad-dht's tables, unless told otherwise. */
const trieDepthMax = 6;

interface Leaf {
  readonly depth: number;
  readonly peers: KadPeer[];
}
interface Branch {
  readonly zero: Node;
  readonly one: Node;
}
type Node = { content: Leaf | Branch };

/** Where the tables of all peers of a network are; a peer that fell silent has none. */
export type Tables = ReadonlyMap<PeerId, MemoryFingerTable>;

export class MemoryFingerTable implements FingerTable {
  readonly #self: KadPeer;
  readonly #tables: Tables;
  readonly #root: Node = { content: { depth: 0, peers: [] } };
  #peers: readonly KadPeer[] | undefined;

  constructor(self: PeerId, tables: Tables) {
    this.#self = kadPeer(self);
    this.#tables = tables;
  }

  /** Takes a peer in, if there is room for it. */
  meet(peer: KadPeer): void {
    if (peer.id === this.#self.id) return;
    let node = this.#root;
    for (let bit = 0; "zero" in node.content; bit += 1) node = childOf(node.content, peer, bit);
    const { depth, peers } = node.content;
    if (peers.length < fingersPerBucketMax) peers.push(peer);
    else if (depth < trieDepthMax) {
      const branch: Branch = { zero: emptyLeaf(depth + 1), one: emptyLeaf(depth + 1) };
      for (const known of peers) (childOf(branch, known, depth).content as Leaf).peers.push(known);
      node.content = branch;
      this.meet(peer);
    }
    this.#peers = undefined;
  }

  peers(): readonly KadPeer[] {
    return (this.#peers ??= peersBelow(this.#root));
  }

  async discover(digest: Uint8Array, { signal }: SignalOptions): Promise<Discovery> {
    signal.throwIfAborted();
    const target = kadIdOfKey(digest);
    const found = new Map<PeerId, DiscoveredPeer>();
    for (const peer of closestPeers(target, this.peers(), fingersPerBucketMax))
      found.set(peer.id, { ...peer, hops: 1 });
    const asked = new Set<PeerId>();
    const silent = new Set<PeerId>();
    for (;;) {
      const reachable = [...found.values()].filter(({ id }) => !silent.has(id));
      const closest = closestPeers(target, reachable, fingersPerBucketMax) as DiscoveredPeer[];
      const next = closest.find(({ id }) => !asked.has(id));
      if (next === undefined) return { peers: closest, messages: asked.size };
      asked.add(next.id);
      const table = this.#tables.get(next.id);
      if (table === undefined) silent.add(next.id);
      for (const peer of closestPeers(target, table?.peers() ?? [], fingersPerBucketMax)) {
        if (peer.id !== this.#self.id && !found.has(peer.id)) found.set(peer.id, { ...peer, hops: next.hops + 1 });
      }
    }
  }

  async fingers() {
    return this.peers().map(({ id, kadId }) => ({
      id,
      commonPrefixBits: commonPrefixBits(this.#self.kadId, kadId),
      addresses: [],
    }));
  }

  async tend(): Promise<void> {}

  drop(): Promise<void> {
    return Promise.reject(new DfsError("internal", "nobody leaves a simulated network for good"));
  }

  onChange(): () => void {
    return () => undefined;
  }
}

const emptyLeaf = (depth: number): Node => ({ content: { depth, peers: [] } });

function childOf({ zero, one }: Branch, { kadId }: KadPeer, bit: number): Node {
  return ((kadId[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1 ? one : zero;
}

function peersBelow({ content }: Node): readonly KadPeer[] {
  return "zero" in content ? [...peersBelow(content.zero), ...peersBelow(content.one)] : content.peers;
}
