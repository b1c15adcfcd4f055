/** Chunks, records and folders for the tests of the chunk store. */
import { createHash, randomBytes } from "node:crypto";
import { cp, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { RecordBuilder } from "../../src/chunking/file-record.ts";
import type { StoredBytes } from "../../src/chunking/file-record.ts";
import { parseLeaseId, parseShelfId } from "../../src/core/ids.ts";
import type { FileKey, LeaseId, ShelfId } from "../../src/core/ids.ts";
import type { Savepoint } from "../../src/core/shelf.ts";
import type { ChunkStore } from "../../src/store/chunk-store.ts";
import { DiskChunkStore } from "../../src/store/disk-chunk-store.ts";
import type { DiskChunkStoreOptions } from "../../src/store/open-store.ts";

/** A file as a holder sees it: its chunks and pages, and its key. */
export interface TestFile {
  readonly key: FileKey;
  readonly chunks: readonly StoredBytes[];
  readonly pages: readonly StoredBytes[];
  /** Chunks and pages. */
  readonly all: readonly StoredBytes[];
}

export function chunkOf(bytes: Uint8Array): StoredBytes {
  return { digest: new Uint8Array(createHash("sha256").update(bytes).digest()), bytes: new Uint8Array(bytes) };
}

/** Incompressible, and different every time: nothing here depends on the content. */
export function randomChunk(length = 100): StoredBytes {
  return chunkOf(randomBytes(length));
}

export function randomChunks(count: number, length = 100): StoredBytes[] {
  return Array.from({ length: count }, () => randomChunk(length));
}

export function newLease(): LeaseId {
  return parseLeaseId(randomBytes(16).toString("hex"));
}

/** The file that consists of `chunks`. */
export function fileOf(chunks: readonly StoredBytes[]): TestFile {
  const builder = new RecordBuilder();
  const full = chunks.flatMap(({ digest, bytes }) => builder.add(digest, bytes.length));
  const { fileKey, pages } = builder.finish();
  const allPages = [...full, ...pages];
  return { key: fileKey, chunks, pages: allPages, all: [...chunks, ...allPages] };
}

export function randomFile(chunks = 3, length = 100): TestFile {
  return fileOf(randomChunks(chunks, length));
}

export function digestsOf(chunks: readonly StoredBytes[]): Uint8Array[] {
  return chunks.map(({ digest }) => digest);
}

export function newShelf(): ShelfId {
  return parseShelfId(randomBytes(16).toString("hex"));
}

/** The shelf of every test that does with one. */
export const shelf = newShelf();

/** Adds records under a lease, for two copies, as the owner of `shelf`. */
export async function addRecords(
  store: ChunkStore,
  lease: LeaseId | undefined,
  keys: readonly FileKey[],
  copies = 2,
): Promise<Savepoint> {
  const changes = keys.map((fileKey) => ({ fileKey, copies }));
  return (await store.appendChanges(shelf, 1, changes, { lease })).savepoint;
}

/** Drops records, as the owner of `shelf`. */
export async function drop(store: ChunkStore, ...keys: readonly FileKey[]): Promise<Savepoint> {
  const changes = keys.map((fileKey) => ({ fileKey, copies: 0 }));
  return (await store.appendChanges(shelf, 1, changes)).savepoint;
}

/** Puts a file under `lease` and adds its record. */
export async function addFile(store: ChunkStore, lease: LeaseId, file: TestFile): Promise<void> {
  await store.put(lease, file.all);
  await addRecords(store, lease, [file.key]);
}

/** Puts a file, under a lease of its own. */
export async function keepFile(store: ChunkStore, file: TestFile): Promise<void> {
  const lease = newLease();
  await store.openLease(lease, shelf, 1);
  await addFile(store, lease, file);
  await store.endLease(lease);
}

/** A new folder, removed when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "dfs-store-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A started store in `folder`, stopped when the test is over. */
export async function startStore(options: DiskChunkStoreOptions): Promise<DiskChunkStore> {
  const store = new DiskChunkStore(options);
  await store.start();
  onTestFinished(() => store.stop());
  return store;
}

/** Copies a folder as it is. SQLite's binding may remove the log of a closed database at any time: then once more. */
export async function copyFolder(from: string, to: string): Promise<void> {
  try {
    await cp(from, to, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    await cp(from, to, { recursive: true });
  }
}

/** A store on a copy of `folder` as it is at this moment: what a `kill -9` would leave. */
export async function startCopy(folder: string, change?: (copy: string) => Promise<void>): Promise<DiskChunkStore> {
  const copy = await temporaryFolder();
  await copyFolder(folder, copy);
  await change?.(copy);
  return startStore({ folder: copy });
}

/** The files that the index consists of. */
export const indexNames = ["index.db", "index.db-wal", "index.db-shm"];

export async function removeIndex(folder: string): Promise<void> {
  await Promise.all(indexNames.map((name) => rm(join(folder, name), { force: true })));
}

/** Changes one bit of a file. */
export async function flipBit(path: string, offset: number): Promise<void> {
  const file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  await file.write(Buffer.of(byte.readUInt8() ^ 0x10), 0, 1, offset);
  await file.close();
}
