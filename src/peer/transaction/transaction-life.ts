/** How long a transaction is open: until it is committed, abandoned, or forgotten for too long. */
import { DfsError } from "../../core/errors.ts";
import { transactionIdleMs } from "../../core/limits.ts";

export class TransactionLife {
  readonly #onIdle: () => void;
  readonly #timer: NodeJS.Timeout;
  /** Calls under way that may be silent for long. */
  #busy = 0;
  /** Why nothing can be asked of the transaction any more. */
  #over: DfsError | undefined;

  /** `onIdle` is called when the transaction was given up because nothing was asked of it. */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
    this.#timer = setTimeout(() => this.#checkIdle(), transactionIdleMs);
    this.#timer.unref();
  }

  /** Notes that something is asked of the transaction. Fails with `usage`, or `timeout` after it was given up, once it is over. */
  requireOpen(): void {
    if (this.#over !== undefined) throw this.#over;
    this.#timer.refresh();
  }

  /** Runs work during which the transaction is not idle. Fails as requireOpen does. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    const leave = this.enter();
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** The transaction is not idle until the returned function is called. Fails as requireOpen does. */
  enter(): () => void {
    this.requireOpen();
    this.#busy += 1;
    return () => {
      this.#busy -= 1;
      if (this.#over === undefined) this.#timer.refresh();
    };
  }

  /** Nothing can be asked of the transaction from now on. */
  end(reason = new DfsError("usage", "the transaction is over: begin a new one")): void {
    this.#over ??= reason;
    clearTimeout(this.#timer);
  }

  #checkIdle(): void {
    if (this.#busy > 0) {
      this.#timer.refresh();
      return;
    }
    const minutes = transactionIdleMs / 60_000;
    this.end(
      new DfsError(
        "timeout",
        `the transaction was left alone for ${minutes} minutes and given up; nothing was changed`,
      ),
    );
    this.#onIdle();
  }
}
