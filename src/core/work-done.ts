/**
 * What this process has done since it started: counters that only go up.
 *
 * What a job costs is the difference between two readings. Unlike time, that is the same on every machine and under any
 * load. The counters are the process's, as its memory and its CPU time are; worker threads have none.
 */
export interface WorkDone {
  /** How often the disk was made to keep what was written (fsync, fdatasync). */
  readonly flushes: number;
  /** Chunks that were hashed, to seal, verify or open them. */
  readonly chunksHashed: number;
  /** Frames sent to other members, by protocol, with the bytes in them; whatever carried them. */
  readonly sent: readonly { readonly protocol: string; readonly frames: number; readonly bytes: number }[];
  /** Calls of other members, each of them a round trip, by method. */
  readonly calls: readonly { readonly method: string; readonly count: number }[];
}

let flushes = 0;
let chunksHashed = 0;
/** As many as there are protocols and methods. */
const sent = new Map<string, { frames: number; bytes: number }>();
const calls = new Map<string, number>();

/** Counts a flush of a file or folder. */
export function countFlush(): void {
  flushes += 1;
}

/** Counts chunks that are hashed. */
export function countHashed(chunks: number): void {
  chunksHashed += chunks;
}

/** Counts a frame of so many bytes that is sent to another member. */
export function countSent(protocol: string, bytes: number): void {
  const traffic = sent.get(protocol);
  if (traffic === undefined) sent.set(protocol, { frames: 1, bytes });
  else {
    traffic.frames += 1;
    traffic.bytes += bytes;
  }
}

/** Counts a call of another member. */
export function countCall(method: string): void {
  calls.set(method, (calls.get(method) ?? 0) + 1);
}

/** Reads all counters. */
export function workDone(): WorkDone {
  return {
    flushes,
    chunksHashed,
    sent: Array.from(sent, ([protocol, traffic]) => ({ protocol, ...traffic })),
    calls: Array.from(calls, ([method, count]) => ({ method, count })),
  };
}
