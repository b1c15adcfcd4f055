/** Short record pages that were stored a moment ago: they are read as soon as their records are added, each by itself. */
import { recentPageBytesMax, recentPagesMax } from "../core/limits.ts";

export class RecentPages {
  /** By their digests in hexadecimal; the one that was stored first comes first. */
  readonly #pages = new Map<string, Uint8Array>();

  /** Remembers bytes that are on the disk, if they are as short as the page of a small file. */
  keep(digest: Uint8Array, bytes: Uint8Array): void {
    if (bytes.length > recentPageBytesMax) return;
    this.#pages.set(keyOf(digest), bytes.slice());
    if (this.#pages.size <= recentPagesMax) return;
    const [oldest] = this.#pages.keys();
    if (oldest !== undefined) this.#pages.delete(oldest);
  }

  find(digest: Uint8Array): Uint8Array | undefined {
    return this.#pages.get(keyOf(digest));
  }
}

function keyOf(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("hex");
}
