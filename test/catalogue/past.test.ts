import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PastState } from "../../src/catalogue/catalogue-reader.ts";
import type { Operation } from "../../src/catalogue/operation.ts";
import type { EntryRow } from "../../src/catalogue/rows.ts";
import type { NodeId } from "../../src/core/ids.ts";
import { pastEntriesScannedMax } from "../../src/core/limits.ts";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import { World, copyFile, id, makeDirectory, move, ok, putFile, rekey, removeEntry } from "./world.ts";
import { root, shared, startMs, token } from "./world.ts";

let world: World;
beforeEach(() => {
  world = World.founded();
});
afterEach(() => world[Symbol.dispose]());

/** Applies a command so many milliseconds after the start. */
function stepAt(ms: number, ...operations: Operation[]): void {
  world.timeMs = startMs + ms;
  ok(world.asUser(...operations));
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const entryAt = (ms: number, name: string, parent: NodeId = root): EntryRow | undefined =>
  world.catalogue.entry(shared.userId, parent, token(name), { timeMs: startMs + ms });
const namesAt = (ms: number, parent: NodeId = root): string[] =>
  world.catalogue.list(shared.userId, parent, { at: { timeMs: startMs + ms } }).rows.map((row) => text(row.token));

describe("the past of a tree", () => {
  it("PAST-1 is told by time: the state after the last command up to it, between commands and on the millisecond", () => {
    stepAt(10, putFile("a"), makeDirectory("d"));
    stepAt(20, putFile("a", { baseRevision: 1, sizeBytes: 7 }));
    stepAt(20, putFile("a", { baseRevision: 2, sizeBytes: 8 }));
    stepAt(30, move("a", "b", { toParent: id("d") }));
    stepAt(40, removeEntry("a", "file", { parent: id("d"), token: token("b") }), removeEntry("d", "directory"));
    expect([9, 10, 19, 20, 29].map((ms) => entryAt(ms, "a")?.sizeBytes)).toEqual([undefined, 100, 100, 8, 8]);
    expect([30, 39].map((ms) => entryAt(ms, "a"))).toEqual([undefined, undefined]);
    expect([29, 30, 39, 40].map((ms) => namesAt(ms, id("d")))).toEqual([[], ["b"], ["b"], []]);
    expect([0, 10, 30, 40, 9999].map((ms) => namesAt(ms))).toEqual([[], ["a", "d"], ["d"], [], []]);
  });

  it("PAST-1 is the same by time as by the number of the entry", () => {
    stepAt(10, putFile("a"));
    stepAt(20, copyFile("a", "b"), removeEntry("a"));
    const before: PastState = { index: world.catalogue.appliedIndex() - 1 };
    for (const name of ["a", "b"])
      expect(world.catalogue.entry(shared.userId, root, token(name), before)).toEqual(entryAt(19, name));
  });

  it("PAST-1 a page looks through a bounded number of names that have ended, and the next one goes on", () => {
    const rounds = 50;
    stepAt(10, putFile("zz"), makeDirectory("mm"));
    for (let round = 0; round < rounds; round += 1) {
      const labels = Array.from({ length: 250 }, (_, place) => `n ${round} ${place}`);
      stepAt(20 + 2 * round, ...labels.map((label) => makeDirectory(label)));
      stepAt(21 + 2 * round, ...labels.map((label) => removeEntry(label, "directory")));
    }
    const pages: string[][] = [];
    let after: Uint8Array | undefined;
    do {
      const at = { timeMs: startMs + 20 };
      const { rows, next } = world.catalogue.list(shared.userId, root, { at, after, limit: 400 });
      pages.push(rows.map((row) => text(row.token)));
      after = next ?? undefined;
    } while (after !== undefined);
    expect(pages.flat()).toEqual(["mm", ...Array.from({ length: 250 }, (_, place) => `n 0 ${place}`).sort(), "zz"]);
    expect(pages).toHaveLength(2);
    expect(namesAt(9999)).toEqual(["mm"]);
    expect(250 * rounds).toBeGreaterThan(pastEntriesScannedMax);
  });

  it("PAST-3 shows each name with the wrap and the number of keys that it had then, in the form for the past", () => {
    stepAt(10, makeDirectory("d"), putFile("a", { parent: id("d") }));
    stepAt(20, rekey("d"));
    stepAt(30, rekey("a", { parent: id("d"), parentGeneration: 2 }));
    stepAt(40, move("d", "e"));
    const keysAt = (ms: number, name: string, parent?: NodeId): unknown => {
      const row = entryAt(ms, name, parent);
      return row === undefined ? undefined : [text(row.wrap), row.generation];
    };
    expect([10, 20, 40].map((ms) => keysAt(ms, "d"))).toEqual([["past of d", 1], ["next past of d", 2], undefined]);
    expect(keysAt(40, "e")).toEqual(["past of e", 2]);
    expect([20, 30].map((ms) => keysAt(ms, "a", id("d")))).toEqual([
      ["past of a", 1],
      ["next past of a", 2],
    ]);
    expect(world.catalogue.entry(shared.userId, root, token("e"))).toMatchObject({ generation: 2 });
    expect(text(world.catalogue.entry(shared.userId, root, token("e"))?.wrap ?? token(""))).toBe("wrap of e");
  });

  it("PAST-3 keeps nothing of a name that has ended which the keys of its directory open, however it ended", () => {
    world[Symbol.dispose]();
    world = World.founded("disk");
    stepAt(10, makeDirectory("d"), putFile("a"), putFile("b"), putFile("c", { expiresMs: startMs + 50 }));
    stepAt(20, rekey("d"), move("a", "b", { replace: id("b") }), removeEntry("d", "directory"));
    world.timeMs = startMs + 60;
    ok(world.asFounder({ op: "expire" }));
    const database = new SqlDatabase(world.path, { durability: "normal" });
    const ended = database.prepare("SELECT wrap, past_wrap FROM entries WHERE ended_index IS NOT NULL").all();
    expect(ended.map((row) => text(row["past_wrap"] as Uint8Array)).sort()).toEqual([
      "next past of d",
      "past of a",
      "past of b",
      "past of c",
      "past of d",
    ]);
    expect(ended.map((row) => row["wrap"])).toEqual(ended.map(() => new Uint8Array(0)));
    expect(world.catalogue.node(id("c"))?.wrap).toEqual(new Uint8Array(0));
    database.close();
  });
});
