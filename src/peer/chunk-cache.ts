/**
 * Chunks and manifest pages of other peers that were read a moment ago, so that whoever reads a part of a file again and
 * again fetches it once.
 *
 * They are kept sealed, under the SHA-256 of their bytes, after they were verified: whoever reads one opens it with the key
 * that its file's reference names, as if it had just come, so that nothing is answered to whom it does not belong. A chunk never changes,
 * so that none is ever out of date.
 */
import { chunkCacheBytesMax } from "../core/limits.ts";

export class ChunkCache {
  readonly #bytesMax: number;
  /** By their digests in hexadecimal; the one that was not asked for for longest comes first. */
  readonly #chunks = new Map<string, Uint8Array>();
  #bytes = 0;

  /** Keeps at most so many bytes. */
  constructor(bytesMax = chunkCacheBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A copy of a chunk that is kept, to be given away. */
  find(digest: Uint8Array): Uint8Array | undefined {
    const name = nameOf(digest);
    const sealed = this.#chunks.get(name);
    if (sealed === undefined) return undefined;
    this.#chunks.delete(name);
    this.#chunks.set(name, sealed);
    return sealed.slice();
  }

  /** Lets go of what is kept of a chunk. */
  forget(digest: Uint8Array): void {
    const name = nameOf(digest);
    this.#bytes -= this.#chunks.get(name)?.length ?? 0;
    this.#chunks.delete(name);
  }

  /** Keeps bytes that were verified to have this digest and that nobody changes any more, as long as there is room. */
  keep(digest: Uint8Array, verified: Uint8Array): void {
    const name = nameOf(digest);
    if (verified.length > this.#bytesMax || this.#chunks.has(name)) return;
    this.#chunks.set(name, verified);
    this.#bytes += verified.length;
    for (const [oldest, { length }] of this.#chunks) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#chunks.delete(oldest);
      this.#bytes -= length;
    }
  }
}

function nameOf(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("hex");
}
