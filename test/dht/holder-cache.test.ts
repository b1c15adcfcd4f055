import { describe, expect, it } from "vitest";
import { holderCacheKeysMax, holderCacheMs } from "../../src/core/limits.ts";
import { HolderCache } from "../../src/dht/holder-cache.ts";
import { keyNumber, keysNumbered, peerNumber } from "./fake-network.ts";

const [ada, ben] = [peerNumber(1), peerNumber(2)];
const [one, two] = [keyNumber(1), keyNumber(2)];

describe("holder cache", () => {
  it("DHT-14 believes what was found for five minutes", () => {
    const cache = new HolderCache();
    cache.set(one, [ada], 1_000);
    expect(cache.get(one, 1_000 + holderCacheMs - 1)).toEqual([ada]);
    expect(cache.get(one, 1_000 + holderCacheMs)).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it("DHT-14 does not believe an entry from the future, when the clock was set back", () => {
    const cache = new HolderCache();
    cache.set(one, [ada], 10_000_000);
    expect(cache.get(one, 0)).toBeUndefined();
  });

  it("DHT-14 does not remember that nothing was found", () => {
    const cache = new HolderCache();
    cache.set(one, [ada], 0);
    cache.set(one, [], 1);
    expect(cache.get(one, 2)).toBeUndefined();
  });

  it("DHT-14 keeps a bounded number of keys, those used last", () => {
    const cache = new HolderCache();
    const keys = keysNumbered(holderCacheKeysMax + 1);
    const [oldest, second, ...others] = keys;
    for (const key of keys.slice(0, -1)) cache.set(key, [ada], 0);
    expect(cache.get(oldest ?? one, 1)).toEqual([ada]);
    cache.set(others.at(-1) ?? one, [ada], 0);
    expect(cache.size).toBe(holderCacheKeysMax);
    expect(cache.get(oldest ?? one, 1)).toEqual([ada]);
    expect(cache.get(second ?? one, 1)).toBeUndefined();
  });

  it("DHT-14 forgets a key, or a holder of any key", () => {
    const cache = new HolderCache();
    cache.set(one, [ada, ben], 0);
    cache.set(two, [ada], 0);
    cache.forgetHolder(ada);
    expect([cache.get(one, 1), cache.get(two, 1)]).toEqual([[ben], undefined]);
    cache.forgetKey(one);
    expect(cache.get(one, 1)).toBeUndefined();
  });
});
