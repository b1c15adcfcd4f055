import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../src/core/ids.ts";
import type { PeerId } from "../../src/core/ids.ts";
import {
  fingersSettleMs,
  fingersTendMs,
  holderRecordMs,
  holderSweepMs,
  holderSweepRowsMax,
} from "../../src/core/limits.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeNetwork, digestNumber, keyNumber, keysNumbered, peerNumber, temporaryFolder } from "./fake-network.ts";

const dayMs = 86_400_000;
const other = peerNumber(1);
const self = peerNumber(0);

describe("finger table service", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let clock: FakeClock;
  let network: FakeNetwork;

  beforeEach(() => {
    folder = temporaryFolder();
    clock = new FakeClock();
    network = new FakeNetwork(clock, folder.path);
    network.addPeer(self).start();
  });
  afterEach(async () => {
    await network.stop();
    folder.remove();
  });

  const placeKey = (number: number, holder: PeerId = other) =>
    network.service(self).onAnnounce(holder, { keys: [digestNumber(number)], lifetimeMs: dayMs });

  it("DHT-6 an announcement counts for its sender, whatever it says", () => {
    expect(placeKey(1)).toEqual({ stored: 1 });
    const forged = { keys: [digestNumber(1)], lifetimeMs: dayMs, holder: self };
    expect(() => network.service(self).onAnnounce(other, forged)).toThrow(
      expect.objectContaining({ kind: "protocol" }),
    );
    expect(network.service(self).onLookup({ keys: [digestNumber(1), digestNumber(2)] })).toEqual({
      holders: [[other], []],
    });
  });

  it("DHT-5 expired records are swept in the background", async () => {
    const count = holderSweepRowsMax + 5;
    for (let number = 0; number < count; number += 1) placeKey(number);
    await clock.advance(dayMs - 1);
    expect((await network.service(self).report()).records).toBe(count);
    await clock.advance(holderSweepMs - 1);
    expect((await network.service(self).report()).records).toBe(0);
  });

  it("DHT-25 the report shows fingers, counts and the newest records, one's own among them", async () => {
    network.addPeer(other).start();
    network.introduceAll([self, other]);
    placeKey(1);
    await clock.advance(1_000);
    network.service(self).announce([keyNumber(2)]);
    network.service(other).announce([keyNumber(3)]);
    network.frozen.add(other);
    expect((await network.service(self).report()).announceQueue).toBe(1);
    network.frozen.clear();
    await clock.advance(fingersSettleMs);
    await network.service(self).findHolders([keyNumber(1), keyNumber(4)]);
    const report = await network.service(self).report();
    expect(report).toMatchObject({ self, records: 3, announceQueue: 0, fingers: [{ id: other }] });
    expect(report.sample.at(-1)).toMatchObject({ fileKey: keyNumber(1), holder: other });
    const own = report.sample.find(({ holder }) => holder === self);
    expect(own).toMatchObject({ fileKey: keyNumber(2) });
    expect(own?.expiresMs).toBeGreaterThan(clock.nowMs() + holderRecordMs - 1_000);
  });

  it("DHT-25 the report counts the keys that lookups have left in the cache", async () => {
    network.addPeer(other).start();
    network.introduceAll([self, other]);
    network.service(other).announce([keyNumber(3)]);
    await network.service(self).findHolders([keyNumber(3), keyNumber(4)]);
    expect((await network.service(self).report()).cachedKeys).toBe(1);
    network.service(self).forgetHolder(other);
    expect((await network.service(self).report()).cachedKeys).toBe(0);
  });

  it("DHT-21 the table is tended while the service runs, and not after", async () => {
    await clock.advance(3 * fingersTendMs);
    expect(network.table(self).tendings).toBe(3);
    await network.service(self).stop();
    await clock.advance(3 * fingersTendMs);
    expect(network.table(self).tendings).toBe(3);
  });

  it("DHT-21 a peer that left for good leaves table and cache", async () => {
    network.addPeer(other).start();
    network.introduceAll([self, other]);
    network.service(other).announce([keyNumber(3)]);
    await network.service(self).findHolders([keyNumber(3)]);
    await network.service(self).dropPeer(other);
    expect(await network.service(self).report()).toMatchObject({ cachedKeys: 0, fingers: [] });
  });

  it("DHT-18 stopping ends lookups that are under way", async () => {
    network.addPeer(other);
    network.introduceAll([self, other]);
    network.frozen.add(other);
    const lookup = network.service(self).findHolders([keyNumber(1)]);
    const [outcome] = await Promise.allSettled([lookup, network.service(self).stop()]);
    expect(outcome).toMatchObject({ status: "rejected", reason: { kind: "interrupted" } });
  });

  it("DHT-12 stopping in the middle of an announcement leaves its keys queued", async () => {
    network.addPeer(other);
    network.introduceAll([self, other]);
    network.frozen.add(other);
    network.service(self).announce(keysNumbered(5));
    await clock.advance(fingersSettleMs);
    await network.service(self).stop();
    network.frozen.clear();
    const restarted = network.addPeer(self);
    expect(restarted.announceQueue()).toBe(5);
    restarted.start();
    await clock.advance(0);
    expect(restarted.announceQueue()).toBe(0);
  });

  it("DHT-4 own keys are answered with this peer first", () => {
    placeKey(1);
    network.service(self).announce([keyNumber(1)]);
    expect(network.service(self).onLookup({ keys: [digestOf(keyNumber(1))] })).toEqual({ holders: [[self, other]] });
  });
});
