/** What every DfsClient does, whatever is behind it. */
import { mkdir, readFile, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { DfsClient, Entry, PutRequest, PutSource, TransferEvent } from "../../src/core/client.ts";
import { toDfsError } from "../../src/core/errors.ts";
import type { FindQuery } from "../../src/core/find-query.ts";
import { parsePeerName } from "../../src/core/ids.ts";
import { copiesMax } from "../../src/core/limits.ts";
import { resolvePath } from "../../src/core/names.ts";
import { checkNames } from "../shell/memory-checks.ts";
import type { DfsPath } from "../../src/core/names.ts";
import { directoryNamesContract } from "./directory-names.ts";
import { undoContract } from "./undo.ts";

export interface ContractClient {
  /** A client of an empty network. */
  readonly client: DfsClient;
  /** Lets this much time pass for the network; without it the tests wait for real time. */
  readonly advance?: ((ms: number) => Promise<void>) | undefined;
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

function streamOf(content: string): PutSource {
  const bytes = (async function* () {
    yield Buffer.from(content);
  })();
  return { kind: "stream", bytes, name: "stream" };
}

/** What became of the put of one stream: `ok`, or the kind and message of its failure, however that was told. */
async function putOutcome(
  client: DfsClient,
  target: string,
  content: string,
  request: Partial<PutRequest> = {},
): Promise<{ readonly kind: string; readonly message: string }> {
  const outcomes: { kind: string; message: string }[] = [];
  const onEvent = (event: TransferEvent): void => {
    if (event.type === "failed") outcomes.push(event.error);
  };
  try {
    await client.put({ sources: [streamOf(content)], target: at(target), ...request }, { onEvent });
  } catch (error) {
    outcomes.push(toDfsError(error));
  }
  return outcomes[0] ?? { kind: "ok", message: "" };
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
      const summary = await client.put({ sources: [streamOf(content)], target: at(target), force });
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

    directoryNamesContract(() => client);
    undoContract(() => client);

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

    it("CLIENT-32 one of several sources that cannot be transferred keeps the others from nothing", async () => {
      const names = ["several/a.txt", "several/b.txt", "several/bad\u0001.txt"];
      const paths = await Promise.all(names.map((name) => local(name, name)));
      await local("several/sub/c.txt", "c");
      await client.mkdir(at("/several/sub"), { parents: true });
      const failures: string[] = [];
      const onEvent = (event: TransferEvent): void => {
        if (event.type === "failed") failures.push(`${event.path.slice(-9)}: ${event.error.kind}`);
      };
      const [a, b, bad] = paths.map((path) => ({ kind: "path", path }) as const);
      const sub = { kind: "path", path: join(folder, "several/sub") } as const;
      const put = { sources: [a, sub, bad, b] as PutSource[], target: at("/several") };
      expect(await client.put(put, { onEvent })).toMatchObject({ files: 2, failed: 2, directories: 0 });
      expect(failures).toEqual([expect.stringMatching(/sub: is-directory$/), expect.stringMatching(/: invalid-name$/)]);
      failures.length = 0;
      const back = join(folder, "several-back");
      await mkdir(back);
      const get = { sources: [at("/several/sub"), at("/several/a.txt")], target: back };
      expect(await client.get(get, { onEvent })).toMatchObject({ files: 1, failed: 1, directories: 0 });
      expect(failures).toEqual([expect.stringMatching(/sub: is-directory$/)]);
      expect(await readdir(back)).toEqual(["a.txt"]);
    });

    it("FIND-2 finds names by every test, as soon as they are there", async () => {
      await client.mkdir(at("/wood/deep"), { parents: true });
      await client.put({ sources: [streamOf("x")], target: at("/wood/Twig.bark") });
      await client.put({ sources: [streamOf("leaves")], target: at("/wood/deep/leaf.bark") });
      const found = async (query: FindQuery, path = "/wood"): Promise<string[]> =>
        (await collect(client.find(at(path), query))).map((each) => each.path).toSorted();
      expect(await found({})).toEqual(["/wood", "/wood/Twig.bark", "/wood/deep", "/wood/deep/leaf.bark"]);
      expect(await found({ names: [{ glob: "*.BARK", ignoreCase: true }] }, "/")).toEqual([
        "/wood/Twig.bark",
        "/wood/deep/leaf.bark",
      ]);
      expect(await found({ names: [{ glob: "*.BARK", ignoreCase: false }] })).toEqual([]);
      expect(await found({ kinds: ["directory"], depthMin: 1 })).toEqual(["/wood/deep"]);
      expect(await found({ sizeMinBytes: 2, kinds: ["file"] })).toEqual(["/wood/deep/leaf.bark"]);
      expect(await found({ depthMax: 1 })).toEqual(["/wood", "/wood/Twig.bark", "/wood/deep"]);
      const { modifiedMs } = await client.stat(at("/wood/Twig.bark"));
      expect(await found({ names: [{ glob: "T*", ignoreCase: false }], modifiedAfterMs: modifiedMs })).toEqual([]);
      expect(await found({ names: [{ glob: "T*", ignoreCase: false }], modifiedUntilMs: modifiedMs })).toHaveLength(1);
      const [whole] = await collect(client.find(at("/wood"), { sizeMinBytes: 2 }, { whole: true }));
      expect(whole?.entry).toEqual(await client.stat(at("/wood/deep/leaf.bark")));
      await client.move(at("/wood/deep"), at("/deeper"));
      expect(await found({ names: [{ glob: "leaf*", ignoreCase: false }] }, "/")).toEqual(["/deeper/leaf.bark"]);
      await client.remove(at("/deeper"), { recursive: true });
      expect(await found({ names: [{ glob: "leaf*", ignoreCase: false }] }, "/")).toEqual([]);
      expect(await kindOf(collect(client.find(at("/wood/none"), {})))).toBe("not-found");
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
      expect((await readdir(folder)).filter((each) => each.includes("part"))).toEqual([]);
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
      expect(report.chain[0]).toMatchObject({ standing: "owner", state: "up" });
      expect(report.copiesWanted).toBe((await client.policy()).copies);
      expect(report.failuresToLoss).toBe(
        report.holders.filter((holder) => holder.answered && holder.complete).length - 1,
      );
      expect(await kindOf(client.why(at("/nope")))).toBe("not-found");
    });

    it("CLIENT-16 tells of the network", async () => {
      const status = await client.status();
      const peers = await client.peers();
      for (const state of ["up", "suspect", "down", "out"] as const)
        expect(status.peers[state]).toBe(peers.filter((peer) => peer.state === state).length);
      expect(status.safety.copies).toBe((await client.policy()).copies);
      expect(status.safety.unreadableRevisions).toBe(0);
      expect(status.store.missing).toBe(0);
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

    it("CLIENT-18 a put that names a revision replaces only that one, and 0 only nothing", async () => {
      const target = "/if-revision";
      const put = (content: string, ifRevision: number) => putOutcome(client, target, content, { ifRevision });
      expect(await put("none", 1)).toMatchObject({ kind: "conflict" });
      expect(await put("first", 0)).toMatchObject({ kind: "ok" });
      expect(await put("again", 0)).toMatchObject({ kind: "conflict", message: expect.stringMatching(/\b1\b/) });
      expect(await put("second", 1)).toMatchObject({ kind: "ok" });
      expect(await put("late", 1)).toMatchObject({ kind: "conflict", message: expect.stringMatching(/\b2\b/) });
      expect(await text(client.read(at(target)))).toBe("second");
      expect(await client.stat(at(target))).toMatchObject({ revision: 2 });
    });

    it("CLIENT-18 a revision can be named for one file only", async () => {
      const path = await local("if-revision/a", "a");
      const directory = { kind: "path", path: join(folder, "if-revision") } as const;
      const request = { target: at("/"), recursive: true, ifRevision: 0 };
      const both = { ...request, sources: [{ kind: "path", path } as const, directory] };
      expect(await kindOf(client.put(both))).toBe("usage");
      expect(await kindOf(client.put({ ...request, sources: [directory] }))).toBe("usage");
    });

    it("CLIENT-19 a file with an expiry goes away by itself, and a new revision without one stays", async () => {
      const expiresMs = Date.now() + 1500;
      expect(await putOutcome(client, "/expires", "same", { expiresMs })).toMatchObject({ kind: "ok" });
      expect(await putOutcome(client, "/stays", "same", { expiresMs })).toMatchObject({ kind: "ok" });
      expect(await client.stat(at("/expires"))).toMatchObject({ expiresMs, revision: 1 });
      expect((await client.list(at("/"))).entries).toContainEqual(expect.objectContaining({ name: "expires" }));
      await put("/stays", "same", true);
      expect((await client.stat(at("/stays"))).expiresMs).toBeUndefined();
      await contract.advance?.(1500);
      await vi.waitFor(async () => expect(await kindOf(client.stat(at("/expires")))).toBe("not-found"), {
        timeout: 20_000,
        interval: 100,
      });
      expect(Date.now()).toBeGreaterThanOrEqual(contract.advance === undefined ? expiresMs : 0);
      expect(await text(client.read(at("/stays")))).toBe("same");
      await put("/expires", "new");
      expect((await client.stat(at("/expires"))).expiresMs).toBeUndefined();
    });

    it("CLIENT-19 an expiry that has passed is refused, a copy stays and a moved file keeps its own", async () => {
      expect(await putOutcome(client, "/past", "x", { expiresMs: 1 })).toMatchObject({ kind: "usage" });
      expect(await kindOf(client.stat(at("/past")))).toBe("not-found");
      const expiresMs = Date.now() + 3_600_000;
      await putOutcome(client, "/later", "x", { expiresMs });
      await client.copy(at("/later"), at("/later-copy"));
      await client.move(at("/later"), at("/later-moved"));
      expect((await client.stat(at("/later-copy"))).expiresMs).toBeUndefined();
      expect((await client.stat(at("/later-moved"))).expiresMs).toBe(expiresMs);
    });

    it("CLIENT-20 a transaction sees its own changes, others see them once it is committed", async () => {
      await client.mkdir(at("/txn"));
      await put("/txn/old", "old");
      await put("/txn/gone", "gone");
      const transaction = await client.begin();
      await transaction.mkdir(at("/txn/new"));
      expect(await putOutcome(transaction, "/txn/new/f", "inside")).toMatchObject({ kind: "ok" });
      expect(await putOutcome(transaction, "/txn/old", "changed", { ifRevision: 1 })).toMatchObject({ kind: "ok" });
      await transaction.remove(at("/txn/gone"));
      await transaction.move(at("/txn/new"), at("/txn/moved"));
      expect(await text(transaction.read(at("/txn/moved/f")))).toBe("inside");
      expect(await transaction.stat(at("/txn/old"))).toMatchObject({ revision: 2, sizeBytes: 7 });
      const walked = (await collect(transaction.walk(at("/txn")))).map(({ path }) => path);
      expect(walked.toSorted()).toEqual(["/txn", "/txn/moved", "/txn/moved/f", "/txn/old"]);
      expect(await kindOf(transaction.mkdir(at("/txn/moved")))).toBe("exists");
      expect(await names("/txn")).toEqual(["gone", "old"]);
      expect(await text(client.read(at("/txn/old")))).toBe("old");
      expect(await transaction.commit()).toEqual({ changes: 5 });
      await transaction.close();
      expect(await names("/txn")).toEqual(["moved", "old"]);
      expect(await text(client.read(at("/txn/moved/f")))).toBe("inside");
      expect(await text(client.read(at("/txn/old")))).toBe("changed");
    });

    it("CLIENT-21 a transaction fails as a whole when somebody else changed what it rests on", async () => {
      await client.mkdir(at("/race"));
      await put("/race/f", "first");
      const transaction = await client.begin();
      await transaction.mkdir(at("/race/before"));
      await putOutcome(transaction, "/race/f", "mine", { force: true });
      await transaction.mkdir(at("/race/after"));
      await put("/race/f", "theirs", true);
      expect(await kindOf(transaction.commit())).toBe("conflict");
      await transaction.close();
      expect(await names("/race")).toEqual(["f"]);
      expect(await text(client.read(at("/race/f")))).toBe("theirs");
      expect(await client.stat(at("/race/f"))).toMatchObject({ revision: 2 });
    });

    it("CLIENT-22 a transaction that is not committed never happened, and one that ended takes no more", async () => {
      await client.mkdir(at("/abandoned"));
      const abandoned = await client.begin();
      await abandoned.mkdir(at("/abandoned/a"));
      await putOutcome(abandoned, "/abandoned/f", "x");
      await abandoned.close();
      expect(await names("/abandoned")).toEqual([]);
      const empty = await client.begin();
      expect(await kindOf(empty.begin())).toBe("usage");
      expect(await empty.commit()).toEqual({ changes: 0 });
      expect(await kindOf(empty.mkdir(at("/abandoned/late")))).toBe("usage");
      expect(await kindOf(empty.stat(at("/abandoned")))).toBe("usage");
      expect(await kindOf(empty.commit())).toBe("usage");
      await empty.close();
      expect(await names("/abandoned")).toEqual([]);
    });

    it("CLIENT-23 on a healthy network stale answers are hardly older than others", async () => {
      const { ageMs, hasQuorum, servedBy } = await client.staleness();
      expect(hasQuorum).toBe(true);
      expect(ageMs).toBeGreaterThanOrEqual(0);
      expect(ageMs).toBeLessThan(5000);
      expect((await client.peers()).map(({ name }) => name)).toContain(servedBy);
      await put("/stale", "known");
      const stale = true;
      await vi.waitFor(() => client.stat(at("/stale"), { stale }), { timeout: 5000, interval: 20 });
      expect(await client.stat(at("/stale"), { stale })).toEqual(await client.stat(at("/stale")));
      expect((await client.list(at("/"), { stale })).entries.length).toBeGreaterThan(0);
      expect(await collect(client.walk(at("/stale"), { stale }))).toHaveLength(1);
      expect(await text(client.read(at("/stale"), { stale }))).toBe("known");
      expect((await client.why(at("/stale"), { stale })).sizeBytes).toBe(5);
      const target = join(folder, "stale");
      expect(await client.get({ sources: [at("/stale")], target }, { stale })).toMatchObject({ files: 1, failed: 0 });
      expect(await kindOf(client.stat(at("/nope"), { stale }))).toBe("not-found");
    });

    it("CLIENT-24 tells of the coordinators' group, and refuses to break it", async () => {
      const { self, group } = await client.status();
      expect(group).toMatchObject({ hasQuorum: true, leader: self.name });
      expect(group.appliedIndex).toBeLessThanOrEqual(group.commitIndex);
      expect(group.term).toBeGreaterThan(0);
      const leader = group.members.filter(({ isLeader }) => isLeader);
      expect(leader).toMatchObject([{ name: self.name, role: "voter", isActive: true, lagEntries: 0 }]);
      await client.changeCoordinator("add", self.name);
      await client.changeCoordinator("transfer", self.name);
      expect(await kindOf(client.changeCoordinator("remove", self.name))).toBe("usage");
      expect(await kindOf(client.changeCoordinator("transfer", parsePeerName("nobody-here")))).toBe("not-found");
      expect((await client.status()).group).toMatchObject({ hasQuorum: true, leader: self.name });
    });

    it("CLIENT-25 a put may say on how many disks its files are to be, and tells on how many they are", async () => {
      const { copies: wanted } = await client.policy();
      const stores = (await client.peers()).filter(({ capacityBytes }) => capacityBytes > 0);
      const usual = Math.min(wanted, stores.length);
      const path = await local("copies", "one disk");
      const sources = [{ kind: "path", path } as const];
      const told: number[] = [];
      const onEvent = (event: TransferEvent): void => {
        if (event.type === "done") told.push(event.copies);
      };
      const one = await client.put({ sources, target: at("/copies"), copies: 1 }, { onEvent });
      expect(one).toMatchObject({ failed: 0, copies: 1, copiesWanted: 1 });
      expect(told).toEqual([1]);
      expect((await client.stat(at("/copies"))).copies).toBe(1);
      expect((await client.why(at("/copies"))).copiesWanted).toBe(1);
      expect(await client.put({ sources, target: at("/copies-usual") })).toMatchObject({ copiesWanted: usual });
      for (const copies of [0, copiesMax + 1, 1.5])
        expect(await putOutcome(client, "/copies-refused", "x", { copies })).toMatchObject({ kind: "usage" });
      expect(await kindOf(client.stat(at("/copies-refused")))).toBe("not-found");
    });

    it("CLIENT-26 tells of every shelf and its chain, the owner first", async () => {
      const count = async (): Promise<number> =>
        (await client.backup()).reduce((sum, { revisions }) => sum + revisions, 0);
      const before = await count();
      await put("/backed-up", "x");
      expect(await count()).toBe(before + 1);
      const shelves = await client.backup();
      const peers = new Map((await client.peers()).map(({ id, name }) => [id, name]));
      expect(shelves.length).toBeGreaterThan(0);
      for (const { home, wanted, epoch, bytes, links } of shelves) {
        expect([...peers.values()]).toContain(home);
        expect(Math.min(wanted, epoch)).toBeGreaterThanOrEqual(1);
        expect(bytes).toBeGreaterThanOrEqual(0);
        expect(links.map(({ standing }) => standing).indexOf("owner")).toBe(0);
        expect(new Set(links.map(({ id }) => id)).size).toBe(links.length);
        for (const { id, name } of links) expect(peers.get(id)).toBe(name);
      }
    });

    it("CLIENT-27 tells where the space is", async () => {
      const before = await client.space();
      await put("/space", "unlike anything else in this network");
      const after = await client.space();
      expect(after.logicalBytes).toBe(before.logicalBytes + 36);
      expect(after.storedBytes).toBeGreaterThan(before.storedBytes);
      expect(after.own.diskBytes).toBeGreaterThanOrEqual(after.own.liveBytes);
      const storing = (await client.peers()).filter(({ capacityBytes }) => capacityBytes > 0);
      expect(after.peers.map(({ name }) => name)).toEqual(storing.map(({ name }) => name));
      for (const { capacityBytes, freeBytes } of after.peers) expect(freeBytes).toBeLessThanOrEqual(capacityBytes);
    });

    it("CLIENT-28 the policy changes as far as is asked, within its range", async () => {
      const before = await client.policy();
      expect(before.copies).toBeGreaterThanOrEqual(1);
      const changed = { ...before, retainRevisions: before.retainRevisions + 1, retainMs: 12 * 3_600_000 };
      const { retainRevisions, retainMs } = changed;
      expect(await client.setPolicy({ retainRevisions, retainMs })).toEqual(changed);
      expect(await client.policy()).toEqual(changed);
      expect(await client.setPolicy({ copies: 1 })).toEqual({ ...changed, copies: 1 });
      for (const wrong of [
        { copies: 0 },
        { copies: copiesMax + 1 },
        { minCopies: 0 },
        { retainRevisions: 0 },
        { retainMs: -1 },
      ])
        expect(await kindOf(client.setPolicy(wrong))).toBe("usage");
      expect(await client.policy()).toEqual({ ...changed, copies: 1 });
      expect(await client.setPolicy(before)).toEqual(before);
    });

    it("CLIENT-29 orders about storage name a peer that there is, and never take the last disk", async () => {
      const nobody = parsePeerName("nobody-here");
      expect(await kindOf(client.orderStorage(nobody, "drain"))).toBe("not-found");
      expect(await kindOf(client.drainProgress(nobody))).toBe("not-found");
      const { self } = await client.status();
      const storing = (await client.peers()).filter(({ capacityBytes }) => capacityBytes > 0);
      const others = storing.filter(({ name }) => name !== self.name).map(({ name }) => name);
      for (const name of others) await client.orderStorage(name, "drain");
      expect(await kindOf(client.orderStorage(self.name, "remove"))).toBe("usage");
      for (const name of others) await client.orderStorage(name, null);
      await client.orderStorage(self.name, null);
      for (const { storageOrder } of await client.peers()) expect(storageOrder).toBeUndefined();
    });

    it("GATE-4 nobody revokes itself, nor a peer that there is not", async () => {
      expect(await kindOf(client.revokePeer(parsePeerName("nobody-here")))).toBe("not-found");
      const { self } = await client.status();
      expect(await kindOf(client.revokePeer(self.name, { force: true }))).toBe("usage");
      expect((await client.peers()).map(({ name }) => name)).toContain(self.name);
    });

    it("CLIENT-30 checks the disks that are asked for, and tells how far it is", async () => {
      const storing = (await client.peers()).filter(({ capacityBytes }) => capacityBytes > 0).map(({ name }) => name);
      const told = new Set<string>();
      const all = await client.fsck({ onProgress: ({ peer }) => void told.add(peer) });
      expect(all.map(({ peer }) => peer).toSorted()).toEqual(storing.toSorted());
      expect([...told].toSorted()).toEqual(storing.toSorted());
      for (const result of all) expect(result).toMatchObject({ isDone: true, damaged: 0, mended: 0 });
      expect(all.map(({ error }) => error)).toEqual(storing.map(() => undefined));
      const first = storing.slice(0, 1);
      expect((await client.fsck({ peers: first })).map(({ peer }) => peer)).toEqual(first);
      expect(await kindOf(client.fsck({ peers: [parsePeerName("nobody-here")] }))).toBe("not-found");
    });

    it("CLIENT-31 makes every check once, in the order of the areas, with advice for all that is not well", async () => {
      const results = await collect(client.checks());
      expect(results.map(({ area, name }) => [area, name])).toEqual(checkNames);
      for (const { name, outcome, found, advice } of results) {
        expect(found, name).not.toBe("");
        expect(advice === undefined, name).toBe(outcome === "ok");
      }
      expect(results.filter(({ outcome }) => outcome === "fault")).toEqual([]);
      expect(await kindOf(collect(client.checks({ signal: AbortSignal.abort() })))).toBe("interrupted");
    });
  });
}
