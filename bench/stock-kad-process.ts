/** A process of stock-kad.ts: some nodes of stock kad-dht, which does what its parent asks. */
import "../src/core/polyfill.ts";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { identify } from "@libp2p/identify";
import type { Libp2p } from "@libp2p/interface";
import { type KadDHT, kadDHT } from "@libp2p/kad-dht";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { CID } from "multiformats/cid";
import pLimit from "p-limit";
import { parseNetworkId } from "../src/core/ids.ts";
import { kadOptions } from "../src/dht/kad-service.ts";

/** What the parent asks; each is answered with `Answer`. */
export type Order =
  | { readonly what: "start"; readonly nodes: number; readonly known: readonly string[] }
  | { readonly what: "fingers" }
  | { readonly what: "provide"; readonly keys: readonly string[] }
  | { readonly what: "find"; readonly keys: readonly string[] };

/** Milliseconds until the first provider, or until the end where there was none, and until the end. */
export interface StockLookup {
  readonly firstMs: number;
  readonly allMs: number;
  readonly isFound: boolean;
}

export interface Answer {
  readonly addresses?: readonly string[];
  /** The fewest that any node knows. */
  readonly fingers?: number;
  readonly lookups?: readonly StockLookup[];
  readonly error?: string;
}

type Node = Libp2p<{ identify: unknown; ping: unknown; dht: KadDHT }>;

const providesAtOnce = 8;
const queryMs = 30_000;
const nodes: Node[] = [];

process.on("message", (order: Order) => {
  carryOut(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ error: String(error) } satisfies Answer),
  );
});

async function carryOut(order: Order): Promise<Answer> {
  if (order.what === "start") return start(order.nodes, order.known);
  if (order.what === "fingers") return { fingers: Math.min(...nodes.map(fingersOf)) };
  const [node] = nodes;
  if (node === undefined) throw new Error("no node was started");
  if (order.what === "find") return find(node, order.keys);
  const limit = pLimit(providesAtOnce);
  await Promise.all(order.keys.map((key) => limit(() => provide(node, key))));
  return {};
}

/** Each node is connected to all that were started before it. */
async function start(count: number, known: readonly string[]): Promise<Answer> {
  const addresses: string[] = [];
  for (let started = 0; started < count; started++) {
    const node = await startNode();
    for (const address of [...known, ...addresses]) await node.dial(multiaddr(address));
    nodes.push(node);
    addresses.push(...node.getMultiaddrs().map(String).slice(0, 1));
  }
  return { addresses };
}

/** As our own peers have it, but with its own records of providers, in memory. */
function startNode(): Promise<Node> {
  return createLibp2p({
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 1_000, maxIncomingPendingConnections: 100 },
    services: { identify: identify(), ping: ping(), dht: kadDHT(kadOptions(parseNetworkId("ab".repeat(32)))) },
  });
}

function fingersOf({ services }: Node): number {
  return (services.dht as KadDHT & { readonly routingTable: { readonly size: number } }).routingTable.size;
}

async function provide({ services }: Node, key: string): Promise<void> {
  const query = services.dht.provide(CID.parse(key), { signal: AbortSignal.timeout(queryMs) });
  for await (const _ of query);
}

async function find({ services }: Node, keys: readonly string[]): Promise<Answer> {
  const lookups: StockLookup[] = [];
  for (const key of keys) {
    const startedMs = performance.now();
    let firstMs: number | undefined;
    for await (const event of services.dht.findProviders(CID.parse(key), { signal: AbortSignal.timeout(queryMs) }))
      if (event.name === "PROVIDER" && event.providers.length > 0) firstMs ??= performance.now() - startedMs;
    const allMs = performance.now() - startedMs;
    lookups.push({ firstMs: firstMs ?? allMs, allMs, isFound: firstMs !== undefined });
  }
  return { lookups };
}
