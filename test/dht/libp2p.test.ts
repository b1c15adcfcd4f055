import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseNetworkId } from "../../src/core/ids.ts";
import { holderRecordMs } from "../../src/core/limits.ts";
import type { Clock } from "../../src/dht/ports.ts";
import { commonPrefixBits, closestPeers, kadIdOfKey, kadPeer } from "../../src/dht/kad-id.ts";
import { kadService } from "../../src/dht/kad-service.ts";
import { systemClock } from "../../src/dht/system-clock.ts";
import { digestNumber, keyNumber, keysNumbered, temporaryFolder } from "./fake-network.ts";
import { TestPeer, startNode, until, untilAllKnow } from "./libp2p-peers.ts";

const peerCount = 8;

describe("finger table over libp2p", () => {
  const folder = temporaryFolder();
  const peers: TestPeer[] = [];
  /** The machine's clock, which a test may move on. */
  let offsetMs = 0;
  const clock: Clock = {
    nowMs: () => Date.now() + offsetMs,
    after: (delayMs, callback) => systemClock.after(delayMs, callback),
  };
  const peer = (index: number): TestPeer => peers.at(index) ?? fail();
  const isQuiet = () => peers.every(({ service }) => service.announceQueue() === 0);

  beforeAll(async () => {
    for (let index = 0; index < peerCount; index += 1) peers.push(await TestPeer.start(folder.path, clock));
    // Each newcomer knows the first peer only; Kademlia finds the others.
    for (const newcomer of peers.slice(1)) await newcomer.dial(peer(0));
    await untilAllKnow(peers, peerCount - 1);
  }, 90_000);
  afterAll(async () => {
    await Promise.all(peers.map((each) => each.stop()));
    folder.remove();
  });

  it("DHT-21 peers on private addresses that share one acquaintance come to know each other", async () => {
    const { fingers, self } = await peer(3).service.report();
    expect(new Set(fingers.map(({ id }) => id))).toEqual(
      new Set(peers.map(({ id }) => id).filter((id) => id !== self)),
    );
    for (const finger of fingers) {
      expect(finger.commonPrefixBits).toBe(commonPrefixBits(kadPeer(self).kadId, kadPeer(finger.id).kadId));
      expect(finger.addresses[0]).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+/);
    }
    const bits = fingers.map(({ commonPrefixBits: shared }) => shared);
    expect(bits).toEqual([...bits].sort((a, b) => b - a));
  });

  it("DHT-2 our closest peers are those that kad-dht itself finds", async () => {
    const { peers: found } = await peer(2).table.discover(digestNumber(5), { signal: AbortSignal.timeout(10_000) });
    const others = peer(2).table.peers();
    const closest = (from: typeof others) => closestPeers(kadIdOfKey(digestNumber(5)), from, 20).map(({ id }) => id);
    expect(closest(found)).toEqual(found.map(({ id }) => id));
    expect(found.length).toBeGreaterThan(peerCount / 2);
    expect(closest(others)).toEqual(expect.arrayContaining(closest(found)));
  });

  it("DHT-26 a walk counts its questions, and a peer of which another one told is one hop farther", async () => {
    const { table } = peer(2);
    // A walk only goes on to who is closer, so that it can leave the farthest peer.
    const before = closestPeers(kadIdOfKey(digestNumber(6)), table.peers(), peerCount).map(({ id }) => id);
    const only = before.at(-1);
    for (const id of before.slice(0, -1)) await table.drop(id);
    const { peers: found, messages } = await table.discover(digestNumber(6), { signal: AbortSignal.timeout(10_000) });
    expect(found.find(({ id }) => id === only)?.hops ?? 1).toBe(1);
    const others = found.filter(({ id }) => id !== only);
    expect(others.length).toBeGreaterThan(0);
    for (const { hops } of others) expect(hops).toBeGreaterThan(1);
    expect(messages).toBeGreaterThanOrEqual(found.length);
    await until("the table is full again", async () => {
      await table.tend({ signal: AbortSignal.timeout(5_000) });
      return table.peers().length === before.length;
    });
  });

  it("DHT-21 a connected peer that the table lost is taken in again, and a peer that left is dropped", async () => {
    const lost = peer(5).id;
    const isListed = () =>
      peer(2)
        .table.peers()
        .some(({ id }) => id === lost);
    await peer(2).table.drop(lost);
    expect(isListed()).toBe(false);
    await peer(2).dial(peer(5));
    await until("the peer is taken in again", async () => {
      await peer(2).table.tend({ signal: AbortSignal.timeout(10_000) });
      return isListed();
    });
  });

  it("DHT-21 a connected peer of another network stays out of the table", async () => {
    const stranger = await startNode(kadService(parseNetworkId("f".repeat(64))));
    await peer(2).node.dial(stranger.getMultiaddrs());
    const protocols = async () => (await peer(2).node.peerStore.get(stranger.peerId)).protocols;
    await until("the stranger is identified", async () => (await protocols()).length > 0);
    await peer(2).table.tend({ signal: AbortSignal.timeout(10_000) });
    expect(peer(2).table.peers().length).toBe(peerCount - 1);
    await stranger.stop();
  });

  it("DHT-23 every announced key is found from every other peer", async () => {
    const keys = keysNumbered(300);
    peer(1).service.announce(keys);
    await until("all keys are announced", isQuiet);
    for (const other of peers) {
      if (other === peer(1)) continue;
      const found = await other.service.findHolders(keys);
      expect(found.filter(({ holders }) => holders[0] === peer(1).id).length).toBe(keys.length);
    }
  });

  it("DHT-23 a newcomer finds what was announced before it came, and its own keys are found", async () => {
    const newcomer = await TestPeer.start(folder.path, clock);
    await newcomer.dial(peer(4));
    peers.push(newcomer);
    await untilAllKnow(peers, peerCount);
    const found = await newcomer.service.findHolders(keysNumbered(300));
    expect(found.filter(({ holders }) => holders[0] === peer(1).id).length).toBe(300);
    newcomer.service.announce([keyNumber(1_000)]);
    await until("the newcomer's key is announced", isQuiet);
    expect(await peer(2).service.findHolders([keyNumber(1_000)])).toMatchObject([{ holders: [newcomer.id] }]);
  }, 90_000);

  it("DHT-24 after a holder's death its records go within a day, and lookups go on without it", async () => {
    const [dead] = peers.splice(1, 1);
    await dead?.stop();
    peer(1).service.announce([keyNumber(2_000)]);
    await until("the new key is announced without the dead peer", () => peer(1).service.announceQueue() === 0);
    expect(await peer(3).service.findHolders([keyNumber(2_000)])).toMatchObject([{ holders: [peer(1).id] }]);
    expect(await peer(3).service.findHolders([keyNumber(7)])).toMatchObject([{ holders: [dead?.id] }]);
    offsetMs += holderRecordMs;
    const [gone] = await peer(3).service.findHolders([keyNumber(7)]);
    expect(gone).toMatchObject({ holders: [], from: "network" });
    expect(gone?.reason).toMatch(/^\d of the 8 closest peers answered, and none knows a holder$/);
  });
});

function fail(): never {
  throw new Error("no such peer");
}
