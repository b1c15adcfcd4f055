import { existsSync, readFileSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import { World, makeDirectory, ok, putFile, startMs, token } from "./world.ts";

let world: World;
beforeEach(() => {
  world = World.founded("disk");
});
afterEach(() => world[Symbol.dispose]());

/** Files and directories, all in one command. */
function fill(count: number, label: string): void {
  const pairs = Array.from({ length: count }, (_, place) => [
    putFile(`${label} ${place}`),
    makeDirectory(`${label} d${place}`),
  ]);
  ok(world.asUser(...pairs.flat()));
}

/** The batch of one entry, which puts files, and its mark. */
function batchAt(index: number, files: number): Parameters<Catalogue["applyBatch"]> {
  const operations = Array.from({ length: files }, (_, place) => putFile(`${index} ${place}`));
  const entry = { index, timeMs: startMs + index, command: world.user.next(...operations) };
  return [[entry], { bytes: token(`mark ${index}`), membersChanged: index % 3 === 0 }];
}

describe("snapshots", () => {
  it("CAT-60 a restored snapshot has the digest and the applied index of the moment it was taken", async () => {
    fill(20, "before");
    const file = join(world.folder, "snapshot");
    world.catalogue.applyBatch([], { bytes: token("mark"), membersChanged: false });
    const digest = world.catalogue.digest();
    const { index, mark } = await world.catalogue.snapshotTo(file);
    expect([index, mark]).toEqual([world.catalogue.appliedIndex(), token("mark")]);
    fill(5, "after");
    const target = join(world.folder, "other.db");
    await Catalogue.restoreFrom(file, target);
    const restored = Catalogue.open(target);
    expect([restored.appliedIndex(), restored.logMark()]).toEqual([index, mark]);
    expect(restored.digest()).toEqual(digest);
    expect(restored.digest()).not.toEqual(world.catalogue.digest());
    restored.close();
  });

  it("CAT-63 a snapshot taken while commands are applied is the state at one index, with its mark", async () => {
    const file = join(world.folder, "snapshot");
    const log = [batchAt(2, 200)];
    for (const batch of log) world.catalogue.applyBatch(...batch);
    const progress = { isWritten: false };
    const writing = world.catalogue.snapshotTo(file).finally(() => {
      progress.isWritten = true;
    });
    while (!progress.isWritten) {
      const batch = batchAt(log.length + 2, 5);
      log.push(batch);
      world.catalogue.applyBatch(...batch);
      await new Promise(setImmediate);
    }
    const { index, mark } = await writing;
    expect(log.length).toBeGreaterThan(10);
    const target = join(world.folder, "other.db");
    await Catalogue.restoreFrom(file, target);
    const restored = Catalogue.open(target);
    expect([restored.appliedIndex(), restored.logMark()]).toEqual([index, mark]);
    using replica = World.founded();
    for (const batch of log.slice(0, index - 1)) replica.catalogue.applyBatch(...batch);
    expect([replica.catalogue.appliedIndex(), replica.catalogue.logMark()]).toEqual([index, mark]);
    expect(restored.digest()).toEqual(replica.catalogue.digest());
    restored.close();
  });

  it("CAT-60 a snapshot takes the place of an older catalogue with its write-ahead log, and leaves nothing beside it", async () => {
    const file = join(world.folder, "snapshot");
    fill(3, "kept");
    const digest = world.catalogue.digest();
    await world.catalogue.snapshotTo(file);
    await world.catalogue.snapshotTo(file);
    fill(10, "dropped");
    world.catalogue.close();
    await Catalogue.restoreFrom(file, world.path);
    world.catalogue = Catalogue.open(world.path);
    expect(world.catalogue.digest()).toEqual(digest);
    expect(readdirSync(world.folder).filter((name) => name.includes(".tmp"))).toEqual([]);
  });

  it("CAT-61 a damaged, cut, empty or missing snapshot is refused, and what was there stays", async () => {
    fill(40, "kept");
    const file = join(world.folder, "snapshot");
    await world.catalogue.snapshotTo(file);
    const digest = world.catalogue.digest();
    world.catalogue.close();
    const sound = readFileSync(file);
    const damaged = [
      Buffer.alloc(sound.length, 1),
      Buffer.concat([sound.subarray(0, 8192), Buffer.alloc(4096, 0xaa), sound.subarray(12_288)]),
      Buffer.alloc(0),
    ];
    for (const bytes of damaged) {
      writeFileSync(file, bytes);
      await expect(Catalogue.restoreFrom(file, world.path)).rejects.toThrow(
        expect.objectContaining({ kind: expect.stringMatching(/integrity|version/) as string }),
      );
    }
    for (const harm of ["DELETE FROM log_mark", "UPDATE log_mark SET mark = 'text'", "DELETE FROM totals"]) {
      writeFileSync(file, sound);
      const database = new SqlDatabase(file, { durability: "full" });
      database.exec(harm);
      database.close();
      await expect(Catalogue.restoreFrom(file, world.path)).rejects.toThrow(
        expect.objectContaining({ kind: "integrity" }),
      );
    }
    writeFileSync(file, sound);
    truncateSync(file, sound.length - 4096);
    await expect(Catalogue.restoreFrom(file, world.path)).rejects.toThrow(
      expect.objectContaining({ kind: "integrity" }),
    );
    await expect(Catalogue.restoreFrom(join(world.folder, "none"), world.path)).rejects.toThrow(
      expect.objectContaining({ kind: "not-found" }),
    );
    world.catalogue = Catalogue.open(world.path);
    expect(world.catalogue.digest()).toEqual(digest);
    expect(readdirSync(world.folder).filter((name) => name.includes(".tmp"))).toEqual([]);
  });

  it("CAT-61 a snapshot into a folder that is not there fails and leaves the catalogue as it was", async () => {
    const digest = world.catalogue.digest();
    await expect(world.catalogue.snapshotTo(join(world.folder, "no", "snapshot"))).rejects.toThrow(
      expect.objectContaining({ name: "DfsError" }),
    );
    expect(world.catalogue.digest()).toEqual(digest);
    ok(world.asUser(putFile("a")));
  });
});

describe("opening", () => {
  it("CAT-62 a database of another version is refused and left alone", () => {
    const path = join(world.folder, "future.db");
    const future = new SqlDatabase(path, { durability: "full" });
    future.exec("CREATE TABLE t (a); PRAGMA user_version = 99");
    future.close();
    expect(() => Catalogue.open(path)).toThrow(expect.objectContaining({ kind: "version" }));
    expect(existsSync(path)).toBe(true);
  });
});
