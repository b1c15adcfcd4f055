/** The past of trees whose keys change, that others write to, and that coordinators lie about. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DfsError } from "../../src/core/errors.ts";
import type { NodeId } from "../../src/core/ids.ts";
import type { DfsPath } from "../../src/core/names.ts";
import { pastRoot } from "../../src/core/past-path.ts";
import type { Keyring } from "../../src/identity/keyring.ts";
import { openWrap } from "../../src/identity/wrap.ts";
import { Namespace } from "../../src/peer/namespace.ts";
import { ok, shared } from "../catalogue/world.ts";
import { FileSpace, type SpaceUser, at, putText, readerOf, textOf } from "./file-space.ts";

let space: FileSpace;
let ann: SpaceUser;
let bob: SpaceUser;

beforeEach(async () => {
  space = new FileSpace();
  await space.start();
  [ann, bob] = space.withUsers("ann", "bob") as [SpaceUser, SpaceUser];
});
afterEach(() => space.stop());

/** The time now, once it is over. */
async function moment(): Promise<number> {
  const nowMs = Date.now();
  await vi.waitUntil(() => Date.now() > nowMs);
  return nowMs;
}

const then = (timeMs: number, path: string): DfsPath => at(`${pastRoot(timeMs)}${path}`);
const read = ({ client }: Pick<SpaceUser, "client">, path: string): Promise<string> => textOf(client.read(at(path)));
const kind = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "ok",
    (error: unknown) => (error as DfsError).kind,
  );
const share = (path: string, write = false) => ann.sharing.share(at(path), bob.name, { write });
const unshare = (path: string) => ann.sharing.unshare(at(path), bob.name);

/** Everything at and below a path with its content, as one object. */
async function tree(user: Pick<SpaceUser, "client">, path: DfsPath): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of user.client.walk(path))
    found[entry.path.slice(path.length)] = entry.kind === "file" ? await read(user, entry.path) : "/";
  return found;
}

/** Nodes in a directory, now or as it ever was, of which the catalogue has a wrap that this keyring opens. */
function everOpened(directory: NodeId, keyring: Keyring): readonly NodeId[] {
  const { catalogue } = space.world;
  const found = new Set<NodeId>();
  for (let index = 0; index <= catalogue.appliedIndex(); index += 1)
    for (const at of [undefined, { index }])
      for (const row of catalogue.list(ann.keys.userId, directory, { at }).rows) {
        try {
          openWrap(keyring, { parent: directory, token: row.token, node: row.node }, row);
          found.add(row.node);
        } catch {
          // Not for this keyring.
        }
      }
  return [...found];
}

