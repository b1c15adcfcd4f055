/**
 * The corpora of the table, each made from a seed when a job first asks for it and kept until the end, so that jobs share
 * them: a first put needs content that is new to its network or repository, not to the disk.
 */
import { copyFile, open } from "node:fs/promises";
import { join } from "node:path";
import { mixedSizes, smallSizes, writeBigFile, writeTree } from "./content.ts";

const KiB = 1024;
const MiB = 1024 * 1024;
const bigMegabytesFull = 1024;
const treeFilesFull = 2000;
const smallFilesFull = 10_000;
const insertedBytes = KiB;
/** Near the start: everything behind it moves. */
const insertedAtBytes = 100 * KiB;
const overwrites = 20;
const overwrittenBytes = 4 * KiB;
/** Seeds of the kinds of corpora lie so far apart that none is used twice. */
const seeds = { big: 0, tree: 1000, small: 2000, changes: 3000 };

/** A file or a folder on the disk. */
export interface Corpus {
  readonly path: string;
  readonly bytes: number;
  readonly files: number;
}

export class Corpora {
  readonly #folder: string;
  readonly #scale: number;
  readonly #made = new Map<string, Promise<Corpus>>();

  /** Below `folder`; a trial has a smaller scale than 1. */
  constructor(folder: string, scale: number) {
    this.#folder = folder;
    this.#scale = scale;
  }

  /** 1 GiB that does not compress. */
  big(number: number): Promise<Corpus> {
    return this.#once(`big-${number}`, async (path) => {
      const megabytes = this.#scaled(bigMegabytesFull);
      await writeBigFile(path, seeds.big + number, megabytes);
      return { path, bytes: megabytes * MiB, files: 1 };
    });
  }

  /** `big` of the same number with 1 KiB inserted near the start, and 20 scattered overwrites of 4 KiB. */
  changedBig(number: number): Promise<Corpus> {
    return this.#once(`changed-big-${number}`, async (path) => {
      const { path: original, bytes } = await this.big(number);
      await copyFile(original, path);
      const changes = `${path}-changes`;
      await writeBigFile(changes, seeds.changes + number, 1);
      await change(path, bytes, changes);
      return { path, bytes: bytes + insertedBytes, files: 1 };
    });
  }

  /** 2,000 files of 1 KiB to 1 MiB, about 200 MB, 50 to a folder. */
  tree(number: number): Promise<Corpus> {
    return this.#files(`tree-${number}`, seeds.tree + number, mixedSizes(this.#scaled(treeFilesFull)));
  }

  /** 10,000 files of 1 KiB, 50 to a folder. */
  small(number: number): Promise<Corpus> {
    return this.#files(`small-${number}`, seeds.small + number, smallSizes(this.#scaled(smallFilesFull)));
  }

  #files(name: string, seed: number, sizes: readonly number[]): Promise<Corpus> {
    return this.#once(name, async (path) => {
      const { bytes } = await writeTree(path, seed, sizes);
      return { path, bytes, files: sizes.length };
    });
  }

  #once(name: string, make: (path: string) => Promise<Corpus>): Promise<Corpus> {
    const made = this.#made.get(name) ?? make(join(this.#folder, `corpus-${name}`));
    this.#made.set(name, made);
    return made;
  }

  #scaled(full: number): number {
    return Math.max(1, Math.round(full * this.#scale));
  }
}

/** Inserts and overwrites in place, with bytes of the file `changes`. */
async function change(path: string, bytes: number, changes: string): Promise<void> {
  const [file, fresh] = [await open(path, "r+"), await open(changes)];
  try {
    const buffer = Buffer.alloc(MiB);
    let held = (await fresh.read(Buffer.alloc(insertedBytes), 0, insertedBytes, 0)).buffer;
    for (let at = insertedAtBytes; held.length > 0; at += MiB) {
      const { bytesRead } = await file.read(buffer, 0, MiB, at);
      const moved = Buffer.concat([held, buffer.subarray(0, bytesRead)]);
      const isLast = bytesRead < MiB;
      await file.write(moved, 0, isLast ? moved.length : MiB, at);
      held = isLast ? Buffer.alloc(0) : moved.subarray(MiB);
    }
    for (let number = 0; number < overwrites; number++) {
      const { buffer: piece } = await fresh.read(
        Buffer.alloc(overwrittenBytes),
        0,
        overwrittenBytes,
        insertedBytes + number * overwrittenBytes,
      );
      // In the middle of each twentieth, so that no two are close.
      await file.write(piece, 0, overwrittenBytes, Math.floor(((number + 0.5) * bytes) / overwrites));
    }
  } finally {
    await file.close();
    await fresh.close();
  }
}
