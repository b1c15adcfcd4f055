/** The corpora of the benchmarks: from a seed, and changed where the job says so. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Corpora } from "../../bench/corpora.ts";

const scale = 4 / 1024;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "corpora-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("corpora", () => {
  it("changes a big file by 1 KiB inserted near its start and 20 overwrites of 4 KiB, and by nothing else", async () => {
    const corpora = new Corpora(folder, scale);
    const [big, changed] = [await corpora.big(0), await corpora.changedBig(0)];
    const [before, after] = [await readFile(big.path), await readFile(changed.path)];
    expect(before).toHaveLength(4 * 1024 * 1024);
    expect(after).toHaveLength(changed.bytes);
    expect(after.length - before.length).toBe(1024);
    const insertedAt = 100 * 1024;
    expect(after.subarray(0, insertedAt).equals(before.subarray(0, insertedAt))).toBe(true);
    const moved = after.subarray(insertedAt + 1024);
    const pages = before.length / 4096;
    const changedPages = Array.from({ length: pages }, (_, page) => page * 4096)
      .filter((at) => at >= insertedAt)
      .filter((at) => !before.subarray(at, at + 4096).equals(moved.subarray(at - insertedAt, at - insertedAt + 4096)));
    // An overwrite of 4 KiB that does not start with a page touches two.
    expect(changedPages.length).toBeGreaterThanOrEqual(20);
    expect(changedPages.length).toBeLessThanOrEqual(40);
  });

  it("makes each corpus once, and another one for each number", async () => {
    const corpora = new Corpora(folder, scale);
    const [first, again, other] = [await corpora.tree(1), await corpora.tree(1), await corpora.tree(2)];
    expect(again).toBe(first);
    const name = join("folder-0", "file-0.bin");
    const read = (root: string): Promise<Buffer> => readFile(join(root, name));
    expect((await read(other.path)).equals(await read(first.path))).toBe(false);
    expect(first.files).toBe(8);
  });
});
