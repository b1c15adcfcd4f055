import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OperationOf } from "../../src/catalogue/operation.ts";
import type { EntryRow } from "../../src/catalogue/rows.ts";
import type { NodeId } from "../../src/core/ids.ts";
import {
  World,
  copyFile,
  fault,
  fileKey,
  founder,
  founderShelf,
  id,
  makeDirectory,
  move,
  ok,
  putFile,
} from "./world.ts";
import { removeEntry, root, shared, startMs, token } from "./world.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({ ...(await original<object>()), collectBatchMax: 4 }));

let world: World;
beforeEach(() => {
  world = World.founded();
});
afterEach(() => world[Symbol.dispose]());

function setPolicy(changes: Partial<OperationOf<"setPolicy">>): void {
  const none = { copies: null, minCopies: null, retainRevisions: null, retainMs: null };
  ok(world.asFounder({ op: "setPolicy", ...none, ...changes }));
}

/** Collects once at a time after the start. */
function collectAt(afterMs: number): { removed: number; isMoreDue: boolean } {
  world.timeMs = startMs + afterMs;
  const [result] = ok(world.asFounder({ op: "collect" }));
  if (result?.op !== "collect") throw new Error("no result");
  return { removed: result.removed, isMoreDue: result.isMoreDue };
}

/** Collects until nothing more is due, and returns how many revisions went. */
function collectAllAt(afterMs: number): number {
  let removed = 0;
  for (let rounds = 0; rounds < 100; rounds += 1) {
    const result = collectAt(afterMs);
    removed += result.removed;
    if (!result.isMoreDue) return removed;
  }
  throw new Error("collecting does not end");
}

/** Puts revisions `from` to `to` of a file, one a millisecond after the start, each with a key of its own. */
function putRevisions(name: string, from: number, to: number): void {
  for (let revision = from; revision <= to; revision += 1) {
    world.timeMs = startMs + revision;
    ok(world.asUser(putFile(name, { baseRevision: revision - 1, fileKey: fileKey(`${name} ${revision}`) })));
  }
}

const revisions = (name: string, most = 20): number[] =>
  Array.from({ length: most }, (_, place) => place + 1).filter(
    (revision) => world.catalogue.revision(id<NodeId>(name), revision) !== undefined,
  );
const entry = (name: string, at?: number): EntryRow | undefined =>
  world.catalogue.entry(shared.userId, root, token(name), at === undefined ? undefined : { index: at });
const drops = (): readonly string[] => world.catalogue.drops(founderShelf, 100);

describe("the policy", () => {
  it("CAT-110 a part of the policy stays as it is until another is set, and a change is one of the members", () => {
    setPolicy({ copies: 3, retainMs: 5 });
    expect(world.catalogue.membersVersion()).toBe(world.catalogue.appliedIndex());
    setPolicy({ minCopies: 1, retainRevisions: 4 });
    expect(world.catalogue.policy()).toEqual({ copies: 3, minCopies: 1, retainRevisions: 4, retainMs: 5 });
    const refused = { op: "setPolicy", copies: 1, minCopies: null, retainRevisions: null, retainMs: null } as const;
    expect(fault(world.asFounder(refused, { op: "removePeer", peer: founder })).operation).toBe(1);
    expect(world.catalogue.policy().copies).toBe(3);
  });
});

