import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { PutRequest, TransferEvent, TransferSummary } from "../../src/core/client.ts";
import { chunkBytesAverage, packFileBytesMax, packFilesMax } from "../../src/core/limits.ts";
import { FileSpace, at, textOf } from "./file-space.ts";

describe("small files of a put", () => {
  let space: FileSpace;
  let folder = "";
  let events: TransferEvent[] = [];

  /** Puts the whole folder as /`name`. */
  const put = (name: string, request: Partial<PutRequest> = {}): Promise<TransferSummary> =>
    space.client.put(
      { sources: [{ kind: "path", path: folder }], target: at(`/${name}`), recursive: true, ...request },
      { onEvent: (event) => void events.push(event) },
    );

  const failures = (): unknown[] =>
    events.flatMap((event) => (event.type === "failed" ? [[event.path, event.error.kind]] : []));

  async function write(names: readonly string[], text: (name: string) => string = (name) => `what is in ${name}`) {
    for (const name of names) await writeFile(join(folder, name), text(name));
  }

  const names = (count: number): string[] => Array.from({ length: count }, (_, number) => `file-${number}`);

  beforeAll(async () => {
    space = new FileSpace();
    await space.start();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "packs-"));
    events = [];
    space.room = { quota: undefined, freeBytesOf: () => undefined };
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true });
  });
  afterAll(() => space.stop());

  it("PACK-1 are read, sent and committed many at a time, each with its own content", async () => {
    const files = names(packFilesMax + 40);
    await write(files);
    const [seal, send] = [vi.spyOn(space.pool, "sealPack"), vi.spyOn(space.owner, "putChunks")];
    const commands = space.proposed.length;
    expect(await put("many")).toMatchObject({
      files: files.length,
      directories: 1,
      failed: 0,
      newChunks: 2 * files.length,
    });
    expect(new Set(seal.mock.calls.map(([paths]) => paths.length))).toEqual(new Set([packFilesMax, 40]));
    expect(send.mock.calls.length).toBeLessThanOrEqual(4);
    expect(space.proposed.length - commands).toBeLessThanOrEqual(4);
    for (const name of files) expect(await textOf(space.client.read(at(`/many/${name}`)))).toBe(`what is in ${name}`);
    const told = events.filter(({ type }) => type === "started" || type === "done");
    expect(told.length).toBe(2 * files.length);
  });

  it("PACK-1 an empty file, one of several chunks, and equal ones among them", async () => {
    const long = "0123456789".repeat(Math.floor(packFileBytesMax / 10));
    const texts: Record<string, string> = { empty: "", long, same: "twice", "the-same": "twice" };
    await write(Object.keys(texts), (name) => texts[name] as string);
    expect(long.length).toBeGreaterThan(2 * chunkBytesAverage);
    expect(await put("kinds")).toMatchObject({ files: 4, failed: 0 });
    for (const [name, text] of Object.entries(texts))
      expect(await textOf(space.client.read(at(`/kinds/${name}`)))).toBe(text);
  });

  it("PACK-2 a file that cannot be read or replaced fails by itself", async () => {
    await write(["kept", "gone", "linked", "taken"]);
    await space.client.mkdir(at("/some"));
    await space.client.put({
      sources: [{ kind: "stream", name: "taken", bytes: slices("something else") }],
      target: at("/some/taken"),
    });
    const seal = space.pool.sealPack.bind(space.pool);
    vi.spyOn(space.pool, "sealPack").mockImplementation(async (...call) => {
      await rm(join(folder, "gone"));
      await rm(join(folder, "linked"));
      await symlink(join(folder, "kept"), join(folder, "linked"));
      return seal(...call);
    });
    const inside = {
      sources: ["kept", "gone", "linked", "taken"].map((name) => ({ kind: "path" as const, path: join(folder, name) })),
    };
    const summary = await space.client.put(
      { ...inside, target: at("/some") },
      { onEvent: (event) => void events.push(event) },
    );
    expect(summary).toMatchObject({ files: 1, failed: 3 });
    expect(failures()).toEqual([
      [join(folder, "taken"), "exists"],
      [join(folder, "gone"), "not-found"],
      [join(folder, "linked"), "permission"],
    ]);
    expect(await textOf(space.client.read(at("/some/kept")))).toBe("what is in kept");
  });

  it("PACK-2 where the whole pack does not go through, each file is put by itself", async () => {
    await write(names(6));
    vi.spyOn(space.pool, "sealPack").mockRejectedValue(new Error("the thread died"));
    expect(await put("alone")).toMatchObject({ files: 6, failed: 0 });
    expect(await textOf(space.client.read(at("/alone/file-5")))).toBe("what is in file-5");
  });

  it("PACK-3 what there is no room for is not sent, and what fits is, whatever the pack comes to as a whole", async () => {
    await write(names(8), () => "x".repeat(1000));
    const [first] = names(1);
    await writeFile(join(folder, first as string), "y".repeat(40_000));
    space.room = { quota: { name: "shared", quotaBytes: 5000, usedBytes: 0 }, freeBytesOf: () => undefined };
    const summary = await put("little");
    expect(summary).toMatchObject({ files: 7, failed: 1 });
    expect(failures()).toEqual([[join(folder, first as string), "quota"]]);
  });

  it("PACK-4 files below a directory that was refused fail for its reason, and all others are put", async () => {
    await mkdir(join(folder, "taken"));
    await mkdir(join(folder, "free"));
    await write(["taken/a", "taken/b", "free/c", "free/d"]);
    await space.client.mkdir(at("/refused"));
    const propose = space.beforePropose;
    // Somebody else takes the name after it was looked up.
    space.beforePropose = async () => {
      space.beforePropose = propose;
      await space.client.put({
        sources: [{ kind: "stream", name: "taken", bytes: slices("mine") }],
        target: at("/refused/taken"),
      });
    };
    const paths = ["taken", "free"].map((name) => ({ kind: "path" as const, path: join(folder, name) }));
    const summary = await space.client.put(
      { sources: paths, target: at("/refused"), recursive: true },
      { onEvent: (event) => void events.push(event) },
    );
    expect(summary).toMatchObject({ files: 2, failed: 3 });
    const refused = ["taken", "taken/a", "taken/b"].map((name) => [join(folder, name), "exists"]);
    expect(new Set(failures())).toEqual(new Set(refused));
    expect(await textOf(space.client.read(at("/refused/free/d")))).toBe("what is in free/d");
  });
});

async function* slices(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
