/** Trees and files of known content for end-to-end tests. */
import { createCipheriv } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** `length` bytes that only `seed` decides and that do not compress. */
function pseudoRandomBytes(seed: number, length: number): Buffer {
  const key = Buffer.alloc(32);
  key.writeUInt32BE(seed);
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Writes a file of `megabytes` MiB, in constant memory. */
export async function writeBigFile(path: string, seed: number, megabytes: number): Promise<void> {
  const key = Buffer.alloc(32);
  key.writeUInt32BE(seed);
  const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  const zeros = Buffer.alloc(1024 * 1024);
  await pipeline(
    Readable.from(
      (function* () {
        for (let i = 0; i < megabytes; i += 1) yield cipher.update(zeros);
      })(),
    ),
    createWriteStream(path),
  );
}

/** A tree as real ones are: nested folders, many small files, some larger, empty ones, odd names, modes and times. */
export async function writeTree(root: string, files: number): Promise<void> {
  const names = [
    "notes",
    "späße",
    "a file with spaces",
    "quote'd",
    'say "hi"',
    "semi;colon",
    "back\\slash",
    "日本語",
    "star*",
    "$HOME",
    "-dash",
    "emoji-🎉",
  ];
  for (let i = 0; i < files; i += 1) {
    const folder = join(root, `dir-${i % 40}`, ...(i % 3 === 0 ? ["deeper", `level-${i % 7}`] : []));
    await mkdir(folder, { recursive: true });
    const extension = [".md", ".txt", ".bin", ""][i % 4] ?? "";
    const path = join(folder, `${names[i % names.length] ?? "x"}-${i}${extension}`);
    const size = i % 50 === 0 ? 0 : i % 97 === 0 ? 300_000 : (i * 7919) % 4000;
    await writeFile(path, pseudoRandomBytes(i, size));
    await chmod(path, i % 5 === 0 ? 0o755 : i % 7 === 0 ? 0o600 : 0o644);
    const seconds = 1_500_000_000 + i * 1000;
    await utimes(path, seconds, seconds);
  }
}
