import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ChangeCursor, ChangedRow } from "../../src/catalogue/rows.ts";
import type { NodeId } from "../../src/core/ids.ts";
import { attributesBytesMax, pageBytesMax } from "../../src/core/limits.ts";
import { counted, leftOver } from "./users-model.ts";
import { type Person, World, copyFile, fault, fileKey, founderShelf, id, makeDirectory, move, ok } from "./world.ts";
import { putFile, removeEntry, root, shared, startMs, token } from "./world.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({ ...(await original<object>()), collectBatchMax: 4 }));

const noPolicy = { op: "setPolicy", copies: null, minCopies: null, retainRevisions: null, retainMs: null } as const;

let world: World;
let ann: Person;
let bob: Person;
beforeEach(() => {
  world = World.founded();
  [ann, bob] = world.withUsers("ann", "bob") as [Person, Person];
});
afterEach(() => world[Symbol.dispose]());

const inTree = ({ keys }: Person) => ({ parent: keys.rootDirectory });
const usedBytes = ({ keys }: { keys: { userId: Person["keys"]["userId"] } }) =>
  world.catalogue.user(keys.userId)?.usedBytes;

function collectAll(): number {
  for (let rounds = 1; rounds < 100; rounds += 1) {
    const [result] = ok(world.asFounder({ op: "collect" }));
    if (result?.op === "collect" && !result.isMoreDue) return rounds;
  }
  throw new Error("collecting does not end");
}

describe("quotas", () => {
  it("QUOTA-2 a put that would cost more than the quota is refused, and says what is used", () => {
    ok(world.as(ann, { op: "setQuota", user: bob.keys.userId, quotaBytes: 250 }));
    const put = (name: string, addedBytes: number, baseRevision = 0) =>
      world.as(bob, putFile(name, { ...inTree(bob), addedBytes, baseRevision }));
    ok(put("a", 100));
    ok(put("a", 100, 1));
    expect(usedBytes(bob)).toBe(200);
    expect(fault(put("b", 51))).toMatchObject({
      kind: "quota",
      message:
        "bob uses 200 of 250 bytes, and this adds 51: remove files, which count until their time is over, or ask an administrator (ann) for more",
    });
    expect(fault(put("a", 51, 2)).kind).toBe("quota");
    expect(world.catalogue.entry(bob.keys.userId, bob.keys.rootDirectory, token("b"))).toBeUndefined();
    expect(world.catalogue.counts().storedBytes).toBe(200);
    ok(put("b", 50));
    ok(world.as(bob, copyFile("a", "c", { ...inTree(bob), sourceRevision: 2 })));
    expect(usedBytes(bob)).toBe(250);
    ok(world.as(ann, { op: "setQuota", user: bob.keys.userId, quotaBytes: 10 }));
    ok(put("d", 0));
    expect(fault(put("e", 1)).kind).toBe("quota");
    ok(world.as(ann, { op: "setQuota", user: bob.keys.userId, quotaBytes: null }));
    ok(put("e", 1000));
  });

  it("QUOTA-2 what is removed counts until it is collected", () => {
    ok(world.as(ann, { ...noPolicy, retainMs: 5 }, { op: "setQuota", user: bob.keys.userId, quotaBytes: 100 }));
    ok(world.as(bob, putFile("a", { ...inTree(bob), addedBytes: 100 })));
    ok(world.as(bob, removeEntry("a", "file", inTree(bob))));
    const next = putFile("b", { ...inTree(bob), addedBytes: 100 });
    expect(fault(world.as(bob, next)).kind).toBe("quota");
    world.timeMs += 5;
    collectAll();
    expect(usedBytes(bob)).toBe(0);
    ok(world.as(bob, next));
  });

  it("QUOTA-3 a file counts for the user whose tree it is in, whoever puts it", () => {
    ok(world.as(ann, { op: "setQuota", user: shared.userId, quotaBytes: 100 }));
    ok(world.as(bob, putFile("a", { addedBytes: 60 })));
    expect([usedBytes(bob), usedBytes({ keys: shared })]).toEqual([0, 60]);
    expect(fault(world.as(bob, putFile("b", { addedBytes: 60 }))).kind).toBe("quota");
    ok(world.as(bob, putFile("b", { ...inTree(bob), addedBytes: 60 })));
    // A command that is refused as a whole counts nothing.
    expect(fault(world.as(bob, putFile("c", { addedBytes: 30 }), putFile("d", { addedBytes: 30 }))).operation).toBe(1);
    expect([usedBytes(bob), usedBytes({ keys: shared })]).toEqual([60, 60]);
  });
});