describe("retention", () => {
  it("CAT-111 a live file keeps its newest revisions, and another goes a time after it fell out, not before", () => {
    setPolicy({ retainRevisions: 3, retainMs: 10 });
    collectAllAt(0);
    putRevisions("a", 1, 6);
    expect(collectAt(13)).toEqual({ removed: 0, isMoreDue: false });
    expect(collectAt(14)).toEqual({ removed: 1, isMoreDue: false });
    expect(revisions("a")).toEqual([2, 3, 4, 5, 6]);
    expect(collectAt(1000)).toEqual({ removed: 2, isMoreDue: false });
    expect(revisions("a")).toEqual([4, 5, 6]);
    expect(collectAt(9_999_999)).toEqual({ removed: 0, isMoreDue: false });
    expect(entry("a")).toMatchObject({ revision: 6 });
  });

  it.each([
    ["is removed", () => world.asUser(removeEntry("a"))],
    ["is replaced by a move", () => world.asUser(putFile("b"), move("b", "a", { replace: id("a") }))],
    ["expires", () => world.asFounder({ op: "expire" })],
  ])("CAT-111 all revisions of a file that %s stay for their time and then go, the file after them", (_, end) => {
    setPolicy({ retainRevisions: 2, retainMs: 10 });
    collectAllAt(0);
    putRevisions("a", 1, 4);
    ok(world.asUser(putFile("a", { baseRevision: 4, expiresMs: startMs + 50 })));
    world.timeMs = startMs + 50;
    ok(end());
    expect(collectAllAt(59)).toBe(3);
    expect(revisions("a")).toEqual([4, 5]);
    expect(world.catalogue.node(id("a"))).toBeDefined();
    expect(collectAllAt(60)).toBe(2);
    expect(revisions("a")).toEqual([]);
    expect(world.catalogue.node(id("a"))).toBeUndefined();
  });

  it("CAT-112 with fewer to keep, those that fell out by it stay for their time from then on", () => {
    putRevisions("a", 1, 9);
    putRevisions("b", 1, 3);
    setPolicy({ retainRevisions: 2, retainMs: 10 });
    expect(collectAt(20)).toEqual({ removed: 0, isMoreDue: true });
    world.timeMs = startMs + 21;
    ok(world.asUser(putFile("a", { baseRevision: 9 })));
    expect(collectAllAt(25)).toBe(0);
    expect(collectAllAt(30)).toBe(0);
    expect(collectAllAt(34)).toBe(4);
    expect(collectAllAt(35)).toBe(5);
    expect([revisions("a"), revisions("b")]).toEqual([
      [9, 10],
      [2, 3],
    ]);
  });

  it("CAT-112 with more to keep, those that are still there are kept again, and fall out anew", () => {
    setPolicy({ retainRevisions: 2, retainMs: 10 });
    collectAllAt(0);
    putRevisions("a", 1, 6);
    setPolicy({ retainRevisions: 4 });
    expect(collectAllAt(1000)).toBe(2);
    expect(revisions("a")).toEqual([3, 4, 5, 6]);
    world.timeMs = startMs + 2000;
    ok(world.asUser(putFile("a", { baseRevision: 6 })));
    expect(collectAllAt(2009)).toBe(0);
    expect(collectAllAt(2010)).toBe(1);
    expect(revisions("a")).toEqual([4, 5, 6, 7]);
  });

  it("CAT-112 what was kept again, however briefly, stays for its time from when it was not", () => {
    setPolicy({ retainRevisions: 2, retainMs: 10 });
    collectAllAt(0);
    putRevisions("a", 1, 6);
    world.timeMs = startMs + 100;
    setPolicy({ retainRevisions: 9 });
    world.timeMs = startMs + 200;
    setPolicy({ retainRevisions: 2 });
    expect(collectAllAt(200)).toBe(0);
    expect(collectAllAt(209)).toBe(0);
    expect(revisions("a")).toEqual([1, 2, 3, 4, 5, 6]);
    expect(collectAllAt(210)).toBe(4);
  });

  it("CAT-112 another time counts at once, for what is out already too", () => {
    setPolicy({ retainRevisions: 1, retainMs: 1000 });
    collectAllAt(0);
    putRevisions("a", 1, 3);
    expect(collectAllAt(100)).toBe(0);
    setPolicy({ retainMs: 98 });
    expect(collectAllAt(100)).toBe(1);
    setPolicy({ retainMs: 1000 });
    expect(collectAllAt(500)).toBe(0);
    setPolicy({ retainMs: 0 });
    expect(collectAllAt(500)).toBe(1);
  });
});

