import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toDfsError } from "../../src/core/errors.ts";
import type { ShelfId } from "../../src/core/ids.ts";
import type { ChunkStore } from "../../src/store/chunk-store.ts";
import { DiskChunkStore } from "../../src/store/disk-chunk-store.ts";
import { MemoryChunkStore } from "../../src/store/memory-chunk-store.ts";
import { addSums, recordSum } from "../../src/store/set-digest.ts";
import {
  copyFolder,
  digestsOf,
  fileOf,
  indexNames,
  newLease,
  newShelf,
  randomChunks,
  removeIndex,
  temporaryFolder,
} from "./store-fixtures.ts";

const chunks = randomChunks(6, 150);
const files = [[0, 1], [1, 2, 2, 3], [3, 4, 5], []].map((picked) =>
  fileOf(picked.flatMap((at) => chunks.slice(at, at + 1))),
);
const everything = [...new Set(files.flatMap(({ all }) => all))];
const keys = files.map(({ key }) => key);
const shelves = [newShelf(), newShelf()].sort();
/** Each shelf has leases of its own. */
const leases = shelves.map(() => Array.from({ length: 2 }, newLease));

type Interruption = "compact" | "restart" | "crash";

/** A change of the file with this number. */
interface FileChange {
  readonly file: number;
  readonly copies: number;
}

/** One step of a random history. Numbers pick a shelf, a lease of it and a file. */
type Step =
  | {
      readonly do: "open" | "put" | "put-part" | "pin" | "end";
      readonly shelf: number;
      readonly lease: number;
      readonly file: number;
    }
  | {
      readonly do: "append" | "apply";
      readonly shelf: number;
      readonly lease: number | undefined;
      readonly changes: readonly FileChange[];
      readonly epoch: number;
      /** How far apart the owner's numbers are from the savepoint's, and the numbers from each other. */
      readonly ahead: number;
      readonly numbers: number;
      /** Whether a digest comes along, and whether it is right. */
      readonly digest: "none" | "right" | "wrong";
    }
  | { readonly do: "begin"; readonly shelf: number; readonly epoch: number }
  | { readonly do: "forget"; readonly shelf: number; readonly limit: number }
  | { readonly do: "interrupt"; readonly how: Interruption };

type SetStep = Extract<Step, { do: "append" | "apply" }>;

const shelf = fc.nat(shelves.length - 1);
const lease = fc.nat(1);
const file = fc.nat(files.length - 1);
const epoch = fc.integer({ min: 1, max: 4 });
const change = fc.record({ file, copies: fc.constantFrom(0, 1, 1, 2) });
const calls = fc.constantFrom("open", "put", "put", "pin", "put-part", "end" as const);
const setStep: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom("append", "apply" as const),
  shelf,
  lease: fc.option(lease, { nil: undefined }),
  changes: fc.array(change, { maxLength: 4 }),
  epoch,
  ahead: fc.constantFrom(0, 0, 0, 1, -1),
  numbers: fc.nat(5),
  digest: fc.constantFrom("none", "none", "right", "right", "wrong" as const),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: calls, shelf, lease, file }) },
  { weight: 6, arbitrary: setStep },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("begin" as const), shelf, epoch }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("forget" as const), shelf, limit: fc.integer({ min: 1, max: 5 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("interrupt" as const),
      how: fc.constantFrom<Interruption[]>("compact", "restart", "crash"),
    }),
  },
);

function pick<Item>(items: readonly Item[], at: number): Item {
  const item = items[at];
  if (item === undefined) throw new RangeError(`no item ${at}`);
  return item;
}

/** What a step comes to, as a caller sees it. */
async function outcome(store: ChunkStore, step: Step): Promise<unknown> {
  try {
    return await perform(store, step);
  } catch (error) {
    return toDfsError(error).kind;
  }
}

async function perform(store: ChunkStore, step: Step): Promise<unknown> {
  if (step.do === "interrupt") return undefined;
  const id = pick(shelves, step.shelf);
  if (step.do === "begin") return store.beginEpoch(id, step.epoch);
  if (step.do === "forget") return store.forgetShelf(id, step.limit);
  if ("changes" in step) return performSet(store, id, step);
  const [lease, { all }] = [pick(pick(leases, step.shelf), step.lease), pick(files, step.file)];
  if (step.do === "open") return store.openLease(lease, id, 1);
  if (step.do === "put") return store.put(lease, all);
  if (step.do === "put-part") return store.put(lease, all.slice(1));
  if (step.do === "pin") return store.pin(lease, digestsOf(all));
  return store.endLease(lease);
}

async function performSet(store: ChunkStore, id: ShelfId, step: SetStep): Promise<unknown> {
  const lease = step.lease === undefined ? undefined : pick(pick(leases, step.shelf), step.lease);
  const changes = step.changes.map(({ file, copies }) => ({ fileKey: pick(keys, file), copies }));
  if (step.do === "append") return store.appendChanges(id, step.epoch, changes, { lease });
  const after = Math.max(0, ((await store.savepoint(id))?.sequence ?? 0) + step.ahead);
  const digest = step.digest === "none" ? undefined : await digestAfter(store, id, changes, step.digest === "right");
  return store.applyChanges(
    id,
    { epoch: step.epoch, after, sequence: after + step.numbers, changes, digest },
    { lease },
  );
}