describe("the tree of a user who has ended", () => {
  it("USER-8 stays for the retention, then goes in bounded steps, and its keys are to be dropped", () => {
    const d = id<NodeId>("d");
    ok(world.as(ann, { ...noPolicy, retainMs: 50 }));
    ok(world.as(bob, { ...makeDirectory("d"), ...inTree(bob) }, makeDirectory("other")));
    for (const name of ["a", "b", "c"]) ok(world.as(bob, putFile(name, { parent: d })));
    for (let base = 1; base < 9; base += 1)
      ok(world.as(bob, putFile("a", { parent: d, baseRevision: base, fileKey: fileKey(`a ${base}`) })));
    ok(world.as(bob, removeEntry("c", "file", { parent: d }), putFile("everybody")));
    ok(world.as(bob, putFile("short", { parent: d, expiresMs: startMs + 60 })));
    world.timeMs += 20;
    ok(world.as(ann, { op: "removeUser", user: bob.keys.userId }));
    world.timeMs += 49;
    ok(world.asFounder({ op: "expire" }));
    collectAll();
    expect(world.catalogue.node(id("a"))).toMatchObject({ endedIndex: null, revision: 9 });
    expect(world.catalogue.counts()).toMatchObject({ files: 3, directories: 2 });
    expect(world.catalogue.nextCollectMs()).toBe(startMs + 20 + 50);
    world.timeMs += 1;
    expect(collectAll()).toBeGreaterThan(3);
    for (const name of ["a", "b", "c", "d", "short"]) expect(world.catalogue.node(id(name)), name).toBeUndefined();
    expect(world.catalogue.node(bob.keys.rootDirectory)).toBeUndefined();
    expect(world.catalogue.counts()).toMatchObject({ files: 1, directories: 1, logicalBytes: 100, storedBytes: 116 });
    expect(world.catalogue.drops(founderShelf, 50)).toHaveLength(12);
    expect(world.catalogue.shelves()[0]).toMatchObject({ revisions: 1 });
    expect(leftOver(world.catalogue)).toBe(0);
    expect(counted(world.catalogue).kept).toEqual(counted(world.catalogue).recounted);
    ok(world.as(ann, bob.added()));
  });

  it("USER-8 a command removes no more rows than a batch", () => {
    ok(world.as(ann, { ...noPolicy, retainMs: 0 }));
    const names = Array.from({ length: 10 }, (_, place) => `f${place}`);
    ok(world.as(bob, ...names.map((name) => putFile(name, inTree(bob)))));
    ok(world.as(ann, { op: "removeUser", user: bob.keys.userId }));
    const rows = (): number => {
      const tables = ["nodes", "entries", "revisions", "users"];
      const database = world.catalogue["database"];
      return tables.reduce(
        (sum, table) => sum + Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]),
        0,
      );
    };
    const sizes = [rows()];
    while (world.catalogue.nextCollectMs() !== undefined) {
      ok(world.asFounder({ op: "collect" }));
      sizes.push(rows());
    }
    const steps = sizes.slice(1).map((size, place) => (sizes[place] ?? 0) - size);
    expect(Math.max(...steps)).toBeLessThanOrEqual(4);
    expect(steps.reduce((sum, step) => sum + step, 0)).toBe(10 * 3 + 2);
  });
});

