import { mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SealedChunk, sealChunk } from "../../src/chunking/seal.ts";
import { type WantedFile, type WritePackWork, writePack } from "../../src/chunking/write-pack.ts";

const secret = new Uint8Array(32).fill(7);
const sealed = (text: string): SealedChunk => sealChunk(secret, new TextEncoder().encode(text));

describe("files that are written in one piece of work", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "written-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Work on files of these chunks, each chunk in a memory of its own. */
  function workOf(
    files: readonly { name: string; chunks: readonly SealedChunk[]; isReplacing?: boolean }[],
  ): WritePackWork {
    const chunks = files.flatMap((file) => file.chunks);
    let memory = 0;
    const wanted = files.map(({ name, chunks: own, isReplacing = false }): WantedFile => {
      const path = join(folder, name);
      const placed = own.map(({ sealed: { length } }) => ({ memory: memory++, start: 0, bytes: length }));
      return { part: `${path}.part`, path, mode: 0o604, modifiedMs: 1_500_000_000_000, isReplacing, chunks: placed };
    });
    const secrets = Buffer.concat(chunks.flatMap(({ digest, key }) => [digest, key]));
    return { files: wanted, memories: chunks.map((chunk) => chunk.sealed), secrets };
  }

  const kindsOf = (work: WritePackWork): unknown[] => writePack(work).errors.map((error) => error?.kind);
  const textOf = (name: string): Promise<string> => readFile(join(folder, name), "utf8");

  it("FETCH-1 each has its chunks in their order, its mode and its time", async () => {
    const work = workOf([
      { name: "two", chunks: [sealed("first "), sealed("second")] },
      { name: "none", chunks: [] },
      { name: "one", chunks: [sealed("only")] },
    ]);
    expect(kindsOf(work)).toEqual([undefined, undefined, undefined]);
    expect(await Promise.all(["two", "none", "one"].map(textOf))).toEqual(["first second", "", "only"]);
    const { mode, mtimeMs } = await stat(join(folder, "two"));
    expect([mode & 0o777, mtimeMs]).toEqual([0o604, 1_500_000_000_000]);
    expect(await readdir(folder)).toHaveLength(3);
  });

  it("FETCH-3 a file of which a chunk is wrong leaves nothing, and the others are written", async () => {
    const wrong = { ...sealed("second"), sealed: sealed("second").sealed.map((byte) => byte ^ 1) };
    const otherKey = { ...sealed("third"), key: sealed("fourth").key };
    const work = workOf([
      { name: "damaged", chunks: [sealed("first"), wrong] },
      { name: "closed", chunks: [otherKey] },
      { name: "good", chunks: [sealed("good")] },
    ]);
    expect(kindsOf(work)).toEqual(["integrity", "integrity", undefined]);
    expect(await readdir(folder)).toEqual(["good"]);
  });

  it("FETCH-4 what stands at a name or a part name stays, links too, unless it is replaced", async () => {
    for (const name of ["there", "begun.part", "elsewhere"]) await writeFile(join(folder, name), "mine");
    await symlink(join(folder, "elsewhere"), join(folder, "link"));
    await symlink(join(folder, "elsewhere"), join(folder, "trap.part"));
    const files = ["there", "begun", "link", "trap"].map((name) => ({ name, chunks: [sealed("new")] }));
    expect(kindsOf(workOf(files))).toEqual(["exists", "exists", "exists", "exists"]);
    expect((await readdir(folder)).toSorted()).toEqual(["begun.part", "elsewhere", "link", "there", "trap.part"]);
    expect(await Promise.all(["there", "begun.part", "link", "trap.part"].map(textOf))).toEqual(Array(4).fill("mine"));
    const replacing = files.filter(({ name }) => name !== "trap").map((file) => ({ ...file, isReplacing: true }));
    expect(kindsOf(workOf(replacing))).toEqual([undefined, "exists", undefined]);
    expect(await Promise.all(["there", "link", "elsewhere"].map(textOf))).toEqual(["new", "new", "mine"]);
  });
});
