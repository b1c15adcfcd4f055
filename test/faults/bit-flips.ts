/** Bits that flip in the chunks that peers have stored, as disks do it to them. */
import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  decodeRecordHeader,
  recordBytes,
  recordHeaderBytes,
  segmentHeaderBytes,
} from "../../src/store/segment-format.ts";
import type { Prng } from "../sim/prng.ts";

/** A chunk as it lies on some disk. */
interface Place {
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
  readonly digest: string;
}

/**
 * Flips one bit in each of up to `count` chunks, picked at random from all that these data folders have. Of the copies of
 * one chunk only one is damaged: two would be a loss. Returns how many were damaged.
 */
export async function flipBits(folders: readonly string[], count: number, random: Prng): Promise<number> {
  const places = (await Promise.all(folders.map(placesIn))).flat();
  const damaged = new Set<string>();
  for (const place of shuffled(places, random)) {
    if (damaged.size === count) break;
    if (damaged.has(place.digest)) continue;
    damaged.add(place.digest);
    await flipBit(place, random);
  }
  return damaged.size;
}

async function placesIn(folder: string): Promise<Place[]> {
  const segments = join(folder, "chunks", "segments");
  const places: Place[] = [];
  for (const name of await readdir(segments)) {
    const path = join(segments, name);
    const file = await open(path, "r");
    try {
      for await (const place of chunksOf(file)) places.push({ path, ...place });
    } finally {
      await file.close();
    }
  }
  return places;
}

async function* chunksOf(file: FileHandle): AsyncGenerator<Omit<Place, "path">> {
  const buffer = Buffer.alloc(recordHeaderBytes);
  for (let at = segmentHeaderBytes; ;) {
    const { bytesRead } = await file.read(buffer, 0, recordHeaderBytes, at);
    const header = decodeRecordHeader(buffer.subarray(0, bytesRead));
    if (header === undefined) return;
    const { digest, kind, payloadBytes } = header;
    if (kind === "chunk")
      yield { offset: at + recordHeaderBytes, bytes: payloadBytes, digest: Buffer.from(digest).toString("hex") };
    at += recordBytes(payloadBytes);
  }
}

function shuffled<Item>(items: readonly Item[], random: Prng): Item[] {
  return items
    .map((item) => ({ item, order: random.unit() }))
    .toSorted((left, right) => left.order - right.order)
    .map(({ item }) => item);
}

async function flipBit({ path, offset, bytes }: Place, random: Prng): Promise<void> {
  const file = await open(path, "r+");
  try {
    const at = offset + random.below(bytes);
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ (1 << random.below(8));
    await file.write(byte, 0, 1, at);
  } finally {
    await file.close();
  }
}
