/**
 * What the fixed jobs may cost: the most that any of several runs cost, on a busy machine. `npm run counts` prints these
 * lines anew. Who makes a job cheaper writes the new counts down; who makes one dearer says why in the commit.
 */
import type { Costs } from "./cost-network.ts";

export const bounds: Readonly<Record<string, Partial<Costs>>> = {
  "mkdir, 20 times": { bytes: 44_000, messages: 154, calls: 23, flushes: 69, chunksHashed: 0 },
  "put a file of 32 MiB on the own disk": {
    bytes: 33_584_222,
    messages: 164,
    calls: 15,
    flushes: 52,
    chunksHashed: 110,
  },
  "put it again": { bytes: 202, messages: 0, calls: 0, flushes: 0, chunksHashed: 0 },
  "put it with six changes": { bytes: 2_281_502, messages: 52, calls: 12, flushes: 22, chunksHashed: 110 },
  "put a file of 32 MiB from a shell": { bytes: 67_163_578, messages: 289, calls: 40, flushes: 59, chunksHashed: 112 },
  "get that file": { bytes: 38_455_006, messages: 286, calls: 1, flushes: 0, chunksHashed: 113 },
  "put a tree of 100 files": { bytes: 26_325_304, messages: 338, calls: 89, flushes: 70, chunksHashed: 14 },
  "get that tree": { bytes: 13_420_023, messages: 60, calls: 6, flushes: 0, chunksHashed: 102 },
  "put 500 files of 1 KiB": { bytes: 2_428_447, messages: 136, calls: 36, flushes: 26, chunksHashed: 2 },
  "put them again": { bytes: 247_563, messages: 8, calls: 4, flushes: 0, chunksHashed: 0 },
  "put them under another name": { bytes: 1_115_509, messages: 94, calls: 21, flushes: 22, chunksHashed: 0 },
  // A pack that takes a busy holder long is asked of the other one too.
  "get them": { bytes: 1_330_000, messages: 30, calls: 3, flushes: 0, chunksHashed: 500 },
  "ls of 500 entries": { bytes: 250_452, messages: 6, calls: 3, flushes: 0, chunksHashed: 0 },
  // Two messages to each of three peers; those that are taken for newcomers are told twice.
  "announce 603 keys": { calls: 12 },
};

/** What goes on without work may fall into a job: a call in the background between its two frames, a checkpoint, a retry. */
const slack: Costs = { bytes: 8_192, messages: 8, calls: 4, flushes: 6, chunksHashed: 0 };

/** What a count may be: hashing depends on the content alone, and all else a little on how work falls into batches. */
export function allowed(cost: keyof Costs, bound: number): number {
  return cost === "chunksHashed" ? bound : Math.ceil(bound * 1.1) + slack[cost];
}
