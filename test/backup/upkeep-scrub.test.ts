import { describe, expect, it, onTestFinished } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import { missingShownMax, scrubBytesPerSMax, scrubStepBytes } from "../../src/core/limits.ts";
import type { ScrubProgress } from "../../src/backup/upkeep/scrubber.ts";
import { noSignal } from "./upkeep-shelf-model.ts";
import { otherShelf, randomStored, ScrubWorld } from "./upkeep-scrub-model.ts";

const dayMs = 24 * 60 * 60_000;
const minuteMs = 60_000;
const MiB = 1024 * 1024;

function startedWorld(chunks: number, bytes: number, scrubIntervalMs = 30 * dayMs): ScrubWorld {
  const world = new ScrubWorld(chunks, bytes, scrubIntervalMs);
  world.start();
  onTestFinished(() => world.stop());
  return world;
}

/** The named places of a list. */
function at<Item>(items: readonly Item[], ...places: number[]): Item[] {
  return items.filter((_, place) => places.includes(place));
}

describe("the scheduled scrub", () => {
  it("SCRUB-1 hashes every chunk once in each interval, in even and small steps", async () => {
    const world = startedWorld(96, MiB);
    for (let day = 1; day <= 30; day += 1) {
      const before = world.store.bytesScrubbed;
      await world.clock.advance(dayMs);
      expect(world.store.bytesScrubbed - before).toBeLessThanOrEqual(scrubStepBytes);
      expect(world.store.bytesScrubbed).toBeGreaterThanOrEqual((day / 30) * 96 * MiB - scrubStepBytes);
    }
    expect(new Set(world.store.hashed.values())).toEqual(new Set([1]));
    expect(world.store.hashed.size).toBe(96);
    await world.clock.advance(30 * dayMs);
    expect(new Set(world.store.hashed.values())).toEqual(new Set([2]));
    expect(world.scrubber.status().last).toMatchObject({
      chunks: 96,
      bytes: 96 * MiB,
      damaged: 0,
      elapsedMs: 30 * dayMs,
    });
  });

  it("SCRUB-2 goes on where it was after a restart, and begins anew where that is not known", async () => {
    const world = startedWorld(96, MiB);
    await world.clock.advance(15 * dayMs);
    const { bytesScrubbed } = world.store;
    await world.restart();
    await world.clock.advance(15 * dayMs);
    expect(new Set(world.store.hashed.values())).toEqual(new Set([1]));
    expect(world.store.bytesScrubbed).toBeGreaterThan(bytesScrubbed);

    await world.stop();
    world.savedState = '{"version":1,"pass":{"startedMs":-5}}';
    world.store.hashed.clear();
    await world.restart();
    await world.clock.advance(30 * dayMs);
    expect(world.store.hashed.size).toBe(96);
  });

  it("SCRUB-3 catches up after a long absence, and no faster than its bounded rate", async () => {
    const world = startedWorld(200, MiB);
    await world.clock.advance(minuteMs);
    await world.stop();
    world.clock.set(world.clock.nowMs() + 90 * dayMs);
    await world.restart();
    const beganMs = world.clock.nowMs();
    while (world.store.hashed.size < 200) {
      await world.clock.advance(1_000);
      const seconds = (world.clock.nowMs() - beganMs) / 1_000;
      expect(world.store.bytesScrubbed).toBeLessThanOrEqual(seconds * scrubBytesPerSMax + 2 * scrubStepBytes);
    }
    expect(world.clock.nowMs() - beganMs).toBeLessThan(10_000);
    expect(world.taken).toBeGreaterThanOrEqual(200 * MiB); // the pacer was asked each time
  });

  it("SCRUB-4 a clock that was set back does not stop it", async () => {
    const world = startedWorld(8, MiB);
    await world.clock.advance(minuteMs);
    world.clock.set(world.clock.nowMs() - 400 * dayMs);
    await world.restart();
    await world.clock.advance(31 * dayMs);
    expect(world.store.hashed.size).toBe(8);
  });

  it("SCRUB-5 finds a damaged chunk and gets it back", async () => {
    const world = startedWorld(40, MiB);
    const damaged = at(world.chunks, 3, 17, 39);
    for (const { digest } of damaged) world.store.damage(digest);
    await world.clock.advance(30 * dayMs);
    expect(world.chunks.every((chunk) => world.store.isSound(chunk))).toBe(true);
    expect(world.scrubber.status().last).toMatchObject({ damaged: 3, mended: 3, missing: 0 });
    expect(world.store.openLeases.size).toBe(0);
    expect(world.warnings).toEqual([]);
  });
});

