import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { planChains } from "../../src/backup/planner.ts";
import { type PlanInput, fillsAtOnceFor } from "../../src/backup/planner-input.ts";
import { holderReplicas } from "../../src/core/limits.ts";
import { closestPeers, kadIdOfKey, kadPeer } from "../../src/dht/kad-id.ts";
import type { PeerId } from "../../src/core/ids.ts";
import { digestNumber, peerNumber } from "../dht/fake-network.ts";
import { measureAnnouncing } from "./announce.ts";
import { CatalogueGrowth } from "./catalogue-growth.ts";
import { measureLookups } from "./lookup.ts";
import { MemoryFingerTable } from "./memory-finger-table.ts";
import { simulateRepair } from "./repair.ts";
import { restingNetwork, withNewcomers, without, withoutCopies } from "./plan-world.ts";

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("finger tables in one process", () => {
  it("SCALE-1 in a network of 30 every key is found over fewer than 3 peers, by at most 8 questions", async () => {
    const { hops, messages, missed } = await measureLookups({ peers: 30, keys: 200, silent: 0 });
    expect(missed).toBe(0);
    expect(mean(hops)).toBeGreaterThan(0.3);
    expect(mean(hops)).toBeLessThan(3);
    expect(mean(messages)).toBeLessThan(4);
    expect(Math.max(...messages)).toBeLessThanOrEqual(holderReplicas);
  });

  it("SCALE-1 with a tenth of 50 peers silent every key of the others is found, after one pause at the most", async () => {
    const { messages, waitsMs, missed } = await measureLookups({ peers: 50, keys: 200, silent: 5 });
    expect(missed).toBe(0);
    expect(Math.max(...messages)).toBeLessThanOrEqual(holderReplicas);
    expect(waitsMs.some((wait) => wait > 0)).toBe(true);
    expect(Math.max(...waitsMs)).toBeLessThanOrEqual(600);
  });

  it("SCALE-1 the same seed gives the same lookups", async () => {
    const once = await measureLookups({ peers: 12, keys: 40, silent: 1 });
    expect(await measureLookups({ peers: 12, keys: 40, silent: 1 })).toEqual(once);
  });

  it("SCALE-2 the messages of a day are few, and the bytes grow with the keys and hardly with the peers", async () => {
    const [few, many, moreKeys] = [
      await measureAnnouncing(10, 500),
      await measureAnnouncing(100, 500),
      await measureAnnouncing(10, 1_000),
    ];
    // Two renewals a day at the most, each a message to every peer.
    expect(few.messagesADay).toBeLessThanOrEqual(2 * 2 * 9);
    expect(many.messagesADay).toBeLessThanOrEqual(2 * 2 * 99);
    expect(few.bytesADay).toBeGreaterThan(500 * holderReplicas * 32);
    expect(many.bytesADay / few.bytesADay).toBeLessThan(1.3);
    expect(moreKeys.bytesADay / few.bytesADay).toBeCloseTo(2, 0);
  });

  it("SCALE-3 a table in memory keeps up to twenty peers of each part of the key space, and a walk finds the closest peers", async () => {
    const tables = new Map<PeerId, MemoryFingerTable>();
    const peers = Array.from({ length: 200 }, (_, number) => kadPeer(peerNumber(number)));
    for (const { id } of peers) tables.set(id, new MemoryFingerTable(id, tables));
    // Each knows the next thirty only.
    for (const [place, { id }] of peers.entries())
      for (let next = 1; next <= 30; next += 1)
        tables.get(id)?.meet(peers[(place + next) % peers.length] ?? kadPeer(id));
    const asker = tables.get(peers[0]?.id ?? peerNumber(0));
    expect(asker?.peers().length).toBe(30);
    const found = await asker?.discover(digestNumber(1), { signal: new AbortController().signal });
    const closest = closestPeers(kadIdOfKey(digestNumber(1)), peers.slice(1), 20).map(({ id }) => id);
    expect(found?.peers.map(({ id }) => id)).toEqual(closest);
    expect(Math.max(...(found?.peers.map(({ hops }) => hops) ?? []))).toBeGreaterThan(1);
    expect(found?.messages).toBeGreaterThanOrEqual(20);
    const full = new MemoryFingerTable(peerNumber(0), tables);
    for (let number = 1; number < 4_000; number += 1) full.meet(kadPeer(peerNumber(number)));
    expect(full.peers().length).toBeGreaterThan(1_200);
    expect(full.peers().length).toBeLessThanOrEqual(64 * 20);
  });
});

