import { cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Catalogue } from "../../../src/catalogue/catalogue.ts";
import { decodeMark } from "../../../src/peer/coordination/group-mark.ts";
import {
  foundSeat,
  inspectSeat,
  openSeat,
  quarantineSeat,
  readSeat,
  recoverSeat,
} from "../../../src/peer/coordination/seat-files.ts";
import { SnapshotFolder } from "../../../src/store/raft-disk/snapshot-folder.ts";
import { founding, peerSession, putFile, userSession } from "../../catalogue/world.ts";
import { TestGroup, testPeer } from "./members.ts";

const segmentBytes = 64 * 1024;
const options = { signal: new AbortController().signal };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dfs-seat-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A group of one with three files, stopped; returns its data folder. */
async function usedSeat(group: TestGroup): Promise<string> {
  const leader = await group.leader();
  await leader.coordinator.log.propose(peerSession().next(founding), options);
  const user = userSession();
  for (const name of ["a", "b", "c"]) await leader.coordinator.log.propose(user.next(putFile(name)), options);
  await leader.stop();
  return leader.folder;
}

/** The applied index of the seat in `path`, once it has started and stopped. */
async function reopened(path: string): Promise<{ applied: number; last: number }> {
  const seat = await readSeat(path);
  if (seat === undefined) throw new Error("no seat");
  const { catalogue, disk } = await openSeat(path, seat, segmentBytes);
  const found = { applied: catalogue.appliedIndex(), last: disk.lastIndex() };
  catalogue.close();
  await disk.close();
  return found;
}