describe("mending", () => {
  it("SCRUB-6 a chunk that nobody has is tried again and again, ever less often, and at once when somebody may have it", async () => {
    const world = startedWorld(3, 1_000);
    const [lost] = world.chunks;
    if (lost === undefined) throw new Error("no chunk");
    world.elsewhere.clear();
    world.store.lose(lost.digest);
    await world.clock.advance(dayMs);
    const gaps = world.fetched.slice(1).map(({ atMs }, index) => atMs - (world.fetched[index]?.atMs ?? 0));
    expect(gaps.slice(0, 4)).toEqual([2, 4, 8, 16].map((minutes) => minutes * minuteMs));
    expect(Math.max(...gaps)).toBe(60 * minuteMs);
    world.elsewhere.set(Buffer.from(lost.digest).toString("hex"), lost.bytes);
    world.mender.mendSoon();
    await world.clock.advance(0);
    expect(world.store.isSound(lost)).toBe(true);
  });

  it("SCRUB-7 bytes that are not the chunk's are never stored", async () => {
    const world = startedWorld(3, 1_000);
    const [lost] = world.chunks;
    if (lost === undefined) throw new Error("no chunk");
    world.elsewhere.set(Buffer.from(lost.digest).toString("hex"), randomStored(1_000).bytes);
    world.store.lose(lost.digest);
    expect(await world.mender.mend({ signal: noSignal })).toBe(0);
    expect(world.store.lost.size).toBe(1);
    expect(world.store.openLeases.size).toBe(0);
  });

  it("SCRUB-8 asks the links of the shelf that names the chunk, and of all shelves when many are missing", async () => {
    const world = startedWorld(3 * missingShownMax, 100);
    const [first] = world.chunks;
    if (first === undefined) throw new Error("no chunk");
    world.store.places.set(Buffer.from(first.digest).toString("hex"), otherShelf);
    world.store.lose(first.digest);
    await world.mender.mend({ signal: noSignal });
    expect(world.fetched.map(({ shelves }) => shelves)).toEqual([[otherShelf]]);
    for (const { digest } of world.chunks) world.store.lose(digest);
    expect(await world.mender.mend({ signal: noSignal })).toBe(world.chunks.length);
    expect(world.fetched.at(-1)?.shelves).toHaveLength(2);
    expect(world.chunks.every((chunk) => world.store.isSound(chunk))).toBe(true);
  });
});

describe("fsck", () => {
  it("SCRUB-9 runs a whole pass at once, says how far it is, and reports what stays missing", async () => {
    const world = startedWorld(60, MiB);
    const damaged = at(world.chunks, 1, 2, 30, 59);
    for (const { digest } of damaged) world.store.damage(digest);
    const [hopeless] = damaged;
    if (hopeless === undefined) throw new Error("no chunk");
    world.elsewhere.delete(Buffer.from(hopeless.digest).toString("hex"));
    const seen: ScrubProgress[] = [];
    const report = await world.scrubber.runNow((progress) => seen.push(progress), noSignal);
    expect(report).toMatchObject({ chunks: 60, bytes: 60 * MiB, damaged: 4, mended: 3, missingCount: 1 });
    expect(report.missing.map(({ digest }) => digest)).toEqual([hopeless.digest]);
    expect(report.missing[0]?.records).toHaveLength(1);
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.at(-1)).toMatchObject({ bytes: 60 * MiB, totalBytes: 60 * MiB, damaged: 4 });
    expect(world.taken).toBe(0); // nobody waits for a pacer
    expect(world.scrubber.status().last).toMatchObject({ mended: 3, missing: 1 });
  });

  it("SCRUB-9 goes on where mending fails, on a full disk for example", async () => {
    const world = startedWorld(20, MiB);
    for (const { digest } of at(world.chunks, 4, 5)) world.store.damage(digest);
    const put = world.store.put.bind(world.store);
    world.store.put = async () => Promise.reject(new DfsError("no-space", "the disk is full"));
    const report = await world.scrubber.runNow(() => undefined, noSignal);
    expect(report).toMatchObject({ chunks: 20, damaged: 2, mended: 0, missingCount: 2 });
    expect(world.warnings.length).toBeGreaterThan(0);
    world.store.put = put;
    await world.clock.advance(3 * minuteMs);
    expect(world.chunks.every((chunk) => world.store.isSound(chunk))).toBe(true);
  });

  it("SCRUB-10 is refused while another one runs, and can be broken off", async () => {
    const world = startedWorld(60, MiB);
    const stopping = new AbortController();
    let refusal: unknown;
    const running = world.scrubber.runNow(() => {
      if (refusal !== undefined) return;
      refusal = world.scrubber.runNow(() => undefined, noSignal).catch((error: unknown) => error);
      stopping.abort(new DfsError("interrupted", "interrupted"));
    }, stopping.signal);
    await expect(running).rejects.toMatchObject({ kind: "interrupted" });
    expect(await refusal).toMatchObject({ kind: "busy" });
    expect(world.store.bytesScrubbed).toBeLessThan(60 * MiB);
    const again = await world.scrubber.runNow(() => undefined, noSignal);
    expect(again.chunks).toBe(60);
  });
});
