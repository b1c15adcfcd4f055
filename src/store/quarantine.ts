/** Damaged pieces of segments, kept in a folder of their own for a person to look at, and never served. */
import { mkdir, readdir, rename } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { quarantineFilesMax, quarantinePieceBytesMax } from "../core/limits.ts";
import type { Place } from "./chunk-table.ts";
import { removeTemporaryFiles, writeFileAtomic } from "./atomic-file.ts";

/** The folder of pieces, named `SEGMENT-OFFSET.bin`. Keeps at most `quarantineFilesMax`, and counts all. */
export class Quarantine {
  readonly #folder: string;
  #count = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Pieces that were set aside: those still in the folder at the start, and those since. */
  get count(): number {
    return this.#count;
  }

  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await removeTemporaryFiles(this.#folder);
    this.#count = (await readdir(this.#folder)).filter((name) => name.endsWith(".bin")).length;
  }

  /** Keeps a copy of the first bytes of a piece, if that is possible: it must not keep anybody from going on without it. */
  async copy(handle: FileHandle, place: Place, length: number): Promise<void> {
    this.#count += 1;
    if (this.#count > quarantineFilesMax) return;
    try {
      const bytes = Buffer.alloc(Math.min(length, quarantinePieceBytesMax));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, place.offset);
      await writeFileAtomic(this.#path(place), bytes.subarray(0, bytesRead));
    } catch {
      // A full or failing disk: the piece is counted, and that is all that can be done.
    }
  }

  /** Moves a whole segment file here. Fails with the system's error. */
  async move(path: string, segment: number): Promise<void> {
    this.#count += 1;
    await rename(path, this.#path({ segment, offset: 0 }));
  }

  #path({ segment, offset }: Place): string {
    return join(this.#folder, `${String(segment).padStart(8, "0")}-${offset}.bin`);
  }
}
