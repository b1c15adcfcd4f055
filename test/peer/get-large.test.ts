import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { GetRequest, TransferSummary } from "../../src/core/client.ts";
import { GetTransfer } from "../../src/peer/get-transfer.ts";
import { partName } from "../../src/peer/local-target.ts";
import { at } from "./file-space.ts";
import { HostileSpace } from "./hostile-space.ts";
import { ServedHolders, type Tamper, servedBy } from "./served-holders.ts";

const MiB = 1024 * 1024;

describe("a large file of a get", () => {
  let space: HostileSpace;
  let work = "";
  let target = "";
  const content = randomBytes(12 * MiB);
  let chunks = 0;

  beforeAll(async () => {
    space = new HostileSpace();
    await space.start();
    work = await mkdtemp(join(tmpdir(), "large-"));
    const source = join(work, "large");
    await writeFile(source, content);
    const { chunks: put } = await space.client.put({ sources: [{ kind: "path", path: source }], target: at("/large") });
    chunks = put;
  });
  beforeEach(() => (target = join(work, "got")));
  afterEach(() => rm(target, { force: true }));
  afterAll(async () => {
    await rm(work, { recursive: true });
    await space.stop();
  });

  const get = (holders: ServedHolders, request: Partial<GetRequest> = {}): Promise<TransferSummary> => {
    const whole = { sources: [at("/large")], target, ...request };
    return new GetTransfer({ namespace: space.namespace, pool: space.pool, content: holders.content }, whole, {}).run();
  };

  it("FETCH-6 comes several chunks to a message", async () => {
    const holders = new ServedHolders(space, { one: servedBy(space) });
    expect(await get(holders)).toMatchObject({ files: 1, failed: 0 });
    expect(Buffer.compare(await readFile(target), content)).toBe(0);
    expect(holders.asked.length).toBeLessThan(chunks / 2);
  });

  it("FETCH-6 a chunk that a holder lacks, or gives damaged, comes from another one", async () => {
    const lacking: Tamper = (bytes, digest) => ((digest[0] ?? 0) % 3 === 0 ? undefined : bytes);
    const flipped: Tamper = (bytes, digest) => ((digest[0] ?? 0) % 3 === 1 ? bytes.map((byte) => byte ^ 1) : bytes);
    const holders = new ServedHolders(space, { lacking: servedBy(space, lacking), liar: servedBy(space, flipped) });
    expect(await get(holders)).toMatchObject({ files: 1, failed: 0 });
    expect(Buffer.compare(await readFile(target), content)).toBe(0);
  });

  it("FETCH-6 a chunk that nobody has undamaged is never written, and the file fails", async () => {
    const first: Uint8Array[] = [];
    const flipOne: Tamper = (bytes, digest) => {
      if (bytes.length < MiB / 16) return bytes; // a page
      if (first.length === 0) first.push(digest.slice());
      return Buffer.compare(digest, first[0] as Uint8Array) === 0 ? bytes.map((byte) => byte ^ 1) : bytes;
    };
    const holders = new ServedHolders(space, { liar: servedBy(space, flipOne) });
    await expect(get(holders)).rejects.toMatchObject({ kind: "integrity" });
    expect(await readdir(work)).not.toContain("got");
    await rm(join(work, partName("got")), { force: true });
  });

  it("FETCH-6 what an earlier get has left in its place is not fetched again", async () => {
    const part = join(work, partName("got"));
    await writeFile(part, content.subarray(0, 9 * MiB));
    const holders = new ServedHolders(space, { one: servedBy(space) });
    const { sentChunks } = await get(holders, { resume: true });
    expect(sentChunks).toBeLessThan(chunks / 2);
    expect((await stat(target)).size).toBe(content.length);
    expect(Buffer.compare(await readFile(target), content)).toBe(0);
  });
});