describe("the past of trees with new keys", () => {
  it("PAST-11 opens with the keys of then, whatever was given a new key, moved or written since", async () => {
    await ann.client.mkdir(at("/a/d/e"), { parents: true });
    await putText(ann.client, "/a/d/e/file", "1");
    await share("/a", true);
    const before = await moment();
    await ann.client.move(at("/a/d"), at("/d"));
    await putText(ann.client, "/d/e/file", "2", { force: true });
    const moved = await moment();
    await unshare("/a");
    await ann.client.move(at("/d"), at("/a/again"));
    await putText(ann.client, "/a/again/e/file", "3", { force: true });
    await putText(ann.client, "/a/again/e/new", "new");
    const renewed = await moment();
    await ann.client.remove(at("/a"), { recursive: true });

    expect(await tree(ann, then(before, "/a"))).toEqual({ "": "/", "/d": "/", "/d/e": "/", "/d/e/file": "1" });
    expect(await tree(ann, then(moved, "/d"))).toEqual({ "": "/", "/e": "/", "/e/file": "2" });
    expect(await tree(ann, then(renewed, "/a"))).toEqual({
      "": "/",
      "/again": "/",
      "/again/e": "/",
      "/again/e/file": "3",
      "/again/e/new": "new",
    });
    await ann.client.copy(then(renewed, "/a"), at("/a"), { recursive: true });
    expect(await read(ann, "/a/again/e/file")).toBe("3");
  });

  it("PAST-11 is not made stale: a directory of the past whose keys somebody lost is read, and nothing is given a new key", async () => {
    await ann.client.mkdir(at("/docs/deep"), { parents: true });
    await putText(ann.client, "/docs/deep/file", "text");
    await share("/docs");
    await unshare("/docs");
    const stale = await moment();
    const { length } = space.proposed;
    expect(await kind(ann.client.mkdir(then(stale, "/docs/deep/new")))).toBe("permission");
    expect(await kind(share(then(stale, "/docs")))).toBe("permission");
    expect(space.proposed.length).toBe(length);
    expect(await read(ann, then(stale, "/docs/deep/file"))).toBe("text");
  });

  it("PAST-12 shows the owner what others wrote into a shared directory, and removed", async () => {
    await ann.client.mkdir(at("/docs"));
    await putText(ann.client, "/docs/hers", "hers");
    await share("/docs", true);
    await bob.client.mkdir(at("/from/ann/docs/his"));
    await putText(bob.client, "/from/ann/docs/his/file", "by bob");
    const before = await moment();
    await bob.client.move(at("/from/ann/docs/hers"), at("/from/ann/docs/his/hers"));
    await bob.client.remove(at("/from/ann/docs/his"), { recursive: true });
    expect(await tree(ann, then(before, "/docs"))).toEqual({
      "": "/",
      "/hers": "hers",
      "/his": "/",
      "/his/file": "by bob",
    });
  });

  it("PAST-12 of what is shared is not told to who it is shared with, by any call nor by the catalogue's rows", async () => {
    await ann.client.mkdir(at("/team/sub"), { parents: true });
    await putText(ann.client, "/team/salaries", "secret");
    await putText(ann.client, "/team/removed", "secret");
    await putText(ann.client, "/team/plan", "plan");
    const nodes = await Promise.all(
      ["salaries", "removed", "plan", "sub"].map(
        async (name) => (await ann.namespace.require(at(`/team/${name}`))).node,
      ),
    );
    const before = await moment();
    await ann.client.move(at("/team/salaries"), at("/salaries"));
    await ann.client.remove(at("/team/removed"));
    await share("/team", true);
    const given = await bob.namespace.require(at("/from/ann/team"));
    expect([...everOpened(given.node, given.keyring)].sort()).toEqual(nodes.slice(2).sort());
    const failure = (await bob.client
      .stat(then(before, "/from/ann/team"))
      .catch((error: unknown) => error)) as DfsError;
    expect(failure).toMatchObject({ kind: "permission" });
    expect(failure.message).toContain("theirs alone");
    expect(await kind(bob.client.list(then(before, "/from")))).toBe("permission");
    expect(await tree(ann, then(before, "/team"))).toEqual({
      "": "/",
      "/plan": "plan",
      "/removed": "secret",
      "/salaries": "secret",
      "/sub": "/",
    });
  });

  it("PAST-13 everybody reads the past of what is everybody's, at its root and through the door", async () => {
    await putText(ann.client, "/shared/board", "first");
    const before = await moment();
    await putText(bob.client, "/shared/board", "second", { force: true });
    await bob.client.remove(at("/shared/board"));
    for (const user of [ann, bob]) expect(await read(user, then(before, "/shared/board"))).toBe("first");
    expect(await read(space, then(before, "/board"))).toBe("first");
    expect(await kind(bob.client.mkdir(at("/shared/@2026-11-01")))).toBe("invalid-name");
    expect(await kind(bob.client.mkdir(then(before, "/shared/new")))).toBe("permission");
    await bob.client.copy(then(before, "/shared/board"), at("/shared/board"));
    await bob.client.copy(then(before, "/shared/board"), at("/mine"));
    expect([await read(bob, "/shared/board"), await read(bob, "/mine")]).toEqual(["first", "first"]);
    await ann.client.mkdir(at("/own"));
    expect(await kind(bob.client.stat(then(Date.now(), "/own")))).toBe("not-found");
  });

  it("PAST-14 leaves out what the coordinators say of the past and nobody sealed, and tells it", async () => {
    await space.client.mkdir(at("/d"));
    await putText(space.client, "/d/sound", "sound");
    const pastWrap = new Uint8Array(89).fill(1);
    space.alter = (operation) => (operation.op === "putFile" ? { ...operation, pastWrap } : operation);
    await putText(space.client, "/d/damaged", "text");
    space.alter = undefined;
    const before = await moment();
    await space.client.remove(at("/d"), { recursive: true });
    const { entries, refused } = await space.client.list(then(before, "/d"));
    expect(entries.map(({ name }) => name)).toEqual(["sound"]);
    expect(refused?.map(({ kind: why, path }) => [why, path])).toEqual([["integrity", then(before, "/d/damaged")]]);
    expect(await kind(read(space, then(before, "/d/damaged")))).toBe("integrity");
    expect(await kind(tree(space, then(before, "/d")))).toBe("integrity");
  });

  it("PAST-14 shows nothing under a name that was not sealed for it: entries of two names cannot be exchanged", async () => {
    await space.client.mkdir(at("/d"));
    await putText(space.client, "/d/one", "one");
    await putText(space.client, "/d/two", "two");
    const before = await moment();
    await space.client.remove(at("/d"), { recursive: true });
    const reader = readerOf(space.world);
    const { rows } = await reader.list(shared.userId, (await lookedUp("/d", before)).node, undefined, 10, {
      at: { timeMs: before },
    });
    const exchanged = {
      ...reader,
      entry: async (...call: Parameters<typeof reader.entry>) => {
        const row = await reader.entry(...call);
        return row?.kind === "file" ? rows.find(({ node }) => node !== row.node) : row;
      },
    };
    const lying = new Namespace(shared, exchanged);
    expect(await kind(lying.require(then(before, "/d/one")))).toBe("integrity");
    expect(await read(space, then(before, "/d/one"))).toBe("one");
  });
});

