/**
 * What the fixed jobs may cost: the most that any of several runs cost, on a busy machine. `npm run counts` prints these
 * lines anew. Who makes a job cheaper writes the new counts down; who makes one dearer says why in the commit.
 */
import type { Costs } from "./cost-network.ts";

export const bounds: Readonly<Record<string, Partial<Costs>>> = {
  "mkdir, 20 times": { bytes: 41_495, messages: 200, calls: 21, flushes: 66, chunksHashed: 0 },
  "put a file of 32 MiB on the own disk": {
    bytes: 33_580_853,
    messages: 272,
    calls: 9,
    flushes: 40,
    chunksHashed: 110,
  },
  "put it again": { bytes: 1_577, messages: 8, calls: 0, flushes: 3, chunksHashed: 0 },
  "put it with six changes": { bytes: 2_279_651, messages: 50, calls: 9, flushes: 23, chunksHashed: 110 },
  "put a file of 32 MiB from a shell": { bytes: 67_166_307, messages: 582, calls: 47, flushes: 57, chunksHashed: 112 },
  "get that file": { bytes: 33_570_600, messages: 232, calls: 1, flushes: 0, chunksHashed: 113 },
  "put a tree of 100 files": { bytes: 26_384_533, messages: 1_488, calls: 281, flushes: 103, chunksHashed: 102 },
  "get that tree": { bytes: 13_082_317, messages: 220, calls: 6, flushes: 0, chunksHashed: 104 },
  "put 500 files of 1 KiB": { bytes: 2_654_702, messages: 5_974, calls: 915, flushes: 337, chunksHashed: 500 },
  "put them again": { bytes: 250_000, messages: 16, calls: 4, flushes: 3, chunksHashed: 0 },
  "put them under another name": { bytes: 989_637, messages: 112, calls: 27, flushes: 34, chunksHashed: 0 },
  "get them": { bytes: 810_171, messages: 1_051, calls: 5, flushes: 0, chunksHashed: 500 },
  "ls of 500 entries": { bytes: 250_575, messages: 6, calls: 3, flushes: 0, chunksHashed: 0 },
  "announce 603 keys": { calls: 6 },
};

/** What a count may be: hashing depends on the content alone, and all else a little on how work falls into batches. */
export function allowed(cost: keyof Costs, bound: number): number {
  return cost === "chunksHashed" ? bound : Math.ceil(bound * 1.1);
}
