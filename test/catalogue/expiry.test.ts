import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PastState } from "../../src/catalogue/catalogue-reader.ts";
import type { CommandResult } from "../../src/catalogue/result.ts";
import { World, copyFile, fault, id, makeDirectory, move, ok, putFile, removeEntry, root } from "./world.ts";
import { peerKey, peerSession, shared, startMs, token } from "./world.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({ ...(await original<object>()), expiryBatchMax: 3 }));

let world: World;
beforeEach(() => {
  world = World.founded();
});
afterEach(() => world[Symbol.dispose]());

/** Ends what is due at a time. */
function expireAt(timeMs: number): CommandResult {
  world.timeMs = timeMs;
  return world.asFounder({ op: "expire" });
}

const names = (parent = root, at?: PastState): string[] =>
  world.catalogue.list(shared.userId, parent, { at }).rows.map((row) => Buffer.from(row.token).toString());

describe("expiry", () => {
  it("CAT-90 a file is ended by an order at its time or later, never before, and stays in the past", () => {
    ok(world.asUser(putFile("short", { expiresMs: startMs + 10 }), putFile("long", { expiresMs: startMs + 20 })));
    ok(world.asUser(putFile("stays"), makeDirectory("d")));
    const before = world.catalogue.appliedIndex();
    expect(ok(expireAt(startMs + 9))).toEqual([{ op: "expire", expired: 0, isMoreDue: false }]);
    expect(names()).toEqual(["d", "long", "short", "stays"]);
    expect(ok(expireAt(startMs + 10))).toEqual([{ op: "expire", expired: 1, isMoreDue: false }]);
    expect(names()).toEqual(["d", "long", "stays"]);
    expect(ok(expireAt(startMs + 1000))).toEqual([{ op: "expire", expired: 1, isMoreDue: false }]);
    expect(ok(expireAt(startMs + 2000))).toEqual([{ op: "expire", expired: 0, isMoreDue: false }]);
    expect(names()).toEqual(["d", "stays"]);
    expect(names(root, { index: before })).toEqual(["d", "long", "short", "stays"]);
    expect(world.catalogue.node(id("short"))).toMatchObject({ endedIndex: before + 2, parent: null });
    expect(world.catalogue.counts()).toMatchObject({ files: 1, directories: 1, logicalBytes: 100 });
    ok(world.asUser(putFile("short", { node: id("again") })));
  });

  it("CAT-90 those that are due longest go first, no more at a time than a batch may end, and the result says so", () => {
    const files = [5, 4, 3, 2, 1, 1].map((life, place) =>
      putFile(`${life} ${place}`, { expiresMs: startMs + life, fileKey: putFile("same").fileKey }),
    );
    ok(world.asUser(...files));
    expect(ok(expireAt(startMs + 4))).toEqual([{ op: "expire", expired: 3, isMoreDue: true }]);
    expect(names()).toEqual(["3 2", "4 1", "5 0"]);
    expect(ok(expireAt(startMs + 4))).toEqual([{ op: "expire", expired: 2, isMoreDue: false }]);
    expect(names()).toEqual(["5 0"]);
  });

  it("CAT-91 a new revision replaces the expiry of a file, and null takes it away", () => {
    const look = () => world.catalogue.entry(shared.userId, root, token("a"))?.expiresMs;
    ok(world.asUser(putFile("a", { expiresMs: startMs + 10 })));
    expect(look()).toBe(startMs + 10);
    ok(world.asUser(putFile("a", { baseRevision: 1, expiresMs: startMs + 20 })));
    expect(look()).toBe(startMs + 20);
    expect(ok(expireAt(startMs + 10))).toMatchObject([{ expired: 0 }]);
    ok(world.asUser(putFile("a", { baseRevision: 2, expiresMs: null })));
    expect(look()).toBeNull();
    expect(ok(expireAt(startMs + 99))).toMatchObject([{ expired: 0 }]);
    expect(world.catalogue.entry(shared.userId, root, token("a"), { index: 2 })?.expiresMs).toBe(startMs + 10);
    expect(names()).toEqual(["a"]);
  });

  it("CAT-91 a moved file keeps its expiry, a copy has none, and what replaces a file brings its own", () => {
    ok(world.asUser(makeDirectory("d"), putFile("a", { expiresMs: startMs + 10 }), putFile("b")));
    ok(world.asUser(copyFile("a", "copy"), move("a", "moved", { toParent: id("d") })));
    expect(world.catalogue.entry(shared.userId, id("d"), token("moved"))?.expiresMs).toBe(startMs + 10);
    expect(world.catalogue.entry(shared.userId, root, token("copy"))?.expiresMs).toBeNull();
    const back = { fromParent: id<typeof root>("d"), fromToken: token("moved"), replace: id<typeof root>("b") };
    ok(world.asUser(move("a", "b", back)));
    expect(ok(expireAt(startMs + 10))).toMatchObject([{ expired: 1 }]);
    expect(names()).toEqual(["copy", "d"]);
    ok(world.asUser(removeEntry("d", "directory")));
  });

  it("CAT-91 a file that would have expired already is refused, by the entry's time", () => {
    for (const expiresMs of [0, startMs - 1, startMs])
      expect(fault(world.asUser(putFile("a", { expiresMs })))).toMatchObject({ kind: "usage", operation: 0 });
    ok(world.asUser(putFile("a", { expiresMs: startMs + 1 })));
    expect(fault(world.asUser(putFile("a", { baseRevision: 1, expiresMs: startMs }))).kind).toBe("usage");
  });

  it("CAT-92 the next expiry is that of the live file that expires first", () => {
    const next = () => world.catalogue.nextExpiryMs();
    expect(next()).toBeUndefined();
    ok(world.asUser(putFile("stays"), putFile("a", { expiresMs: startMs + 10 })));
    ok(world.asUser(putFile("b", { expiresMs: startMs + 5 }), putFile("c", { expiresMs: startMs + 7 })));
    expect(next()).toBe(startMs + 5);
    ok(world.asUser(removeEntry("b")));
    expect(next()).toBe(startMs + 7);
    ok(world.asUser(putFile("c", { baseRevision: 1 })));
    expect(next()).toBe(startMs + 10);
    ok(expireAt(startMs + 10));
    expect(next()).toBeUndefined();
  });

  it("CAT-12 only members end what has expired", async () => {
    ok(world.asUser(putFile("a", { expiresMs: startMs + 1 })));
    world.timeMs += 5;
    expect(fault(world.asUser({ op: "expire" })).kind).toBe("permission");
    expect(fault(world.apply(peerSession(await peerKey(9)).next({ op: "expire" }))).kind).toBe("permission");
    expect(names()).toEqual(["a"]);
  });
});
