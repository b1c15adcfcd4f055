/** Taking changes back, with a real catalogue and real keys. */
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ok, shared } from "../catalogue/world.ts";
import type { PeerClient } from "../../src/peer/peer-client.ts";
import { DfsError, toDfsError } from "../../src/core/errors.ts";
import type { ChangeTag } from "../../src/core/undo.ts";
import { FileSpace, type SpaceUser, at, textOf } from "./file-space.ts";
import { anyChanges, makeChange } from "./undo-steps.ts";

let space: FileSpace;
beforeEach(async () => {
  space = new FileSpace();
  await space.start();
});
afterEach(() => space.stop());

let tags = 0;
function tag(command: string): ChangeTag {
  tags += 1;
  return { id: `t${tags}`, command };
}

/** Everything below the root: names, contents and the numbers of revisions. */
async function tree(client: PeerClient = space.client, top = "/"): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for await (const { path, kind } of client.walk(at(top)))
    seen[path] = kind === "file" ? await textOf(client.read(path)) : "/";
  return seen;
}

async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    const { kind, path } = toDfsError(error);
    return path === undefined ? kind : [kind, path];
  }
}

/** Puts text as part of a change. */
function put(path: string, content: string, change: ChangeTag, client: PeerClient = space.client) {
  const bytes = (async function* () {
    yield Buffer.from(content);
  })();
  const source = { kind: "stream", bytes, name: "stream" } as const;
  return client.put({ sources: [source], target: at(path), force: true }, { change });
}

