/**
 * The in-memory twin of the file system: it forgets what was not synced, tears what was being written, and fails when
 * it is told to.
 *
 * A file has what readers see and what the disk has; a flush brings the sectors that were written since to the disk. A
 * flush that fails leaves them marked as written, as Linux does: the next one succeeds and writes nothing. Names have
 * the same two sides, and a folder sync brings them together.
 */
import { dirname, join } from "node:path";
import type { FileOperations, WritableFile } from "../../src/store/raft-disk/file-operations.ts";

const sectorBytes = 512;

interface Inode {
  seen: Uint8Array;
  stored: Uint8Array;
  readonly dirty: Set<number>;
}

/** What happens to one operation, by its number. `power`: it and everything after it fails, as when the machine is off. */
export type Mishap = "power" | "EIO" | "ENOSPC";

/** How much of what was not synced the disk has after a power cut. */
export type Survival = "nothing" | "everything" | (() => boolean);

export class MemoryFiles implements FileOperations {
  #seen = new Map<string, Inode>();
  #stored = new Map<string, Inode>();
  #isOff = false;
  /** Operations that change the disk, so far. */
  operations = 0;
  /** Calls of `readNow`, so far. */
  readsNow = 0;
  /** Names of the operations, for tests that count them. */
  readonly journal: string[] = [];
  /** The operation, counted from 1, to which something happens. */
  mishap: { readonly at: number; readonly kind: Mishap } | undefined;
  free = Number.MAX_SAFE_INTEGER;

  async makeFolder(): Promise<void> {
    this.#step("makeFolder");
  }

