import { copyFileSync } from "node:fs";
import type { open } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import { logMarkBytesMax } from "../../src/core/limits.ts";
import { World, makeDirectory, ok, putFile, startMs, token } from "./world.ts";

const flushed: string[] = [];

vi.mock("node:fs/promises", async (original) => {
  const real = await original<{ open: typeof open }>();
  const opened: typeof open = async (path, ...rest) => {
    const handle = await real.open(path, ...rest);
    const sync = handle.sync.bind(handle);
    handle.sync = async () => {
      await sync();
      flushed.push(String(path));
    };
    return handle;
  };
  return { ...real, open: opened };
});

let world: World;
beforeEach(() => {
  world = World.founded("disk");
  flushed.length = 0;
});
afterEach(() => world[Symbol.dispose]());

const marked = (name: string, membersChanged = false) => ({ bytes: token(name), membersChanged });
const entryAt = (index: number) => ({ index, timeMs: startMs, command: world.user.next(putFile(`f${index}`)) });

describe("the log's mark", () => {
  it("CAT-71 is kept with its entries, and nothing of it when they fail", () => {
    expect(world.catalogue.logMark()).toEqual(new Uint8Array(0));
    world.catalogue.applyBatch([entryAt(2), entryAt(3)], marked("three"));
    world.reopen();
    expect(world.catalogue.logMark()).toEqual(token("three"));
    const digest = world.catalogue.digest();
    expect(() => world.catalogue.applyBatch([entryAt(4), entryAt(6)], marked("six", true))).toThrow(
      expect.objectContaining({ kind: "internal" }),
    );
    expect(() =>
      world.catalogue.applyBatch([entryAt(4)], { bytes: new Uint8Array(logMarkBytesMax + 1), membersChanged: true }),
    ).toThrow(expect.objectContaining({ kind: "internal" }));
    expect(world.catalogue.logMark()).toEqual(token("three"));
    expect(world.catalogue.digest()).toEqual(digest);
  });

  it("CAT-71 stays without a new one, and a batch that was applied before leaves the later one alone", () => {
    const [second, third] = [entryAt(2), entryAt(3)];
    world.catalogue.applyBatch([second], marked("two"));
    world.catalogue.applyBatch([third]);
    expect(world.catalogue.logMark()).toEqual(token("two"));
    const fourth = entryAt(4);
    world.catalogue.applyBatch([fourth], marked("four"));
    const digest = world.catalogue.digest();
    const repeated = world.catalogue.applyBatch([second, third], marked("three", true));
    expect(repeated).toEqual([new Uint8Array(0), new Uint8Array(0)]);
    expect(world.catalogue.digest()).toEqual(digest);
    const [skipped, applied] = world.catalogue.applyBatch([fourth, entryAt(5)], marked("five"));
    expect([skipped?.length, world.catalogue.appliedIndex()]).toEqual([0, 5]);
    expect(applied?.length).toBeGreaterThan(0);
    expect(world.catalogue.logMark()).toEqual(token("five"));
  });

  it("CAT-71 is kept without entries too, and a change of the log's members is one of the members", () => {
    world.catalogue.applyBatch([], marked("alone"));
    expect([world.catalogue.logMark(), world.catalogue.membersVersion()]).toEqual([token("alone"), 1]);
    world.catalogue.applyBatch([entryAt(2), entryAt(3)], marked("changed", true));
    expect(world.catalogue.membersVersion()).toBe(3);
    world.catalogue.applyBatch([entryAt(4)], marked("same"));
    expect(world.catalogue.membersVersion()).toBe(3);
    world.reopen();
    expect([world.catalogue.logMark(), world.catalogue.membersVersion()]).toEqual([token("same"), 3]);
  });
});

describe("durability", () => {
  it("CAT-72 what is made durable is flushed, however it lies in the files, and the index of the call is told", async () => {
    ok(world.asUser(makeDirectory("d")));
    const index = world.catalogue.appliedIndex();
    const flushing = world.catalogue.makeDurable();
    ok(world.asUser(putFile("late")));
    expect(await flushing).toBe(index);
    expect(flushed).toContain(`${world.path}-wal`);
    const copy = join(world.folder, "copy.db");
    for (const suffix of ["", "-wal", "-sums"]) copyFileSync(world.path + suffix, copy + suffix);
    const recovered = Catalogue.open(copy);
    expect(recovered.appliedIndex()).toBeGreaterThanOrEqual(index);
    recovered.close();
  });

  it("CAT-72 a catalogue that was only opened can be made durable, one in memory has nothing to lose", async () => {
    world.reopen();
    expect(await world.catalogue.makeDurable()).toBe(1);
    const memory = Catalogue.open(":memory:");
    expect(await memory.makeDurable()).toBe(0);
    memory.close();
  });
});
