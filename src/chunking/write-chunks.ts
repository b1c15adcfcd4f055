/** Opens several chunks of a file and writes them to it, in one piece of work. */
import { toDfsError } from "../core/errors.ts";
import { digestBytes } from "../core/ids.ts";
import { type ThreadError, toThreadError } from "./chunking-messages.ts";
import { openChunk } from "./seal.ts";
import { writeAt } from "./write-at.ts";
import { type PackedChunk, secretBytes } from "./write-pack.ts";

/** A chunk, and where its plaintext belongs in the file. */
interface PlacedChunk extends PackedChunk {
  readonly positionBytes: number;
}

/** Chunks of one file, which is open for writing. */
export interface WriteChunksWork {
  readonly fd: number;
  readonly chunks: readonly PlacedChunk[];
  readonly memories: readonly Uint8Array[];
  /** Of each chunk in their order: its digest and its key. */
  readonly secrets: Uint8Array;
}

/** How each chunk ended, in their order, undefined for one that is written; and the memories. */
export interface WrittenChunks {
  readonly memories: readonly Uint8Array[];
  readonly errors: readonly (ThreadError | undefined)[];
}

/**
 * Writes each chunk, or fails for it alone: with `integrity`, and nothing of it written, when it is not what its digest and key
 * say, and with `no-space` and other kinds of the file system.
 */
export function writeChunks({ fd, chunks, memories, secrets }: WriteChunksWork): WrittenChunks {
  const errors = chunks.map(({ memory, start, bytes, positionBytes }, place) => {
    try {
      const sealed = memories[memory]?.subarray(start, start + bytes) ?? new Uint8Array();
      const secret = secrets.subarray(place * secretBytes, (place + 1) * secretBytes);
      writeAt(fd, positionBytes, openChunk(sealed, secret.subarray(digestBytes), secret.subarray(0, digestBytes)));
      return undefined;
    } catch (error) {
      return toThreadError(toDfsError(error));
    }
  });
  return { memories, errors };
}
