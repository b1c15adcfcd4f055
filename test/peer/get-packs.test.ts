import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { GetRequest, TransferEvent, TransferSummary } from "../../src/core/client.ts";
import { chunkBytesAverage, packFileBytesMax, packFilesMax } from "../../src/core/limits.ts";
import { GetTransfer } from "../../src/peer/get-transfer.ts";
import { partName } from "../../src/peer/local-target.ts";
import { at } from "./file-space.ts";
import { HostileSpace, snapshot } from "./hostile-space.ts";
import { ServedHolders, type Tamper, servedBy } from "./served-holders.ts";

describe("small files of a get", () => {
  let space: HostileSpace;
  let work = "";
  let source = "";
  let target = "";
  let events: TransferEvent[] = [];

  beforeAll(async () => {
    space = new HostileSpace();
    await space.start();
  });
  beforeEach(async () => {
    work = await mkdtemp(join(tmpdir(), "got-"));
    [source, target] = [join(work, "source"), join(work, "target")];
    await mkdir(source);
    events = [];
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(work, { recursive: true });
  });
  afterAll(() => space.stop());

  const get = (holders: ServedHolders, path: string, request: Partial<GetRequest> = {}): Promise<TransferSummary> => {
    const whole = { sources: [at(path)], target, recursive: true, ...request };
    const options = { namespace: space.namespace, pool: space.pool, content: holders.content };
    return new GetTransfer(options, whole, { onEvent: (event) => void events.push(event) }).run();
  };

  const failures = (): unknown[] =>
    events.flatMap((event) => (event.type === "failed" ? [[event.path, event.error.kind]] : []));

  /** Writes files, the given one of several chunks, and puts all of them as the directory `name`. */
  async function put(name: string, files: number, large = ""): Promise<void> {
    for (let number = 0; number < files; number += 1)
      await writeFile(join(source, `file-${number}`), `${name} ${number}`, { mode: 0o640 });
    await writeFile(join(source, "empty"), "");
    if (large !== "") await writeFile(join(source, large), randomBytes(3 * chunkBytesAverage));
    for (const file of await readdir(source)) await utimes(join(source, file), 1_600_000_000, 1_600_000_000);
    await space.client.put({ sources: [{ kind: "path", path: source }], target: at(`/${name}`), recursive: true });
  }

  it("FETCH-1 come in few messages, after few lookups, each with its own content, mode and time", async () => {
    const files = 2 * packFilesMax;
    await put("many", files, "large");
    const holders = new ServedHolders(space, { one: servedBy(space) });
    expect(await get(holders, "/many")).toMatchObject({ files: files + 2, directories: 1, failed: 0 });
    expect(await snapshot(target)).toEqual(await snapshot(source));
    expect((await stat(join(target, "file-7"))).mtimeMs).toBe(1_600_000_000_000);
    expect(holders.lookups.length).toBeLessThanOrEqual(4);
    // The page that lists the chunks of the large file, and the chunks.
    expect(holders.asked.length).toBeLessThanOrEqual(6);
    expect(Math.max(...holders.asked.map(({ digests }) => digests))).toBeGreaterThan(packFilesMax - 10);
  });

  it("FETCH-7 small files are told of many at a time, and one that goes by itself by its name", async () => {
    await put("told", packFilesMax, "large");
    await rm(join(source, "large"));
    await writeFile(join(source, "large"), randomBytes(packFileBytesMax + 1));
    await space.client.put({ sources: [{ kind: "path", path: source }], target: at("/again"), recursive: true });
    const holders = new ServedHolders(space, { one: servedBy(space) });
    expect(await get(holders, "/again")).toMatchObject({ files: packFilesMax + 2, failed: 0 });
    const passed = events.flatMap((event) => (event.type === "passed" ? [event.files] : []));
    expect(passed.reduce((sum, files) => sum + files, 0)).toBe(packFilesMax + 1);
    const named = events.flatMap((event) => ("path" in event && event.type !== "progress" ? [event] : []));
    expect(named).toMatchObject([
      { type: "started", path: join(target, "large") },
      { type: "done", path: join(target, "large"), outcome: "written" },
    ]);
    expect(events.length).toBeLessThan(packFilesMax / 4);
  });

  it("FETCH-8 the holders of larger files are looked up together while others are on their way", async () => {
    const files = 5;
    for (let number = 0; number < files; number += 1)
      await writeFile(join(source, `large-${number}`), randomBytes(packFileBytesMax + 1));
    await put("large", 3);
    const holders = new ServedHolders(space, { one: servedBy(space) });
    expect(await get(holders, "/large", { parallel: 2 })).toMatchObject({ files: files + 4, failed: 0 });
    expect(await snapshot(target)).toEqual(await snapshot(source));
    expect(holders.foreseen.map(({ length }) => length)).toEqual([files - 2]);
    expect(holders.foreseen.flat().every((key) => holders.lookups.includes(key))).toBe(true);
    // What is there, or on the own disk, needs no holder.
    expect(await get(holders, "/large", { parallel: 2, resume: true })).toMatchObject({ failed: 0 });
    const own = { ...holders.content, store: space.store };
    const whole = { sources: [at("/large")], target: join(work, "own"), recursive: true, parallel: 1 };
    await new GetTransfer({ namespace: space.namespace, pool: space.pool, content: own }, whole, {}).run();
    expect(await snapshot(join(work, "own"))).toEqual(await snapshot(source));
    expect(holders.foreseen).toHaveLength(1);
  });

  it("FETCH-2 what a holder lacks comes from another one", async () => {
    await put("lacking", 90, "large");
    const third: Tamper = (bytes, digest) => ((digest[31] ?? 0) % 3 === 0 ? undefined : bytes);
    const others: Tamper = (bytes, digest) => ((digest[31] ?? 0) % 3 === 1 ? undefined : bytes);
    const holders = new ServedHolders(space, { one: servedBy(space, third), other: servedBy(space, others) });
    expect(await get(holders, "/lacking")).toMatchObject({ failed: 0, files: 92 });
    expect(await snapshot(target)).toEqual(await snapshot(source));
    expect(holders.suspects.size).toBe(0);
  });

  it("FETCH-3 what is not what it should be is never written, and comes from another holder", async () => {
    await put("damaged", 60);
    const flipped: Tamper = (bytes, digest) => ((digest[0] ?? 0) % 2 === 0 ? bytes.map((byte) => byte ^ 1) : bytes);
    const holders = new ServedHolders(space, { liar: servedBy(space, flipped), honest: servedBy(space) });
    expect(await get(holders, "/damaged")).toMatchObject({ failed: 0, files: 61 });
    expect(await snapshot(target)).toEqual(await snapshot(source));
    // The holder whose answer was wrong is not asked for what is then got by itself.
    expect(holders.asked.filter(({ peer }) => peer === "liar")).toHaveLength(1);
    expect(holders.asked.length).toBeGreaterThan(10);
  });

  it("FETCH-3 a file that nobody has undamaged fails by itself, and nothing is at its name", async () => {
    await put("lost", 20);
    const { content } = await space.namespace.require(at("/lost/file-3"));
    const reference = content?.reference;
    const wrong = reference === undefined || reference.depth === "empty" ? new Uint8Array() : reference.digest;
    const flip: Tamper = (bytes, digest) =>
      Buffer.compare(digest, wrong) === 0 ? bytes.map((byte) => byte ^ 1) : bytes;
    const holders = new ServedHolders(space, { liar: servedBy(space, flip) });
    expect(await get(holders, "/lost")).toMatchObject({ failed: 1, files: 20 });
    expect(failures()).toEqual([[join(target, "file-3"), "integrity"]]);
    const names = await readdir(target);
    expect(names).not.toContain("file-3");
    expect(names.filter((name) => name !== partName("file-3")).length).toBe(20);
    expect(holders.suspects).toEqual(new Set(["liar"]));
  });

  it("FETCH-4 what stands at a name stays without -f, and is replaced with it, a part that was left too", async () => {
    await put("there", 10);
    const outer = join(work, "outer");
    const folder = join(outer, "there");
    await mkdir(join(folder, "file-3"), { recursive: true });
    await writeFile(join(folder, "file-1"), "mine");
    await writeFile(join(folder, partName("file-2")), "left");
    const holders = new ServedHolders(space, { one: servedBy(space) });
    expect(await get(holders, "/there", { target: outer })).toMatchObject({ failed: 3, files: 8 });
    expect(failures()).toEqual(
      expect.arrayContaining([
        [join(folder, "file-1"), "exists"],
        [join(folder, "file-2"), "exists"],
        [join(folder, "file-3"), "is-directory"],
      ]),
    );
    expect(await readFile(join(folder, "file-1"), "utf8")).toBe("mine");
    expect(await readFile(join(folder, partName("file-2")), "utf8")).toBe("left");
    events = [];
    expect(await get(holders, "/there", { target: outer, force: true })).toMatchObject({ failed: 1, files: 10 });
    expect(failures()).toEqual([[join(folder, "file-3"), "is-directory"]]);
    for (const name of ["file-1", "file-2"])
      expect(await readFile(join(folder, name), "utf8")).toBe(`there ${name.slice(5)}`);
    expect((await readdir(folder)).length).toBe(11);
  });
});
