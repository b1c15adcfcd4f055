/**
 * Cuts and seals many small files in one piece of work: each is read whole, and what all of them come to is handed over in
 * one array. A file's turn costs little more than its system calls and its cryptography.
 */
import { readSync } from "node:fs";
import { type DfsError, toDfsError } from "../core/errors.ts";
import type { FileKey } from "../core/ids.ts";
import { packFileBytesMax } from "../core/limits.ts";
import { type FileStat, type ThreadError, toThreadError } from "./chunking-messages.ts";
import type { ContentReference } from "./content-reference.ts";
import { CutBuffer } from "./fastcdc.ts";
import { FileBuilder } from "./file-builder.ts";
import type { StoredBytes } from "./file-record.ts";
import { sealChunk } from "./seal.ts";
import { withRegularFile } from "./seal-source.ts";

/** What a file of a pack comes to. */
export interface PackedFile {
  readonly stat: FileStat;
  readonly fileKey: FileKey;
  readonly reference: ContentReference;
  /** Bytes that holders store for it. */
  readonly storedBytes: number;
  /** Its chunks and pages; `start` is where one lies in the pack's memory. */
  readonly pieces: readonly { readonly digest: Uint8Array; readonly start: number; readonly bytes: number }[];
}

/** One outcome for each path, in their order. */
export interface Pack {
  readonly memory: Uint8Array;
  readonly files: readonly (PackedFile | { readonly error: ThreadError })[];
}

/** Filled by one file after the other; one byte more than a file may have shows that it grew. */
let scratch: CutBuffer | undefined;

/** Seals regular files of at most `packFileBytesMax` bytes. Each fails by itself, as `sealFile` does, and with `changed` when it is larger by now. */
export function sealPack(paths: readonly string[], dedupSecret: Uint8Array): Pack {
  const pieces: StoredBytes[] = [];
  let end = 0;
  const place = ({ digest, bytes }: StoredBytes): PackedFile["pieces"][number] => {
    pieces.push({ digest, bytes });
    end += bytes.length;
    return { digest, start: end - bytes.length, bytes: bytes.length };
  };
  const files = paths.map((path) => {
    try {
      const { stat, stored, finished } = sealWhole(path, dedupSecret);
      const { fileKey, reference, storedBytes } = finished;
      return { stat, fileKey, reference, storedBytes, pieces: stored.map(place) };
    } catch (error) {
      return { error: toThreadError(toDfsError(error, { path })) };
    }
  });
  const memory = new Uint8Array(end);
  let start = 0;
  for (const { bytes } of pieces) {
    memory.set(bytes, start);
    start += bytes.length;
  }
  return { memory, files };
}

interface SealedWhole {
  readonly stat: FileStat;
  readonly stored: readonly StoredBytes[];
  readonly finished: ReturnType<FileBuilder["finish"]>;
}

function sealWhole(path: string, dedupSecret: Uint8Array): SealedWhole {
  scratch ??= new CutBuffer(packFileBytesMax + 1);
  const { bytes } = scratch;
  const { stat, result: end } = withRegularFile(path, (fd, { sizeBytes }, changed) =>
    readWhole(fd, bytes, sizeBytes, changed),
  );
  const builder = new FileBuilder(dedupSecret);
  const stored: StoredBytes[] = [];
  for (let start = 0; start < end;) {
    const cut = scratch.cutPoint(start, end, true);
    const chunk = sealChunk(dedupSecret, bytes.subarray(start, cut));
    stored.push({ digest: chunk.digest, bytes: chunk.sealed }, ...builder.add(chunk));
    start = cut;
  }
  const finished = builder.finish();
  stored.push(...finished.pages);
  return { stat, stored, finished };
}

/** Reads a file to its end, and returns how long it is. */
function readWhole(fd: number, bytes: Uint8Array, sizeBytes: number, changed: () => DfsError): number {
  if (sizeBytes > packFileBytesMax) throw changed();
  let filled = 0;
  while (filled <= sizeBytes) {
    const readBytes = readSync(fd, bytes, filled, sizeBytes + 1 - filled, null);
    if (readBytes === 0) break;
    filled += readBytes;
  }
  if (filled !== sizeBytes) throw changed();
  return filled;
}
