/**
 * Lets background work go at full speed while nobody else needs the peer, and at a bounded rate while somebody does.
 *
 * Chunks that people put and get count as need; for a moment after the last of them the bound stays.
 */
import { setTimeout as delay } from "node:timers/promises";
import { busyFillBytesPerS, userBusyMs } from "../../core/limits.ts";

export class UserPacer {
  #lastUseMs = Number.NEGATIVE_INFINITY;
  /** When the bytes that were let through while busy are paid for. */
  #paidMs = 0;

  /** Somebody puts or gets a chunk now. */
  noteUse(): void {
    this.#lastUseMs = performance.now();
  }

  /** Resolves when background work on so many bytes may go on. Fails as soon as `signal` aborts. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const nowMs = performance.now();
    if (nowMs - this.#lastUseMs > userBusyMs) return;
    this.#paidMs = Math.max(this.#paidMs, nowMs) + (bytes / busyFillBytesPerS) * 1000;
    const waitMs = this.#paidMs - nowMs;
    if (waitMs > 1) await delay(waitMs, undefined, { signal });
  }
}
