/**
 * What savepoints claim against what disks hold. Each store is that of a process which ended without a warning, or a copy
 * of one that was frozen, which comes to the same.
 */
import { createHash } from "node:crypto";
import type { FileKey, ShelfId } from "../../src/core/ids.ts";
import type { Savepoint } from "../../src/core/shelf.ts";
import { DiskChunkStore } from "../../src/store/disk-chunk-store.ts";
import { addSums, emptySum, recordSum } from "../../src/store/set-digest.ts";

/** One peer's chunk store. */
export interface StoreCopy {
  readonly name: string;
  readonly folder: string;
}

/** Who owned a shelf, as the catalogue said. */
export interface KnownOwner {
  readonly shelf: ShelfId;
  readonly owner: string;
}

export interface SavepointFindings {
  readonly faults: readonly string[];
  /** Savepoints whose whole set was compared with the owner's, by its log of changes. */
  readonly compared: number;
  /** Savepoints that claim something. */
  readonly claimed: number;
}

interface ShelfCopy {
  readonly name: string;
  readonly store: DiskChunkStore;
  readonly savepoint: Savepoint;
  readonly set: ReadonlyMap<FileKey, number>;
}

const page = 500;

/** Opens the stores and says what is not so. All records are to ask for as many copies as there are links. */
export async function checkSavepoints(
  copies: readonly StoreCopy[],
  owners: readonly KnownOwner[],
): Promise<SavepointFindings> {
  const faults: string[] = [];
  const shelves = new Map<ShelfId, ShelfCopy[]>();
  const stores: DiskChunkStore[] = [];
  try {
    for (const { folder, name } of copies) {
      const store = new DiskChunkStore({ folder });
      stores.push(store);
      await store.start();
      for (const { savepoint } of await store.shelves()) {
        const copy = { name, store, savepoint, set: await setOf(store, savepoint.shelf) };
        shelves.set(savepoint.shelf, [...(shelves.get(savepoint.shelf) ?? []), copy]);
        faults.push(...(await ownFaults(copy)));
      }
    }
    let [compared, claimed] = [0, 0];
    for (const [shelf, links] of shelves) {
      const known = owners.find((one) => one.shelf === shelf)?.owner;
      const owner = links.find(({ name }) => name === known);
      if (owner === undefined) continue;
      for (const link of links) {
        if (link.savepoint.sequence === 0 || link === owner) continue;
        claimed += 1;
        const found = await faultsAgainstOwner(link, owner);
        if (found !== undefined) compared += 1;
        faults.push(...(found ?? []));
      }
    }
    return { faults, compared, claimed };
  } finally {
    await Promise.all(stores.map((store) => store.stop()));
  }
}

/** The set and its sum are what is on the disk, and everything that the records name is there and right. */
async function ownFaults({ name, savepoint, set, store }: ShelfCopy): Promise<readonly string[]> {
  const faults: string[] = [];
  const where = `${name}, shelf ${savepoint.shelf} at ${savepoint.epoch}.${savepoint.sequence}`;
  let sum = emptySum();
  for (const [fileKey, copies] of set) sum = addSums(sum, recordSum(fileKey, copies));
  if (!Buffer.from(sum).equals(savepoint.digest))
    faults.push(`${where}: the digest is not that of the ${set.size} records`);
  for (const fileKey of set.keys()) {
    const fault = await recordFault(store, fileKey).catch((error: unknown) => (error as Error).message);
    if (fault !== undefined) faults.push(`${where}: record ${fileKey}: ${fault}`);
  }
  return faults;
}

async function recordFault(store: DiskChunkStore, fileKey: FileKey): Promise<string | undefined> {
  for (let after = 0; ;) {
    const parts = await store.recordChunks(fileKey, after, page);
    for (const { digest } of parts) {
      const bytes = await store.get(digest);
      if (!createHash("sha256").update(bytes).digest().equals(digest)) return "a chunk has another hash";
    }
    if (parts.length < page) return undefined;
    after = (parts.at(-1)?.position ?? 0) + 1;
  }
}

/** By the owner's log from the savepoint on, the two sets must come out equal; undefined when it does not reach back so far. */
async function faultsAgainstOwner(link: ShelfCopy, owner: ShelfCopy): Promise<readonly string[] | undefined> {
  const { epoch, sequence, shelf } = link.savepoint;
  const where = `${link.name}, shelf ${shelf} at ${epoch}.${sequence}`;
  const ownerText = `${owner.name} at ${owner.savepoint.epoch}.${owner.savepoint.sequence}`;
  if (epoch === owner.savepoint.epoch && sequence > owner.savepoint.sequence)
    return [`${where} claims more than its owner ${ownerText} has numbered`];
  const changes = await owner.store
    .changesSince(shelf, { epoch, sequence }, Number.MAX_SAFE_INTEGER)
    .catch(() => undefined);
  if (changes === undefined) return undefined;
  const changed = new Set(changes.map(({ fileKey }) => fileKey));
  const missing = [...owner.set.keys()].filter((key) => !changed.has(key) && !link.set.has(key));
  const surplus = [...link.set.keys()].filter((key) => !changed.has(key) && !owner.set.has(key));
  return [
    ...missing.map((key) => `${where} claims ${key}, which ${ownerText} has, and does not have it`),
    ...surplus.map((key) => `${where} has ${key}, which ${ownerText} had dropped before`),
  ];
}

async function setOf(store: DiskChunkStore, shelf: ShelfId): Promise<ReadonlyMap<FileKey, number>> {
  const set = new Map<FileKey, number>();
  for (let after: FileKey | undefined; ;) {
    const entries = await store.shelfPage(shelf, { position: 0, after, limit: page });
    for (const { fileKey, copies } of entries) set.set(fileKey, copies);
    after = entries.at(-1)?.fileKey;
    if (entries.length < page) return set;
  }
}
