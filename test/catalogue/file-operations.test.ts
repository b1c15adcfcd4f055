import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Operation } from "../../src/catalogue/operation.ts";
import type { NodeId } from "../../src/core/ids.ts";
import { pathDepthMax } from "../../src/core/limits.ts";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import { World, copyFile, fault, fileKey, id, makeDirectory, move, ok, putFile, removeEntry, root } from "./world.ts";
import { shared, startMs, stranger, token } from "./world.ts";
import { founderShelf } from "./world.ts";

let world: World;
beforeEach(() => {
  world = World.founded();
});
afterEach(() => world[Symbol.dispose]());

const entry = (name: string, parent: NodeId = root): ReturnType<World["catalogue"]["entry"]> =>
  world.catalogue.entry(shared.userId, parent, token(name));

describe("putting files", () => {
  it("CAT-1 a put file is there with all that was put", () => {
    expect(ok(world.asUser(putFile("a")))).toEqual([{ op: "putFile", revision: 1 }]);
    expect(entry("a")).toEqual({
      node: id("a"),
      kind: "file",
      wrap: token("wrap of a"),
      generation: 1,
      attributes: token("of a"),
      revision: 1,
      fileKey: fileKey("a"),
      sizeBytes: 100,
      addedBytes: 116,
      historyBytes: 0,
      shelf: founderShelf,
      copies: 2,
      copiesWanted: 2,
      committedMs: startMs,
      expiresMs: null,
    });
    expect(world.catalogue.revision(id("a"), 1)).toMatchObject({
      sealedBytes: 116,
      copiesWanted: 2,
      createdIndex: 2,
      endedIndex: null,
    });
    expect(world.catalogue.node(id("a"))).toMatchObject({
      user: shared.userId,
      parent: root,
      token: token("a"),
      endedIndex: null,
    });
  });

  it("CAT-2 a new revision needs the current one as its base; the loser learns the winner's revision", () => {
    world.asUser(putFile("a"));
    expect(ok(world.asUser(putFile("a", { baseRevision: 1, addedBytes: 7, sizeBytes: 50 })))).toEqual([
      { op: "putFile", revision: 2 },
    ]);
    const loser = fault(world.asUser(putFile("a", { baseRevision: 1 })));
    expect(loser).toMatchObject({ kind: "conflict", operation: 0, revision: 2 });
    expect(loser.message).toContain("revision 2");
    expect(entry("a")).toMatchObject({ revision: 2, addedBytes: 7, historyBytes: 116 });
    expect(world.catalogue.revision(id("a"), 1)).toMatchObject({ endedIndex: 3 });
  });

  it("CAT-2 a base revision of a file that was removed or replaced is a conflict", () => {
    world.asUser(putFile("a"), putFile("b"));
    expect(fault(world.asUser(putFile("a", { node: id("b"), baseRevision: 1 })))).toMatchObject({
      kind: "conflict",
      revision: 1,
    });
    world.asUser(removeEntry("a"));
    expect(fault(world.asUser(putFile("a", { baseRevision: 1 })))).toMatchObject({ kind: "conflict", revision: 0 });
  });

  it("CAT-3 a name is given once, and so is a node id", () => {
    world.asUser(putFile("a"), makeDirectory("d"));
    expect(fault(world.asUser(putFile("a", { node: id("other") }))).kind).toBe("exists");
    expect(fault(world.asUser(putFile("d", { node: id("other") }))).kind).toBe("exists");
    expect(fault(world.asUser(makeDirectory("a"))).kind).toBe("exists");
    expect(fault(world.asUser(putFile("b", { node: id("a") }))).kind).toBe("exists");
    world.asUser(removeEntry("a"));
    expect(fault(world.asUser(putFile("a"))).kind).toBe("exists");
    ok(world.asUser(putFile("a", { node: id("a again") })));
  });

  it.each([
    ["a directory that is not there", { parent: id<NodeId>("nowhere") }, "not-found"],
    ["a file as the directory", { parent: id<NodeId>("file") }, "not-directory"],
    ["a directory that was removed", { parent: id<NodeId>("gone") }, "not-found"],
    ["a directory's name with a base revision", { token: token("d"), baseRevision: 1 }, "is-directory"],
    ["a shelf that is not there", { shelf: id<typeof founderShelf>("no shelf") }, "not-found"],
  ] as const)("CAT-4 refuses %s", (_, changes, kind) => {
    ok(world.asUser(putFile("file"), makeDirectory("d"), makeDirectory("gone"), removeEntry("gone", "directory")));
    const before = world.catalogue.counts();
    expect(fault(world.asUser(putFile("x", changes))).kind).toBe(kind);
    expect(world.catalogue.counts()).toEqual(before);
  });

  it("CAT-4 another user's directory is not there", () => {
    expect(world.catalogue.entry(stranger.userId, root, token("a"))).toBeUndefined();
    expect(fault(world.asUser(putFile("a", { parent: stranger.rootDirectory }))).kind).toBe("not-found");
  });
});

