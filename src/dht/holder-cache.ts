import type { FileKey, PeerId } from "../core/ids.ts";
import { holderCacheKeysMax, holderCacheMs } from "../core/limits.ts";

interface CachedHolders {
  readonly holders: readonly PeerId[];
  readonly expiresMs: number;
}

/** What lookups found lately: a bounded number of keys, the one unused for longest makes room; each is believed for 5 minutes. */
export class HolderCache {
  readonly #entries = new Map<FileKey, CachedHolders>();

  /** The remembered holders of `key`; undefined when none are or they are too old. */
  get(key: FileKey, nowMs: number): readonly PeerId[] | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.expiresMs <= nowMs || entry.expiresMs > nowMs + holderCacheMs) return undefined;
    this.#entries.set(key, entry);
    return entry.holders;
  }

  /** Remembers the holders of `key` from now on; none are not remembered. */
  set(key: FileKey, holders: readonly PeerId[], nowMs: number): void {
    this.#entries.delete(key);
    if (holders.length === 0) return;
    this.#entries.set(key, { holders, expiresMs: nowMs + holderCacheMs });
    if (this.#entries.size > holderCacheKeysMax) this.#entries.delete(this.#entries.keys().next().value as FileKey);
  }

  /** Forgets what is remembered of `key`, because it turned out wrong. */
  forgetKey(key: FileKey): void {
    this.#entries.delete(key);
  }

  /** Forgets `peer` as a holder of anything, because it is gone. */
  forgetHolder(peer: PeerId): void {
    for (const [key, { holders, expiresMs }] of this.#entries) {
      if (!holders.includes(peer)) continue;
      const others = holders.filter((holder) => holder !== peer);
      if (others.length === 0) this.#entries.delete(key);
      else this.#entries.set(key, { holders: others, expiresMs });
    }
  }

  /** Keys that are remembered now. */
  get size(): number {
    return this.#entries.size;
  }
}
