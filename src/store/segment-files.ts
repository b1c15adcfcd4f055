/** The segment files of a store: their names, and a bounded cache of handles for reading them. */
import { randomBytes } from "node:crypto";
import { open, readdir, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { openSegmentsMax } from "../core/limits.ts";
import { countFlush } from "../core/work-done.ts";
import { syncFolder } from "./atomic-file.ts";
import { encodeSegmentHeader, segmentHeaderBytes } from "./segment-format.ts";

/** A segment that is open for appending. */
export interface OpenSegment {
  readonly number: number;
  readonly mark: Buffer;
  readonly handle: FileHandle;
  /** Where the next record goes: everything before is durable or was taken back. */
  endBytes: number;
}

interface CachedHandle {
  readonly opening: Promise<FileHandle>;
  uses: number;
  isForgotten: boolean;
}

const namePattern = /^(\d{8,10})\.seg$/;

/** The files `NNNNNNNN.seg` of one folder. A handle in use is never closed; unused ones go, the longest unused first. */
export class SegmentFiles {
  readonly folder: string;
  readonly #cached = new Map<number, CachedHandle>();

  constructor(folder: string) {
    this.folder = folder;
  }

  path(number: number): string {
    return join(this.folder, `${String(number).padStart(8, "0")}.seg`);
  }

  /** The numbers of all segments on disk, ascending: the order in which they were written. */
  async numbers(): Promise<number[]> {
    const names = await readdir(this.folder);
    const numbers = names.flatMap((name) => namePattern.exec(name)?.[1] ?? []).map(Number);
    return numbers.sort((a, b) => a - b);
  }

  /** Creates segment `number` with its header, durable in its folder. Fails with the system's error. */
  async create(number: number): Promise<OpenSegment> {
    const mark = randomBytes(8);
    // Left behind by a failed attempt: a segment that any record is in has a higher number than this one's.
    await rm(this.path(number), { force: true });
    const handle = await open(this.path(number), "wx", 0o600);
    try {
      await handle.write(encodeSegmentHeader(number, mark));
      countFlush();
      await handle.sync();
      await syncFolder(this.folder);
      return { number, mark, handle, endBytes: segmentHeaderBytes };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Runs `work` with a handle for reading segment `number`. Fails with the system's error, ENOENT when it is gone. */
  async use<Result>(number: number, work: (handle: FileHandle) => Promise<Result>): Promise<Result> {
    const cached = this.#take(number);
    cached.uses += 1;
    try {
      return await work(await cached.opening);
    } finally {
      cached.uses -= 1;
      if (cached.isForgotten) this.#closeUnused(cached);
    }
  }

  #take(number: number): CachedHandle {
    const known = this.#cached.get(number);
    this.#cached.delete(number);
    const cached = known ?? this.#open(number);
    this.#cached.set(number, cached);
    for (const other of this.#cached.keys()) {
      if (this.#cached.size <= openSegmentsMax) break;
      if (other !== number) this.forget(other);
    }
    return cached;
  }

  #open(number: number): CachedHandle {
    const cached: CachedHandle = { opening: open(this.path(number), "r"), uses: 0, isForgotten: false };
    cached.opening.catch(() => {
      if (this.#cached.get(number) === cached) this.#cached.delete(number);
    });
    return cached;
  }

  /** Closes the handle for segment `number` as soon as nobody reads from it. */
  forget(number: number): void {
    const cached = this.#cached.get(number);
    if (cached === undefined) return;
    this.#cached.delete(number);
    cached.isForgotten = true;
    this.#closeUnused(cached);
  }

  #closeUnused(cached: CachedHandle): void {
    // A handle that never opened needs no closing, and one that fails to close was only read from.
    if (cached.uses === 0) cached.opening.then((handle) => handle.close()).catch(() => undefined);
  }

  /** Removes segment `number` for good: its name is gone after a power cut too. */
  async remove(number: number): Promise<void> {
    this.forget(number);
    await rm(this.path(number), { force: true });
    await syncFolder(this.folder);
  }

  /** Closes every handle; nobody may be reading any more. */
  async close(): Promise<void> {
    const handles = [...this.#cached.values()];
    this.#cached.clear();
    await Promise.allSettled(handles.map(async ({ opening }) => (await opening).close()));
  }
}
