/** Sealed chunks that came together, as they are handed to a chunking thread: each memory once, however many chunks are in it. */
import type { ManifestChunk } from "../chunking/manifest.ts";
import { type PackedChunk, secretBytes } from "../chunking/write-pack.ts";
import { digestBytes } from "../core/ids.ts";

/** The memories that sealed chunks lie in, and where. */
export class SealedMemories {
  readonly #memories: Uint8Array[] = [];
  readonly #places = new Map<ArrayBufferLike, number>();

  add(sealed: Uint8Array): PackedChunk {
    const { buffer, byteOffset, byteLength } = sealed;
    let memory = this.#places.get(buffer);
    if (memory === undefined) {
      memory = this.#memories.push(new Uint8Array(buffer)) - 1;
      this.#places.set(buffer, memory);
    }
    return { memory, start: byteOffset, bytes: byteLength };
  }

  all(): readonly Uint8Array[] {
    return this.#memories;
  }
}

/** Digest and key of each chunk. */
export function secretsOf(chunks: readonly Pick<ManifestChunk, "digest" | "key">[]): Uint8Array {
  const secrets = new Uint8Array(chunks.length * secretBytes);
  for (const [at, { digest, key }] of chunks.entries()) {
    secrets.set(digest, at * secretBytes);
    secrets.set(key, at * secretBytes + digestBytes);
  }
  return secrets;
}