describe("collecting", () => {
  it("CAT-113 what is removed is counted no more: stored bytes, history, and the shelf's revisions", () => {
    setPolicy({ retainRevisions: 2, retainMs: 0 });
    collectAllAt(0);
    ok(world.asUser(putFile("a", { addedBytes: 1, sealedBytes: 10, copiesWanted: 4 })));
    for (const [place, addedBytes] of [2, 4, 8].entries())
      ok(world.asUser(putFile("a", { baseRevision: place + 1, addedBytes, sealedBytes: 100 })));
    const at = world.catalogue.appliedIndex();
    expect(entry("a")).toMatchObject({ revision: 4, addedBytes: 8, historyBytes: 7 });
    expect(world.catalogue.shelf(founderShelf)).toMatchObject({ revisions: 4, sealedBytes: 310, copiesMax: 4 });
    expect(collectAllAt(1)).toBe(2);
    expect(entry("a")).toMatchObject({ revision: 4, addedBytes: 8, historyBytes: 4 });
    expect(entry("a", at)).toMatchObject({ revision: 4, historyBytes: 4 });
    expect(world.catalogue.revision(id("a"), 3)).toMatchObject({ addedBytes: 4, historyBytes: 0 });
    expect(world.catalogue.counts()).toMatchObject({ files: 1, logicalBytes: 100, storedBytes: 12 });
    expect(world.catalogue.shelf(founderShelf)).toMatchObject({ revisions: 2, sealedBytes: 200, copiesMax: 4 });
    ok(world.asUser(putFile("a", { baseRevision: 4, addedBytes: 16 })));
    expect(entry("a")).toMatchObject({ revision: 5, historyBytes: 12 });
    ok(world.asUser(removeEntry("a")));
    expect(collectAllAt(2)).toBe(3);
    expect(world.catalogue.counts()).toEqual({ files: 0, directories: 0, logicalBytes: 0, storedBytes: 0 });
    expect(world.catalogue.shelf(founderShelf)).toMatchObject({ revisions: 0, sealedBytes: 0, copiesMax: 4 });
  });

  it("CAT-113 a refused batch counts nothing on a shelf", () => {
    expect(fault(world.asUser(putFile("a"), putFile("a"))).operation).toBe(1);
    ok(world.asUser(putFile("b")));
    expect(world.catalogue.shelf(founderShelf)).toMatchObject({ revisions: 1, sealedBytes: 116, copiesMax: 2 });
  });

  it("CAT-114 the past is known as far as it is kept: a file without its revision of then is not shown, nor is a name that ended long ago", () => {
    setPolicy({ retainRevisions: 2, retainMs: 10 });
    collectAllAt(0);
    putRevisions("a", 1, 3);
    ok(world.asUser(makeDirectory("d"), putFile("old"), move("old", "new")));
    ok(world.asUser(removeEntry("d", "directory")));
    const past = world.catalogue.appliedIndex();
    expect([past - 4, past - 3, past - 2].map((at) => entry("a", at)?.revision)).toEqual([1, 2, 3]);
    expect(entry("d", past - 1)).toBeDefined();
    expect(collectAllAt(100)).toBe(1);
    expect([past - 4, past - 3, past - 2].map((at) => entry("a", at)?.revision)).toEqual([undefined, 2, 3]);
    expect(world.catalogue.list(shared.userId, root, { at: { index: past - 4 } }).rows).toEqual([]);
    expect(entry("d", past - 1)).toBeUndefined();
    expect(world.catalogue.node(id("d"))).toBeUndefined();
    expect([entry("old", past - 1), entry("new", past)?.node]).toEqual([undefined, id("old")]);
    ok(world.asUser(makeDirectory("d"), putFile("old", { node: id("another") })));
    expect(world.catalogue.list(shared.userId, root).rows).toHaveLength(4);
  });

  it("CAT-115 a key that no revision on its shelf names any more is to be dropped, until its owner has, or it is named again", () => {
    setPolicy({ retainRevisions: 1, retainMs: 0 });
    collectAllAt(0);
    const same = { fileKey: fileKey("same") };
    ok(world.asUser(putFile("a", same), putFile("b", same), putFile("c"), copyFile("c", "d")));
    ok(world.asUser(removeEntry("a"), removeEntry("c")));
    collectAllAt(0);
    expect(drops()).toEqual([]);
    ok(world.asUser(removeEntry("b"), putFile("d", { baseRevision: 1, fileKey: fileKey("other") })));
    expect(drops()).toEqual([]);
    collectAllAt(0);
    expect([...drops()].toSorted()).toEqual([fileKey("same"), fileKey("c")].toSorted());
    expect(world.catalogue.drops(founderShelf, 1)).toHaveLength(1);
    expect(world.catalogue.references(founderShelf, [fileKey("same"), fileKey("other")])).toEqual([false, true]);
    ok(world.asUser(putFile("again", same)));
    expect(drops()).toEqual([fileKey("c")]);
    const forget = { op: "forgetDrops", shelf: founderShelf, epoch: 1, fileKeys: [fileKey("c"), fileKey("same")] };
    ok(world.asFounder(forget as OperationOf<"forgetDrops">));
    expect(drops()).toEqual([]);
    expect(world.catalogue.references(founderShelf, [fileKey("same"), fileKey("c")])).toEqual([true, false]);
  });

  it("CAT-115 the keys that a shelf has to keep are told once each, in the order of their digests, with the most copies wanted", () => {
    const names = Array.from({ length: 7 }, (_, place) => `file ${place}`);
    ok(world.asUser(...names.map((name) => putFile(name, { copiesWanted: 1 }))));
    ok(world.asUser(putFile("more", { fileKey: fileKey("file 3"), copiesWanted: 3 }), copyFile("file 2", "copy")));
    const keys = names.map((name) => fileKey(name)).toSorted();
    const told = world.catalogue.referencedKeys(founderShelf, undefined, 100);
    expect(told.map(({ fileKey }) => fileKey)).toEqual(keys);
    for (const { fileKey: key, copies } of told) expect(copies).toBe(key === fileKey("file 3") ? 3 : 1);
    expect(world.catalogue.referencedKeys(founderShelf, keys[2], 2)).toEqual(told.slice(3, 5));
    expect(world.catalogue.referencedKeys(id("no shelf"), undefined, 2)).toEqual([]);
  });

  it("CAT-115 a file that leaves its copies to the policy wants as many as that says now", () => {
    ok(world.asUser(putFile("a", { copiesWanted: 0 }), putFile("b", { copiesWanted: 0 })));
    ok(world.asUser(putFile("more", { fileKey: fileKey("a"), copiesWanted: 3 })));
    const told = () => world.catalogue.referencedKeys(founderShelf, undefined, 100);
    const copies = () =>
      [fileKey("a"), fileKey("b")].map((key) => told().find(({ fileKey }) => fileKey === key)?.copies);
    expect(copies()).toEqual([3, 2]);
    setPolicy({ copies: 4 });
    expect(copies()).toEqual([4, 4]);
    expect(world.catalogue.shelf(founderShelf)?.copiesMax).toBe(3);
    expect(world.catalogue.revision(id("a"), 1)?.copiesWanted).toBe(0);
  });

  it("CAT-116 a command removes no more rows than a batch, and says whether more is due", () => {
    setPolicy({ retainMs: 10 });
    ok(world.asUser(...Array.from({ length: 5 }, (_, place) => putFile(`${place}`))));
    ok(world.asUser(...Array.from({ length: 5 }, (_, place) => removeEntry(`${place}`))));
    expect(collectAt(9)).toEqual({ removed: 0, isMoreDue: false });
    // A file is three rows: its revision, itself, and its name.
    const rounds: ReturnType<typeof collectAt>[] = [];
    do rounds.push(collectAt(10));
    while (rounds.at(-1)?.isMoreDue === true);
    expect(rounds.map(({ removed }) => removed)).toEqual([2, 2, 1, 0]);
  });

  it("CAT-116 the next collecting is due when the first of what is kept for a time has had it", () => {
    const next = () => world.catalogue.nextCollectMs();
    expect(next()).toBeUndefined();
    setPolicy({ retainRevisions: 1, retainMs: 10 });
    expect(next()).toBe(0);
    expect(collectAt(0)).toEqual({ removed: 0, isMoreDue: false });
    expect(next()).toBeUndefined();
    putRevisions("a", 1, 3);
    expect(next()).toBe(startMs + 12);
    setPolicy({ retainMs: 20 });
    expect(next()).toBe(startMs + 22);
    world.timeMs = startMs + 5;
    ok(world.asUser(removeEntry("a")));
    expect(collectAt(23)).toEqual({ removed: 2, isMoreDue: false });
    expect(next()).toBe(startMs + 25);
    collectAllAt(25);
    expect(next()).toBeUndefined();
  });

  it("CAT-12 only members collect", () => {
    expect(fault(world.asUser({ op: "collect" })).kind).toBe("permission");
  });
});
