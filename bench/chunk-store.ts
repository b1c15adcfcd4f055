/** The chunk store alone, on this disk: durable puts, gets, and puts of what is there. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { type LeaseId, parseLeaseId, parseShelfId } from "../src/core/ids.ts";
import { DiskChunkStore } from "../src/store/disk-chunk-store.ts";
import type { Bench } from "./contest.ts";
import { watchMainLoop } from "./main-loop.ts";

const chunkBytes = 256 * 1024;
const chunksPerPut = 16;
const callers = 8;
const totalChunksFull = 4096;

/** 1 GiB in chunks of 256 KiB, 16 to a put, from 8 callers. */
export async function chunkStore(bench: Bench): Promise<void> {
  const store = new DiskChunkStore({ folder: await mkdtemp(join(bench.program.folder, "chunk-store-")) });
  await store.start();
  try {
    const lease = parseLeaseId(randomBytes(16).toString("hex"));
    await store.openLease(lease, parseShelfId(randomBytes(16).toString("hex")), Number.MAX_SAFE_INTEGER);
    await measure(bench, store, lease);
  } finally {
    await store.stop();
  }
}

async function measure(bench: Bench, store: DiskChunkStore, lease: LeaseId): Promise<void> {
  const total = bench.scaled(totalChunksFull);
  const amounts = { MB: (total * chunkBytes) / 1e6 };
  // The store does not hash, so distinct names of shared bytes are distinct chunks that cost no time to make.
  const body = randomBytes(chunkBytes);
  const put = (slice: readonly Uint8Array[]): Promise<unknown> =>
    store.put(
      lease,
      slice.map((digest) => ({ digest, bytes: body })),
    );
  const get = (slice: readonly Uint8Array[]): Promise<unknown> => Promise.all(slice.map((digest) => store.get(digest)));
  const timed = (name: string, digestsAt: (repetition: number) => Uint8Array[], work: typeof put): Promise<void> =>
    bench.contest({
      name: `chunk-store: ${name}`,
      amounts,
      ours: async (repetition) => {
        await inSlices(digestsAt(repetition), work);
        return [];
      },
    });
  const digests = Array.from({ length: bench.repetitions + 1 }, (_, set) => digestsOf(set, total));
  await timed("put", (repetition) => digests[repetition] ?? [], put);
  await timed("get", (repetition) => digests[repetition] ?? [], get);
  await timed("put again", (repetition) => digests[repetition] ?? [], put);
  await watchMainLoop(bench, "chunk-store: main loop", () => inSlices(digests.at(-1) ?? [], put));
}

function digestsOf(set: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, at) => new Uint8Array(createHash("sha256").update(`${set} ${at}`).digest()));
}

/** Runs `work` for slices of the digests from several callers at once. */
async function inSlices(
  digests: readonly Uint8Array[],
  work: (slice: readonly Uint8Array[]) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < digests.length) {
      const slice = digests.slice(next, next + chunksPerPut);
      next += chunksPerPut;
      await work(slice);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}
