import { describe, expect, it } from "vitest";
import { hedgesAtOnceMax, hedgesShareMax, speedBelievedMs } from "../../../src/core/limits.ts";
import { type AskedPeer, PeerSpeeds } from "../../../src/peer/load/peer-speeds.ts";

const chunkBytes = 256 * 1024;

function speedsAt() {
  const clock = { nowMs: 1_000 };
  const speeds = new PeerSpeeds<string>(() => clock.nowMs);
  /** So many chunks come one after the other, each in so many milliseconds, while so many are asked for at once. */
  const read = (peer: string, chunks: number, msPerChunk: number, atOnce: number): void => {
    const open: AskedPeer[] = [];
    for (let chunk = 0; chunk < chunks || open.length > 0; chunk += 1) {
      while (open.length < atOnce && chunk + open.length < chunks) open.push(speeds.ask(peer, chunkBytes));
      clock.nowMs += msPerChunk;
      open.shift()?.came(chunkBytes);
    }
  };
  return { clock, speeds, read };
}

describe("the measured speed of a peer", () => {
  it("HOLD-4 is the time from one answer to the next, however many are asked for at once", () => {
    const { speeds, read } = speedsAt();
    read("one by one", 100, 8, 1);
    read("many", 100, 8, 16);
    for (const peer of ["one by one", "many"]) {
      expect(speeds.expectedMs(peer, chunkBytes)).toBeGreaterThan(7);
      expect(speeds.expectedMs(peer, chunkBytes)).toBeLessThan(9);
    }
    const asked = Array.from({ length: 3 }, () => speeds.ask("many", chunkBytes));
    expect(speeds.expectedMs("many", chunkBytes)).toBeGreaterThan(30);
    for (const one of asked) one.failed();
    expect(speeds.expectedMs("many", chunkBytes)).toBeLessThan(9);
  });

  it("HOLD-4 follows a peer that becomes slower or faster within a few chunks, and a pause is not slowness", () => {
    const { clock, speeds, read } = speedsAt();
    read("ann", 100, 2, 8);
    clock.nowMs += 1_000;
    read("ann", 1, 2, 1);
    expect(speeds.expectedMs("ann", chunkBytes)).toBeLessThan(5);
    read("ann", 16, 50, 8);
    expect(speeds.expectedMs("ann", chunkBytes)).toBeGreaterThan(35);
    read("ann", 48, 2, 8);
    expect(speeds.expectedMs("ann", chunkBytes)).toBeLessThan(5);
  });

  it("HOLD-4 falls with each request that is given up because it takes too long, and is forgotten in time", () => {
    const { clock, speeds } = speedsAt();
    const fresh = speeds.expectedMs("ann", chunkBytes);
    const asked = Array.from({ length: 8 }, () => speeds.ask("ann", chunkBytes));
    clock.nowMs += 500;
    for (const one of asked) one.late();
    const slow = speeds.expectedMs("ann", chunkBytes);
    expect(slow).toBeGreaterThan(200);
    clock.nowMs += speedBelievedMs;
    expect(speeds.expectedMs("ann", chunkBytes)).toBeLessThan(slow * 0.6);
    clock.nowMs += 20 * speedBelievedMs;
    expect(speeds.expectedMs("ann", chunkBytes)).toBeLessThan(fresh * 1.01);
  });

  it("HOLD-6 second requests are a small part of what comes, but for a window of them at once", () => {
    const { speeds, read } = speedsAt();
    const taken = (): number => {
      let count = 0;
      while (count < 1000 && speeds.takeHedge()) count += 1;
      return count;
    };
    expect(taken()).toBe(hedgesAtOnceMax);
    const chunks = 200;
    read("one", chunks, 8, 4);
    expect(taken()).toBeLessThanOrEqual(chunks * hedgesShareMax);
    read("one", 100 * chunks, 8, 4);
    expect(taken()).toBe(hedgesAtOnceMax);
  });
});