describe("following a tree", () => {
  /** What changed after an entry, by the first letters of the nodes' labels, page by page. */
  function changed(person: Person, sinceIndex: number, limit?: number): ChangedRow[] {
    const rows: ChangedRow[] = [];
    let after: ChangeCursor | undefined;
    do {
      const page = world.catalogue.changes(person.keys.userId, { sinceIndex, after, limit });
      expect(page).toMatchObject({ isReset: false, appliedIndex: world.catalogue.appliedIndex() });
      rows.push(...page.rows);
      after = page.next ?? undefined;
    } while (after !== undefined);
    return rows;
  }

  it("FEED-1 each node that was made, renamed, ended or given a revision is told once, as it is now", () => {
    const parent = bob.keys.rootDirectory;
    const at = (): number => world.catalogue.appliedIndex();
    ok(world.as(bob, { ...makeDirectory("d"), parent }, putFile("a", { parent }), putFile("b", { parent })));
    const made = at();
    expect(changed(bob, 0).map(({ node }) => node)).toEqual([parent, id("d"), id("a"), id("b")]);
    expect(changed(bob, made)).toEqual([]);
    ok(world.as(bob, putFile("a", { parent, baseRevision: 1, sizeBytes: 7, expiresMs: startMs + 9 })));
    ok(world.as(bob, move("b", "c", { fromParent: parent, toParent: id("d") })));
    const moved = at();
    expect(changed(bob, made)).toEqual([
      {
        node: id("a"),
        kind: "file",
        parent,
        token: token("a"),
        wrap: token("wrap of a"),
        generation: 1,
        attributes: token("of a"),
        revision: 2,
        fileKey: fileKey("a"),
        sizeBytes: 7,
        copiesWanted: 2,
        expiresMs: startMs + 9,
        changedIndex: made + 1,
        endedIndex: null,
      },
      expect.objectContaining({ node: id("b"), parent: id("d"), token: token("c"), changedIndex: moved }),
    ]);
    world.timeMs += 9;
    ok(world.asFounder({ op: "expire" }));
    ok(world.as(bob, removeEntry("c", "file", { parent: id("d"), node: id("b") })));
    ok(world.as(bob, removeEntry("d", "directory", { parent })));
    const ended = {
      parent: null,
      token: null,
      wrap: new Uint8Array(0),
      attributes: new Uint8Array(0),
      fileKey: null,
      sizeBytes: 0,
    };
    expect(changed(bob, moved)).toMatchObject([
      { ...ended, node: id("a"), endedIndex: moved + 1 },
      { ...ended, node: id("b"), endedIndex: moved + 2 },
      { ...ended, node: id("d"), endedIndex: moved + 3, kind: "directory" },
    ]);
    expect(changed(ann, 0).map(({ node }) => node)).toEqual([ann.keys.rootDirectory]);
  });

  it("FEED-2 pages hold every change once, many of one command too, and are bounded in rows and bytes", () => {
    const parent = bob.keys.rootDirectory;
    const attributes = new Uint8Array(attributesBytesMax);
    for (let batch = 0; batch < 3; batch += 1)
      ok(
        world.as(
          bob,
          ...Array.from({ length: 100 }, (_, place) => putFile(`${batch} ${place}`, { parent, attributes })),
        ),
      );
    expect(new Set(changed(bob, 0, 7).map(({ node }) => node)).size).toBe(301);
    const { rows, next } = world.catalogue.changes(bob.keys.userId, { sinceIndex: 0 });
    expect(rows.length * attributesBytesMax).toBeLessThanOrEqual(pageBytesMax);
    expect(rows.length).toBeGreaterThan(1);
    expect(next).not.toBeNull();
    expect(changed(bob, 0, 10_000)).toHaveLength(301);
  });

  it("FEED-3 who has missed an end that is forgotten starts anew, and nobody else", () => {
    const parent = bob.keys.rootDirectory;
    ok(world.as(ann, { ...noPolicy, retainMs: 5 }));
    ok(world.as(bob, putFile("a", { parent })));
    const made = world.catalogue.appliedIndex();
    ok(world.as(bob, removeEntry("a", "file", { parent })));
    const ended = world.catalogue.appliedIndex();
    const isReset = (sinceIndex: number) => world.catalogue.changes(bob.keys.userId, { sinceIndex }).isReset;
    expect([0, made, ended].map(isReset)).toEqual([false, false, false]);
    world.timeMs += 5;
    collectAll();
    expect([0, made, ended].map(isReset)).toEqual([false, true, false]);
    expect(world.catalogue.changes(bob.keys.userId, { sinceIndex: made })).toMatchObject({ rows: [], next: null });
    expect(changed(bob, 0).map(({ node }) => node)).toEqual([parent]);
    // What goes with its user is nobody's to follow.
    ok(world.as(ann, { op: "removeUser", user: bob.keys.userId }));
    world.timeMs += 5;
    collectAll();
    expect(world.catalogue.changes(ann.keys.userId, { sinceIndex: ended }).isReset).toBe(false);
    expect(world.catalogue.node(root)).toBeDefined();
  });
});
