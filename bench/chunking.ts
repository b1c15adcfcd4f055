/** How fast chunks are cut and sealed: cutting alone, sealing alone, and files through the threads. */
import { randomFillSync } from "node:crypto";
import { join } from "node:path";
import { ChunkingPool } from "../src/chunking/chunking-pool.ts";
import { Chunker } from "../src/chunking/fastcdc.ts";
import { sealChunk } from "../src/chunking/seal.ts";
import { writeBigFile, writeTree } from "./content.ts";
import type { Bench, TimedWork } from "./contest.ts";
import { watchMainLoop } from "./main-loop.ts";

const inputBytes = 64 * 1024 * 1024;
const chunkBytes = 256 * 1024;
const roundsFull = 8;
const smallFilesFull = 2000;
const smallFileBytes = 4096;
/** Small files in work at once: as many as keep the threads busy. */
const consumers = 32;
const secret = new Uint8Array(32).fill(7);

/** All of it, on files of 512 MiB and of 4 KiB. */
export async function chunking(bench: Bench): Promise<void> {
  await inMemory(bench);
  const pool = new ChunkingPool();
  await pool.start();
  try {
    await throughThreads(bench, pool);
  } finally {
    await pool.stop();
  }
}

async function inMemory(bench: Bench): Promise<void> {
  const input = randomFillSync(new Uint8Array(inputBytes));
  const rounds = bench.scaled(roundsFull);
  const amounts = { MB: (rounds * inputBytes) / 1e6 };
  const cut = (): void => {
    const chunker = new Chunker();
    for (let round = 0; round < rounds; round++) for (const _ of chunker.push(input));
  };
  const seal = (): void => {
    for (let at = 0; at < rounds * inputBytes; at += chunkBytes)
      sealChunk(secret, input.subarray(at % inputBytes, (at % inputBytes) + chunkBytes));
  };
  await bench.contest({ name: "chunking: cut alone", amounts, ours: withoutUsage(async () => cut()) });
  await bench.contest({ name: "chunking: seal alone", amounts, ours: withoutUsage(async () => seal()) });
}

async function throughThreads(bench: Bench, pool: ChunkingPool): Promise<void> {
  const path = (name: string): string => join(bench.program.folder, `chunking-${name}`);
  const megabytes = (bench.scaled(roundsFull) * inputBytes) / 1024 / 1024;
  const large = [path("large"), path("second")];
  for (const [seed, file] of large.entries()) await writeBigFile(file, seed, megabytes);
  const drain = async (file: string): Promise<void> => {
    for await (const _ of pool.sealFile(file, secret).chunks);
  };
  const MB = (megabytes * 1024 * 1024) / 1e6;
  const contest = (name: string, amounts: Record<string, number>, work: () => Promise<unknown>): Promise<void> =>
    bench.contest({ name: `chunking: ${name}`, amounts, ours: withoutUsage(work) });
  await contest("threads, one file", { MB }, () => drain(path("large")));
  await contest("threads, two files", { MB: 2 * MB }, () => Promise.all(large.map(drain)));
  const small = await smallFiles(path("small"), bench.scaled(smallFilesFull));
  await contest("threads, files of 4 KiB", { files: small.length }, async () => {
    const next = small.values();
    const consume = async (): Promise<void> => {
      for (const file of next) await drain(file);
    };
    await Promise.all(Array.from({ length: consumers }, consume));
  });
  await watchMainLoop(bench, "chunking: main loop", () => drain(path("large")));
}

/** Makes the files; returns their paths. */
async function smallFiles(root: string, count: number): Promise<string[]> {
  const sizes = Array.from({ length: count }, () => smallFileBytes);
  return (await writeTree(root, 1, sizes)).paths;
}

/** What runs in this process is not accounted for by process. */
function withoutUsage(work: () => Promise<unknown>): TimedWork {
  return async () => {
    await work();
    return [];
  };
}
