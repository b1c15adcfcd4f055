import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FileKey, PeerId } from "../../src/core/ids.ts";
import {
  announceGatherMs,
  announceRetryMsMax,
  announceSendMs,
  fingersSettleMs,
  holderRecordMs,
} from "../../src/core/limits.ts";
import { digestOf } from "../../src/core/ids.ts";
import { closestPeers, kadIdOfKey, kadPeer } from "../../src/dht/kad-id.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeNetwork, keyNumber, keysNumbered, peerNumber, temporaryFolder } from "./fake-network.ts";

const hourMs = 3_600_000;

describe("announcer", () => {
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
    if (network.errors.length > 0) throw new AggregateError(network.errors);
  });

  /** How many of `keys` the peer answers with exactly `holder`. */
  function known(peer: PeerId | undefined, keys: readonly FileKey[], holder: PeerId | undefined): number {
    const pages = Array.from({ length: Math.ceil(keys.length / 500) }, (_, page) =>
      keys.slice(page * 500, page * 500 + 500),
    );
    return pages
      .flatMap((page) => network.service(peer).onLookup({ keys: page.map(digestOf) }).holders)
      .filter(([only, ...others]) => only === holder && others.length === 0).length;
  }
  const announcements = () => network.sent.filter(({ what }) => what === "announce");

  it("DHT-8 with few peers, each of them learns of every key", async () => {
    const [self, ...others] = network.startPeers(5);
    const keys = keysNumbered(30);
    network.service(self).announce(keys);
    expect(network.service(self).announceQueue()).toBe(30);
    await clock.advance(fingersSettleMs);
    expect(others.map((peer) => known(peer, keys, self))).toEqual([30, 30, 30, 30]);
    expect(network.service(self).announceQueue()).toBe(0);
  });

  it("DHT-8 with many peers, each key is announced to its 8 closest, the announcer counted", async () => {
    const peers = network.startPeers(20);
    const [self] = peers;
    await clock.advance(fingersSettleMs);
    const closestTo = (key: FileKey) =>
      closestPeers(kadIdOfKey(digestOf(key)), peers.map(kadPeer), 8).map(({ id }) => id);
    const isNear = (key: FileKey) => closestTo(key).includes(self ?? fail());
    const near = keysNumbered(50).find(isNear) ?? fail();
    const far = keysNumbered(50).find((key) => !isNear(key)) ?? fail();
    for (const [key, targets] of [
      [near, 7],
      [far, 8],
    ] as const) {
      network.sent.length = 0;
      network.service(self).announce([key]);
      await clock.advance(fingersSettleMs);
      const told = announcements().map(({ to }) => to);
      expect(new Set(told)).toEqual(new Set(closestTo(key).filter((id) => id !== self)));
      expect(told.length).toBe(targets);
    }
  });

  it("DHT-8 keys travel by the hundreds: at most 500 a message, no more messages than that takes", async () => {
    const [self] = network.startPeers(4);
    await clock.advance(fingersSettleMs);
    network.service(self).announce(keysNumbered(4_100));
    await clock.advance(announceGatherMs);
    const messages = announcements();
    expect(Math.max(...messages.map(({ keys }) => keys))).toBe(500);
    expect(messages.length).toBe(3 * 9);
    expect(messages.reduce((sum, { keys }) => sum + keys, 0)).toBe(3 * 4_100);
  });

  it("DHT-27 what comes within a quarter of a second is told together", async () => {
    const [self, ...others] = network.startPeers(4);
    await clock.advance(fingersSettleMs);
    for (const key of keysNumbered(20)) {
      network.service(self).announce([key]);
      await clock.advance(announceGatherMs / 50);
    }
    await clock.advance(announceGatherMs);
    expect(others.map((peer) => known(peer, keysNumbered(20), self))).toEqual([20, 20, 20]);
    // The twenty may lie on both sides of a moment.
    expect(announcements().length).toBeLessThanOrEqual(2 * others.length);
  });

  it("DHT-9 records are renewed before they expire", async () => {
    const [self, other] = network.startPeers(2);
    network.service(self).announce(keysNumbered(3));
    await clock.advance(fingersSettleMs);
    for (let hours = 0; hours < 72; hours += 1) {
      await clock.advance(hourMs);
      expect(known(other, keysNumbered(3), self)).toBe(3);
    }
    const renewals = announcements().length;
    expect(renewals).toBeGreaterThanOrEqual(4);
    expect(renewals).toBeLessThanOrEqual(7);
  });

  it("DHT-9 a dead holder's records are gone after a day", async () => {
    const [self, other] = network.startPeers(2);
    network.service(self).announce(keysNumbered(3));
    await clock.advance(fingersSettleMs);
    await network.service(self).stop();
    await clock.advance(holderRecordMs - hourMs);
    expect(known(other, keysNumbered(3), self)).toBe(3);
    await clock.advance(hourMs);
    expect(known(other, keysNumbered(3), self)).toBe(0);
  });

  it("DHT-10 the queue survives a restart", async () => {
    const [self, other] = network.startPeers(2);
    await clock.advance(fingersSettleMs);
    network.gone.add(other ?? fail());
    network.service(self).announce(keysNumbered(7));
    await clock.advance(announceGatherMs);
    await network.service(self).stop();
    network.gone.clear();
    const restarted = network.addPeer(self ?? fail());
    expect(restarted.announceQueue()).toBe(7);
    restarted.start();
    await clock.advance(60_000);
    expect(known(other, keysNumbered(7), self)).toBe(7);
    expect(restarted.announceQueue()).toBe(0);
  });

  it("DHT-10 after a restart, what was announced is not announced again", async () => {
    const [self, other] = network.startPeers(2);
    network.service(self).announce(keysNumbered(7));
    await clock.advance(fingersSettleMs);
    await network.service(self).stop();
    const before = announcements().length;
    const restarted = network.addPeer(self ?? fail());
    restarted.start();
    restarted.announce(keysNumbered(7));
    network.table(self).set([other ?? fail()]);
    await clock.advance(hourMs);
    expect(announcements().length).toBe(before);
  });

  it("DHT-11 a peer that appears is told of the keys that it is close to", async () => {
    const self = peerNumber(0);
    network.addPeer(self).start();
    network.service(self).announce(keysNumbered(2_500));
    await clock.advance(fingersSettleMs);
    expect(network.service(self).announceQueue()).toBe(0);
    const newcomer = peerNumber(1);
    network.addPeer(newcomer).start();
    network.table(self).set([newcomer]);
    await clock.advance(fingersSettleMs);
    expect(known(newcomer, keysNumbered(2_500), self)).toBe(2_500);
    expect(announcements().length).toBe(5);
  });

  it("DHT-11 only the newcomer is told what the others know already", async () => {
    const [self, ...others] = network.startPeers(4);
    network.service(self).announce(keysNumbered(20));
    await clock.advance(fingersSettleMs);
    network.sent.length = 0;
    const newcomer = peerNumber(9);
    network.addPeer(newcomer).start();
    network.table(self).set([...others, newcomer]);
    await clock.advance(fingersSettleMs);
    expect(announcements()).toEqual([{ what: "announce", from: self, to: newcomer, keys: 20 }]);
  });

  it("DHT-11 a newcomer that fails in the middle of its introduction is introduced anew", async () => {
    const [self, newcomer = fail()] = network.startPeers(2);
    network.table(self).set([]);
    await clock.advance(fingersSettleMs);
    network.service(self).announce(keysNumbered(4_500));
    await clock.advance(fingersSettleMs);
    const transport = network.service(newcomer);
    const onAnnounce = transport.onAnnounce.bind(transport);
    let messages = 0;
    transport.onAnnounce = (from, message) => {
      messages += 1;
      if (messages === 2) throw new Error("a moment's weakness");
      return onAnnounce(from, message);
    };
    network.table(self).set([newcomer]);
    await clock.advance(60_000);
    expect(known(newcomer, keysNumbered(4_500), self)).toBe(4_500);
  });

  it("DHT-11 arrivals within a moment are answered together", async () => {
    const [self, ...others] = Array.from({ length: 6 }, (_, index) => peerNumber(index));
    for (const peer of [self ?? fail(), ...others]) network.addPeer(peer).start();
    network.service(self).announce(keysNumbered(10));
    await clock.advance(fingersSettleMs);
    for (let count = 1; count <= others.length; count += 1) {
      network.table(self).set(others.slice(0, count));
      await clock.advance(10);
    }
    expect(announcements().length).toBe(0);
    await clock.advance(fingersSettleMs);
    expect(announcements().length).toBe(others.length);
  });

  it("DHT-12 a dead peer does not keep a key from being announced, and others take its place", async () => {
    const peers = network.startPeers(12);
    const [self] = peers;
    const key = keyNumber(5);
    const closest = closestPeers(kadIdOfKey(digestOf(key)), peers.slice(1).map(kadPeer), 9).map(({ id }) => id);
    for (const peer of closest.slice(0, 5)) network.gone.add(peer);
    network.service(self).announce([key]);
    await clock.advance(10_000);
    expect(network.service(self).announceQueue()).toBe(0);
    expect(closest.slice(5).filter((peer) => known(peer, [key], self) === 1).length).toBeGreaterThanOrEqual(3);
  });

  it("DHT-12 a frozen peer holds up one message, not the others, and is left alone for longer and longer", async () => {
    const [self, frozen, ...others] = network.startPeers(5);
    network.frozen.add(frozen ?? fail());
    network.service(self).announce(keysNumbered(10));
    await clock.advance(fingersSettleMs);
    expect(others.map((peer) => known(peer, keysNumbered(10), self))).toEqual([10, 10, 10]);
    await clock.advance(announceSendMs);
    expect(network.service(self).announceQueue()).toBe(0);
    await clock.advance(24 * hourMs);
    const tries = announcements().filter(({ to }) => to === frozen).length;
    expect(tries).toBeGreaterThan(10);
    expect(tries).toBeLessThan(24 * 6 + 20);
  });

  it("DHT-12 a peer that is back learns within ten minutes what it missed", async () => {
    const [self, away = fail(), ...others] = network.startPeers(4);
    await clock.advance(fingersSettleMs);
    network.gone.add(away);
    network.service(self).announce(keysNumbered(5));
    await clock.advance(5 * hourMs);
    expect(known(others[0], keysNumbered(5), self)).toBe(5);
    network.gone.delete(away);
    await clock.advance(announceRetryMsMax + fingersSettleMs);
    expect(known(away, keysNumbered(5), self)).toBe(5);
  });

  it("DHT-12 without any answer, keys stay queued and are tried again until someone answers", async () => {
    const [self, only = fail()] = network.startPeers(2);
    network.gone.add(only);
    network.service(self).announce(keysNumbered(5));
    await clock.advance(6 * hourMs);
    expect(network.service(self).announceQueue()).toBe(5);
    expect(announcements().length).toBeLessThan(6 * 6 + 20);
    network.gone.delete(only);
    await clock.advance(2 * announceRetryMsMax);
    expect(known(only, keysNumbered(5), self)).toBe(5);
    expect(network.service(self).announceQueue()).toBe(0);
  });

  it("DHT-12 a full peer counts as one that did not keep the key", async () => {
    const [self, full = fail()] = network.startPeers(2);
    network.full.add(full);
    network.service(self).announce(keysNumbered(5));
    await clock.advance(fingersSettleMs);
    expect(network.service(self).announceQueue()).toBe(5);
  });

  it("DHT-13 a key that is withdrawn is taken back from others and leaves the queue", async () => {
    const [self, ...others] = network.startPeers(3);
    network.service(self).announce(keysNumbered(5));
    await clock.advance(fingersSettleMs);
    network.service(self).withdraw(keysNumbered(2));
    await clock.advance(announceGatherMs);
    for (const peer of [self, ...others]) {
      expect(known(peer, keysNumbered(2), self)).toBe(0);
      expect(known(peer, keysNumbered(5), self)).toBe(3);
    }
    expect((await network.service(self).report()).records).toBe(3);
  });

  it("DHT-13 a key that is withdrawn and announced again in one breath is announced", async () => {
    const [self, other] = network.startPeers(2);
    network.service(self).announce(keysNumbered(2));
    await clock.advance(fingersSettleMs);
    network.service(self).withdraw(keysNumbered(2));
    network.service(self).announce(keysNumbered(2));
    await clock.advance(announceGatherMs);
    expect(known(other, keysNumbered(2), self)).toBe(2);
  });

  it("DHT-13 a key that is withdrawn while its announcement is under way is taken back all the same", async () => {
    const [self, other] = network.startPeers(2);
    await clock.advance(fingersSettleMs);
    let open = () => {};
    network.gate = new Promise((resolve) => (open = resolve));
    network.service(self).announce(keysNumbered(2));
    await clock.advance(announceGatherMs);
    network.service(self).withdraw(keysNumbered(2));
    open();
    await clock.advance(announceGatherMs);
    expect(known(other, keysNumbered(2), self)).toBe(0);
    expect((await network.service(self).report()).records).toBe(0);
  });

  it("DHT-13 what cannot be taken back expires, and is not tried forever", async () => {
    const [self, other = fail()] = network.startPeers(2);
    network.service(self).announce(keysNumbered(2));
    await clock.advance(fingersSettleMs);
    network.gone.add(other);
    network.service(self).withdraw(keysNumbered(2));
    await clock.advance(hourMs);
    expect((await network.service(self).report()).records).toBe(0);
    expect(announcements().length).toBeLessThan(4);
  });

  it("DHT-9 a clock that is set back a year does not stop the renewals", async () => {
    const [self, other] = network.startPeers(2);
    network.service(self).announce(keysNumbered(3));
    await clock.advance(fingersSettleMs);
    const before = announcements().length;
    clock.set(clock.nowMs() - 365 * 24 * hourMs);
    // Timers of a real machine run on; those of the fake clock were set for the old time, so it is started anew.
    await network.service(self).stop();
    network.addPeer(self ?? fail()).start();
    network.table(self).set([other ?? fail()]);
    await clock.advance(fingersSettleMs);
    expect(announcements().length).toBeGreaterThan(before);
  });
});

function fail(): never {
  throw new Error("no such peer");
}
