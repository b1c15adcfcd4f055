import { describe, expect, it } from "vitest";
import { pooledRandomBytes } from "../../src/core/pooled-random.ts";

describe("pooled random bytes", () => {
  it("CORE-13 are as many as asked for, and given out once", () => {
    const drawn = Array.from({ length: 5_000 }, (_, place) => pooledRandomBytes(12 + (place % 5)));
    expect(drawn.every((bytes, place) => bytes.length === 12 + (place % 5))).toBe(true);
    expect(new Set(drawn.map((bytes) => bytes.toString("hex"))).size).toBe(drawn.length);
    expect(pooledRandomBytes(4096).equals(Buffer.alloc(4096))).toBe(false);
  });

  it("CORE-13 have every bit set about half of the time", () => {
    const counts = Array.from({ length: 128 }, () => 0);
    for (let draw = 0; draw < 4_000; draw += 1)
      for (const [place, byte] of pooledRandomBytes(16).entries())
        for (let bit = 0; bit < 8; bit += 1)
          if ((byte >> bit) & 1) counts[place * 8 + bit] = (counts[place * 8 + bit] ?? 0) + 1;
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(250);
  });
});
