import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../src/core/ids.ts";
import type { FileKey, PeerId } from "../../src/core/ids.ts";
import { holderAskMs, holderCacheMs, holderHedgeMs, holderLookupMs } from "../../src/core/limits.ts";
import type { HoldersFound } from "../../src/dht/holder-lookup.ts";
import { closestPeers, kadIdOfKey, kadPeer } from "../../src/dht/kad-id.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeNetwork, keyNumber, keysNumbered, peerNumber, temporaryFolder } from "./fake-network.ts";

const dayMs = 86_400_000;
const key = keyNumber(1);

describe("holder lookup", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let clock: FakeClock;
  let network: FakeNetwork;

  beforeEach(() => {
    folder = temporaryFolder();
    clock = new FakeClock();
    network = new FakeNetwork(clock, folder.path);
  });
  afterEach(async () => {
    await network.stop();
    folder.remove();
  });

  /** Puts the record "`holder` has `of`" at `peer`, as an announcement would. */
  function place(peer: PeerId | undefined, holder: PeerId, of: FileKey = key): void {
    network.service(peer).onAnnounce(holder, { keys: [digestOf(of)], lifetimeMs: dayMs });
  }
  const find = async (peer: PeerId | undefined, of: FileKey = key): Promise<HoldersFound | undefined> =>
    (await network.service(peer).findHolders([of]))[0];
  const lookups = () => network.sent.filter(({ what }) => what === "lookup");
  const closestTo = (of: FileKey, peers: readonly PeerId[], count: number) =>
    closestPeers(kadIdOfKey(digestOf(of)), peers.map(kadPeer), count).map(({ id }) => id);
  /** Runs a lookup to its end by advancing the clock in small steps; returns how long it took. */
  async function timed(call: () => Promise<unknown>): Promise<number> {
    const startMs = clock.nowMs();
    const ended = new AbortController();
    const done = call().finally(() => ended.abort());
    await clock.advance(0);
    while (!ended.signal.aborted && clock.nowMs() - startMs < 60_000) await clock.advance(50);
    await done;
    return clock.nowMs() - startMs;
  }

  it("DHT-15 asks the peers closest to the key, three at a time, until one knows a holder", async () => {
    const peers = network.startPeers(20);
    const [self] = peers;
    const closest = closestTo(key, peers.slice(1), 8);
    place(closest[4], peerNumber(99));
    expect(await find(self)).toEqual({ key, holders: [peerNumber(99)], from: "network", hops: 1, messages: 6 });
    expect(lookups().map(({ to }) => to)).toEqual(closest.slice(0, 6));
  });

  it("DHT-15 answers from its own records without asking anybody", async () => {
    const [self] = network.startPeers(5);
    place(self, peerNumber(99));
    expect(await find(self)).toEqual({ key, holders: [peerNumber(99)], from: "records", hops: 0, messages: 0 });
    expect(lookups()).toEqual([]);
  });

  it("DHT-15 a key that only this peer holds is answered with this peer, after the others were asked", async () => {
    const [self] = network.startPeers(5);
    network.service(self).announce([key]);
    expect(await find(self)).toEqual({ key, holders: [self], from: "records", hops: 1, messages: 4 });
    expect(lookups().length).toBe(4);
  });

  it("DHT-15 many keys share a message to a peer", async () => {
    const [self, holder] = network.startPeers(4);
    network.service(holder).announce(keysNumbered(500));
    const found = await network.service(self).findHolders(keysNumbered(500));
    expect(found.map(({ holders }) => holders)).toEqual(keysNumbered(500).map(() => [holder]));
    expect(found.map((one) => one.key)).toEqual(keysNumbered(500));
    expect(lookups().length).toBe(3);
  });

  it("DHT-15 more than 500 keys at once are refused", async () => {
    const [self] = network.startPeers(1);
    await expect(network.service(self).findHolders(keysNumbered(501))).rejects.toMatchObject({ kind: "usage" });
  });

  it("DHT-16 what a lookup found is answered from the cache, and asked again when that is too old", async () => {
    const peers = network.startPeers(4);
    const [self] = peers;
    place(peers[1], peerNumber(99));
    await find(self);
    const asked = lookups().length;
    expect(await find(self)).toMatchObject({ from: "cache", holders: [peerNumber(99)] });
    expect(lookups().length).toBe(asked);
    await clock.advance(holderCacheMs);
    expect(await find(self)).toMatchObject({ from: "network" });
    expect(lookups().length).toBe(2 * asked);
  });

  it("DHT-16 what turned out wrong is asked again when the caller says so", async () => {
    const peers = network.startPeers(4);
    const [self] = peers;
    place(peers[1], peerNumber(99));
    await find(self);
    network.service(self).forgetKey(key);
    expect(await find(self)).toMatchObject({ from: "network" });
    network.service(self).forgetHolder(peerNumber(99));
    expect(await find(self)).toMatchObject({ from: "network" });
  });

  it("DHT-17 says why when there is no holder: nobody known, nobody answers, nobody knows", async () => {
    const alone = network.addPeer(peerNumber(50));
    expect(await alone.findHolders([key])).toEqual([
      {
        key,
        holders: [],
        from: "network",
        hops: 0,
        messages: 0,
        reason: "the finger table is empty: no other peer is known yet",
      },
    ]);
    const [self, ...others] = network.startPeers(5);
    expect((await find(self))?.reason).toBe("4 of the 4 closest peers answered, and none knows a holder");
    for (const peer of others) network.gone.add(peer);
    expect((await find(self))?.reason).toBe("none of the 4 closest peers answered");
  });

  it("DHT-18 a frozen peer costs 300 ms once, and is then asked last", async () => {
    const peers = network.startPeers(12);
    const [self] = peers;
    const closest = closestTo(key, peers.slice(1), 8);
    network.frozen.add(closest[0] ?? peerNumber(0));
    place(closest[1], peerNumber(99));
    expect(await timed(() => find(self))).toBeLessThanOrEqual(holderHedgeMs + 50);
    network.service(self).forgetKey(key);
    expect(await timed(() => find(self))).toBe(0);
    expect(lookups().filter(({ to }) => to === closest[0]).length).toBe(1);
  });

  it("DHT-18 a peer that cannot be reached is asked last the next time", async () => {
    const peers = network.startPeers(12);
    const [self] = peers;
    const closest = closestTo(key, peers.slice(1), 8);
    network.gone.add(closest[0] ?? peerNumber(0));
    place(closest[1], peerNumber(99));
    await find(self);
    network.service(self).forgetKey(key);
    network.sent.length = 0;
    await find(self);
    expect(lookups().map(({ to }) => to)).toEqual(closest.slice(1, 4));
  });

  it("DHT-18 frozen peers among the closest do not hide what the others know", async () => {
    const peers = network.startPeers(12);
    const [self] = peers;
    const closest = closestTo(key, peers.slice(1), 8);
    for (const peer of closest.slice(0, 7)) network.frozen.add(peer);
    place(closest[7], peerNumber(99));
    let found: HoldersFound | undefined;
    expect(await timed(async () => (found = await find(self)))).toBeLessThanOrEqual(3 * holderHedgeMs + 50);
    expect(found?.holders).toEqual([peerNumber(99)]);
  });

  it("DHT-18 a lookup among frozen peers only ends by itself, in time", async () => {
    const [self, ...others] = network.startPeers(12);
    for (const peer of others) network.frozen.add(peer);
    let found: HoldersFound | undefined;
    const tookMs = await timed(async () => (found = await find(self)));
    expect(tookMs).toBeLessThanOrEqual(Math.min(holderLookupMs, 2 * holderHedgeMs + holderAskMs + 100));
    expect(found?.reason).toBe("none of the 8 closest peers answered");
  });

  it("DHT-18 a caller's abort ends a lookup at once", async () => {
    const [self, ...others] = network.startPeers(5);
    for (const peer of others) network.frozen.add(peer);
    const controller = new AbortController();
    const interrupted = network.service(self).findHolders([key], { signal: controller.signal });
    controller.abort();
    await expect(interrupted).rejects.toMatchObject({ kind: "interrupted" });
    const late = network.service(self).findHolders([key], { signal: controller.signal });
    await expect(late).rejects.toMatchObject({ kind: "interrupted" });
    const timeout = network.service(self).findHolders([key], { signal: AbortSignal.timeout(1) });
    await expect(timeout).rejects.toMatchObject({ kind: "timeout" });
  });

  it("DHT-19 in a network larger than a bucket, a walk finds peers that the finger table lacks", async () => {
    const peers = network.startPeers(21);
    const [self] = peers;
    const stranger = peerNumber(70);
    network.addPeer(stranger).start();
    place(stranger, peerNumber(99));
    network.table(self).discovered.push({ ...kadPeer(stranger), hops: 2 });
    expect(await find(self)).toMatchObject({ holders: [peerNumber(99)], from: "network" });
    expect(network.table(self).discoveries).toBe(1);
  });

  it("DHT-19 a lookup walks for at most 4 keys, and not at all in a small network", async () => {
    const [self] = network.startPeers(21);
    await network.service(self).findHolders(keysNumbered(100));
    expect(network.table(self).discoveries).toBe(4);
    network.table(self).set(Array.from({ length: 19 }, (_, index) => peerNumber(index + 1)));
    await network.service(self).findHolders(keysNumbered(100));
    expect(network.table(self).discoveries).toBe(4);
  });

  it("DHT-26 says over how many peers the holder was found, and by how many questions", async () => {
    const peers = network.startPeers(21);
    const [self] = peers;
    const stranger = peerNumber(70);
    network.addPeer(stranger).start();
    place(stranger, peerNumber(99));
    network.table(self).discovered.push({ ...kadPeer(stranger), hops: 2 });
    network.table(self).walkMessages = 20;
    // Eight that know nothing, the walk, and the one that it came to.
    expect(await find(self)).toMatchObject({ holders: [peerNumber(99)], hops: 2, messages: 8 + 20 + 1 });
    expect(await find(self)).toMatchObject({ from: "cache", hops: 0, messages: 0 });
    expect(await find(self, keyNumber(2))).toMatchObject({ holders: [], hops: 2, messages: 8 + 20 + 1 });
  });

  it("DHT-20 an answer to another question, or with too many holders, does no harm", async () => {
    const peers = network.startPeers(3);
    const [self, liar = peerNumber(1), honest] = peers;
    place(honest, peerNumber(99));
    const service = network.service(liar);
    service.onLookup = () => ({ holders: [] });
    expect(await find(self)).toMatchObject({ holders: [peerNumber(99)] });
    expect((await find(self, keyNumber(2)))?.reason).toMatch(/^1 of the 2 closest peers answered/);
    network.service(self).forgetKey(key);
    await clock.advance(holderLookupMs);
    service.onLookup = () => ({ holders: [Array.from({ length: 50 }, (_, index) => peerNumber(index))] });
    expect((await find(self))?.holders.length).toBeLessThanOrEqual(8);
  });
});
