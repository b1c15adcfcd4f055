import { createCipheriv } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { FileSpace, at } from "./file-space.ts";

const KiB = 1024;
const sizeBytes = 96 * KiB * KiB;
const overwrites = 20;

const space = new FileSpace();
let folder = "";

beforeAll(async () => {
  await space.start();
  folder = await mkdtemp(join(tmpdir(), "changed-"));
});
afterAll(async () => {
  await space.stop();
  await rm(folder, { recursive: true });
});

it("PUT-3 a file with 1 KiB inserted near its start and 20 overwrites of 4 KiB costs the chunks around them, and two pages", async () => {
  const path = join(folder, "big");
  const put = () => space.client.put({ sources: [{ kind: "path", path }], target: at("/big"), force: true });
  const before = randomBytes(1, sizeBytes);
  await writeFile(path, before);
  const first = await put();
  const after = Buffer.concat([before.subarray(0, 100 * KiB), randomBytes(2, KiB), before.subarray(100 * KiB)]);
  for (let place = 0; place < overwrites; place += 1)
    randomBytes(3 + place, 4 * KiB).copy(after, Math.floor(((place + 0.5) * sizeBytes) / overwrites));
  await writeFile(path, after);
  const second = await put();
  // One chunk or two for each place, and a page of the record and one of the manifest.
  expect(second.newChunks).toBeLessThanOrEqual(Math.ceil(1.25 * (overwrites + 1)) + 2);
  expect(second.newBytes).toBeLessThan(10_000_000);
  expect(second.chunks).toBeGreaterThan(first.chunks - overwrites);
});

/** Bytes that only the seed decides. */
function randomBytes(seed: number, length: number): Buffer {
  const key = Buffer.alloc(32);
  key.writeUInt32BE(seed);
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}
