/** The files that the fixed jobs put: made from a seed, so that every run puts the same bytes. */
import { createCipheriv } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const KiB = 1024;
const MiB = 1024 * KiB;

export const corpusSizes = {
  bigBytes: 32 * MiB,
  /** One insertion, and so many overwrites of 4 KiB far from each other. */
  overwrites: 5,
  treeFiles: 100,
  smallFiles: 500,
} as const;
const treeFileBytesMax = 256 * KiB;
const filesPerFolder = 25;

/** Paths of files and folders. */
export interface Corpus {
  readonly folder: string;
  readonly big: string;
  /** The big file after some changes. */
  readonly changed: string;
  readonly otherBig: string;
  readonly tree: string;
  readonly small: string;
}

/** Writes the corpus into `folder`. */
export async function makeCorpus(folder: string): Promise<Corpus> {
  const at = (name: string): string => join(folder, name);
  const corpus = {
    folder,
    big: at("big"),
    changed: at("changed"),
    otherBig: at("other-big"),
    tree: at("tree"),
    small: at("small"),
  };
  const big = bytesOf(1, corpusSizes.bigBytes);
  await writeFile(corpus.big, big);
  await writeFile(corpus.changed, changed(big));
  await writeFile(corpus.otherBig, bytesOf(2, corpusSizes.bigBytes));
  const sizes = Array.from({ length: corpusSizes.treeFiles }, (_, at) => KiB + ((at * 7_919 * KiB) % treeFileBytesMax));
  await writeFiles(corpus.tree, 3, sizes, filesPerFolder);
  await writeFiles(
    corpus.small,
    4,
    Array.from({ length: corpusSizes.smallFiles }, () => KiB),
    corpusSizes.smallFiles,
  );
  return corpus;
}

/** 1 KiB more near the start, and some places written over. */
function changed(big: Buffer): Buffer {
  const after = Buffer.concat([big.subarray(0, KiB), bytesOf(5, KiB), big.subarray(KiB)]);
  for (let place = 1; place <= corpusSizes.overwrites; place++)
    bytesOf(5 + place, 4 * KiB).copy(after, Math.floor((place * after.length) / (corpusSizes.overwrites + 1)));
  return after;
}

async function writeFiles(root: string, seed: number, sizes: readonly number[], perFolder: number): Promise<void> {
  const bytes = bytesOf(
    seed,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  let from = 0;
  for (const [index, size] of sizes.entries()) {
    const folder = join(root, `folder-${Math.floor(index / perFolder)}`);
    if (index % perFolder === 0) await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `file-${index}`), bytes.subarray(from, from + size));
    from += size;
  }
}

/** Bytes that do not compress and that only the seed decides. */
function bytesOf(seed: number, length: number): Buffer {
  const key = Buffer.alloc(32);
  key.writeUInt32BE(seed);
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}
