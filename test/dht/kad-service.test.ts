import { kadDHT } from "@libp2p/kad-dht";
import type { KadDHT } from "@libp2p/kad-dht";
import { CID } from "multiformats/cid";
import { afterEach, describe, expect, it } from "vitest";
import { parseNetworkId } from "../../src/core/ids.ts";
import { kadOptions, kadProtocol, kadService } from "../../src/dht/kad-service.ts";
import { keyNumber } from "./fake-network.ts";
import { networkId, startNode, until } from "./libp2p-peers.ts";
import type { Node } from "./libp2p-peers.ts";

const cid = CID.parse(keyNumber(1));
const soon = () => ({ signal: AbortSignal.timeout(10_000) });
const tableSize = (node: Node) => (node.services.dht as KadDHT & { routingTable: { size: number } }).routingTable.size;

describe("kad service", () => {
  const nodes: Node[] = [];
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async (node) => node.stop()));
  });

  async function startPair(...services: [ReturnType<typeof kadService>, ReturnType<typeof kadService>]) {
    const [asker, answerer] = [await startNode(services[0]), await startNode(services[1])];
    nodes.push(asker, answerer);
    await asker.dial(answerer.getMultiaddrs());
    return { asker, answerer };
  }

  /** Makes `asker` tell `answerer` that it provides a key, by stock Kademlia; returns how many providers it then names. */
  async function providersKept(...services: Parameters<typeof startPair>): Promise<number> {
    const { asker, answerer } = await startPair(...services);
    await until("both know each other", () => tableSize(asker) === 1 && tableSize(answerer) === 1);
    for await (const _event of asker.services.dht.provide(cid, soon()));
    let providers = 0;
    for await (const event of asker.services.dht.findProviders(cid, soon())) {
      if (event.name === "PEER_RESPONSE" && event.from.equals(answerer.peerId)) providers += event.providers.length;
    }
    return providers;
  }

  it("DHT-22 stock Kademlia records are not kept, so that no member can fill a disk with them", async () => {
    const stock = kadDHT(kadOptions(networkId));
    expect(await providersKept(stock, stock)).toBe(1);
    expect(await providersKept(stock, kadService(networkId))).toBe(0);
  });

  it("DHT-22 peers of different networks do not enter each other's table", async () => {
    const elsewhere = parseNetworkId("f".repeat(64));
    expect(kadProtocol(elsewhere)).toBe("/dfs-shell/ffffffffffffffff/kad/1.0.0");
    const { asker, answerer } = await startPair(kadService(networkId), kadService(elsewhere));
    const friend = await startNode(kadService(networkId));
    nodes.push(friend);
    await friend.dial(asker.getMultiaddrs());
    await until("a peer of the same network enters", () => tableSize(asker) === 1 && tableSize(friend) === 1);
    expect(tableSize(answerer)).toBe(0);
  });
});
