import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toDfsError } from "../../src/core/errors.ts";
import type { ChunkStore } from "../../src/store/chunk-store.ts";
import { DiskChunkStore } from "../../src/store/disk-chunk-store.ts";
import { MemoryChunkStore } from "../../src/store/memory-chunk-store.ts";
import {
  copyFolder,
  digestsOf,
  fileOf,
  indexNames,
  newLease,
  randomChunks,
  removeIndex,
  temporaryFolder,
} from "./store-fixtures.ts";

const chunks = randomChunks(6, 150);
const files = [[0, 1], [1, 2, 2, 3], [3, 4, 5], []].map((picked) =>
  fileOf(picked.flatMap((at) => chunks.slice(at, at + 1))),
);
const everything = [...new Set(files.flatMap(({ all }) => all))];
const leases = Array.from({ length: 3 }, newLease);

type Interruption = "compact" | "restart" | "crash";

/** One step of a random history. Numbers pick a lease and a file. */
type Step =
  | {
      readonly do: "open" | "put" | "put-part" | "pin" | "add" | "end" | "end-keep" | "drop";
      readonly lease: number;
      readonly file: number;
    }
  | { readonly do: "interrupt"; readonly how: Interruption };

const lease = fc.nat(leases.length - 1);
const file = fc.nat(files.length - 1);
const calls = fc.constantFrom(
  "open",
  "put",
  "put",
  "add",
  "add",
  "pin",
  "put-part",
  "end",
  "end-keep",
  "drop" as const,
);
const interruptions = fc.constantFrom<Interruption[]>("compact", "restart", "crash");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: calls, lease, file }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("interrupt"), how: interruptions }) },
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
  const [lease, { all, key }] = [pick(leases, step.lease), pick(files, step.file)];
  if (step.do === "drop") return store.dropRecord(key);
  if (step.do === "open") return store.openLease(lease, 1);
  if (step.do === "put") return store.put(lease, all);
  if (step.do === "put-part") return store.put(lease, all.slice(1));
  if (step.do === "pin") return store.pin(lease, digestsOf(all));
  if (step.do === "add") return store.addRecords(lease, [key]);
  return store.endLease(lease, step.do === "end-keep" ? [key] : []);
}

async function state(store: ChunkStore): Promise<unknown> {
  const { chunks, records, bytes, quarantined } = await store.stats();
  return {
    totals: { chunks, records, bytes, quarantined },
    records: await store.hasRecords(files.map(({ key }) => key)),
    chunks: await store.has(digestsOf(everything)),
    leases: await store.leases(undefined, 10),
  };
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
    if (how === "compact") await this.store.compactOnce();
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
  for (const { lease } of await store.leases(undefined, 10)) await store.endLease(lease, []);
}

async function runHistory(steps: readonly Step[]): Promise<void> {
  const model = new MemoryChunkStore();
  const subject = new Subject(await temporaryFolder(), await temporaryFolder());
  await subject.store.start();
  await subject.rememberIndex();
  for (const step of steps) {
    if (step.do === "interrupt") await subject.interrupt(step.how);
    // An interruption has no outcome: both stores then answer with nothing.
    expect(await outcome(subject.store, step)).toEqual(await outcome(model, step));
    expect(await state(subject.store)).toEqual(await state(model));
  }
  const before = await model.hasRecords(files.map(({ key }) => key));
  await subject.losePower();
  const after = await subject.store.hasRecords(files.map(({ key }) => key));
  expect(before.filter((isHere, at) => isHere && after[at] === false)).toEqual([]);
  await endAll(subject.store);
  await endAll(model);
  expect(await state(subject.store)).toEqual(await state(model));
  await subject.loseIndex();
  expect(await state(subject.store)).toEqual(await state(model));
  const read = (store: ChunkStore): Promise<unknown> =>
    Promise.all(everything.map(({ digest }) => store.get(digest).catch((error: unknown) => toDfsError(error).kind)));
  expect(await read(subject.store)).toEqual(await read(model));
  await subject.store.stop();
}

describe("the disk store beside the one in memory", () => {
  it("STORE-50 gives the same answers through any history of uploads, drops, compactions and crashes", async () => {
    const numRuns = Number(process.env["STORE_MODEL_RUNS"] ?? 15);
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50 }), runHistory), { numRuns });
  }, 60_000);
});