async function lookedUp(path: string, timeMs: number) {
  return new Namespace(shared, readerOf(space.world)).require(then(timeMs, path));
}

describe("what is kept of the past", () => {
  it("PAST-4 a file that went away by itself is there in the past, and comes back to stay", async () => {
    const expiresMs = Date.now() + 3_600_000;
    await putText(ann.client, "/soon", "soon gone", { expiresMs });
    const before = await moment();
    space.world.timeMs = expiresMs;
    ok(space.world.asFounder({ op: "expire" }));
    expect(await kind(ann.client.stat(at("/soon")))).toBe("not-found");
    expect(await ann.client.stat(then(before, "/soon"))).toMatchObject({ expiresMs, sizeBytes: 9 });
    space.nowMs = () => expiresMs;
    await ann.client.copy(then(before, "/soon"), at("/back"));
    expect((await ann.client.stat(at("/back"))).expiresMs).toBeUndefined();
    expect(await read(ann, "/back")).toBe("soon gone");
  });

  it("PAST-15 is complete as far back as the policy keeps what was, and then goes", async () => {
    await space.stop();
    space = new FileSpace(); // without users anybody may set the policy
    await space.start();
    const hourMs = 3_600_000;
    const setPolicy = { op: "setPolicy", copies: null, minCopies: null, retainRevisions: 2, retainMs: hourMs } as const;
    const startMs = Date.now() - 10 * hourMs;
    const collect = (timeMs: number): void => {
      space.world.timeMs = timeMs;
      for (let round = 0; round < 3; round += 1) ok(space.world.asFounder({ op: "collect" }));
    };
    ok(space.world.asFounder(setPolicy));
    collect(startMs);
    const stepAt = async (ms: number, work: () => Promise<unknown>): Promise<void> => {
      space.nowMs = () => startMs + ms;
      await work();
    };
    for (const [place, content] of ["one", "two", "three"].entries())
      await stepAt(place, () => putText(space.client, "/file", content, { force: true }));
    await stepAt(10, () => space.client.mkdir(at("/removed")));
    await stepAt(20, () => space.client.rmdir(at("/removed")));
    const kept = async (): Promise<(number | undefined)[][]> => {
      const all: (number | undefined)[][] = [];
      for await (const { revision, keptUntilMs } of space.client.revisions(at("/file")))
        all.push([revision, keptUntilMs === undefined ? undefined : keptUntilMs - startMs]);
      return all;
    };
    expect(await read(space, then(startMs, "/file"))).toBe("one");
    expect(await kind(space.client.stat(then(startMs + 19, "/removed")))).toBe("ok");
    expect(await kept()).toEqual([
      [3, undefined],
      [2, undefined],
      [1, 2 + hourMs],
    ]);
    collect(startMs + 21 + hourMs);
    expect(await kind(space.client.stat(then(startMs, "/file")))).toBe("not-found");
    expect(await kind(space.client.stat(then(startMs + 19, "/removed")))).toBe("not-found");
    expect(await read(space, then(startMs + 1, "/file"))).toBe("two");
    expect((await kept()).map(([revision]) => revision)).toEqual([3, 2]);
  });
});
