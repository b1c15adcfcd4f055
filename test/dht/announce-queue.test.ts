import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { announceRetryMsMax, holderRecordMs } from "../../src/core/limits.ts";
import type { SqlDatabase } from "../../src/core/sqlite.ts";
import { AnnounceQueue } from "../../src/dht/announce-queue.ts";
import { openFingerDatabase } from "../../src/dht/finger-database.ts";
import { digestNumber, temporaryFolder } from "./fake-network.ts";

const key = digestNumber(1);

describe("announce queue", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let database: SqlDatabase;
  let queue: AnnounceQueue;

  beforeEach(() => {
    folder = temporaryFolder();
    database = openFingerDatabase(join(folder.path, "fingers.sqlite"));
    queue = new AnnounceQueue(database);
  });
  afterEach(() => {
    database.close();
    folder.remove();
  });

  it("DHT-10 a key is due at once, and after each outcome when that says", () => {
    queue.add([key], 1_000);
    expect(queue.due(1_000, 9)).toEqual([{ key, withdrawn: false, failures: 0 }]);
    queue.failed([{ key, nextMs: 3_000 }]);
    expect([queue.due(2_999, 9), queue.nextDueMs()]).toEqual([[], 3_000]);
    expect(queue.due(3_000, 9)).toEqual([{ key, withdrawn: false, failures: 1 }]);
    queue.announced([key], 3_000, 9_000);
    expect(queue.due(9_000, 9)).toEqual([{ key, withdrawn: false, failures: 0 }]);
  });

  it("DHT-10 adding a key again changes nothing, unless it was withdrawn", () => {
    queue.add([key], 0);
    queue.announced([key], 0, 50_000);
    queue.add([key], 1_000);
    expect(queue.nextDueMs()).toBe(50_000);
    queue.withdraw([key], 2_000);
    expect(queue.has(key)).toBe(false);
    queue.add([key], 3_000);
    expect([queue.has(key), queue.nextDueMs()]).toEqual([true, 3_000]);
    queue.dropWithdrawn([key]);
    expect(queue.count()).toBe(1);
  });

  it("DHT-10 keys are due in the order in which they became due, a page at a time", () => {
    const keys = [3, 1, 2].map(digestNumber);
    for (const [index, one] of keys.entries()) queue.add([one], index);
    expect(queue.due(10, 2).map((row) => row.key)).toEqual(keys.slice(0, 2));
    const sorted = [...keys].sort((a, b) => Buffer.compare(a, b));
    expect(queue.page(new Uint8Array(), 2)).toEqual(sorted.slice(0, 2));
    expect(queue.page(sorted[1] ?? key, 2)).toEqual(sorted.slice(2));
  });

  it("DHT-10 keys that rest after a failure wait, those that are announced do not", () => {
    queue.add([1, 2, 3].map(digestNumber), 0);
    queue.failed([{ key: digestNumber(2), nextMs: announceRetryMsMax }]);
    queue.announced([digestNumber(3)], 0, holderRecordMs / 2);
    expect(queue.waiting(0)).toBe(2);
  });

  it("DHT-9 a key whose time lies further ahead than any that is set is due: the clock was set back", () => {
    queue.add([key], 10 * holderRecordMs);
    expect(queue.due(9 * holderRecordMs, 9)).toEqual([]);
    expect(queue.due(9 * holderRecordMs - 1, 9).length).toBe(1);
  });
});