describe("directories", () => {
  it("CAT-5 a directory keeps its attributes and is removed only when empty, as a directory, by its node", () => {
    ok(world.asUser(makeDirectory("d"), putFile("a", { parent: id("d") }), putFile("f")));
    expect(entry("d")).toMatchObject({
      kind: "directory",
      wrap: token("of d"),
      attributes: new Uint8Array(0),
      revision: 0,
      fileKey: null,
      shelf: null,
    });
    expect(fault(world.asUser(removeEntry("d", "directory"))).kind).toBe("not-empty");
    expect(fault(world.asUser(removeEntry("d", "file"))).kind).toBe("is-directory");
    expect(fault(world.asUser(removeEntry("f", "directory"))).kind).toBe("not-directory");
    expect(fault(world.asUser(removeEntry("d", "directory", { node: id("f") }))).kind).toBe("conflict");
    expect(fault(world.asUser(removeEntry("nothing"))).kind).toBe("not-found");
    ok(world.asUser(removeEntry("a", "file", { parent: id("d") }), removeEntry("d", "directory")));
    expect(entry("d")).toBeUndefined();
    expect(world.catalogue.node(id("d"))).toMatchObject({ endedIndex: world.catalogue.appliedIndex(), parent: null });
  });

  it("CAT-6 no directory is deeper than a path may be", () => {
    let parent = root;
    for (let depth = 1; depth < pathDepthMax; depth += 1) {
      ok(world.asUser(makeDirectory(`d${depth}`, parent)));
      parent = id(`d${depth}`);
    }
    expect(fault(world.asUser(makeDirectory("too deep", parent), makeDirectory("deeper", id("too deep")))).kind).toBe(
      "invalid-name",
    );
  });
});

describe("moving", () => {
  it("CAT-7 a moved file keeps node, attributes and history, and has the wrap that it was given", () => {
    ok(world.asUser(putFile("a"), makeDirectory("d")));
    const before = entry("a");
    ok(world.asUser(move("a", "b", { toParent: id("d") })));
    expect(entry("a")).toBeUndefined();
    expect(entry("b", id("d"))).toEqual({ ...before, wrap: token("wrap of b") });
    expect(world.catalogue.counts()).toMatchObject({ files: 1, directories: 1 });
  });

  it("CAT-7 a file takes another's place only when that one is named", () => {
    ok(world.asUser(putFile("a"), putFile("b"), putFile("c"), makeDirectory("d")));
    expect(fault(world.asUser(move("a", "b"))).kind).toBe("exists");
    expect(fault(world.asUser(move("a", "b", { replace: id("c") })))).toMatchObject({ kind: "conflict", revision: 1 });
    expect(fault(world.asUser(move("a", "new", { replace: id("c") })))).toMatchObject({
      kind: "conflict",
      revision: 0,
    });
    expect(fault(world.asUser(move("a", "d"))).kind).toBe("exists");
    expect(fault(world.asUser(move("a", "d", { replace: id("d") }))).kind).toBe("is-directory");
    expect(fault(world.asUser(move("d", "b", { replace: id("b") }))).kind).toBe("not-directory");
    expect(fault(world.asUser(move("a", "x", { node: id("b") }))).kind).toBe("conflict");
    expect(fault(world.asUser(move("nothing", "x"))).kind).toBe("not-found");
    ok(world.asUser(move("a", "b", { replace: id("b") })));
    expect(entry("b")?.node).toBe(id("a"));
    expect(world.catalogue.node(id("b"))?.endedIndex).toBe(world.catalogue.appliedIndex());
    expect(world.catalogue.counts()).toEqual({ files: 2, directories: 1, logicalBytes: 200, storedBytes: 348 });
  });

  it("CAT-7 a move to where it is already changes nothing", () => {
    ok(world.asUser(putFile("a")));
    ok(world.asUser(move("a", "a")));
    expect(entry("a")).toMatchObject({ node: id("a") });
  });

  it("CAT-8 a directory cannot be moved into itself, however deep", () => {
    ok(world.asUser(makeDirectory("a"), makeDirectory("b", id("a")), makeDirectory("c", id("b"))));
    for (const inside of ["a", "b", "c"])
      expect(fault(world.asUser(move("a", "x", { toParent: id(inside) }))).kind).toBe("usage");
    ok(world.asUser(move("c", "c", { fromParent: id("b") }), move("a", "a", { toParent: id("c") })));
    expect(entry("b", id("a"))).toBeDefined();
  });
});

