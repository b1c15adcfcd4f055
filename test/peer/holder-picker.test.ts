import { describe, expect, it } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import type { FileKey, PeerId, ShelfId } from "../../src/core/ids.ts";
import { type HolderDirectory, HolderPicker } from "../../src/peer/holder-picker.ts";

const [one, other] = ["one" as PeerId, "other" as PeerId];
const directory: HolderDirectory = {
  find: () => Promise.resolve({ holders: [one, other], foundBy: "cache" }),
  chainOf: () => Promise.resolve([one, other]),
  nameOf: (peer) => peer,
  forget: () => undefined,
  suspect: () => undefined,
  isSuspect: () => false,
};

describe("the holders of a file", () => {
  it("BURN-20 each with another damaged chunk, give the whole file together", async () => {
    const picker = new HolderPicker(directory, "key" as FileKey, "shelf" as ShelfId);
    const { signal } = new AbortController();
    const damaged = new Map([
      [one, 1],
      [other, 2],
    ]);
    const read = (chunk: number): Promise<number> =>
      picker.withHolder((peer) => {
        if (damaged.get(peer) === chunk) throw new DfsError("integrity", `${chunk} is damaged on ${peer}`);
        return Promise.resolve(chunk);
      }, signal);
    for (const chunk of [1, 2, 1, 2, 3]) expect(await read(chunk)).toBe(chunk);
  });

  it("BURN-21 that all lack a chunk are asked once each, and the last one's error is told", async () => {
    const picker = new HolderPicker(directory, "key" as FileKey, "shelf" as ShelfId);
    const asked: PeerId[] = [];
    const reading = picker.withHolder((peer) => {
      asked.push(peer);
      throw new DfsError("integrity", `damaged on ${peer}`);
    }, new AbortController().signal);
    await expect(reading).rejects.toMatchObject({ kind: "integrity" });
    expect(asked.toSorted()).toEqual([one, other]);
  });

  it("BURN-22 are asked again when one lacks a chunk, and the other was busy with the next one", async () => {
    const picker = new HolderPicker(directory, "key" as FileKey, "shelf" as ShelfId);
    const { signal } = new AbortController();
    let tellBusy: (() => void) | undefined;
    const isTold = new Promise<void>((resolve) => (tellBusy = resolve));
    let isBusy = true;
    const read = (chunk: number): Promise<number> =>
      picker.withHolder(async (peer) => {
        if (peer === one) {
          if (chunk === 1) await isTold;
          throw new DfsError("not-found", `${chunk} is not on ${peer}`);
        }
        if (isBusy) {
          isBusy = false;
          setImmediate(() => tellBusy?.());
          throw new DfsError("busy", `${peer} is busy`);
        }
        return chunk;
      }, signal);
    // The second comes to the other one, which is busy then, before the first does.
    expect(await Promise.all([read(1), read(2)])).toEqual([1, 2]);
  });

  it("HOST-4 that failed for one file are asked after the others for the next, and are still asked", async () => {
    const suspects = new Set<PeerId>();
    const remembering = {
      ...directory,
      suspect: (peer: PeerId) => void suspects.add(peer),
      isSuspect: (peer: PeerId) => suspects.has(peer),
    };
    const { signal } = new AbortController();
    const read = async (broken: ReadonlySet<PeerId>, kind: "timeout" | "not-found"): Promise<PeerId[]> => {
      const picker = new HolderPicker(remembering, "key" as FileKey, "shelf" as ShelfId);
      const asked: PeerId[] = [];
      await picker.withHolder((peer) => {
        asked.push(peer);
        if (broken.has(peer)) throw new DfsError(kind, `${peer} fails`);
        return Promise.resolve();
      }, signal);
      return asked;
    };
    expect(await read(new Set([one]), "not-found")).toEqual([one, other]);
    expect(await read(new Set([one]), "timeout")).toEqual([one, other]);
    expect(await read(new Set([one]), "timeout")).toEqual([other]);
    expect(await read(new Set([other]), "timeout")).toEqual([other, one]);
  });
});
