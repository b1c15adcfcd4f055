import { describe, expect, it } from "vitest";
import { ReusedBuffers, isReusable } from "../../src/core/reused-buffers.ts";

const KiB = 1024;

describe("reused buffers", () => {
  it("CORE-11 a buffer that was given back serves the next array of about its length", () => {
    const buffers = new ReusedBuffers(1024 * KiB);
    const first = buffers.take(200 * KiB);
    expect(first).toHaveLength(200 * KiB);
    buffers.give(first);
    const second = buffers.take(150 * KiB);
    expect(second).toHaveLength(150 * KiB);
    expect(second.buffer).toBe(first.buffer);
    expect(buffers.take(150 * KiB).buffer).not.toBe(first.buffer);
  });

  it("CORE-12 what is kept is bounded, and foreign or small arrays are left alone", () => {
    const buffers = new ReusedBuffers(300 * KiB);
    const taken = [buffers.take(200 * KiB), buffers.take(200 * KiB)];
    for (const array of taken) buffers.give(array);
    const again = [buffers.take(200 * KiB), buffers.take(200 * KiB)];
    expect(again.filter(({ buffer }) => taken.some((array) => array.buffer === buffer))).toHaveLength(1);
    const small = buffers.take(100);
    expect(small.buffer.byteLength).toBe(100);
    for (const foreign of [small, new Uint8Array(64 * KiB), Buffer.from("pooled"), new Uint8Array(0)]) {
      expect(isReusable(foreign.buffer)).toBe(false);
      buffers.give(foreign);
    }
    expect(buffers.take(64 * KiB).buffer.byteLength).toBeGreaterThan(64 * KiB);
  });
});
