/** Takes the power away, or fails the disk, at every operation of a log's life. */
import { describe, expect, it } from "vitest";
import { toDfsError } from "../../src/core/errors.ts";
import { RaftDisk } from "../../src/store/raft-disk/raft-disk.ts";
import type { RaftDiskOptions } from "../../src/store/raft-disk/raft-disk.ts";
import { Prng } from "../sim/prng.ts";
import { MemoryFiles } from "./memory-files.ts";
import type { Mishap, Survival } from "./memory-files.ts";
import {
  after,
  beginning,
  carryOut,
  entriesFrom,
  isLike,
  isSame,
  life,
  lifeSegmentBytes,
  shown,
} from "./raft-disk-fixtures.ts";
import type { LogModel } from "./raft-disk-fixtures.ts";

/** How far a life came before a mishap ended it. */
interface Outcome {
  /** What was acknowledged; undefined when not even the log's creation was. */
  readonly done: LogModel | undefined;
  /** What was, besides, under way. */
  readonly begun: LogModel;
  readonly compactedTo: number;
  readonly error: unknown;
  readonly disk: RaftDisk | undefined;
}

function optionsOf(operations: MemoryFiles): RaftDiskOptions {
  return { folder: "/log", operations, segmentBytesMax: lifeSegmentBytes, cacheBytesMax: 1000 };
}

async function live(options: RaftDiskOptions): Promise<Outcome> {
  let disk: RaftDisk | undefined;
  let done: LogModel | undefined;
  let begun = beginning;
  let compactedTo = 0;
  try {
    disk = await RaftDisk.create(options, beginning.base, beginning.hardState);
    done = beginning;
    for (const step of life) {
      begun = after(done, step);
      if (step.kind === "compact") compactedTo = step.index;
      disk = await carryOut(disk, step, options);
      if (step.kind === "reset") compactedTo = 0;
      done = begun;
    }
    return { done, begun, compactedTo, error: undefined, disk };
  } catch (error) {
    return { done, begun, compactedTo, error, disk };
  }
}

/** The log as a start finds it, or nothing when its creation was never acknowledged. */
async function reopened(
  files: MemoryFiles,
  { done, begun, compactedTo }: Outcome,
  at: string,
): Promise<RaftDisk | undefined> {
  try {
    const disk = await RaftDisk.open(optionsOf(files));
    const isFound = [done ?? begun, begun].some((model) => isLike(disk, model, compactedTo));
    expect(isFound, `${at}: ${JSON.stringify(shown(disk).hardState)}`).toBe(true);
    return disk;
  } catch (error) {
    expect(done === undefined && toDfsError(error).kind === "not-found", `${at}: ${String(error)}`).toBe(true);
    return undefined;
  }
}

/** What is found stays, whatever happens next, and the log goes on. */
async function goesOn(files: MemoryFiles, disk: RaftDisk, at: string): Promise<void> {
  const before = shown(disk);
  files.losePower("nothing");
  const again = await RaftDisk.open(optionsOf(files));
  expect(isSame(shown(again), before), at).toBe(true);
  const entries = entriesFrom(again.lastIndex() + 1, 2, 9);
  await again.save({ hardState: undefined, entries });
  files.losePower("nothing");
  const last = await RaftDisk.open(optionsOf(files));
  expect(isSame(shown(last), { ...before, entries: [...before.entries, ...entries] }), at).toBe(true);
}

async function operationsOfALife(): Promise<number> {
  const files = new MemoryFiles();
  const { error } = await live(optionsOf(files));
  expect(error).toBeUndefined();
  return files.operations;
}

function survivals(seed: number): [string, Survival][] {
  const random = [0, 1, 2, 3].map((more): [string, Survival] => {
    const prng = new Prng(seed * 4 + more);
    return [`seed ${more}`, () => prng.chance(0.5)];
  });
  return [["nothing survives", "nothing"], ["everything survives", "everything"], ...random];
}

describe("the log and the power", () => {
  it("LOGDISK-20 after a power cut at any operation all that was saved is there, and what was being saved as a whole or not at all", async () => {
    const count = await operationsOfALife();
    expect(count).toBeGreaterThan(80);
    for (let at = 1; at <= count; at++) {
      for (const [name, survival] of survivals(at)) {
        const files = new MemoryFiles();
        files.mishap = { at, kind: "power" };
        const outcome = await live(optionsOf(files));
        expect(outcome.error).toBeDefined();
        files.losePower(survival);
        const disk = await reopened(files, outcome, `operation ${at}, ${name}`);
        if (disk !== undefined) await goesOn(files, disk, `operation ${at}, ${name}`);
      }
    }
  });

  it("LOGDISK-20 what a crash of the process left unsynced is durable once the log is open again", async () => {
    const count = await operationsOfALife();
    for (let at = 1; at <= count; at++) {
      const files = new MemoryFiles();
      files.mishap = { at, kind: "power" };
      const outcome = await live(optionsOf(files));
      expect(outcome.error).toBeDefined();
      files.restart();
      const disk = await reopened(files, outcome, `operation ${at}`);
      if (disk !== undefined) await goesOn(files, disk, `operation ${at}`);
    }
  });
});

describe("the log and a failing disk", () => {
  it.each<[Mishap, string]>([
    ["EIO", "io"],
    ["ENOSPC", "no-space"],
  ])(
    "LOGDISK-21 %s at any operation is told, ends writing, and loses nothing that was acknowledged",
    async (kind, wanted) => {
      const count = await operationsOfALife();
      for (let at = 1; at <= count; at++) {
        const files = new MemoryFiles();
        files.mishap = { at, kind };
        const outcome = await live(optionsOf(files));
        // A write with zeros ahead is tried once more without them when the disk is full.
        const isMended = outcome.error === undefined && kind === "ENOSPC" && files.journal[at - 1] === "write";
        if (isMended) continue;
        expect(toDfsError(outcome.error).kind, `operation ${at}`).toBe(wanted);
        const operations = files.operations;
        const again = outcome.disk?.save({ hardState: beginning.hardState, entries: [] });
        // A failed open leaves the log of before, which is closed.
        if (again !== undefined)
          await expect(again).rejects.toMatchObject({ kind: expect.stringMatching(`${wanted}|internal`) });
        expect(files.operations).toBe(operations);
        files.restart();
        const disk = await reopened(files, outcome, `operation ${at}`);
        if (disk !== undefined) await goesOn(files, disk, `operation ${at}`);
      }
    },
  );

  it("LOGDISK-21 each later write fails with the same error, and reading goes on", async () => {
    const files = new MemoryFiles();
    const options = { ...optionsOf(files), cacheBytesMax: 0 };
    const disk = await RaftDisk.create(options, beginning.base, beginning.hardState);
    const entries = entriesFrom(5, 3, 1);
    await disk.save({ hardState: undefined, entries });
    files.mishap = { at: files.operations + 2, kind: "EIO" };
    const failed = disk.save({ hardState: undefined, entries: entriesFrom(6, 1, 2) });
    const error = await failed.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: "io", message: expect.stringContaining("restart the peer") });
    await expect(disk.save({ hardState: undefined, entries })).rejects.toBe(error);
    await expect(disk.compact(6)).rejects.toBe(error);
    await expect(disk.reset({ index: 9, term: 1 }, beginning.hardState)).rejects.toBe(error);
    expect(shown(disk).entries).toEqual(entries);
    await disk.close();
    expect([...files.contents().keys()]).toEqual(["/log/00000001.log"]);
  });
});
