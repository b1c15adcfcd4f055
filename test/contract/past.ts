/** What every DfsClient does with the past, whatever is behind it. */
import { mkdtempSync } from "node:fs";
import { readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { DfsClient, PutSource, TransferEvent } from "../../src/core/client.ts";
import { toDfsError } from "../../src/core/errors.ts";
import { type DfsPath, resolvePath } from "../../src/core/names.ts";
import { pastRoot } from "../../src/core/past-path.ts";
import type { ContractClient } from "./client.ts";

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

/** The time now, once it is over: what was done before has no later time, and what is done after has one. */
async function moment(): Promise<number> {
  const nowMs = Date.now();
  await vi.waitUntil(() => Date.now() > nowMs);
  return nowMs;
}

/** `path` as it was. */
const then = (timeMs: number, path: string): DfsPath => at(`${pastRoot(timeMs)}${path}`);

/** Runs the suite against a client of an empty network; each test has its own directory. */
export function pastContract(name: string, open: () => Promise<ContractClient>): void {
  describe(`${name} and the past`, () => {
    const folder = mkdtempSync(join(tmpdir(), "past-"));
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

    /** Puts text, and returns the kind of the failure, however that was told, or `ok`. */
    async function put(path: string, content: string, to: DfsClient = client): Promise<string> {
      const bytes = (async function* () {
        yield Buffer.from(content);
      })();
      const source: PutSource = { kind: "stream", bytes, name: "stream" };
      const failures: string[] = [];
      const onEvent = (event: TransferEvent): void => {
        if (event.type === "failed") failures.push(event.error.kind);
      };
      const whole = await kindOf(to.put({ sources: [source], target: at(path), force: true }, { onEvent }));
      return failures[0] ?? whole;
    }

    const textOf = async (path: DfsPath, revision?: number): Promise<string> =>
      Buffer.concat(await collect(client.read(path, { revision }))).toString();

    const pathsBelow = async (path: DfsPath): Promise<string[]> =>
      (await collect(client.walk(path))).map((entry) => entry.path.slice(path.length)).sort();

    it("PAST-4 a path that begins with a time is what was there then: changed, moved, removed, replaced and copied", async () => {
      await client.mkdir(at("/life/deep/er"), { parents: true });
      await put("/life/changed", "one");
      await put("/life/deep/er/moved", "moved");
      await put("/life/removed", "removed");
      await put("/life/replaced", "replaced");
      await put("/life/winner", "winner");
      const before = await moment();
      await put("/life/changed", "two");
      await client.move(at("/life/deep/er/moved"), at("/life/elsewhere"));
      await client.move(at("/life/deep"), at("/life/shallow"));
      await client.remove(at("/life/removed"));
      await client.move(at("/life/winner"), at("/life/replaced"), { force: true });
      await client.copy(at("/life/changed"), at("/life/copied"));
      const between = await moment();
      await client.remove(at("/life"), { recursive: true });

      expect(await pathsBelow(then(before, "/life"))).toEqual(
        ["", "/changed", "/deep", "/deep/er", "/deep/er/moved", "/removed", "/replaced", "/winner"].sort(),
      );
      expect(await pathsBelow(then(between, "/life"))).toEqual(
        ["", "/changed", "/copied", "/elsewhere", "/replaced", "/shallow", "/shallow/er"].sort(),
      );
      const texts = (timeMs: number, names: readonly string[]): Promise<string[]> =>
        Promise.all(names.map((each) => textOf(then(timeMs, `/life/${each}`))));
      expect(await texts(before, ["changed", "deep/er/moved", "removed", "replaced", "winner"])).toEqual([
        "one",
        "moved",
        "removed",
        "replaced",
        "winner",
      ]);
      expect(await texts(between, ["changed", "copied", "elsewhere", "replaced"])).toEqual([
        "two",
        "two",
        "moved",
        "winner",
      ]);
      expect(await kindOf(client.stat(then(between, "/life/removed")))).toBe("not-found");
      expect(await kindOf(client.stat(at("/life")))).toBe("not-found");
    });

    it("PAST-4 every call that reads, reads the past: entries, pages, names, ranges, files to get", async () => {
      await client.mkdir(at("/calls"));
      for (const each of ["a", "b", "c", "d", "e"]) await put(`/calls/${each}.txt`, `content of ${each}`);
      const before = await moment();
      await client.remove(at("/calls"), { recursive: true });
      const past = then(before, "/calls");
      expect(await client.stat(past)).toMatchObject({ kind: "directory", name: "calls", path: past });
      expect(await client.stat(pastRoot(before))).toMatchObject({ kind: "directory", name: pastRoot(before).slice(1) });
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await client.list(past, { cursor, limit: 2 });
        names.push(...page.entries.map((entry) => entry.name));
        cursor = page.next;
      } while (cursor !== undefined);
      expect(names.sort()).toEqual(["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]);
      const page = await client.names(past, { prefix: "c" });
      expect([page.names, page.next]).toEqual([[{ name: "c.txt", kind: "file" }], undefined]);
      const { entries } = await client.entries(past, ["d.txt", "nope", "a.txt"]);
      expect(entries.map((entry) => entry.path)).toEqual([at(`${past}/d.txt`), at(`${past}/a.txt`)]);
      const found = await collect(client.find(past, { names: [{ glob: "[ab]*", ignoreCase: false }] }));
      expect(found.map(({ path }) => path).sort()).toEqual([at(`${past}/a.txt`), at(`${past}/b.txt`)]);
      const range = { offsetBytes: 8, lengthBytes: 2 };
      expect(Buffer.concat(await collect(client.read(at(`${past}/a.txt`), range))).toString()).toBe("of");
      expect(await client.why(at(`${past}/a.txt`))).toMatchObject({ revision: 1, sizeBytes: 12 });
      const target = join(folder, "got");
      const summary = await client.get({ sources: [past], target, recursive: true });
      expect(summary).toMatchObject({ files: 5, failed: 0 });
      expect((await readdir(target)).sort()).toEqual(names);
      expect(await readFile(join(target, "e.txt"), "utf8")).toBe("content of e");
      expect(await kindOf(client.stat(at(`${past}/nope`)))).toBe("not-found");
      expect(await kindOf(client.list(at(`${past}/a.txt`)))).toBe("not-directory");
    });

    it("PAST-5 nothing in the past can be changed, nor moved out of it", async () => {
      await client.mkdir(at("/fixed/inner"), { parents: true });
      await put("/fixed/file", "as it was");
      const before = await moment();
      await put("/fixed/file", "as it is");
      const [top, inner, file] = ["", "/fixed/inner", "/fixed/file"].map((path) => then(before, path));
      if (top === undefined || inner === undefined || file === undefined) throw new Error("three paths");
      const calls: readonly (() => Promise<unknown>)[] = [
        () => client.mkdir(at(`${inner}/new`)),
        () => client.mkdir(at(`${inner}/new/er`), { parents: true }),
        () => client.rmdir(inner),
        () => client.remove(file),
        () => client.remove(then(before, "/fixed"), { recursive: true }),
        () => client.remove(top, { recursive: true }),
        () => client.move(file, at("/fixed/back")),
        () => client.move(at("/fixed/file"), at(`${inner}/in`)),
        () => client.copy(at("/fixed/file"), at(`${inner}/in`)),
        () => client.copy(at("/fixed/file"), file, { force: true }),
        () => client.copy(at("/fixed/inner"), at(`${inner}/in`), { recursive: true }),
        () => client.restore(file, 1),
      ];
      for (const [place, call] of calls.entries()) expect([place, await kindOf(call())]).toEqual([place, "permission"]);
      expect(await put(`${inner}/new`, "new")).toBe("permission");
      expect(await put(file, "another past")).toBe("permission");
      expect(await textOf(file)).toBe("as it was");
      expect(await textOf(at("/fixed/file"))).toBe("as it is");
      expect(await pathsBelow(then(before, "/fixed"))).toEqual(["", "/file", "/inner"]);
    });

    it("PAST-6 what was there is copied back: a file, over one, and a tree, with no data moved", async () => {
      await client.mkdir(at("/back/tree/deep"), { parents: true });
      await put("/back/tree/deep/file", "deep");
      await put("/back/file", "first");
      const before = await moment();
      await put("/back/file", "second");
      await client.remove(at("/back/tree"), { recursive: true });
      const { storedBytes } = await client.space();
      expect(await client.copy(then(before, "/back/file"), at("/back/old"))).toBe(1);
      await client.copy(then(before, "/back/file"), at("/back/file"), { force: true });
      expect(await client.copy(then(before, "/back/tree"), at("/back/tree"), { recursive: true })).toBe(3);
      expect(await Promise.all(["old", "file", "tree/deep/file"].map((path) => textOf(at(`/back/${path}`))))).toEqual([
        "first",
        "first",
        "deep",
      ]);
      expect(await client.stat(at("/back/file"))).toMatchObject({ revision: 3, addedBytes: 0 });
      expect((await client.space()).storedBytes).toBe(storedBytes);
    });

    it("PAST-7 nothing at the root is called as a time; a time to come is not found, and before everything nothing was", async () => {
      await put("/named", "named");
      const door = at("/@2026-11-01T18:00");
      expect(await kindOf(client.mkdir(door))).toBe("invalid-name");
      expect(await kindOf(client.move(at("/named"), at("/@2026-11-01")))).toBe("invalid-name");
      expect(await kindOf(client.copy(at("/named"), at("/@2026-11-01T18:00:01.5+02:00")))).toBe("invalid-name");
      for (const free of ["/@2026-13-01", "/@2026-02-30", "/@home", "/@", "/2026-11-01", "/@2026-11-01x"]) {
        await client.mkdir(at(free));
        await client.rmdir(at(free));
      }
      await client.mkdir(at("/below/@2026-11-01"), { parents: true });
      expect(await pathsBelow(at("/below"))).toEqual(["", "/@2026-11-01"]);
      expect(await kindOf(client.stat(at("/@2999-01-01/named")))).toBe("not-found");
      expect(await kindOf(client.list(at("/@2999-01-01")))).toBe("not-found");
      expect((await client.list(at("/@1999-12-31T23:59Z"))).entries).toEqual([]);
      expect((await client.list(at("/@1901-01-01"))).entries).toEqual([]);
      const roots = (await client.list(at("/"))).entries.map((entry) => entry.name);
      expect(roots.filter((each) => each.startsWith("@"))).toEqual([]);
    });

    it("PAST-8 tells every revision of a file, the newest first, and of a file of the past those up to then", async () => {
      for (const content of ["1", "22", "333"]) await put("/counted", content);
      const before = await moment();
      await put("/counted", "4444");
      const told = async (path: DfsPath): Promise<unknown[]> =>
        (await collect(client.revisions(path))).map(({ revision, sizeBytes, isCurrent }) => [
          revision,
          sizeBytes,
          isCurrent,
        ]);
      expect(await told(at("/counted"))).toEqual([
        [4, 4, true],
        [3, 3, false],
        [2, 2, false],
        [1, 1, false],
      ]);
      const [newest, second] = await collect(client.revisions(at("/counted")));
      expect(newest).toEqual({
        ...newest,
        copies: (await client.stat(at("/counted"))).copies,
        fileKey: (await client.stat(at("/counted"))).fileKey,
        keptUntilMs: undefined,
      });
      expect(second?.committedMs).toBeLessThanOrEqual(newest?.committedMs ?? 0);
      expect(await kindOf(collect(client.revisions(at("/none"))))).toBe("not-found");
      expect(await kindOf(collect(client.revisions(at("/"))))).toBe("is-directory");
      expect(await textOf(at("/counted"), 2)).toBe("22");
      expect(await textOf(then(before, "/counted"))).toBe("333");
      expect(await kindOf(textOf(then(before, "/counted"), 4))).toBe("not-found");
      await client.remove(at("/counted"));
      expect((await told(then(before, "/counted")))[0]).toEqual([3, 3, true]);
    });

    it("PAST-9 restores an earlier revision as the next one, with no data moved", async () => {
      for (const content of ["old", "newer"]) await put("/restored", content);
      const { storedBytes } = await client.space();
      expect(await client.restore(at("/restored"), 1)).toBe(3);
      expect(await textOf(at("/restored"))).toBe("old");
      expect(await textOf(at("/restored"), 2)).toBe("newer");
      expect((await client.space()).storedBytes).toBe(storedBytes);
      expect(await kindOf(client.restore(at("/restored"), 3))).toBe("exists");
      expect(await kindOf(client.restore(at("/restored"), 9))).toBe("not-found");
      expect(await kindOf(client.restore(at("/nothing"), 1))).toBe("not-found");
      expect(await kindOf(client.restore(at("/"), 1))).toBe("is-directory");
      const failure = await client.restore(at("/restored"), 9).catch(toDfsError);
      expect(failure).toMatchObject({ message: "has no revision 9; kept: 1 to 3" });
    });

    it("PAST-10 a transaction reads the past of the network, and brings back what was there", async () => {
      await put("/txn", "first");
      const before = await moment();
      await put("/txn", "second");
      const transaction = await client.begin();
      await put("/txn", "third", transaction);
      expect(Buffer.concat(await collect(transaction.read(then(before, "/txn")))).toString()).toBe("first");
      expect(await transaction.restore(at("/txn"), 1)).toBe(4);
      const told = await collect(transaction.revisions(at("/txn")));
      expect(told.map(({ revision, isCurrent }) => [revision, isCurrent])).toEqual([
        [4, true],
        [3, false],
        [2, false],
        [1, false],
      ]);
      await transaction.copy(then(before, "/txn"), at("/txn-copy"));
      expect(await textOf(at("/txn"))).toBe("second");
      await transaction.commit();
      await transaction.close();
      expect(await Promise.all([textOf(at("/txn")), textOf(at("/txn-copy"))])).toEqual(["first", "first"]);
    });
  });
}