describe("undo", () => {
  it("UNDO-2 takes back each kind of change, the last first", async () => {
    const { client } = space;
    const seen: unknown[] = [await tree()];
    const step = async (work: (change: ChangeTag) => Promise<unknown>): Promise<void> => {
      await work(tag("step"));
      seen.push(await tree());
    };
    await step((change) => client.mkdir(at("/a/b"), { parents: true, change }));
    await step((change) => put("/a/b/f", "one", change));
    await step((change) => put("/a/b/f", "two", change));
    await step((change) => client.copy(at("/a"), at("/c"), { recursive: true, change }));
    await step((change) => client.move(at("/c/b/f"), at("/g"), { change }));
    await step((change) => client.move(at("/a"), at("/c/a"), { change }));
    await step((change) => client.move(at("/g"), at("/c/a/b/f"), { force: true, change }));
    await step((change) => client.remove(at("/c"), { recursive: true, change }));
    expect(await client.recordedChanges()).toHaveLength(8);
    for (const before of seen.slice(0, -1).toReversed()) {
      await client.undo();
      expect(await tree()).toEqual(before);
    }
    expect(await outcome(client.undo())).toBe("not-found");
    for (const after of seen.slice(1)) {
      await client.undo({ redo: true });
      expect(await tree()).toEqual(after);
    }
    expect(await outcome(client.undo({ redo: true }))).toBe("not-found");
    for (const before of seen.slice(0, -1).toReversed()) {
      await client.undo();
      expect(await tree()).toEqual(before);
    }
  });

  it("UNDO-14 in /shared and in one's own tree each user takes back what is its own", async () => {
    const [ann, bob] = space.withUsers("ann", "bob") as [SpaceUser, SpaceUser];
    await put("/shared/f", "ann's", tag("put"), ann.client);
    await ann.client.mkdir(at("/shared/d"), { change: tag("mkdir") });
    await put("/shared/f", "bob's", tag("put"), bob.client);
    await bob.client.rmdir(at("/shared/d"), { change: tag("rmdir") });
    await bob.client.undo();
    await bob.client.undo();
    expect(await tree(bob.client, "/shared")).toEqual({ "/shared": "/", "/shared/d": "/", "/shared/f": "ann's" });
    expect(await outcome(bob.client.undo())).toBe("not-found");
    await ann.client.undo();
    await ann.client.undo();
    expect(await tree(ann.client, "/shared")).toEqual({ "/shared": "/" });
  });

  it("UNDO-14 in what is shared for writing too, but that only its owner brings back what was removed", async () => {
    const [ann, bob] = space.withUsers("ann", "bob") as [SpaceUser, SpaceUser];
    await ann.client.mkdir(at("/d/e"), { parents: true });
    await put("/d/f", "one", tag("put"), ann.client);
    await ann.sharing.share(at("/d"), bob.name, { write: true });
    const there = "/from/ann/d";
    const before = await tree(bob.client, there);
    await put(`${there}/f`, "two", tag("put"), bob.client);
    await put(`${there}/new`, "new", tag("put"), bob.client);
    await bob.client.move(at(`${there}/f`), at(`${there}/e/g`), { change: tag("mv") });
    for (let step = 0; step < 3; step += 1) await bob.client.undo();
    expect(await tree(bob.client, there)).toEqual(before);
    await bob.client.remove(at(`${there}/f`), { change: tag("rm") });
    expect(await outcome(bob.client.undo())).toMatchObject(["permission", expect.any(String)]);
    await put(`${there}/last`, "last", tag("put"), bob.client);
    await ann.sharing.unshare(at("/d"), bob.name);
    expect(await outcome(bob.client.undo())).toBe("conflict");
  });

  it("UNDO-15 what was shared when it was removed comes back unshared, with new keys, and so does what is below", async () => {
    const [ann, bob] = space.withUsers("ann", "bob") as [SpaceUser, SpaceUser];
    const generations = async (): Promise<unknown> =>
      Promise.all(
        ["/d", "/d/e", "/d/e/f", "/kept", "/kept/g"].map(async (path) => {
          const { node } = await ann.namespace.require(at(path));
          return space.world.catalogue.node(node)?.generation;
        }),
      );
    await ann.client.mkdir(at("/d/e"), { parents: true });
    await ann.client.mkdir(at("/kept"));
    await put("/d/e/f", "one", tag("put"), ann.client);
    await put("/kept/g", "one", tag("put"), ann.client);
    await ann.sharing.share(at("/d"), bob.name, {});
    expect(await generations()).toEqual([1, 1, 1, 1, 1]);
    const change = tag("rm");
    for (const path of ["/d", "/kept"]) await ann.client.remove(at(path), { recursive: true, change });
    await ann.client.undo();
    expect(await generations()).toEqual([2, 2, 2, 1, 1]);
    expect(await tree(ann.client, "/d")).toEqual({ "/d": "/", "/d/e": "/", "/d/e/f": "one" });
    expect(await outcome(bob.client.stat(at("/from/ann/d")))).toMatchObject(["not-found", expect.any(String)]);
    await put("/d/e/f", "two", tag("put"), ann.client);
    await ann.client.undo();
    expect(await tree(ann.client, "/d/e")).toEqual({ "/d/e": "/", "/d/e/f": "one" });
  });

  it("UNDO-15 what went out of a shared directory and back, and below one that lost a share, has keys of its own again", async () => {
    const [ann, bob] = space.withUsers("ann", "bob") as [SpaceUser, SpaceUser];
    await ann.client.mkdir(at("/d/e"), { parents: true });
    await put("/d/e/f", "one", tag("put"), ann.client);
    await ann.sharing.share(at("/d"), bob.name, {});
    await ann.client.remove(at("/d/e/f"), { change: tag("rm") });
    await ann.client.mkdir(at("/private"));
    await ann.client.move(at("/d/e"), at("/private/e"), { change: tag("mv") });
    await ann.client.move(at("/private"), at("/d/private"), { change: tag("mv") });
    await ann.sharing.unshare(at("/d"), bob.name);
    for (let step = 0; step < 3; step += 1) await ann.client.undo();
    expect(await tree(ann.client)).toEqual({ "/": "/", "/d": "/", "/d/e": "/", "/d/e/f": "one", "/private": "/" });
    for (const path of ["/d/e/f", "/d/e", "/d"]) expect((await ann.namespace.require(at(path))).isStale).toBe(false);
  });

  it("UNDO-16 what the network no longer keeps is not found, and nothing is changed", async () => {
    const { client, world } = space;
    await put("/f", "one", tag("put"));
    await put("/f", "two", tag("put"));
    await put("/g", "one", tag("put"));
    await client.remove(at("/g"), { change: tag("rm") });
    ok(world.asFounder({ op: "setPolicy", copies: null, minCopies: null, retainRevisions: 1, retainMs: 1_000 }));
    for (let round = 0; round < 4; round += 1) {
      world.timeMs = Date.now() + 10_000 * round;
      ok(world.asFounder({ op: "collect" }));
    }
    const before = await tree();
    expect(await outcome(client.undo())).toBe("not-found");
    await client.undo({ skip: true });
    expect(await outcome(client.undo())).toBe("not-found");
    await client.undo({ skip: true });
    expect(await outcome(client.undo())).toEqual(["not-found", "/f"]);
    expect(await tree()).toEqual(before);
  });

  it("UNDO-17 one that is too large for a command is done in several, and goes on where it was cut short", async () => {
    const { client } = space;
    await client.mkdir(at("/many"));
    for (let file = 0; file < 600; file += 1) await put(`/many/${file}`, `${file % 7}`, tag("put"));
    const before = await tree();
    await client.remove(at("/many"), { recursive: true, change: tag("rm") });
    let commands = 0;
    space.beforePropose = () => {
      commands += 1;
      return commands === 3 ? Promise.reject(new DfsError("no-quorum", "nobody there")) : Promise.resolve();
    };
    const failed = toDfsError(await client.undo().catch((error: unknown) => error));
    expect([failed.kind, failed.message]).toEqual([
      "no-quorum",
      "nobody there; 512 of 601 steps were done, and undo goes on from there",
    ]);
    expect((await client.recordedChanges())[0]).toMatchObject({ command: "rm", state: "done", isWhole: false });
    expect(await client.undo()).toMatchObject({ steps: 89 });
    expect(await tree()).toEqual(before);
    await client.undo({ redo: true });
    expect(await tree()).toEqual({ "/": "/" });
    await client.undo();
    expect(await tree()).toEqual(before);
  });

  it("UNDO-21 what had no answer is asked for, and taken back if it happened", async () => {
    const { client } = space;
    const lost = new DfsError("no-quorum", "nobody there");
    await put("/a", "a", tag("put"));
    await client.mkdir(at("/d"));
    const before = await tree();
    space.afterPropose = () => Promise.reject(lost);
    expect(await outcome(client.remove(at("/a"), { change: tag("rm") }))).toBe("no-quorum");
    space.afterPropose = () => Promise.resolve();
    expect((await client.recordedChanges())[0]).toMatchObject({ command: "rm", isWhole: false, entries: 0 });
    expect(await tree()).not.toEqual(before);
    space.afterPropose = () => Promise.reject(lost);
    expect(await outcome(client.undo())).toBe("no-quorum");
    space.afterPropose = () => Promise.resolve();
    expect(await client.undo()).toMatchObject({ steps: 0 });
    expect((await client.recordedChanges())[0]).toMatchObject({ state: "undone", isWhole: true, entries: 1 });
    expect(await tree()).toEqual(before);
    await client.undo({ redo: true });
    expect(await tree()).not.toEqual(before);
    await client.undo();
    space.beforePropose = () => Promise.reject(lost);
    expect(await outcome(client.rmdir(at("/d"), { change: tag("rmdir") }))).toBe("no-quorum");
    space.beforePropose = () => Promise.resolve();
    expect(await client.undo()).toMatchObject({ change: { command: "rmdir" }, steps: 0 });
    expect(await tree()).toEqual(before);
  });

  it("UNDO-17 in one command it happens as a whole, whatever others do meanwhile", async () => {
    const { client } = space;
    await put("/a", "a", tag("put"));
    await put("/b", "b", tag("put"));
    const change = tag("rm");
    for (const path of ["/a", "/b"]) await client.remove(at(path), { change });
    space.beforePropose = async () => {
      space.beforePropose = () => Promise.resolve();
      await put("/a", "theirs", tag("put"));
    };
    expect(await outcome(client.undo())).toMatchObject(["conflict", expect.any(String)]);
    expect(await tree()).toEqual({ "/": "/", "/a": "theirs" });
  });

  it(
    "UNDO-10 random changes and as many undos give the tree before, and redos the tree after each",
    { timeout: 120_000 },
    async () => {
      const { client, journal } = space;
      const newest = (): number | undefined => journal.changes(shared.userId)[0]?.row;
      let runs = 0;
      const property = fc.asyncProperty(anyChanges, fc.array(fc.boolean()), async (changes, repeats) => {
        runs += 1;
        const top = `/run-${runs}`;
        await client.mkdir(at(top));
        const seen: unknown[] = [await tree(client, top)];
        const expectAt = async (place: number, redo: boolean): Promise<void> => {
          await client.undo({ redo });
          expect(await tree(client, top)).toEqual(seen[place]);
        };
        for (const change of changes) {
          const before = newest();
          await makeChange(client, change, top, tag("step"));
          if (newest() === before) continue;
          seen.push(await tree(client, top));
          if (repeats[seen.length] !== true) continue;
          await expectAt(seen.length - 2, false);
          await expectAt(seen.length - 1, true);
        }
        for (let place = seen.length - 2; place >= 0; place -= 1) await expectAt(place, false);
        for (let place = 1; place < seen.length; place += 1) await expectAt(place, true);
        for (let place = seen.length - 2; place >= 0; place -= 1) await expectAt(place, false);
      });
      await fc.assert(property, { numRuns: 250 });
    },
  );
});