describe("a seat on the disk", () => {
  it("SEAT-1 a network can be founded over whatever an attempt that was cut short has left", async () => {
    await foundSeat(folder, testPeer(1), 1_000);
    await rm(join(folder, "raft", "member.json"));
    expect(await readSeat(folder)).toBeUndefined();
    await foundSeat(folder, testPeer(1), 2_000);
    expect(await reopened(folder)).toEqual({ applied: 1, last: 1 });
  });

  it("SEAT-2 a catalogue that is behind its log is brought up to it again", async () => {
    const group = await TestGroup.of(1);
    try {
      const leader = await group.leader();
      await leader.coordinator.log.propose(peerSession().next(founding), options);
      await leader.coordinator.catalogue.makeDurable();
      for (const suffix of ["", "-wal", "-sums"])
        await cp(join(leader.folder, `catalogue.db${suffix}`), join(folder, `catalogue.db${suffix}`));
      const user = userSession();
      for (const name of ["a", "b"]) await leader.coordinator.log.propose(user.next(putFile(name)), options);
      await leader.stop();
      for (const suffix of ["", "-wal", "-shm"])
        await rm(join(leader.folder, `catalogue.db${suffix}`), { force: true });
      for (const suffix of ["", "-wal", "-sums"])
        await cp(join(folder, `catalogue.db${suffix}`), join(leader.folder, `catalogue.db${suffix}`));
      await leader.start();
      await group.leader();
      expect(leader.coordinator.catalogue.counts().files).toBe(2);
    } finally {
      await group.close();
    }
  });

  it("SEAT-3 a log that does not reach what its catalogue has applied is refused, and nothing is changed", async () => {
    const group = await TestGroup.of(1);
    try {
      const path = await usedSeat(group);
      const log = join(path, "raft", "log");
      await rm(log, { recursive: true });
      await foundSeat(folder, testPeer(1), 1_000);
      await cp(join(folder, "raft", "log"), log, { recursive: true });
      const before = await readdir(log);
      await expect(reopened(path)).rejects.toMatchObject({ kind: "integrity" });
      expect(await readdir(log)).toEqual(before);
    } finally {
      await group.close();
    }
  });

  it("SEAT-4 a snapshot that took the catalogue's place just before a crash is gone on from", async () => {
    const group = await TestGroup.of(1);
    try {
      const leader = await group.leader();
      await leader.coordinator.log.propose(peerSession().next(founding), options);
      const file = join(folder, "snapshot");
      const { index, mark } = await leader.coordinator.catalogue.snapshotTo(file);
      await leader.stop();
      await rm(join(leader.folder, "raft", "log"), { recursive: true });
      await foundSeat(join(folder), testPeer(1), 1_000);
      await cp(join(folder, "raft", "log"), join(leader.folder, "raft", "log"), { recursive: true });
      const snapshots = await SnapshotFolder.open(join(leader.folder, "raft", "snapshots"));
      const temporary = snapshots.temporaryPath();
      await cp(file, temporary);
      await snapshots.keep(temporary, { index, term: decodeMark(mark).term });
      await Catalogue.restoreFrom(file, join(leader.folder, "catalogue.db"));
      expect(await reopened(leader.folder)).toEqual({ applied: index, last: index });
    } finally {
      await group.close();
    }
  });

  it("SEAT-5 a new group goes on from all that its survivor has, in the next generation and under a new number", async () => {
    const group = await TestGroup.of(3);
    try {
      const leader = await group.leader();
      const path = await usedSeat(group);
      const before = await inspectSeat(path);
      expect(before.mark.configuration.voters).toHaveLength(3);
      await recoverSeat(path, leader.peer, Date.now());
      const after = await inspectSeat(path);
      expect(after.mark.generation).toBe(before.mark.generation + 1);
      expect(after.mark.group).not.toBe(before.mark.group);
      expect(after.mark.configuration).toEqual({ voters: [4], learners: [], highestId: 4 });
      expect(after.mark.term).toBeGreaterThan(before.mark.term);
      await leader.start();
      await group.leader([leader]);
      expect(leader.coordinator.catalogue.counts().files).toBe(3);
    } finally {
      await group.close();
    }
  });

  it("SEAT-6 recovering again after it was cut short works", async () => {
    const group = await TestGroup.of(1);
    try {
      const leader = await group.leader();
      const path = await usedSeat(group);
      await recoverSeat(path, leader.peer, Date.now());
      await rm(join(path, "raft"), { recursive: true });
      await recoverSeat(path, leader.peer, Date.now());
      expect((await inspectSeat(path)).mark.generation).toBe(3);
      expect(await reopened(path)).toMatchObject({ applied: expect.any(Number) });
    } finally {
      await group.close();
    }
  });

  it("SEAT-7 a seat in quarantine keeps all its files", async () => {
    await foundSeat(folder, testPeer(1), 1_000);
    const database = await readFile(join(folder, "catalogue.db"));
    const place = await quarantineSeat(folder, 0);
    expect(await readSeat(folder)).toBeUndefined();
    expect(await readFile(join(place, "catalogue.db"))).toEqual(database);
    expect(await readdir(join(place, "raft"))).toContain("log");
  });

  it("SEAT-9 a damaged catalogue is refused, and a new group can go on from what is readable of it", async () => {
    const group = await TestGroup.of(1);
    try {
      const leader = await group.leader();
      const path = await usedSeat(group);
      const { lastIndex } = await inspectSeat(path);
      const sums = await readFile(join(path, "catalogue.db-sums"));
      await writeFile(join(path, "catalogue.db-sums"), sums.subarray(1));
      const names = (await readdir(path)).filter((name) => !/-(wal|shm)$/.test(name));
      await expect(reopened(path)).rejects.toMatchObject({ kind: "integrity" });
      expect(await inspectSeat(path)).toMatchObject({ lastIndex, damage: { kind: "integrity" } });
      expect((await readdir(path)).filter((name) => !/-(wal|shm)$/.test(name))).toEqual(names);
      await expect(reopened(path)).rejects.toMatchObject({ kind: "integrity" });
      await recoverSeat(path, leader.peer, Date.now());
      await leader.start();
      await group.leader();
      expect(leader.coordinator.catalogue.counts().files).toBe(3);
    } finally {
      await group.close();
    }
  });

  it("SEAT-10 a log that begins only after its catalogue has ended counts for nothing in a new group", async () => {
    const group = await TestGroup.of(1);
    try {
      const leader = await group.leader();
      const path = await usedSeat(group);
      await recoverSeat(path, leader.peer, Date.now());
      await foundSeat(folder, testPeer(1), 1_000);
      for (const suffix of ["", "-sums"])
        await cp(join(folder, `catalogue.db${suffix}`), join(path, `catalogue.db${suffix}`));
      await rm(join(path, "catalogue.db-wal"), { force: true });
      const damage = { message: expect.stringContaining("begins at entry") as string };
      expect(await inspectSeat(path)).toMatchObject({ appliedIndex: 1, lastIndex: 1, damage });
      await recoverSeat(path, leader.peer, Date.now());
      expect(await reopened(path)).toEqual({ applied: 2, last: 2 });
    } finally {
      await group.close();
    }
  });

  it("SEAT-8 a damaged record of the seat is refused", async () => {
    await foundSeat(folder, testPeer(1), 1_000);
    await writeFile(join(folder, "raft", "member.json"), "{");
    await expect(readSeat(folder)).rejects.toMatchObject({ kind: "integrity" });
  });
});
