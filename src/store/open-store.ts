/**
 * Opens the parts of a store on disk, and puts them together: `store.id`, `segments/`, `index.db`, `quarantine/`.
 */
import { existsSync, writeFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DfsError } from "../core/errors.ts";
import type { StoreId } from "../core/ids.ts";
import { segmentBytesMax } from "../core/limits.ts";
import { removeTemporaryFiles } from "./atomic-file.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { systemDisk } from "./disk-operations.ts";
import type { DiskOperations } from "./disk-operations.ts";
import { KeyedLocks } from "./keyed-locks.ts";
import { Quarantine } from "./quarantine.ts";
import { RecordCounter } from "./record-counter.ts";
import { RecordFinder } from "./record-finder.ts";
import { recover } from "./recovery.ts";
import { SegmentFiles } from "./segment-files.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { SetKeeper } from "./set-keeper.ts";
import { ShelfReader } from "./shelf-reader.ts";
import { openStoreId } from "./store-id.ts";
import { StoreIndex } from "./store-index.ts";

/** Where the store is and how large it may become. */
export interface DiskChunkStoreOptions {
  /** The store's own folder; created when it is not there. Only one process may use it (see `openDataFolder`). */
  readonly folder: string;
  /** Bytes that the segments may take; without it, what the disk has. */
  readonly capacityBytes?: number | undefined;
  /** Bytes after which a new segment begins; `segmentBytesMax` unless a test wants many segments. */
  readonly segmentBytes?: number | undefined;
  /** Told in a sentence what a start had to mend. */
  readonly log?: ((message: string) => void) | undefined;
  /** For tests that fail the disk. */
  readonly disk?: DiskOperations | undefined;
}

/** The parts of an open store. */
export interface OpenStore {
  readonly id: StoreId;
  readonly files: SegmentFiles;
  readonly index: StoreIndex;
  readonly quarantine: Quarantine;
  readonly reader: ChunkReader;
  readonly writer: SegmentWriter;
  readonly keeper: SetKeeper;
  readonly finder: RecordFinder;
  readonly shelves: ShelfReader;
  readonly locks: KeyedLocks;
}

type Log = (message: string) => void;

/** Recovers the store from whatever ended it. Fails with `version`, `no-space`, or the system's error. */
export async function openStore(options: DiskChunkStoreOptions): Promise<OpenStore> {
  const { folder, log = () => undefined } = options;
  const files = new SegmentFiles(join(folder, "segments"));
  const quarantine = new Quarantine(join(folder, "quarantine"));
  await mkdir(files.folder, { recursive: true, mode: 0o700 });
  await removeTemporaryFiles(folder);
  await quarantine.start();
  const hasSegments = (await files.numbers()).length > 0;
  const id = await openStoreId(join(folder, "store.id"), hasSegments);
  const indexPath = join(folder, "index.db");
  // What an index says of a store whose segments are gone is of no use.
  if (!hasSegments) await StoreIndex.remove(indexPath);
  const index = await openIndex(indexPath, log);
  try {
    return { id, ...(await openParts(options, { files, quarantine, index, log })) };
  } catch (error) {
    await files.close();
    index.close();
    throw error;
  }
}

async function openParts(
  { capacityBytes, segmentBytes = segmentBytesMax, disk = systemDisk }: DiskChunkStoreOptions,
  parts: Pick<OpenStore, "files" | "quarantine" | "index"> & { readonly log: Log },
): Promise<Omit<OpenStore, "id">> {
  const { files, quarantine, index, log } = parts;
  const reader = new ChunkReader(files, index, quarantine);
  const counter = new RecordCounter(index, reader);
  const { end, disclaimed } = await recover({ files, index, quarantine, counter, log, segmentBytes });
  const writer = new SegmentWriter({ files, index, disk, capacityBytes, segmentBytes }, end);
  const locks = new KeyedLocks();
  const finder = new RecordFinder(index, reader);
  const keeper = new SetKeeper({ index, reader, counter, finder, locks, writer });
  try {
    if (index.segments.all().length === 0) await writer.beginSegment();
    await keeper.disclaim(disclaimed);
  } catch (error) {
    await writer.stop();
    throw error;
  }
  return { files, index, quarantine, reader, writer, keeper, finder, shelves: new ShelfReader(index), locks };
}

/** The index; one that is damaged, or was found damaged while it was used, is made anew from the segments. */
async function openIndex(path: string, log: Log): Promise<StoreIndex> {
  if (existsSync(markOf(path))) await removeIndex(path, log);
  try {
    return StoreIndex.open(path);
  } catch (error) {
    if (!(error instanceof DfsError) || error.kind !== "integrity") throw error;
    await removeIndex(path, log);
    return StoreIndex.open(path);
  }
}

async function removeIndex(path: string, log: Log): Promise<void> {
  log(`${path} is damaged; it is made anew from the segments`);
  await StoreIndex.remove(path);
  await rm(markOf(path), { force: true });
}

/** Refuses all further writing, and lets the next start make the index anew. */
export function noteDamage({ writer, index }: OpenStore, damage: DfsError): void {
  writer.fail(damage);
  writeFileSync(markOf(index.path), "");
}

/** The file that says that an index was found damaged. */
function markOf(indexPath: string): string {
  return indexPath.replace(/\.db$/, ".damaged");
}