  async names(folder: string): Promise<readonly string[]> {
    this.#checkPower();
    return [...this.#seen.keys()]
      .filter((path) => dirname(path) === folder)
      .map((path) => path.slice(folder.length + 1));
  }

  async open(path: string, which: "new" | "there"): Promise<WritableFile> {
    if (which === "new") {
      this.#step("create");
      const old = this.#seen.get(path);
      if (old === undefined) this.#seen.set(path, emptyInode());
      else old.seen = new Uint8Array();
    }
    const inode = this.#inode(path);
    let isOpen = true;
    const checkOpen = (): void => {
      if (!isOpen) throw systemError("EBADF");
    };
    return {
      write: async (parts, position) => {
        // As from a thread: a close in the same turn comes first.
        await Promise.resolve();
        checkOpen();
        this.#write(inode, Buffer.concat(parts), position);
      },
      flush: async () => {
        checkOpen();
        this.#flush(inode);
      },
      truncate: async (bytes) => {
        checkOpen();
        this.#step("truncate");
        inode.seen = inode.seen.slice(0, bytes);
      },
      close: async () => {
        isOpen = false;
      },
    };
  }

  async size(path: string): Promise<number> {
    return this.#inode(path).seen.length;
  }

  async read(path: string, position: number, bytes: number): Promise<Uint8Array> {
    return this.#inode(path).seen.slice(position, position + bytes);
  }

  readNow(path: string, position: number, bytes: number): Uint8Array {
    this.readsNow++;
    return this.#inode(path).seen.slice(position, position + bytes);
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#inode(from);
    this.#step("rename");
    this.#seen.delete(from);
    this.#seen.set(to, inode);
  }

  async remove(path: string): Promise<void> {
    this.#step("remove");
    this.#seen.delete(path);
  }

  async syncFolder(folder: string): Promise<void> {
    this.#step("syncFolder");
    for (const path of new Set([...this.#seen.keys(), ...this.#stored.keys()]))
      if (dirname(path) === folder) settle(this.#stored, path, this.#seen.get(path));
  }

  async freeBytes(): Promise<number> {
    return this.free;
  }

  /** Turns the machine off and on again. */
  losePower(survival: Survival): void {
    const survives = survival === "nothing" ? () => false : survival === "everything" ? () => true : survival;
    for (const path of new Set([...this.#seen.keys(), ...this.#stored.keys()]))
      if (this.#seen.get(path) !== this.#stored.get(path) && survives())
        settle(this.#stored, path, this.#seen.get(path));
    for (const inode of new Set(this.#stored.values())) powerCut(inode, survives);
    this.#seen = new Map(this.#stored);
    this.restart();
  }

  /** The process ends and starts again; the machine stays on. */
  restart(): void {
    this.#isOff = false;
    this.mishap = undefined;
  }

  /** Everything that readers see, by path; a copy. */
  contents(): Map<string, Uint8Array> {
    return new Map([...this.#seen].map(([path, { seen }]) => [path, seen.slice()]));
  }

  /** Changes one bit of a file, on the disk and for readers. */
  flip(path: string, bit: number): void {
    const { seen } = this.#inode(path);
    seen[bit >> 3] = (seen[bit >> 3] as number) ^ (1 << (bit & 7));
  }

  /** A machine on whose disk are these files. */
  static holding(contents: ReadonlyMap<string, Uint8Array>): MemoryFiles {
    const files = new MemoryFiles();
    for (const [path, bytes] of contents) {
      const inode = { seen: bytes.slice(), stored: bytes.slice(), dirty: new Set<number>() };
      files.#seen.set(path, inode);
      files.#stored.set(path, inode);
    }
    return files;
  }

  #write(inode: Inode, bytes: Uint8Array, position: number): void {
    const fate = this.#fate("write");
    // What fails in the middle has written some sectors; what the power cut leaves is decided later.
    const isWhole = fate === undefined || fate === "power";
    const half = Math.floor((position + bytes.length / 2) / sectorBytes) * sectorBytes;
    const end = isWhole ? position + bytes.length : Math.max(position, half);
    const seen = new Uint8Array(Math.max(inode.seen.length, end));
    seen.set(inode.seen);
    seen.set(bytes.subarray(0, end - position), position);
    inode.seen = seen;
    for (let at = Math.floor(position / sectorBytes); at * sectorBytes < end; at++) inode.dirty.add(at);
    this.#raise();
  }

  #flush(inode: Inode): void {
    const fate = this.#fate("flush");
    if (fate === "EIO" || fate === "ENOSPC") inode.dirty.clear();
    this.#raise();
    const stored = new Uint8Array(inode.seen.length);
    stored.set(inode.stored.subarray(0, stored.length));
    for (const sector of inode.dirty) copySector(inode.seen, stored, sector);
    inode.stored = stored;
    inode.dirty.clear();
  }

  #inode(path: string): Inode {
    this.#checkPower();
    const inode = this.#seen.get(path);
    if (inode === undefined) throw systemError("ENOENT");
    return inode;
  }

  #raised: Mishap | undefined;

  #fate(name: string): Mishap | undefined {
    this.#checkPower();
    this.operations++;
    this.journal.push(name);
    this.#raised = this.mishap?.at === this.operations ? this.mishap.kind : undefined;
    return this.#raised;
  }

  #raise(): void {
    if (this.#raised === undefined) return;
    if (this.#raised !== "power") throw systemError(this.#raised);
    this.#isOff = true;
    this.#checkPower();
  }

  #step(name: string): void {
    this.#fate(name);
    this.#raise();
  }

  #checkPower(): void {
    if (this.#isOff) throw systemError("EIO");
  }
}

/** An error as the system makes it. */
function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code, syscall: "write" });
}

/** One bit of one file changed. */
export function flipped(contents: ReadonlyMap<string, Uint8Array>, path: string, bit: number): Map<string, Uint8Array> {
  const bytes = (contents.get(path) as Uint8Array).slice();
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  return new Map(contents).set(path, bytes);
}

/** Paths in `folder`, ascending. */
export function pathsIn(contents: ReadonlyMap<string, Uint8Array>, folder: string, ending: string): string[] {
  return [...contents.keys()].filter((path) => path.startsWith(join(folder, "/")) && path.endsWith(ending)).toSorted();
}

function emptyInode(): Inode {
  return { seen: new Uint8Array(), stored: new Uint8Array(), dirty: new Set() };
}

function settle(names: Map<string, Inode>, path: string, inode: Inode | undefined): void {
  if (inode === undefined) names.delete(path);
  else names.set(path, inode);
}

/** Each sector that was written and not flushed survives by itself, and so does the new length. */
function powerCut(inode: Inode, survives: () => boolean): void {
  const after = new Uint8Array(survives() ? inode.seen.length : inode.stored.length);
  after.set(inode.stored.subarray(0, after.length));
  for (const sector of inode.dirty) if (survives()) copySector(inode.seen, after, sector);
  inode.seen = after;
  inode.stored = after.slice();
  inode.dirty.clear();
}

function copySector(from: Uint8Array, to: Uint8Array, sector: number): void {
  const at = sector * sectorBytes;
  if (at < to.length) to.set(from.subarray(at, Math.min(at + sectorBytes, to.length)), at);
}
