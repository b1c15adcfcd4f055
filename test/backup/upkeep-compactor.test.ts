import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Compactor } from "../../src/backup/upkeep/compactor.ts";
import type { CompactorStore } from "../../src/backup/upkeep/ports.ts";
import { DfsError } from "../../src/core/errors.ts";
import { deadBytesMin, segmentBytesMax } from "../../src/core/limits.ts";
import { UpkeepTestClock } from "./upkeep-clock.ts";
import { noSignal } from "./upkeep-shelf-model.ts";

const MiB = 1024 * 1024;

interface Segment {
  readonly bytes: number;
  readonly dead: number;
}

/** Segments that are wholly dead, or the deadest one above the share, go; what lives in them is written anew. */
class ModelSegments implements CompactorStore {
  segments: Segment[];
  written = 0;

  constructor(deadShares: readonly number[]) {
    this.segments = deadShares.map((share) => ({ bytes: segmentBytesMax, dead: Math.round(share * segmentBytesMax) }));
  }

  get live(): number {
    return this.segments.reduce((sum, { bytes, dead }) => sum + bytes - dead, 0);
  }

  async compactOnce({ share = 0.5 }: { readonly share?: number } = {}): Promise<number> {
    const [deadest] = this.segments.toSorted((left, right) => right.dead / right.bytes - left.dead / left.bytes);
    if (deadest === undefined || deadest.dead === 0 || deadest.dead / deadest.bytes <= share) return 0;
    this.segments = this.segments.filter((segment) => segment !== deadest);
    const live = deadest.bytes - deadest.dead;
    this.written += live;
    if (live > 0) this.segments.push({ bytes: live, dead: 0 });
    return deadest.dead;
  }

  async stats(): Promise<{ readonly diskBytes: number; readonly deadBytes: number }> {
    return {
      diskBytes: this.segments.reduce((sum, { bytes }) => sum + bytes, 0),
      deadBytes: this.segments.reduce((sum, { dead }) => sum + dead, 0),
    };
  }
}

function compactorOf(store: ModelSegments): { compactor: Compactor; clock: UpkeepTestClock; taken: number[] } {
  const clock = new UpkeepTestClock();
  const taken: number[] = [];
  const pacer = { take: async (bytes: number): Promise<void> => void taken.push(bytes) };
  return { compactor: new Compactor({ clock, log: { warn: () => undefined }, pacer, store }), clock, taken };
}

describe("compaction", () => {
  it("GC-8 brings the disk back to within a tenth of what is live, wherever the dead bytes are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 }), async (shares) => {
        const store = new ModelSegments(shares);
        const { live } = store;
        await compactorOf(store).compactor.compact(noSignal);
        const { diskBytes } = await store.stats();
        expect(store.live).toBe(live);
        expect(diskBytes).toBeLessThanOrEqual(Math.max(1.1 * live, live + deadBytesMin));
      }),
    );
  });

  it("GC-9 leaves a little dead space alone, and writes no more than the worst case says", async () => {
    const little = new ModelSegments(Array.from({ length: 40 }, () => 0.07));
    expect(await compactorOf(little).compactor.compact(noSignal)).toBe(0);
    expect(little.written).toBe(0);
    const small = new ModelSegments([]);
    small.segments = [{ bytes: 8 * MiB, dead: 3 * MiB }];
    expect(await compactorOf(small).compactor.compact(noSignal)).toBe(0);
    const more = new ModelSegments(Array.from({ length: 40 }, () => 0.09));
    const freed = await compactorOf(more).compactor.compact(noSignal);
    expect(more.written).toBeLessThan(24 * freed);
    expect(more.segments.filter(({ dead }) => dead > 0).length).toBeGreaterThan(15); // the goal, and no further
  });

  it("GC-9 asks the pacer at each step, and stops where it is told to", async () => {
    const store = new ModelSegments([1, 0.9, 0.8, 0.2]);
    const { compactor, taken } = compactorOf(store);
    await compactor.compact(noSignal);
    expect(taken).toEqual(Array.from({ length: 4 }, () => segmentBytesMax));

    const stopping = new AbortController();
    const other = new ModelSegments([1, 1, 1, 1]);
    const pacer = {
      take: async (): Promise<void> => {
        throw new DfsError("interrupted", "stopped");
      },
    };
    const stopped = new Compactor({
      clock: new UpkeepTestClock(),
      log: { warn: () => undefined },
      pacer,
      store: other,
    });
    await expect(stopped.compact(stopping.signal)).rejects.toMatchObject({ kind: "interrupted" });
    expect(other.segments).toHaveLength(3);
  });

  it("GC-9 comes by itself, and at once when records were dropped", async () => {
    const store = new ModelSegments([0.9]);
    const { clock, compactor } = compactorOf(store);
    compactor.start();
    await clock.advance(59_000);
    expect(store.written).toBe(0);
    await clock.advance(1_000);
    expect(store.written).toBe(Math.round(segmentBytesMax * 0.1));
    store.segments.push({ bytes: 10 * MiB, dead: 10 * MiB });
    compactor.compactSoon();
    await clock.advance(0);
    expect((await store.stats()).deadBytes).toBe(0);
    await compactor.stop();
  });
});
