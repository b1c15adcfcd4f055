/** How fast work is done while there is always more of it: sums over the last pieces, older ones counting less and less. */

/** After so many pieces an old one counts half. */
const halfLifeWorks = 32;
/** Believed before anything was measured, and outweighed by the first few pieces. */
const priorMs = 1;

export class WorkRate {
  readonly #nowMs: () => number;
  #spentMs = priorMs;
  #works = 1;
  /** When the last piece ended while others waited; undefined after a pause, whose time tells nothing. */
  #lastMs: number | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Milliseconds from the end of one piece to that of the next. */
  get msPerWork(): number {
    return this.#spentMs / this.#works;
  }

  /** A piece has ended; `isPressed`: others wait. */
  done(isPressed: boolean): void {
    const nowMs = this.#nowMs();
    if (this.#lastMs !== undefined) {
      const kept = 0.5 ** (1 / halfLifeWorks);
      this.#spentMs = this.#spentMs * kept + (nowMs - this.#lastMs);
      this.#works = this.#works * kept + 1;
    }
    this.#lastMs = isPressed ? nowMs : undefined;
  }
}
