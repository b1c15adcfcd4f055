/** A bounded amount of work at a time: whoever brings more waits, in the order of arrival. */
export class WaitingRoom {
  readonly #max: number;
  readonly #waiting: { readonly amount: number; readonly enter: () => void }[] = [];
  #inside = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Resolves once `amount` fits, or nothing else is inside. Fails with the signal's reason when that comes first. */
  async enter(amount: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#waiting.length === 0 && this.#fits(amount)) {
      this.#inside += amount;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const guest = { amount, enter };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(guest), 1);
        reject(signal?.reason as Error);
        this.#letIn();
      };
      function enter(): void {
        signal?.removeEventListener("abort", leave);
        resolve();
      }
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.push(guest);
    });
  }

  /** Gives back what `enter` took. */
  leave(amount: number): void {
    this.#inside -= amount;
    this.#letIn();
  }

  #letIn(): void {
    for (let guest = this.#waiting[0]; guest !== undefined && this.#fits(guest.amount); guest = this.#waiting[0]) {
      this.#waiting.shift();
      this.#inside += guest.amount;
      guest.enter();
    }
  }

  #fits(amount: number): boolean {
    return this.#inside === 0 || this.#inside + amount <= this.#max;
  }
}
