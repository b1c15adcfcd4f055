/** Files and trees of known content, none of which compresses. */
import { type Cipher, createCipheriv } from "node:crypto";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";

const MiB = 1024 * 1024;
const KiB = 1024;
/** Files in one folder of a tree. */
const filesPerFolder = 50;

/** A stream of bytes that only the seed decides. */
function keystream(seed: number): Cipher {
  const key = Buffer.alloc(32);
  key.writeUInt32BE(seed);
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
}

/** Writes a file of `megabytes` MiB. */
export async function writeBigFile(path: string, seed: number, megabytes: number): Promise<void> {
  const cipher = keystream(seed);
  const zeros = Buffer.alloc(MiB);
  const file = await open(path, "w");
  for (let written = 0; written < megabytes; written++) await file.write(cipher.update(zeros));
  await file.close();
}

/** Writes `sizes.length` files of these sizes, 50 to a folder. Returns their bytes in all, and where they are. */
export async function writeTree(
  root: string,
  seed: number,
  sizes: readonly number[],
): Promise<{ readonly bytes: number; readonly paths: string[] }> {
  const cipher = keystream(seed);
  const paths: string[] = [];
  let bytes = 0;
  for (const [index, size] of sizes.entries()) {
    const folder = join(root, `folder-${Math.floor(index / filesPerFolder)}`);
    if (index % filesPerFolder === 0) await mkdir(folder, { recursive: true });
    const path = join(folder, `file-${index}.bin`);
    await writeFile(path, cipher.update(Buffer.alloc(size)));
    paths.push(path);
    bytes += size;
  }
  return { bytes, paths };
}

/** Sizes from 1 KiB to 1 MiB, many small and few large: 2,000 of them are about 200 MB. Always the same. */
export function mixedSizes(files: number): number[] {
  // The exponent makes the average 99 KiB; the golden ratio visits the sizes evenly and in no order.
  const golden = 0.6180339887498949;
  return Array.from({ length: files }, (_, index) => Math.round(KiB * 1024 ** ((((index + 0.5) * golden) % 1) ** 1.6)));
}

/** As many files of 1 KiB each. */
export function smallSizes(files: number): number[] {
  return Array.from({ length: files }, () => KiB);
}
