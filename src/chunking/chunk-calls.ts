/** What a chunking thread does with a single chunk: verify it, open it, write it to a file, compare it with a file; seal, or write, a pack of small files; and look what files there are. */
import { readSync } from "node:fs";
import { assert, toDfsError } from "../core/errors.ts";
import { chunkBytesMax } from "../core/limits.ts";
import type { ChunkResult, ChunkWork } from "./chunking-messages.ts";
import { bytesEqual } from "./digest.ts";
import { inspectAll } from "./inspect.ts";
import { sealPack } from "./seal-pack.ts";
import { chunkKey, openChunk, verifyStored } from "./seal.ts";
import { writeAt } from "./write-at.ts";
import { writeChunks } from "./write-chunks.ts";
import { writePack } from "./write-pack.ts";

/** Does the work and returns what it comes to. Fails with `integrity`, or with the kind of the file system's error. */
export function runChunkWork(work: ChunkWork): ChunkResult {
  switch (work.type) {
    case "verify":
      verifyStored(work.sealed, work.digest);
      return work.sealed;
    case "open":
      return openChunk(work.sealed, work.key, work.digest);
    case "open-into":
      writeOpened(work);
      return work.sealed;
    case "write-pack":
      return writePack(work);
    case "write-chunks":
      return writeChunks(work);
    case "seal-pack":
      return sealPack(work.paths, work.dedupSecret);
    case "inspect":
      return inspectAll(work.paths);
    default:
      return matches(work);
  }
}

function writeOpened({ fd, positionBytes, sealed, key, digest }: Extract<ChunkWork, { type: "open-into" }>): void {
  const plaintext = openChunk(sealed, key, digest);
  systemCall(() => writeAt(fd, positionBytes, plaintext));
}

type MatchWork = Extract<ChunkWork, { type: "matches" }>;

function matches({ fd, positionBytes, lengthBytes, key, dedupSecret }: MatchWork): boolean {
  assert(lengthBytes >= 1 && lengthBytes <= chunkBytesMax, `no chunk has ${lengthBytes} bytes`);
  const bytes = Buffer.allocUnsafeSlow(lengthBytes);
  for (let filled = 0; filled < lengthBytes;) {
    const readBytes = systemCall(() => readSync(fd, bytes, filled, lengthBytes - filled, positionBytes + filled));
    if (readBytes === 0) return false;
    filled += readBytes;
  }
  return bytesEqual(chunkKey(dedupSecret, bytes), key);
}

function systemCall<Result>(call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw toDfsError(error);
  }
}
