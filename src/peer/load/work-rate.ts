/** How fast work is done while there is always more of it: sums over the last pieces, older ones counting less and less. */

/** After so many pieces an old one counts half. */
const halfLifeWorks = 32;
/** Believed before anything was measured, and outweighed by the first few pieces. */
const priorMs = 1;

export class WorkRate {
  readonly #nowMs: () => number;
  #spentMs = priorMs;
  #works = 1;
  /** When the last piece ended, or the first one after a pause began: pauses are not counted. */
  #sinceMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Milliseconds from the end of one piece to that of the next. */
  get msPerWork(): number {
    return this.#spentMs / this.#works;
  }

  /** Work begins after a pause. */
  begin(): void {
    this.#sinceMs = this.#nowMs();
  }

  /**
   * A piece has ended. Its time counts where `isPressed`: there was more to do than was done at once. Where it was done in
   * vain, only its time counts.
   */
  ended(isPressed: boolean, isInVain: boolean): void {
    const nowMs = this.#nowMs();
    if (isPressed) {
      const kept = 0.5 ** (1 / halfLifeWorks);
      this.#spentMs = this.#spentMs * kept + (nowMs - this.#sinceMs);
      this.#works = this.#works * kept + (isInVain ? 0 : 1);
    }
    this.#sinceMs = nowMs;
  }
}
