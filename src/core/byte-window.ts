/** A bound on what is on its way at once, in bytes and in pieces: whoever would exceed it waits its turn. */
import { toDfsError } from "./errors.ts";

interface Waiter {
  readonly bytes: number;
  readonly enter: () => void;
}

export class ByteWindow {
  readonly #bytesMax: number;
  readonly #piecesMax: number;
  readonly #waiting = new Set<Waiter>();
  #bytes = 0;
  #pieces = 0;

  constructor(bytesMax: number, piecesMax = Number.POSITIVE_INFINITY) {
    this.#bytesMax = bytesMax;
    this.#piecesMax = piecesMax;
  }

  /** Bytes that are on their way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when a piece of so many bytes may go; one above the bound goes alone. Fails when the signal aborts first. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw toDfsError(signal.reason);
    if (this.#waiting.size === 0 && this.#fits(bytes)) this.#enter(bytes);
    else await this.#wait(bytes, signal);
  }

  /** What was taken has arrived, or never will. */
  give(bytes: number): void {
    this.#bytes -= bytes;
    this.#pieces -= 1;
    this.#admit();
  }

  #wait(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.delete(waiter);
        reject(toDfsError(signal.reason));
        this.#admit();
      };
      const enter = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const waiter = { bytes, enter };
      this.#waiting.add(waiter);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #fits(bytes: number): boolean {
    return this.#pieces === 0 || (this.#pieces < this.#piecesMax && this.#bytes + bytes <= this.#bytesMax);
  }

  #enter(bytes: number): void {
    this.#bytes += bytes;
    this.#pieces += 1;
  }

  #admit(): void {
    for (const waiter of this.#waiting) {
      if (!this.#fits(waiter.bytes)) return;
      this.#waiting.delete(waiter);
      this.#enter(waiter.bytes);
      waiter.enter();
    }
  }
}
