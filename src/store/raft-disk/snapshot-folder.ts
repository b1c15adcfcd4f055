/**
 * The snapshots of the state on this peer's disk: files that it made for members that are behind the log, or that it
 * received because it was behind itself.
 *
 * A *whole* snapshot is called by its index, term, length and digest, and is never written again. A *part* is one that is
 * being received; it stays for another try until another snapshot is announced. The newest whole one is kept, and those
 * that somebody holds.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DfsError, assert, toDfsError } from "../../core/errors.ts";
import { reservedBytes, snapshotFileBytesMax, snapshotReadBytesMax } from "../../core/limits.ts";
import { systemFiles } from "./file-operations.ts";
import type { FileOperations } from "./file-operations.ts";
import type { LogPosition } from "./log-format.ts";
import { checkAnnouncement, digestOfFile, isIntact, parseSnapshotName, snapshotName } from "./snapshot-file.ts";
import type { SnapshotAnnouncement, SnapshotFile } from "./snapshot-file.ts";
import { SnapshotReception } from "./snapshot-reception.ts";

export type { SnapshotAnnouncement, SnapshotFile } from "./snapshot-file.ts";
export type { SnapshotReception } from "./snapshot-reception.ts";

const ownPrefix = "own-";

/** An open folder. Everything fails with the kind of the system's error: `no-space`, `io`, `not-found` for a snapshot that is gone. */
export class SnapshotFolder {
  readonly #folder: string;
  readonly #operations: FileOperations;
  /** Whole ones by their path. */
  readonly #files = new Map<string, SnapshotFile>();
  /** How often each path is held. */
  readonly #holds = new Map<string, number>();
  #reception: SnapshotReception | undefined;

  private constructor(folder: string, operations: FileOperations) {
    this.#folder = folder;
    this.#operations = operations;
  }

  /** Opens a folder for snapshots alone; makes it where it is not there. Unfinished ones of own making go, and what is no longer as long as it was. */
  static async open(folder: string, operations: FileOperations = systemFiles): Promise<SnapshotFolder> {
    const snapshots = new SnapshotFolder(folder, operations);
    return failing("snapshot.open", folder, async () => {
      await operations.makeFolder(folder);
      for (const name of await operations.names(folder)) await snapshots.#takeIn(name);
      await snapshots.#prune();
      return snapshots;
    });
  }

