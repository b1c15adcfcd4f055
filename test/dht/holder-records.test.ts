import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { holderRecordMs } from "../../src/core/limits.ts";
import type { SqlDatabase } from "../../src/core/sqlite.ts";
import { openFingerDatabase } from "../../src/dht/finger-database.ts";
import { HolderRecords } from "../../src/dht/holder-records.ts";
import { digestNumber, peerNumber, temporaryFolder } from "./fake-network.ts";

const [ada, ben, cat] = [peerNumber(1), peerNumber(2), peerNumber(3)];
const keys = Array.from({ length: 10 }, (_, index) => digestNumber(index));
const first = keys.slice(0, 1);

describe("holder records", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let database: SqlDatabase;
  let records: HolderRecords;

  beforeEach(() => {
    folder = temporaryFolder();
    database = openFingerDatabase(join(folder.path, "fingers.sqlite"));
    records = new HolderRecords(database);
  });
  afterEach(() => {
    database.close();
    folder.remove();
  });

  it("DHT-4 names each key's holders, the newest announcement first", () => {
    records.announce(ada, first, 1_000, 10);
    records.announce(ben, keys, 1_000, 20);
    expect(records.holdersOf(keys.slice(0, 2), 30)).toEqual([[ben, ada], [ben]]);
    expect(records.holdersOf([digestNumber(99)], 30)).toEqual([[]]);
    expect(records.count()).toBe(11);
  });

  it("DHT-4 names at most 8 holders for a key", () => {
    for (let number = 0; number < 12; number += 1) records.announce(peerNumber(number), first, 1_000, number);
    expect(records.holdersOf(first, 30)[0]).toEqual([11, 10, 9, 8, 7, 6, 5, 4].map(peerNumber));
  });

  it("DHT-5 a record is not shown from its expiry on, and a renewal extends it", () => {
    records.announce(ada, first, 100, 1_000);
    expect(records.holdersOf(first, 1_099)).toEqual([[ada]]);
    expect(records.holdersOf(first, 1_100)).toEqual([[]]);
    expect(records.sample(5, 1_100)).toEqual([]);
    records.announce(ada, first, 100, 1_050);
    expect(records.holdersOf(first, 1_149)).toEqual([[ada]]);
    expect(records.count()).toBe(1);
  });

  it("DHT-5 a lifetime is capped to a day", () => {
    records.announce(ada, first, Number.MAX_SAFE_INTEGER, 0);
    expect(records.holdersOf(first, holderRecordMs - 1)).toEqual([[ada]]);
    expect(records.holdersOf(first, holderRecordMs)).toEqual([[]]);
  });

  it("DHT-5 a sweep drops expired records in bounded steps, and only those", () => {
    records.announce(ada, keys, 100, 0);
    records.announce(ben, first, 1_000, 0);
    expect(records.sweep(99, 4)).toBe(0);
    expect([records.sweep(100, 4), records.sweep(100, 4), records.sweep(100, 4)]).toEqual([4, 4, 2]);
    expect(records.count()).toBe(1);
    expect(records.holdersOf(first, 100)).toEqual([[ben]]);
  });

  it("DHT-6 a peer takes back its own records and nobody else's", () => {
    records.announce(ada, keys, 1_000, 0);
    records.announce(ben, first, 1_000, 0);
    expect(records.announce(ben, keys, 0, 10)).toBe(keys.length);
    expect(records.holdersOf(keys, 20)).toEqual(keys.map(() => [ada]));
    expect(records.announce(cat, keys, 0, 10)).toBe(keys.length);
    expect(records.count()).toBe(keys.length);
  });

  it("DHT-7 one peer cannot have more records than its share, and can renew those that it has", () => {
    const small = new HolderRecords(database, { recordsMax: 100, recordsPerPeerMax: 4 });
    expect(small.announce(ada, keys.slice(0, 3), 1_000, 0)).toBe(3);
    expect(small.announce(ada, keys, 1_000, 10)).toBe(4);
    expect(small.announce(ada, keys.slice(0, 4), 1_000, 20)).toBe(4);
    expect(small.announce(ben, keys.slice(0, 4), 1_000, 20)).toBe(4);
    expect(small.count()).toBe(8);
    small.announce(ada, first, 0, 30);
    expect(small.announce(ada, keys.slice(8, 9), 1_000, 40)).toBe(1);
  });

  it("DHT-7 all peers together cannot have more records than the total", () => {
    const small = new HolderRecords(database, { recordsMax: 6, recordsPerPeerMax: 4 });
    expect(small.announce(ada, keys, 1_000, 0)).toBe(4);
    expect(small.announce(ben, keys, 1_000, 0)).toBe(3);
    expect(small.announce(cat, keys, 1_000, 0)).toBe(2);
    expect(small.count()).toBe(6);
  });

  it("DHT-7 expired records make room for new ones at once", () => {
    const small = new HolderRecords(database, { recordsMax: 4, recordsPerPeerMax: 4 });
    small.announce(ada, keys.slice(0, 4), 100, 0);
    expect(small.announce(ben, keys.slice(0, 4), 100, 50)).toBe(2);
    expect(small.announce(ben, keys.slice(0, 4), 100, 100)).toBe(4);
  });

  it("GATE-15 a peer that floods pushes out its own oldest records, and nobody else's", () => {
    const small = new HolderRecords(database, { recordsMax: 60, recordsPerPeerMax: 40 });
    small.announce(ada, keys, 100_000, 0);
    small.announce(ben, keys, 100_000, 0);
    for (let batch = 0; batch < 30; batch += 1) {
      const flood = Array.from({ length: 7 }, (_, index) => digestNumber(1_000 + batch * 7 + index));
      expect(small.announce(cat, flood, 100_000, 1 + batch)).toBe(7);
      expect(small.holdersOf(flood, 50)).toEqual(flood.map(() => [cat]));
    }
    expect(small.count()).toBe(60);
    expect(small.holdersOf(keys, 50)).toEqual(keys.map(() => [ada, ben]));
    expect(small.holdersOf([digestNumber(1_000)], 50)).toEqual([[]]);
  });

  it("GATE-15 whoever has most gives way, oldest first, until all who ask have the same", () => {
    const small = new HolderRecords(database, { recordsMax: 12, recordsPerPeerMax: 10 });
    small.announce(ada, keys.slice(0, 5), 100_000, 0);
    small.announce(ada, keys.slice(5), 100_000, 1);
    expect(small.announce(ben, keys, 100_000, 2)).toBe(6);
    expect(
      small
        .holdersOf(keys.slice(0, 4), 5)
        .flat()
        .filter((holder) => holder === ada),
    ).toEqual([]);
    expect(small.announce(cat, keys, 100_000, 3)).toBe(4);
    const counts = [ada, ben, cat].map(
      (holder) => small.holdersOf(keys, 5).filter((holders) => holders.includes(holder)).length,
    );
    expect(counts).toEqual([4, 4, 4]);
  });

  it("GATE-15 whatever is announced, no bound is passed, and no peer loses while another has more than its share", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ peer: fc.integer({ min: 0, max: 4 }), from: fc.nat(40), count: fc.integer({ min: 1, max: 25 }) }),
          { minLength: 1, maxLength: 25 },
        ),
        (announcements) => {
          database.exec("DELETE FROM records; DELETE FROM holders");
          const small = new HolderRecords(database, { recordsMax: 30, recordsPerPeerMax: 20 });
          const countOf = (peer: number): number =>
            Number(
              database.prepare("SELECT records FROM holders WHERE peer = ?").get(peerNumber(peer))?.["records"] ?? 0,
            );
          announcements.forEach(({ peer, from, count }, nowMs) => {
            const before = [0, 1, 2, 3, 4].map(countOf);
            const asked = Array.from({ length: count }, (_, index) => digestNumber(from + index));
            const stored = small.announce(peerNumber(peer), asked, 100_000, nowMs);
            const after = [0, 1, 2, 3, 4].map(countOf);
            expect(stored).toBeLessThanOrEqual(Math.min(count, after[peer] ?? 0));
            expect(after.reduce((sum, records) => sum + records, 0)).toBe(small.count());
            expect(small.count()).toBeLessThanOrEqual(30);
            expect(after[peer]).toBeLessThanOrEqual(20);
            const most = Math.max(...after);
            // Who lost something had more than, or as much as, anybody has now.
            before.forEach((records, other) => {
              if (other !== peer && (after[other] ?? 0) < records)
                expect(after[other]).toBeGreaterThanOrEqual(most - 1);
            });
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  it("GATE-15 what a peer announced that left is dropped in steps, and nothing else", () => {
    records.announce(ada, keys, 1_000, 0);
    records.announce(ben, first, 1_000, 0);
    expect([records.forget(ada, 6), records.forget(ada, 6), records.forget(ada, 6)]).toEqual([6, 4, 0]);
    expect(records.holdersOf(first, 10)).toEqual([[ben]]);
    expect(records.count()).toBe(1);
    expect(records.forget(cat)).toBe(0);
  });

  it("DHT-4 shows the newest records first", () => {
    records.announce(ada, first, 1_000, 10);
    records.announce(ben, keys.slice(1, 3), 1_000, 20);
    const sample = records.sample(2, 30);
    expect(sample.map(({ holder }) => holder)).toEqual([ben, ben]);
    expect(records.sample(9, 30).at(-1)).toEqual({ key: keys[0], holder: ada, expiresMs: 1_010, announcedMs: 10 });
  });

  it("DHT-4 records survive a restart, and a file of another version is refused", () => {
    records.announce(ada, first, 1_000, 0);
    database.close();
    database = openFingerDatabase(database.path);
    expect(new HolderRecords(database).holdersOf(first, 10)).toEqual([[ada]]);
    database.exec("PRAGMA user_version = 9");
    database.close();
    expect(() => openFingerDatabase(database.path)).toThrow(expect.objectContaining({ kind: "version" }));
  });
});