describe("copying", () => {
  it("CAT-9 a copy has the content of the revision asked for and adds no bytes", () => {
    ok(world.asUser(putFile("a"), putFile("a", { baseRevision: 1, fileKey: fileKey("second"), sizeBytes: 5 })));
    ok(world.asUser(copyFile("a", "b"), copyFile("a", "c", { sourceRevision: 2 })));
    expect(entry("b")).toMatchObject({
      fileKey: fileKey("a"),
      sizeBytes: 100,
      addedBytes: 0,
      attributes: token("of b"),
    });
    expect(entry("c")).toMatchObject({ fileKey: fileKey("second"), sizeBytes: 5, revision: 1 });
    ok(world.asUser(copyFile("a", "b", { baseRevision: 1, sourceRevision: 2 })));
    expect(entry("b")).toMatchObject({ fileKey: fileKey("second"), revision: 2, historyBytes: 0 });
    expect(world.catalogue.counts()).toMatchObject({ files: 3, storedBytes: 232, logicalBytes: 15 });
  });

  it("CAT-9 refuses a source that is not there, and a target that moved on", () => {
    ok(world.asUser(putFile("a"), putFile("b")));
    expect(fault(world.asUser(copyFile("a", "c", { sourceRevision: 2 }))).kind).toBe("not-found");
    expect(fault(world.asUser(copyFile("nothing", "c"))).kind).toBe("not-found");
    expect(fault(world.asUser(copyFile("a", "b", { node: id("new") }))).kind).toBe("exists");
    expect(fault(world.asUser(copyFile("a", "b", { baseRevision: 3 })))).toMatchObject({
      kind: "conflict",
      revision: 1,
    });
  });
});

describe("batches", () => {
  it("CAT-10 all operations of a command happen, or none, and the result names the one that was refused", () => {
    const before = world.catalogue.digest();
    const operations = [makeDirectory("d"), putFile("a"), putFile("a", { node: id("other") }), putFile("b")];
    expect(fault(world.asUser(...operations))).toMatchObject({ kind: "exists", operation: 2 });
    expect(world.catalogue.list(shared.userId, root).rows).toEqual([]);
    expect(world.catalogue.counts()).toEqual({ files: 0, directories: 0, logicalBytes: 0, storedBytes: 0 });
    expect(world.catalogue.node(id("d"))).toBeUndefined();
    expect(world.catalogue.digest()).not.toEqual(before);
  });

  it("CAT-10 a refused command of one operation changes no row of the tree", () => {
    using world = World.founded("disk");
    const database = new SqlDatabase(world.path, { durability: "normal" });
    const tree = (): unknown =>
      ["nodes", "entries", "revisions"].map((table) => database.prepare(`SELECT * FROM ${table}`).all());
    ok(world.asUser(makeDirectory("d"), makeDirectory("e", id("d")), putFile("a"), putFile("b")));
    const refused: Operation[] = [
      makeDirectory("d"),
      { ...makeDirectory("new"), node: id("a") },
      putFile("a"),
      putFile("new", { node: id("a") }),
      putFile("a", { baseRevision: 2 }),
      putFile("new", { shelf: id("no shelf") }),
      putFile("new", { epoch: 2 }),
      putFile("new", { expiresMs: world.timeMs }),
      copyFile("a", "b"),
      copyFile("a", "new", { node: id("b") }),
      copyFile("a", "b", { baseRevision: 5 }),
      move("a", "b"),
      move("a", "d", { replace: id("d") }),
      move("d", "new", { toParent: id("e") }),
      removeEntry("d", "directory"),
      removeEntry("a", "directory"),
    ];
    for (const operation of refused) {
      const before = [tree(), world.catalogue.counts()];
      expect(fault(world.asUser(operation)).operation).toBe(0);
      expect([tree(), world.catalogue.counts()], operation.op).toEqual(before);
    }
    database.close();
  });

  it("CAT-10 a name can be made, removed and made again in one command", () => {
    ok(world.asUser(putFile("a"), removeEntry("a"), putFile("a", { node: id("second") })));
    expect(entry("a")?.node).toBe(id("second"));
    expect(world.catalogue.list(shared.userId, root).rows).toHaveLength(1);
    const at = world.catalogue.appliedIndex();
    expect(world.catalogue.list(shared.userId, root, { at: { index: at } }).rows).toHaveLength(1);
  });
});
