import { appendFile, mkdir, mkdtemp, readFile, readdir, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { PutRequest, TransferSummary } from "../../src/core/client.ts";
import { type FileKey, digestOf } from "../../src/core/ids.ts";
import { fileTimeGranularityMs } from "../../src/core/limits.ts";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import { KnownFiles, type KnownFilesOptions } from "../../src/peer/known-files/known-files.ts";
import type { PeerClient } from "../../src/peer/peer-client.ts";
import { shared } from "../catalogue/world.ts";
import { FileSpace, at, textOf } from "./file-space.ts";

const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const content = "a sentence that nobody has put anywhere";

describe("known files", () => {
  let space: FileSpace;
  let folder = "";
  let database = "";
  let warnings: string[] = [];
  const files: KnownFiles[] = [];

  /** As if the files of a test had been changed a while ago. */
  const later = (): number => Date.now() + 2 * fileTimeGranularityMs;

  function knownFiles(options: Partial<KnownFilesOptions> = {}): KnownFiles {
    const log = { warn: (text: string) => void warnings.push(text) };
    const known = new KnownFiles({ path: database, nowMs: later, log, ...options });
    files.push(known);
    return known;
  }

  const put = (
    localPath: string,
    target: string,
    request: Partial<PutRequest> = {},
    client: PeerClient = space.client,
  ): Promise<TransferSummary> =>
    client.put({ sources: [{ kind: "path", path: localPath }], target: at(target), ...request });

  /** What `work` came to, and the files that were read for it. */
  async function readDuring<Result>(work: () => Promise<Result>): Promise<{ result: Result; read: string[] }> {
    const seal = vi.spyOn(space.pool, "sealFile");
    const sealPack = vi.spyOn(space.pool, "sealPack");
    try {
      const result = await work();
      const paths = [...seal.mock.calls.map(([path]) => path), ...sealPack.mock.calls.flatMap(([packed]) => packed)];
      return { result, read: paths.sort() };
    } finally {
      seal.mockRestore();
      sealPack.mockRestore();
    }
  }

  async function fileAt(name: string, text = content): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  }

  beforeAll(async () => {
    space = new FileSpace();
    await space.start();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "known-"));
    database = join(folder, "known-files.db");
    warnings = [];
    space.known = knownFiles();
  });
  afterEach(async () => {
    space.beforePropose = () => Promise.resolve();
    for (const known of files.splice(0)) known.stop();
    await rm(folder, { recursive: true });
  });
  afterAll(() => space.stop());

  it("KNOWN-1 a file that is as it was when it was put is put again without being read, under any name", async () => {
    const path = await fileAt("one");
    const first = await readDuring(() => put(path, "/known-1"));
    expect(first).toMatchObject({ result: { newChunks: 2 }, read: [path] }); // it, and the page that lists it

    for (const request of [{}, { force: true }, { dryRun: true }])
      expect(await readDuring(() => put(path, "/known-1", request))).toMatchObject({
        result: { files: 1, unchanged: 1, newChunks: 0 },
        read: [],
      });
    expect(await readDuring(() => put(path, "/known-1-other"))).toMatchObject({
      result: { files: 1, unchanged: 0, newChunks: 0 },
      read: [],
    });
    expect(await textOf(space.client.read(at("/known-1-other")))).toBe(content);
    const { fileKey } = await space.client.stat(at("/known-1"));
    expect(await space.client.stat(at("/known-1-other"))).toMatchObject({ fileKey, revision: 1, addedBytes: 0 });
    expect(await space.leases()).toEqual([]);
  });

  it("KNOWN-1 mode and time of a known file are put as they are now, and another expiry makes a revision", async () => {
    const path = await fileAt("dated");
    await put(path, "/known-dated");
    const expiresMs = Date.now() + 60_000;
    const { result, read } = await readDuring(() => put(path, "/known-dated", { expiresMs, force: true }));
    expect(result).toMatchObject({ unchanged: 0, newChunks: 0 });
    expect(read).toEqual([]);
    expect(await space.client.stat(at("/known-dated"))).toMatchObject({ revision: 2, expiresMs });
    await expect(put(path, "/known-dated")).rejects.toMatchObject({ kind: "exists" });
  });

  it("KNOWN-2 a file with other content of the same size and time is read: nobody can set the time of its change", async () => {
    const path = await fileAt("two");
    const mtime = new Date(1_700_000_000_000);
    await utimes(path, mtime, mtime);
    await put(path, "/known-2");
    const other = content.toUpperCase();
    await writeFile(path, other);
    await utimes(path, mtime, mtime);
    expect((await stat(path)).mtimeMs).toBe(mtime.getTime());
    const { result, read } = await readDuring(() => put(path, "/known-2", { force: true }));
    expect(read).toEqual([path]);
    expect(result).toMatchObject({ unchanged: 0 });
    expect(await textOf(space.client.read(at("/known-2")))).toBe(other);
  });

  it("KNOWN-2 so is one that was replaced, cut, or written to", async () => {
    const path = await fileAt("three");
    await put(path, "/known-3");
    const changes = [() => appendFile(path, "!"), () => truncate(path, 3), () => rm(path).then(() => fileAt("three"))];
    for (const change of changes) {
      await change();
      expect((await readDuring(() => put(path, "/known-3", { force: true }))).read).toEqual([path]);
      expect(await textOf(space.client.read(at("/known-3")))).toBe(await readFile(path, "utf8"));
    }
  });

  it("KNOWN-3 a file that was changed just before it was read is read again: another change may bear the same time", async () => {
    const path = await fileAt("four");
    const { ctimeMs } = await stat(path);
    space.known = knownFiles({ nowMs: () => ctimeMs + fileTimeGranularityMs - 1 });
    await put(path, "/known-4");
    space.known = knownFiles();
    expect((await readDuring(() => put(path, "/known-4"))).read).toEqual([path]);
    expect((await readDuring(() => put(path, "/known-4"))).read).toEqual([]);
    const soon = new Date(later() + 60_000);
    await utimes(path, soon, soon);
    for (let time = 0; time < 2; time += 1)
      expect((await readDuring(() => put(path, "/known-4", { force: true }))).read).toEqual([path]);
  });

  it("KNOWN-4 content that its shelf has no more is read and stored again, and no other file with it", async () => {
    const tree = join(folder, "tree");
    await mkdir(tree);
    for (const name of ["a", "b", "c"]) await writeFile(join(tree, name), `${content} ${name}`);
    await put(tree, "/known-5", { recursive: true });
    const { fileKey } = await space.client.stat(at("/known-5/b"));
    await space.client.remove(at("/known-5"), { recursive: true });
    await space.owner.drop(1, [fileKey as FileKey], new AbortController().signal);
    expect(await space.has(fileKey)).toBe(false);
    const { result, read } = await readDuring(() => put(tree, "/known-5", { recursive: true }));
    expect(result).toMatchObject({ files: 3, failed: 0, newChunks: 2 });
    expect(read).toEqual([join(tree, "b")]);
    expect(await textOf(space.client.read(at("/known-5/b")))).toBe(`${content} b`);
  });

  it("KNOWN-5 content that was confirmed stays until the commit, whatever is collected meanwhile", async () => {
    const path = await fileAt("six", "kept by its lease alone");
    await put(path, "/known-6");
    const { fileKey } = await space.client.stat(at("/known-6"));
    await space.client.remove(at("/known-6"));
    space.beforePropose = async () => {
      space.beforePropose = () => Promise.resolve();
      await space.owner.drop(1, [fileKey as FileKey], new AbortController().signal);
    };
    expect((await readDuring(() => put(path, "/known-6-again"))).read).toEqual([]);
    expect(await space.has(fileKey)).toBe(true);
    expect(await textOf(space.client.read(at("/known-6-again")))).toBe("kept by its lease alone");
  });

  it("KNOWN-6 what one user put, another has to read; and the file tells neither paths nor contents", async () => {
    const [ann, ben] = space.withUsers("ann", "ben");
    assert(ann !== undefined && ben !== undefined);
    const path = await fileAt("secret-name", "a secret that is sealed");
    await put(path, "/s", {}, ann.client);
    expect((await readDuring(() => put(path, "/s", {}, ben.client))).read).toEqual([path]);
    expect((await readDuring(() => put(path, "/s", {}, ann.client))).read).toEqual([]);
    const { fileKey } = await ann.client.stat(at("/s"));
    space.known?.stop();
    const written = await Promise.all(
      (await readdir(folder))
        .filter((name) => name.startsWith("known-files.db"))
        .map((name) => readFile(join(folder, name))),
    );
    const bytes = Buffer.concat(written);
    expect(bytes.length).toBeGreaterThan(0);
    const secrets = [
      ann.keys.dedupSecret,
      digestOf(fileKey as FileKey),
      ...["secret-name", folder, "a secret"].map(bytesOf),
    ];
    for (const secret of secrets) expect(bytes.includes(Buffer.from(secret))).toBe(false);
  });

  it("KNOWN-7 a row that was damaged, or put in another's place, is not believed", async () => {
    const [one, two] = [await fileAt("one", "content one"), await fileAt("two", "content two")];
    await put(one, "/known-7-one");
    await put(two, "/known-7-two");
    space.known?.stop();
    const sql = new SqlDatabase(database, { durability: "normal" });
    const rows = sql.prepare("SELECT id, sealed FROM known ORDER BY id").all();
    expect(rows.length).toBe(2);
    sql.prepare("UPDATE known SET sealed = ? WHERE id = ?").run(rows[1]?.["sealed"] ?? null, rows[0]?.["id"] ?? null);
    const damaged = Buffer.from(rows[1]?.["sealed"] as Uint8Array);
    damaged.writeUInt8(damaged.readUInt8(20) ^ 1, 20);
    sql.prepare("UPDATE known SET sealed = ? WHERE id = ?").run(damaged, rows[1]?.["id"] ?? null);
    sql.close();
    space.known = knownFiles();
    expect((await readDuring(() => put(one, "/known-7-one", { force: true }))).read).toEqual([one]);
    expect((await readDuring(() => put(two, "/known-7-two", { force: true }))).read).toEqual([two]);
    expect(await textOf(space.client.read(at("/known-7-one")))).toBe("content one");
  });

  it.each([
    ["damaged", () => rm(`${database}-wal`, { force: true }).then(() => writeFile(database, Buffer.alloc(8192, 7)))],
    ["gone", () => rm(`${database}-wal`, { force: true }).then(() => rm(database))],
    [
      "of another version",
      () => {
        const sql = new SqlDatabase(database, { durability: "normal" });
        sql.exec("PRAGMA user_version = 99");
        sql.close();
        return Promise.resolve();
      },
    ],
  ])("KNOWN-8 a file of rows that is %s is made anew: nothing is known, and nothing fails", async (_, spoil) => {
    const path = await fileAt("eight");
    await put(path, "/known-8", { force: true });
    space.known?.stop();
    await spoil();
    space.known = knownFiles();
    expect((await readDuring(() => put(path, "/known-8", { force: true }))).read).toEqual([path]);
    expect((await readDuring(() => put(path, "/known-8", { force: true }))).read).toEqual([]);
  });

  it("KNOWN-8 one that cannot be written costs a warning, and no put", async () => {
    space.known = knownFiles({ path: join(folder, "no", "such", "folder.db") });
    const path = await fileAt("nine");
    for (let time = 0; time < 2; time += 1)
      expect((await readDuring(() => put(path, "/known-9", { force: true }))).read).toEqual([path]);
    expect(warnings.length).toBe(1);
  });

  it("KNOWN-9 with more files than it may have, those that were used longest ago are forgotten", async () => {
    const dayMs = 24 * 60 * 60 * 1000;
    const stamp = { text: "stamp", changedMs: 0 };
    const known = {
      fileKey: await keyOf("x"),
      reference: { depth: "empty", plaintextBytes: 0 },
      storedBytes: 1,
    } as const;
    const value = { ...known, shelf: "00".repeat(16) as never };
    let day = 0;
    const files = knownFiles({ path: join(folder, "few.db"), filesMax: 16, nowMs: () => day * dayMs });
    const rows = files.space(shared.dedupSecret);
    const has = (name: number): boolean => rows.content(`/${name}`, stamp) !== undefined;
    for (day = 1; day <= 16; day += 1) {
      rows.note(`/${day}`, stamp, value, later());
      files.write();
    }
    expect(has(1)).toBe(true); // used today
    rows.note("/17", stamp, value, later());
    files.write();
    expect([1, 2, 3, 4, 17].map(has)).toEqual([true, false, false, true, true]);
  });

  it("KNOWN-10 with checksum every file is read", async () => {
    const path = await fileAt("ten");
    await put(path, "/known-10");
    expect((await readDuring(() => put(path, "/known-10", { checksum: true }))).read).toEqual([path]);
  });

  async function keyOf(name: string): Promise<FileKey> {
    await put(await fileAt(name), `/key-${name}`);
    return (await space.client.stat(at(`/key-${name}`))).fileKey as FileKey;
  }
});
