/** Bringing back what was removed, and what an entry of the log did. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Operation, OperationOf } from "../../src/catalogue/operation.ts";
import { decodeResult } from "../../src/catalogue/result.ts";
import type { EffectRow } from "../../src/catalogue/rows.ts";
import type { NodeId } from "../../src/core/ids.ts";
import { keyGenerationsMax, pageRowsMax, pathDepthMax } from "../../src/core/limits.ts";
import { type Person, World, fault, fileKey, id, makeDirectory, move, ok, putFile, rekey } from "./world.ts";
import { removeEntry, reopenEntry, root, shared, startMs, token } from "./world.ts";

let world: World;
beforeEach(() => {
  world = World.founded();
});
afterEach(() => world[Symbol.dispose]());

const d = id<NodeId>("d");
const kindOf = (...operations: Operation[]): string => fault(world.asUser(...operations)).kind;
const names = (parent: NodeId = root, at?: { index: number }): string[] =>
  world.catalogue.list(shared.userId, parent, { at }).rows.map((row) => Buffer.from(row.token).toString());

function setRetention(retainMs: number): void {
  const none = { copies: null, minCopies: null, retainRevisions: null };
  ok(world.asFounder({ op: "setPolicy", ...none, retainMs }));
}

function collectAt(afterMs: number): void {
  world.timeMs = startMs + afterMs;
  ok(world.asFounder({ op: "collect" }));
}

describe("what was removed comes back", () => {
  it("CAT-120 with its node, revisions and attributes, and counts as before", () => {
    ok(world.asUser(putFile("a", { sizeBytes: 5 })));
    ok(world.asUser(putFile("a", { baseRevision: 1, sizeBytes: 7, fileKey: fileKey("second") })));
    ok(world.asUser(makeDirectory("d"), makeDirectory("e", d)));
    const before = { counts: world.catalogue.counts(), entry: world.catalogue.entry(shared.userId, root, token("a")) };
    const user = world.catalogue.user(shared.userId);
    ok(world.asUser(removeEntry("a"), removeEntry("e", "directory", { parent: d }), removeEntry("d", "directory")));
    ok(world.asUser(reopenEntry("a"), reopenEntry("d"), reopenEntry("e", { parent: d, fromParent: d })));
    expect(world.catalogue.counts()).toEqual(before.counts);
    expect(world.catalogue.user(shared.userId)).toEqual(user);
    expect(world.catalogue.entry(shared.userId, root, token("a"))).toEqual({
      ...before.entry,
      wrap: token("wrap of a again"),
    });
    expect(world.catalogue.revision(id("a"), 1)).toMatchObject({ sizeBytes: 5, endedIndex: expect.any(Number) });
    expect(world.catalogue.revision(id("a"), 2)).toMatchObject({ sizeBytes: 7, endedIndex: null });
    expect(names(d)).toEqual(["e"]);
    ok(world.asUser(putFile("a", { baseRevision: 2 })));
  });

  it("CAT-120 under another name and in another directory too, and the past keeps the gap", () => {
    ok(world.asUser(putFile("a"), makeDirectory("d")));
    ok(world.asUser(removeEntry("a")));
    const gap = world.catalogue.appliedIndex();
    ok(world.asUser(reopenEntry("a", { parent: d, token: token("b"), generation: 2 })));
    expect([names(root, { index: gap - 1 }), names(root, { index: gap }), names(d, { index: gap })]).toEqual([
      ["a", "d"],
      ["d"],
      [],
    ]);
    expect([names(), names(d)]).toEqual([["d"], ["b"]]);
    expect(world.catalogue.node(id("a"))).toMatchObject({ generation: 2, parent: d, endedIndex: null });
  });

  it("CAT-120 and follows who follows changes; it is not collected, and neither is its content", () => {
    setRetention(1_000);
    ok(world.asUser(putFile("a")));
    ok(world.asUser(removeEntry("a")));
    const sinceIndex = world.catalogue.appliedIndex();
    ok(world.asUser(reopenEntry("a")));
    expect(world.catalogue.changes(shared.userId, { sinceIndex }).rows).toMatchObject([
      { node: id("a"), parent: root, revision: 1, endedIndex: null },
    ]);
    collectAt(5_000);
    expect(world.catalogue.revision(id("a"), 1)).toBeDefined();
    expect(world.catalogue.drops(putFile("a").shelf, 10)).toEqual([]);
    ok(world.asUser(removeEntry("a")));
    collectAt(10_000);
    expect(world.catalogue.drops(putFile("a").shelf, 10)).toEqual([fileKey("a")]);
    expect(world.catalogue.counts()).toMatchObject({ files: 0, storedBytes: 0 });
  });

  it("CAT-120 a file that expires still does", () => {
    ok(world.asUser(putFile("a", { expiresMs: startMs + 100 })));
    ok(world.asUser(removeEntry("a")));
    expect(world.catalogue.nextExpiryMs()).toBeUndefined();
    ok(world.asUser(reopenEntry("a")));
    expect(world.catalogue.nextExpiryMs()).toBe(startMs + 100);
    ok(world.asUser(removeEntry("a")));
    world.timeMs = startMs + 100;
    expect(kindOf(reopenEntry("a"))).toBe("not-found");
  });

  it("CAT-121 is refused where it is there, is no longer kept, had another name, or finds its name taken", () => {
    ok(world.asUser(putFile("a"), makeDirectory("d")));
    for (const name of ["a", "b"]) expect(kindOf(reopenEntry("a", { token: token(name) }))).toBe("conflict");
    expect(kindOf(reopenEntry("never"))).toBe("not-found");
    ok(world.asUser(removeEntry("a")));
    expect(kindOf(reopenEntry("a", { fromToken: token("b") }))).toBe("not-found");
    expect(kindOf(reopenEntry("a", { fromParent: d }))).toBe("not-found");
    expect(kindOf(reopenEntry("a", { parent: id("never") }))).toBe("not-found");
    expect(kindOf(reopenEntry("a", { token: token("d") }))).toBe("exists");
    expect(kindOf(reopenEntry("a", { parentGeneration: 2 }))).toBe("rekeyed");
    expect(kindOf(reopenEntry("a"), reopenEntry("a", { token: token("b") }))).toBe("conflict");
    setRetention(1_000);
    collectAt(5_000);
    expect(kindOf(reopenEntry("a"))).toBe("not-found");
  });

  it("CAT-121 goes no deeper than a path may", () => {
    ok(world.asUser(makeDirectory("deep"), removeEntry("deep", "directory")));
    let parent = root;
    for (let depth = 1; depth <= pathDepthMax; depth += 1) {
      ok(world.asUser(makeDirectory(`at ${depth}`, parent)));
      parent = id<NodeId>(`at ${depth}`);
    }
    expect(kindOf(reopenEntry("deep", { parent, generation: 2 }))).toBe("invalid-name");
  });

  it("CAT-121 is for the owner of a tree alone, and everybody for that of all", () => {
    const [ann, bob] = world.withUsers("ann", "bob") as [Person, Person];
    const home = ann.keys.rootDirectory;
    ok(world.as(ann, makeDirectory("d", home), putFile("f", { parent: d }), putFile("g", { parent: home })));
    const sealed = token("for bob");
    ok(world.as(ann, { op: "share", node: d, grantee: bob.keys.userId, mayWrite: true, sealed, generation: 1 }));
    ok(world.as(bob, removeEntry("f", "file", { parent: d })));
    ok(world.as(ann, removeEntry("g", "file", { parent: home })));
    const back = (changes: Partial<OperationOf<"reopenEntry">>): Operation =>
      reopenEntry("f", { parent: d, fromParent: d, ...changes });
    expect(fault(world.as(bob, back({}))).kind).toBe("permission");
    expect(fault(world.as(bob, back({ parent: bob.keys.rootDirectory, generation: 2 }))).kind).toBe("not-found");
    expect(fault(world.as(bob, reopenEntry("g", { parent: home, fromParent: home }))).kind).toBe("not-found");
    expect(fault(world.asFounder(back({}))).kind).toBe("permission");
    ok(world.as(ann, back({})));
    ok(world.as(ann, putFile("all"), removeEntry("all")));
    ok(world.as(bob, reopenEntry("all")));
  });

  it("CAT-122 with a new key, where somebody who lost a share may know those that it had", () => {
    const [ann, bob] = world.withUsers("ann", "bob") as [Person, Person];
    const home = ann.keys.rootDirectory;
    const of = (...operations: Operation[]) => world.as(ann, ...operations);
    const sealed = token("for bob");
    const back = (name: string, parent: NodeId, changes: Partial<OperationOf<"reopenEntry">> = {}): Operation =>
      reopenEntry(name, { parent, fromParent: parent, ...changes });
    ok(of(makeDirectory("d", home), makeDirectory("e", d), putFile("f", { parent: d })));
    ok(of({ op: "share", node: d, grantee: bob.keys.userId, mayWrite: false, sealed, generation: 1 }));
    ok(of(removeEntry("f", "file", { parent: d })));
    ok(of(back("f", d)));
    ok(of(removeEntry("f", "file", { parent: d }), removeEntry("e", "directory", { parent: d })));
    ok(of(removeEntry("d", "directory", { parent: home })));
    expect(fault(of(back("d", home))).kind).toBe("rekeyed");
    expect(fault(of(back("d", home, { generation: 3 }))).kind).toBe("rekeyed");
    ok(of(back("d", home, { generation: 2 })));
    expect(world.catalogue.shares({ to: bob.keys.userId }).rows).toEqual([]);
    expect(fault(of(back("f", d, { parentGeneration: 2 }))).kind).toBe("rekeyed");
    ok(of(back("f", d, { parentGeneration: 2, generation: 2 })));
    ok(of(rekey("d", { parent: home, fromGeneration: 2 })));
    expect(fault(of(back("e", d, { parentGeneration: 3 }))).kind).toBe("rekeyed");
    ok(of(back("e", d, { parentGeneration: 3, generation: 2 })));
    const under = { ...makeDirectory("under", id("e")), parentGeneration: 2 };
    ok(of(under, removeEntry("under", "directory", { parent: id("e") })));
    ok(of(rekey("d", { parent: home, fromGeneration: 3 })));
    expect(fault(of(back("under", id("e"), { parentGeneration: 2 }))).kind).toBe("rekeyed");
  });

  it("CAT-122 with no more keys than a keyring holds", () => {
    ok(world.asUser(makeDirectory("d"), putFile("f")));
    for (let generation = 1; generation < keyGenerationsMax; generation += 1)
      ok(world.asUser(rekey("f", { fromGeneration: generation })));
    ok(world.asUser(removeEntry("f")));
    expect(kindOf(reopenEntry("f", { parent: d, generation: keyGenerationsMax }))).toBe("rekeyed");
    ok(world.asUser(reopenEntry("f", { generation: keyGenerationsMax })));
  });
});

describe("what became of a command", () => {
  it("CAT-124 is told of the last one of a session, and of no other", () => {
    const { session } = world.user;
    ok(world.asUser(putFile("a")));
    const { sequence } = world.user;
    const told = world.catalogue.outcome(session, sequence);
    expect(told && decodeResult(told)).toMatchObject({
      ok: { index: world.catalogue.appliedIndex(), timeMs: world.timeMs, results: [{ op: "putFile" }] },
    });
    expect(kindOf(putFile("a"))).toBe("exists");
    const refused = world.catalogue.outcome(session, sequence + 1);
    expect(refused && decodeResult(refused)).toMatchObject({ error: { kind: "exists" } });
    for (const other of [sequence, sequence + 2]) expect(world.catalogue.outcome(session, other)).toBeUndefined();
    expect(world.catalogue.outcome(id("another"), 1)).toBeUndefined();
  });
});

describe("what an entry of the log did", () => {
  const seen = (rows: readonly EffectRow[]): unknown[] =>
    rows.map(({ effect, node, token, madeRevision }) => [
      effect,
      node,
      token === null ? madeRevision : Buffer.from(token).toString(),
    ]);

  it("CAT-123 is told as long as it is kept: names that it ended and made, and revisions, with what became of them", () => {
    ok(world.asUser(putFile("a"), makeDirectory("d")));
    ok(world.asUser(move("a", "b", { toParent: d }), putFile("c"), putFile("a", { node: id("other") })));
    const [index, timeMs] = [world.catalogue.appliedIndex(), world.timeMs];
    world.timeMs += 5;
    ok(world.asUser(removeEntry("c"), putFile("a", { node: id("other"), baseRevision: 1, fileKey: fileKey("2nd") })));
    const { rows, next } = world.catalogue.effects({ index, timeMs });
    expect(seen(rows)).toEqual([
      ["unnamed", id("a"), "a"],
      ["named", id("a"), "b"],
      ["named", id("c"), "c"],
      ["named", id("other"), "a"],
      ["revised", id("c"), 1],
      ["revised", id("other"), 1],
    ]);
    expect(next).toBeNull();
    expect(rows[0]).toMatchObject({
      owner: shared.userId,
      pastWrap: token("past of a"),
      unnamedIndex: index,
      nowParent: d,
      nowToken: token("b"),
    });
    expect(rows[2]).toMatchObject({ madeIndex: index, removedIndex: index + 1, nowParent: null, nowKey: fileKey("c") });
    expect(rows[5]).toMatchObject({ revision: 2, madeKey: fileKey("a"), nowKey: fileKey("2nd"), nowParent: root });
    expect(world.catalogue.effects({ index, timeMs: timeMs + 1 }).rows).toEqual([]);
    expect(world.catalogue.effects({ index: index + 5, timeMs }).rows).toEqual([]);
    setRetention(0);
    collectAt(100);
    expect(seen(world.catalogue.effects({ index, timeMs }).rows)).toEqual([
      ["named", id("a"), "b"],
      ["named", id("other"), "a"],
      ["revised", id("other"), 1],
    ]);
  });

  it("CAT-123 comes in pages, between what other entries did", () => {
    const many = Array.from({ length: 250 }, (_, place) => putFile(`f${place}`));
    ok(world.asUser(...many));
    ok(world.asUser(...many.map((_, place) => move(`f${place}`, `g${place}`)), putFile("last")));
    const { timeMs } = world;
    const index = world.catalogue.appliedIndex();
    ok(world.asUser(putFile("after"), removeEntry("last")));
    for (const limit of [1, 7, 500]) {
      const all: unknown[] = [];
      let pages = 0;
      for (let after = undefined as Parameters<typeof world.catalogue.effects>[0]["after"]; ;) {
        const { rows, next } = world.catalogue.effects({ index, timeMs, after, limit });
        expect(rows.length).toBeLessThanOrEqual(Math.min(limit, pageRowsMax));
        all.push(...seen(rows));
        pages += 1;
        if (next === null) break;
        after = next;
      }
      expect(all).toHaveLength(502);
      expect(new Set(all.map((row) => JSON.stringify(row))).size).toBe(502);
      expect(pages).toBe(Math.ceil(502 / limit));
    }
  });
});
