/** A bounded hand-over between a producer that waits for credits and a consumer that grants them. */
import { DfsError } from "../../core/errors.ts";

/** Counts what the other end may still be sent. */
export class CreditGate {
  #credits: number;
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #failure: Error | undefined;

  constructor(credits: number) {
    this.#credits = credits;
  }

  /** Resolves when one more may be sent; rejects when the gate was closed. */
  take(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#credits > 0) {
      this.#credits -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  grant(count: number): void {
    this.#credits += count;
    while (this.#credits > 0 && this.#waiting.length > 0) {
      this.#credits -= 1;
      this.#waiting.shift()?.resolve();
    }
  }

  close(error: Error): void {
    this.#failure ??= error;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#failure);
  }
}

/** What arrived and was not read yet: at most `limit` items, as the credits given out allow. */
export class CreditQueue<Item> implements AsyncIterable<Item> {
  readonly #items: Item[] = [];
  readonly #limit: number;
  readonly #grant: (count: number) => void;
  #wake: (() => void) | undefined;
  #hasEnded = false;
  #failure: Error | undefined;
  #consumed = 0;

  /** `grant` is called with the number of items read since the last time, in batches. */
  constructor(limit: number, grant: (count: number) => void) {
    this.#limit = limit;
    this.#grant = grant;
  }

  /** Takes one item in. Fails with `protocol` when the sender had no credit for it. */
  push(item: Item): void {
    if (this.#items.length >= this.#limit)
      throw new DfsError("protocol", "the other end sent more than it was allowed to");
    this.#items.push(item);
    this.#wake?.();
  }

  end(error?: Error): void {
    this.#hasEnded = true;
    this.#failure ??= error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Item> {
    for (;;) {
      while (this.#items.length > 0) {
        const item = this.#items.shift() as Item;
        this.#countConsumed();
        yield item;
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#hasEnded) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  #countConsumed(): void {
    this.#consumed += 1;
    if (this.#consumed * 2 < this.#limit) return;
    this.#grant(this.#consumed);
    this.#consumed = 0;
  }
}
