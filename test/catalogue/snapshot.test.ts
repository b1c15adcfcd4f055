import { existsSync, readFileSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import { World, makeDirectory, ok, putFile } from "./world.ts";

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

describe("snapshots", () => {
  it("CAT-60 a restored snapshot has the digest and the applied index of the moment it was taken", async () => {
    fill(20, "before");
    const file = join(world.folder, "snapshot");
    const digest = world.catalogue.digest();
    const index = await world.catalogue.snapshotTo(file);
    expect(index).toBe(world.catalogue.appliedIndex());
    fill(5, "after");
    const target = join(world.folder, "other.db");
    await Catalogue.restoreFrom(file, target);
    const restored = Catalogue.open(target);
    expect(restored.appliedIndex()).toBe(index);
    expect(restored.digest()).toEqual(digest);
    expect(restored.digest()).not.toEqual(world.catalogue.digest());
    restored.close();
  });

  it("CAT-60 a commit while the snapshot is being written is not in it", async () => {
    const file = join(world.folder, "snapshot");
    const digest = world.catalogue.digest();
    const writing = world.catalogue.snapshotTo(file);
    fill(1, "late");
    const index = await writing;
    const target = join(world.folder, "other.db");
    await Catalogue.restoreFrom(file, target);
    const restored = Catalogue.open(target);
    expect([restored.appliedIndex(), restored.digest()]).toEqual([index, digest]);
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
