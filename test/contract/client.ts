/** What every DfsClient does, whatever is behind it. */
import { mkdir, readFile, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DfsClient, Entry, TransferEvent } from "../../src/core/client.ts";
import { toDfsError } from "../../src/core/errors.ts";
import { resolvePath } from "../../src/core/names.ts";
import type { DfsPath } from "../../src/core/names.ts";

export interface ContractClient {
  /** A client of an empty network. */
  readonly client: DfsClient;
  /** Ends whatever the client needed. */
  stop(): Promise<void>;
}

const at = (path: string): DfsPath => resolvePath(path);

async function kindOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (error) {
    return toDfsError(error).kind;
  }
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function text(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await collect(bytes)).toString("utf8");
}

/** Runs the suite against the clients that `open` gives; each test has its own directory, one client serves them all. */
export function clientContract(name: string, open: () => Promise<ContractClient>): void {
  describe(`${name} as a DfsClient`, () => {
    const folder = mkdtempSync(join(tmpdir(), "client-"));
    let contract: ContractClient;
    let client: DfsClient;

    beforeAll(async () => {
      contract = await open();
      client = contract.client;
    });
    afterAll(async () => {
      await client.close();
      await contract.stop();
      await rm(folder, { recursive: true, force: true });
    });

    async function local(path: string, content: string): Promise<string> {
      const whole = join(folder, path);
      await mkdir(join(whole, ".."), { recursive: true });
      await writeFile(whole, content);
      return whole;
    }

    async function put(target: string, content: string, force = false): Promise<void> {
      const bytes = (async function* () {
        yield Buffer.from(content);
      })();
      const source = { kind: "stream", bytes, name: "stream" } as const;
      const summary = await client.put({ sources: [source], target: at(target), force });
      expect(summary.failed).toBe(0);
    }

    async function names(path: string): Promise<string[]> {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await client.list(at(path), { cursor, limit: 2 });
        expect(page.entries.length).toBeLessThanOrEqual(2);
        found.push(...page.entries.map((entry) => entry.name));
        cursor = page.next;
      } while (cursor !== undefined);
      return found.sort();
    }

    it("CLIENT-1 the root is a directory", async () => {
      expect(await client.stat(at("/"))).toMatchObject({
        kind: "directory",
        path: "/",
        name: "/",
        sizeBytes: 0,
        revision: 0,
      });
    });

    it("CLIENT-2 makes, lists and removes directories", async () => {
      await client.mkdir(at("/dirs"));
      await client.mkdir(at("/dirs/a/b/c"), { parents: true });
      await client.mkdir(at("/dirs/a/b"), { parents: true });
      expect(await kindOf(client.mkdir(at("/dirs/a")))).toBe("exists");
      expect(await kindOf(client.mkdir(at("/dirs/x/y")))).toBe("not-found");
      expect(await kindOf(client.rmdir(at("/dirs/a")))).toBe("not-empty");
      expect(await kindOf(client.rmdir(at("/dirs/nope")))).toBe("not-found");
      expect(await kindOf(client.rmdir(at("/")))).toBe("permission");
      await client.rmdir(at("/dirs/a/b/c"));
      expect(await names("/dirs/a/b")).toEqual([]);
      expect(await kindOf(client.list(at("/dirs/nope")))).toBe("not-found");
    });

    it("CLIENT-3 pages a directory, every entry once", async () => {
      await client.mkdir(at("/pages"));
      const wanted = ["a", "b", "c", "d", "e", "ä", "猫"];
      for (const each of wanted) await client.mkdir(at(`/pages/${each}`));
      expect(await names("/pages")).toEqual(wanted.toSorted());
    });

    it("CLIENT-4 puts a local file with its mode and time", async () => {
      await client.mkdir(at("/files"));
      const path = await local("report.txt", "hello");
      await utimes(path, 1_600_000_000, 1_600_000_000);
      const events: TransferEvent[] = [];
      const summary = await client.put(
        { sources: [{ kind: "path", path }], target: at("/files") },
        { onEvent: (event) => events.push(event) },
      );
      expect(summary).toMatchObject({ files: 1, bytes: 5, failed: 0, unchanged: 0 });
      expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["found", "started", "done"]));
      const entry = await client.stat(at("/files/report.txt"));
      expect(entry).toMatchObject({
        kind: "file",
        name: "report.txt",
        sizeBytes: 5,
        revision: 1,
        modifiedMs: 1_600_000_000_000,
      });
      expect(entry.mode & 0o777).toBe((await stat(path)).mode & 0o777);
      expect(entry.fileKey).toMatch(/^bafyrei/);
      expect(await text(client.read(at("/files/report.txt")))).toBe("hello");
    });

    it("CLIENT-5 a target that is no directory is the new name", async () => {
      const path = await local("named.txt", "named");
      await client.put({ sources: [{ kind: "path", path }], target: at("/other-name") });
      expect(await text(client.read(at("/other-name")))).toBe("named");
      expect(await kindOf(client.put({ sources: [{ kind: "path", path }], target: at("/nope/name") }))).toBe(
        "not-found",
      );
      expect(
        await kindOf(client.put({ sources: [{ kind: "path", path: join(folder, "missing") }], target: at("/") })),
      ).toBe("not-found");
    });

    it("CLIENT-6 puts streams of any size, and reads ranges of them", async () => {
      const content = "0123456789".repeat(200_000);
      await put("/big", content);
      expect(await client.stat(at("/big"))).toMatchObject({ sizeBytes: content.length });
      expect(await text(client.read(at("/big")))).toBe(content);
      expect(await text(client.read(at("/big"), { offsetBytes: 1_234_567, lengthBytes: 15 }))).toBe("789012345678901");
      expect(await text(client.read(at("/big"), { offsetBytes: -5 }))).toBe("56789");
      expect(await text(client.read(at("/big"), { offsetBytes: content.length + 5 }))).toBe("");
      expect(await text(client.read(at("/big"), { lengthBytes: 0 }))).toBe("");
      await put("/empty", "");
      expect(await client.stat(at("/empty"))).toMatchObject({ sizeBytes: 0, revision: 1 });
      expect(await text(client.read(at("/empty")))).toBe("");
    });

    it("CLIENT-7 an existing file needs force, and then gets a new revision", async () => {
      await put("/versions", "first");
      const path = await local("versions", "second");
      const request = { sources: [{ kind: "path", path }], target: at("/versions") } as const;
      const events: TransferEvent[] = [];
      const kind = await kindOf(client.put(request, { onEvent: (event) => events.push(event) }));
      const failures = events.flatMap((event) => (event.type === "failed" ? [event.error.kind] : []));
      expect(kind === "ok" ? failures : [kind]).toEqual(["exists"]);
      expect(await text(client.read(at("/versions")))).toBe("first");
      await client.put({ ...request, force: true });
      expect(await client.stat(at("/versions"))).toMatchObject({ revision: 2 });
      expect(await text(client.read(at("/versions")))).toBe("second");
      expect(await text(client.read(at("/versions"), { revision: 1 }))).toBe("first");
      expect(await kindOf(text(client.read(at("/versions"), { revision: 9 })))).toBe("not-found");
      expect(await client.put(request)).toMatchObject({ unchanged: 1, failed: 0, newChunks: 0 });
      expect(await client.stat(at("/versions"))).toMatchObject({ revision: 2 });
    });

    it("CLIENT-8 puts and gets trees", async () => {
      await local("tree/a.txt", "a");
      await local("tree/sub/b.txt", "b");
      await mkdir(join(folder, "tree/empty"), { recursive: true });
      const source = { kind: "path", path: join(folder, "tree") } as const;
      expect(await kindOf(client.put({ sources: [source], target: at("/tree") }))).toBe("is-directory");
      const summary = await client.put({ sources: [source], target: at("/tree"), recursive: true });
      expect(summary).toMatchObject({ files: 2, bytes: 2, failed: 0, directories: 3 });
      const walked = (await collect(client.walk(at("/tree")))).map(({ path }) => path);
      expect(walked.toSorted()).toEqual(["/tree", "/tree/a.txt", "/tree/empty", "/tree/sub", "/tree/sub/b.txt"]);
      expect(walked[0]).toBe("/tree");
      expect(walked.indexOf(at("/tree/sub"))).toBe(walked.indexOf(at("/tree/sub/b.txt")) - 1);
      expect(await kindOf(client.get({ sources: [at("/tree")], target: join(folder, "back") }))).toBe("is-directory");
      expect(await client.get({ sources: [at("/tree")], target: join(folder, "back"), recursive: true })).toMatchObject(
        { files: 2, failed: 0 },
      );
      expect((await readdir(join(folder, "back"), { recursive: true })).toSorted()).toEqual([
        "a.txt",
        "empty",
        "sub",
        "sub/b.txt",
      ]);
      expect(await readFile(join(folder, "back/sub/b.txt"), "utf8")).toBe("b");
    });

    it("CLIENT-9 gets a file with its time, and replaces one only with force", async () => {
      const path = await local("timed", "timed");
      await utimes(path, 1_500_000_000, 1_500_000_000);
      await client.put({ sources: [{ kind: "path", path }], target: at("/timed") });
      const target = join(folder, "timed-back");
      expect(await client.get({ sources: [at("/timed")], target })).toMatchObject({ files: 1, bytes: 5, failed: 0 });
      expect((await stat(target)).mtimeMs).toBe(1_500_000_000_000);
      await writeFile(target, "mine");
      const events: TransferEvent[] = [];
      const kind = await kindOf(
        client.get({ sources: [at("/timed")], target }, { onEvent: (event) => events.push(event) }),
      );
      const failures = events.flatMap((event) => (event.type === "failed" ? [event.error.kind] : []));
      expect(kind === "ok" ? failures : [kind]).toEqual(["exists"]);
      expect(await readFile(target, "utf8")).toBe("mine");
      await client.get({ sources: [at("/timed")], target, force: true });
      expect(await readFile(target, "utf8")).toBe("timed");
      expect((await readdir(folder)).filter((each) => each.endsWith(".part"))).toEqual([]);
      expect(await kindOf(client.get({ sources: [at("/nope")], target }))).toBe("not-found");
    });

    it("CLIENT-10 a dry run changes nothing", async () => {
      const path = await local("dry", "dry");
      const events: TransferEvent[] = [];
      const onEvent = (event: TransferEvent): unknown => events.push(event);
      await client.put({ sources: [{ kind: "path", path }], target: at("/dry"), dryRun: true }, { onEvent });
      expect(events).toContainEqual(expect.objectContaining({ type: "done", outcome: "would-write" }));
      expect(await kindOf(client.stat(at("/dry")))).toBe("not-found");
    });

    it("CLIENT-11 removes files and trees", async () => {
      await client.mkdir(at("/gone/sub"), { parents: true });
      await put("/gone/a", "a");
      await put("/gone/sub/b", "b");
      expect(await kindOf(client.remove(at("/gone")))).toBe("is-directory");
      expect(await client.remove(at("/gone/a"))).toBe(1);
      expect(await client.remove(at("/gone"), { recursive: true })).toBe(3);
      expect(await kindOf(client.stat(at("/gone/sub/b")))).toBe("not-found");
      expect(await kindOf(client.remove(at("/gone")))).toBe("not-found");
      expect(await kindOf(client.remove(at("/"), { recursive: true }))).toBe("permission");
    });

    it("CLIENT-12 moves files and directories", async () => {
      await client.mkdir(at("/move/from/deep"), { parents: true });
      await put("/move/from/f", "f");
      await put("/move/there", "there");
      expect(await kindOf(client.move(at("/move/from/f"), at("/move/there")))).toBe("exists");
      await client.move(at("/move/from/f"), at("/move/there"), { force: true });
      expect(await text(client.read(at("/move/there")))).toBe("f");
      expect(await kindOf(client.stat(at("/move/from/f")))).toBe("not-found");
      await client.move(at("/move/from"), at("/move/to"));
      expect(await names("/move")).toEqual(["there", "to"]);
      expect(await kindOf(client.move(at("/move/to"), at("/move/to/deep/x")))).toBe("usage");
      expect(await kindOf(client.move(at("/move/nope"), at("/move/x")))).toBe("not-found");
      expect(await kindOf(client.move(at("/move/there"), at("/move/nope/x")))).toBe("not-found");
    });

    it("CLIENT-13 copies files and trees", async () => {
      await client.mkdir(at("/copy/a"), { parents: true });
      await put("/copy/a/f", "f");
      expect(await kindOf(client.copy(at("/copy/a"), at("/copy/b")))).toBe("is-directory");
      expect(await client.copy(at("/copy/a"), at("/copy/b"), { recursive: true })).toBe(2);
      expect(await text(client.read(at("/copy/b/f")))).toBe("f");
      expect(await kindOf(client.copy(at("/copy/a/f"), at("/copy/b/f")))).toBe("exists");
      expect(await kindOf(client.copy(at("/copy/a"), at("/copy/a/inside"), { recursive: true }))).toBe("usage");
      await put("/copy/a/f", "changed", true);
      expect(await text(client.read(at("/copy/b/f")))).toBe("f");
    });

    it("CLIENT-14 a file is no directory, and a directory no file", async () => {
      await put("/plain", "x");
      expect(await kindOf(client.stat(at("/plain/x")))).toMatch(/^not-(found|directory)$/);
      expect(await kindOf(client.list(at("/plain")))).toBe("not-directory");
      expect(await kindOf(client.rmdir(at("/plain")))).toBe("not-directory");
      expect(await kindOf(client.mkdir(at("/plain/x")))).toBe("not-directory");
      expect(await kindOf(text(client.read(at("/"))))).toBe("is-directory");
      expect(await kindOf(client.why(at("/")))).toBe("is-directory");
    });

    it("CLIENT-15 tells why a file is safe", async () => {
      await put("/safe", "safe");
      const report = await client.why(at("/safe"));
      expect(report).toMatchObject({ path: "/safe", revision: 1, sizeBytes: 4, chunks: 1 });
      expect(report.fileKey).toBe((await client.stat(at("/safe"))).fileKey);
      expect(report.chain.length).toBeGreaterThan(0);
      expect(report.failuresToLoss).toBe(
        report.holders.filter((holder) => holder.answered && holder.complete).length - 1,
      );
      expect(await kindOf(client.why(at("/nope")))).toBe("not-found");
    });

    it("CLIENT-16 tells of the network", async () => {
      const status = await client.status();
      const peers = await client.peers();
      expect(status.peers.up).toBe(peers.filter((peer) => peer.state === "up").length);
      expect(peers.filter((peer) => peer.self).map(({ id }) => id)).toEqual([status.self.id]);
      expect((await client.fingers()).self).toBe(status.self.id);
      expect((await client.invite()).text).toMatch(/^\S+$/);
    });

    it("CLIENT-17 a cancelled call fails as interrupted", async () => {
      const signal = AbortSignal.abort();
      expect(await kindOf(client.stat(at("/"), { signal }))).toBe("interrupted");
      expect(await kindOf(collect<Entry>(client.walk(at("/"), { signal })))).toBe("interrupted");
      const path = await local("cancelled", "x");
      expect(await kindOf(client.put({ sources: [{ kind: "path", path }], target: at("/") }, { signal }))).toBe(
        "interrupted",
      );
    });
  });
}