describe("the planner at any size", () => {
  const seed = 1;
  const worlds: Readonly<Record<string, (peers: number) => PlanInput>> = {
    rest: (peers) => restingNetwork({ peers, seed, copies: 3 }),
    "one zone": (peers) => restingNetwork({ peers, seed, copies: 3, zones: 1 }),
    "a tenth gone": (peers) => without(restingNetwork({ peers, seed, copies: 3 }), (_, at) => at % 10 === 0),
    "a tenth new": (peers) => withNewcomers(restingNetwork({ peers, seed, copies: 3 }), peers / 10, seed),
    "no copies": (peers) => withoutCopies(restingNetwork({ peers, seed, copies: 3 })),
  };

  it("SCALE-4 a network at rest needs no order, and one lost peer as many as it had links", () => {
    const rest = restingNetwork({ peers: 100, seed, copies: 3 });
    expect(planChains(rest)).toEqual([]);
    const gone = rest.peers[7]?.id;
    const orders = planChains(without(rest, ({ id }) => id === gone));
    const touched = rest.shelves
      .filter(({ links }) => links.some(({ peer }) => peer === gone))
      .map(({ shelf }) => shelf);
    expect(orders.map(({ shelf }) => shelf).toSorted()).toEqual(touched.toSorted());
  });

  it.each(Object.keys(worlds))("SCALE-5 four times as many peers cost a plan some four times as much: %s", (name) => {
    const [small, large] = [200, 800].map((peers) => looksOf(worlds[name]?.(peers) ?? fail()));
    // Sorting costs a little more than that; what looked at every peer for every shelf would cost sixteen times as much.
    expect((large ?? 0) / (small ?? 0)).toBeLessThan(6);
  });
});

/** How often a plan looks at anything of a peer. */
function looksOf(input: PlanInput): number {
  let looks = 0;
  const watched = { get: (peer: object, key: string): unknown => ((looks += 1), Reflect.get(peer, key)) };
  planChains({ ...input, peers: input.peers.map((peer) => new Proxy(peer, watched as ProxyHandler<typeof peer>)) });
  return looks;
}

describe("repair", () => {
  const seed = 3;
  const burnt = (peers: number): PlanInput =>
    without(
      { ...restingNetwork({ peers, seed, copies: 2 }), fillsAtOnceMax: fillsAtOnceFor(peers) },
      (_, at) => at % 10 === 0,
    );

  it("SCALE-7 one peer's death costs the bytes of its shelves once, between as many pairs of peers", () => {
    const rest = restingNetwork({ peers: 20, seed, copies: 2 });
    const gone = rest.peers[4]?.id;
    const lost = rest.shelves.filter(({ links }) => links.some(({ peer }) => peer === gone));
    const { bytes, seconds, sources, targets } = simulateRepair(without(rest, ({ id }) => id === gone));
    expect(lost.length).toBe(2);
    expect(bytes).toBeCloseTo(lost[0]!.bytes + lost[1]!.bytes, -3);
    expect([sources, targets]).toEqual([2, 2]);
    // Side by side, at a gigabit a second.
    expect(seconds).toBeCloseTo(Math.max(...lost.map((shelf) => shelf.bytes)) / 125e6, 0);
  });

  it("SCALE-7 a tenth's death takes hardly longer in a network that is five times as large", () => {
    const [small, large] = [simulateRepair(burnt(60)), simulateRepair(burnt(300))];
    expect(large.bytes / small.bytes).toBeGreaterThan(4);
    expect(large.seconds / small.seconds).toBeLessThan(2.5);
    expect(large.fillsMost).toBeLessThanOrEqual(300 / 8);
    expect(small.fillsMost).toBeLessThanOrEqual(8);
  });
});

describe("a catalogue of any size", () => {
  it("SCALE-6 what is grown in bulk is a sound catalogue of so many files, and goes on by commands", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dfs-scale-test-"));
    try {
      const growth = new CatalogueGrowth(folder);
      await growth.growTo(500);
      await growth.growTo(3_500);
      expect(growth.files).toBe(3_500);
      growth.applyAll(growth.commandsFor(300, 100));
      growth.reopen();
      expect(growth.files).toBe(3_800);
      expect(growth.bytes / growth.files).toBeGreaterThan(300);
      expect(growth.bytes / growth.files).toBeLessThan(1_200);
      await growth.growTo(5_000);
      expect(growth.files).toBe(5_000);
      growth.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function fail(): never {
  throw new Error("no such world");
}