  /** A path in the folder at which this peer may make a snapshot, for `keep`. */
  temporaryPath(): string {
    return join(this.#folder, `${ownPrefix}${randomBytes(8).toString("hex")}.tmp`);
  }

  /** Makes the file at `temporary` the snapshot of this moment; it is durable when this resolves, and older ones are gone. When it fails, the file is gone. */
  async keep(temporary: string, at: LogPosition): Promise<SnapshotFile> {
    return failing("snapshot.keep", temporary, async () => {
      try {
        const bytes = await this.#operations.size(temporary);
        assert(bytes <= snapshotFileBytesMax, `a snapshot has ${bytes} bytes`);
        await flushFile(this.#operations, temporary);
        const digest = await digestOfFile(this.#operations, temporary, bytes);
        return await this.#keep(temporary, { ...at, bytes, digest });
      } catch (error) {
        await this.#operations.remove(temporary).catch(() => undefined);
        throw error;
      }
    });
  }

  /** The whole snapshot with the highest index. */
  newest(): SnapshotFile | undefined {
    const files = [...this.#files.values()];
    return files.reduce<SnapshotFile | undefined>((best, file) => (isNewer(file, best) ? file : best), undefined);
  }

  /** Up to `bytes` bytes of `file` from `offset` on, fewer only at its end. Fails with `integrity` when the file is shorter than it was. */
  async read(file: SnapshotFile, offset: number, bytes: number): Promise<Uint8Array> {
    assert(bytes <= snapshotReadBytesMax, `${bytes} bytes of a snapshot are read at once`);
    const wanted = Math.max(0, Math.min(bytes, file.bytes - offset));
    const read = await failing("snapshot.read", file.path, () => this.#operations.read(file.path, offset, wanted));
    if (read.length < wanted) throw damaged(file);
    return read;
  }

  /** Keeps `file` from being dropped until the function that this returns is called. */
  hold({ path }: SnapshotFile): () => Promise<void> {
    this.#holds.set(path, (this.#holds.get(path) ?? 0) + 1);
    let isHeld = true;
    return async () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#holds.get(path) ?? 1) - 1;
      if (left > 0) this.#holds.set(path, left);
      else this.#holds.delete(path);
      await failing("snapshot.release", path, () => this.#prune());
    };
  }

  /** Reads a whole snapshot again, as when a member says that it arrived damaged. Fails with `integrity` when it is not what was kept; it is then dropped. */
  async verify(file: SnapshotFile): Promise<void> {
    await failing("snapshot.verify", file.path, async () => {
      if (await isIntact(this.#operations, file.path, file)) return;
      await this.#drop(file);
      throw damaged(file);
    });
  }

  /**
   * Begins to receive a snapshot, or goes on where an earlier try ended, also before a restart; a part of another one is
   * dropped, and a reception that is under way is over. Fails with `protocol` when there can be no such snapshot,
   * `no-space` when there is no room for what is missing.
   */
  async receive(announced: SnapshotAnnouncement): Promise<SnapshotReception> {
    checkAnnouncement(announced);
    return failing("snapshot.receive", this.#folder, async () => {
      await this.#reception?.abandon();
      const reception = await this.#begin(announced);
      this.#reception = reception;
      return reception;
    });
  }

  async #begin(announced: SnapshotAnnouncement): Promise<SnapshotReception> {
    const operations = this.#operations;
    const whole = join(this.#folder, snapshotName(announced, true));
    const known = this.#files.get(whole);
    const keep = async (): Promise<SnapshotFile> => known ?? (await this.#keep(path, announced));
    const path = known === undefined ? join(this.#folder, snapshotName(announced, false)) : whole;
    const offset = await this.#dropOtherParts(path, announced.bytes);
    if (known !== undefined)
      return new SnapshotReception({ operations, announced, path, file: undefined, offset: announced.bytes, keep });
    await this.#checkRoom(announced.bytes - offset);
    const file = await operations.open(path, offset > 0 ? "there" : "new");
    return new SnapshotReception({ operations, announced, path, file, offset, keep });
  }

  /** Bytes of the part at `path` that are here; all other parts go. */
  async #dropOtherParts(path: string, bytesMax: number): Promise<number> {
    let bytes = 0;
    for (const name of await this.#operations.names(this.#folder)) {
      const found = join(this.#folder, name);
      if (!name.endsWith(".part")) continue;
      if (found === path) bytes = Math.min(await this.#operations.size(path), bytesMax);
      else await this.#operations.remove(found);
    }
    return bytes;
  }

  async #checkRoom(bytes: number): Promise<void> {
    const free = (await this.#operations.freeBytes(this.#folder)) - reservedBytes;
    if (bytes <= free) return;
    const text = `no room in ${this.#folder} for ${bytes} bytes of a snapshot; free some space`;
    throw new DfsError("no-space", text, { path: this.#folder });
  }

  /** Gives a durable file its name, and drops what it replaces. */
  async #keep(path: string, announced: SnapshotAnnouncement): Promise<SnapshotFile> {
    const { index, term, bytes, digest } = announced;
    const file = { index, term, bytes, digest, path: join(this.#folder, snapshotName(announced, true)) };
    await this.#operations.rename(path, file.path);
    await this.#operations.syncFolder(this.#folder);
    this.#files.set(file.path, file);
    await this.#prune();
    return file;
  }

  /** Looks at a name that is there at the start. */
  async #takeIn(name: string): Promise<void> {
    const path = join(this.#folder, name);
    const file = parseSnapshotName(this.#folder, name);
    if (file === undefined) {
      if (name.startsWith(ownPrefix)) await this.#operations.remove(path);
    } else if ((await this.#operations.size(path)) === file.bytes) this.#files.set(path, file);
    else await this.#operations.remove(path);
  }

  async #prune(): Promise<void> {
    const newest = this.newest();
    for (const file of this.#files.values())
      if (file.path !== newest?.path && !this.#holds.has(file.path)) await this.#drop(file);
  }

  async #drop({ path }: SnapshotFile): Promise<void> {
    this.#files.delete(path);
    await this.#operations.remove(path);
  }
}

async function flushFile(operations: FileOperations, path: string): Promise<void> {
  const file = await operations.open(path, "there");
  try {
    await file.flush();
  } finally {
    await file.close();
  }
}

function isNewer(file: SnapshotFile, other: SnapshotFile | undefined): boolean {
  if (other === undefined || file.index !== other.index) return other === undefined || file.index > other.index;
  return file.term > other.term;
}

function damaged({ path }: SnapshotFile): DfsError {
  return new DfsError("integrity", `snapshot ${path} is not what was written; a new one has to be made`, { path });
}

async function failing<Result>(op: string, path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toDfsError(error, { op, path });
  }
}