async function digestAfter(
  store: ChunkStore,
  id: ShelfId,
  changes: readonly { readonly fileKey: (typeof keys)[number]; readonly copies: number }[],
  isRight: boolean,
): Promise<Uint8Array> {
  const set = new Map((await store.shelfPage(id, { position: 0, limit: 9 })).map((row) => [row.fileKey, row.copies]));
  for (const { fileKey, copies } of changes) set.set(fileKey, copies);
  const sums = [...set].flatMap(([key, copies]) => (copies > 0 ? [recordSum(key, copies)] : []));
  return sums.reduce(addSums, new Uint8Array(32).fill(isRight ? 0 : 1));
}

async function state(store: ChunkStore): Promise<unknown> {
  const { chunks, records, bytes, quarantined, missing } = await store.stats();
  return {
    totals: { chunks, records, bytes, quarantined, missing },
    records: await store.hasRecords(keys),
    chunks: await store.has(digestsOf(everything)),
    leases: await store.leases(undefined, 10),
    held: await store.isHeld(keys),
    shelves: await store.shelves(),
    sets: await Promise.all(shelves.map((id) => store.shelfPage(id, { position: 0, limit: 9 }))),
    sums: await Promise.all(shelves.map((id) => store.setDigest(id, 1))),
  };
}

/** The changes behind every point that there could be. */
async function histories(store: ChunkStore): Promise<unknown> {
  const points = [1, 2, 3, 4].flatMap((epoch) => Array.from({ length: 30 }, (_, sequence) => ({ epoch, sequence })));
  return Promise.all(shelves.flatMap((id) => points.map((point) => store.changesSince(id, point, 100))));
}

/** The disk store under test, which crashes and restarts as the steps say. */
class Subject {
  #folder: string;
  readonly #indexBefore: string;
  store: DiskChunkStore;

  /** `indexBefore` is a folder for an earlier state of the index. */
  constructor(folder: string, indexBefore: string) {
    this.#folder = folder;
    this.#indexBefore = indexBefore;
    this.store = new DiskChunkStore({ folder, segmentBytes: 1500 });
  }

  async interrupt(how: Interruption): Promise<void> {
    if (how === "compact") await this.store.compactOnce({ share: 0.2 });
    else if (how === "restart") await this.store.stop();
    else await this.#crash();
    if (how === "compact") await this.rememberIndex();
    else await this.store.start();
  }

  async #crash(): Promise<void> {
    const copy = await temporaryFolder();
    await copyFolder(this.#folder, copy);
    await this.store.stop();
    this.#folder = copy;
    this.store = new DiskChunkStore({ folder: copy, segmentBytes: 1500 });
  }

  /** The index as it is now is the oldest that a power cut can leave: compaction flushes it. */
  async rememberIndex(): Promise<void> {
    await removeIndex(this.#indexBefore);
    await copyIndex(this.#folder, this.#indexBefore);
  }

  /** Everything that was not flushed is lost: the segments stay, the index falls back. */
  async losePower(): Promise<void> {
    await this.loseIndex(() => copyIndex(this.#indexBefore, this.#folder));
  }

  async loseIndex(then: () => Promise<void> = async () => undefined): Promise<void> {
    await this.store.stop();
    await removeIndex(this.#folder);
    await then();
    await this.store.start();
  }
}

async function copyIndex(from: string, to: string): Promise<void> {
  for (const name of indexNames) await copyFile(join(from, name), join(to, name)).catch(() => undefined);
}

/** Ends every lease that the store lists, as its owner does after a crash. */
async function endAll(store: ChunkStore): Promise<void> {
  for (const { lease } of await store.leases(undefined, 10)) await store.endLease(lease);
}

/** Without these, most steps would be refused. */
const opening: readonly Step[] = shelves.flatMap((_, shelf) => [
  { do: "open", shelf, lease: 0, file: 0 } as const,
  { do: "put", shelf, lease: 0, file: 1 } as const,
  { do: "put", shelf, lease: 0, file: 2 } as const,
]);

async function runHistory(steps: readonly Step[]): Promise<void> {
  const model = new MemoryChunkStore();
  const subject = new Subject(await temporaryFolder(), await temporaryFolder());
  await subject.store.start();
  await subject.rememberIndex();
  for (const step of [...opening, ...steps]) {
    if (step.do === "interrupt") await subject.interrupt(step.how);
    // An interruption has no outcome: both stores then answer with nothing.
    expect(await outcome(subject.store, step)).toEqual(await outcome(model, step));
    expect(await state(subject.store)).toEqual(await state(model));
  }
  expect(await histories(subject.store)).toEqual(await histories(model));
  await subject.losePower();
  await endAll(subject.store);
  await endAll(model);
  expect(await state(subject.store)).toEqual(await state(model));
  expect(await histories(subject.store)).toEqual(await histories(model));
  await subject.loseIndex();
  expect(await state(subject.store)).toEqual(await state(model));
  const read = (store: ChunkStore): Promise<unknown> =>
    Promise.all(everything.map(({ digest }) => store.get(digest).catch((error: unknown) => toDfsError(error).kind)));
  expect(await read(subject.store)).toEqual(await read(model));
  await subject.store.stop();
}

describe("the disk store beside the one in memory", () => {
  it("STORE-50 gives the same answers through any history of uploads, changes, compactions and crashes", async () => {
    const numRuns = Number(process.env["STORE_MODEL_RUNS"] ?? 15);
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50 }), runHistory), { numRuns });
  }, 60_000);
});
