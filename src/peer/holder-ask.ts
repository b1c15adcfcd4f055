/**
 * One chunk asked of one holder; where that takes far longer than another one would need, of that one too. The first
 * answer counts, and the other request is given up.
 */
import { DfsError, toDfsError } from "../core/errors.ts";
import { hedgeMsMin } from "../core/limits.ts";
import type { AskedPeer } from "./load/peer-speeds.ts";

export interface HolderAskOptions<Holder> {
  /** Asks a holder for the chunk. */
  readonly fetch: (holder: Holder, signal: AbortSignal) => Promise<Uint8Array>;
  /** Called when a holder is asked. */
  readonly begin: (holder: Holder) => AskedPeer;
  /** Who would be asked next, and in how many milliseconds it would probably answer; undefined where there is nobody. */
  readonly next: () => { readonly holder: Holder; readonly expectedMs: number } | undefined;
  /** Whether one more second request may be made now; each that was is given back by `returnHedge`. */
  readonly takeHedge: () => boolean;
  readonly returnHedge: () => void;
  /** Called for each holder that failed, before its failure decides anything. */
  readonly onFailure: (holder: Holder, error: unknown) => void;
  /** Called for each holder that is not waited for any more: it has neither failed nor given the chunk. */
  readonly onGivenUp: (holder: Holder) => void;
  readonly signal: AbortSignal;
}

/** What came of it, and from whom. */
export interface HolderAnswer<Holder> {
  readonly holder: Holder;
  readonly sealed: Uint8Array;
}

/** A second request is made once the first has taken so many times what the second would take. */
const hedgeTimes = 2;

export class HolderAsk<Holder> {
  readonly #options: HolderAskOptions<Holder>;
  readonly #open = new Map<AbortController, { readonly holder: Holder; readonly asked: AskedPeer }>();
  readonly #startMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #hasHedge = false;
  #settle: (answer: HolderAnswer<Holder>) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(options: HolderAskOptions<Holder>) {
    this.#options = options;
  }

  /** Fails with what the last holder failed with, and as the signal says. */
  async run(first: Holder): Promise<HolderAnswer<Holder>> {
    const { signal, returnHedge } = this.#options;
    signal.throwIfAborted();
    const onAbort = (): void => this.#fail(toDfsError(signal.reason));
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.#settle = resolve;
        this.#fail = reject;
        this.#ask(first);
        this.#lookLater();
      });
    } finally {
      signal.removeEventListener("abort", onAbort);
      clearTimeout(this.#timer);
      if (this.#hasHedge) returnHedge();
      this.#giveUp(signal.aborted);
    }
  }

  #ask(holder: Holder): void {
    const { begin, fetch, onFailure } = this.#options;
    const controller = new AbortController();
    const asked = begin(holder);
    this.#open.set(controller, { holder, asked });
    fetch(holder, controller.signal).then(
      (sealed) => {
        if (!this.#open.delete(controller)) return;
        asked.came(sealed.length);
        this.#settle({ holder, sealed });
      },
      (error: unknown) => {
        if (!this.#open.delete(controller)) return;
        if (toDfsError(error).kind === "timeout") asked.late();
        else asked.failed();
        onFailure(holder, error);
        if (this.#open.size === 0) this.#fail(error);
      },
    );
  }

  /** The requests that are still open are given up: too slow, unless nobody wants the chunk any more. */
  #giveUp(isUnwanted: boolean): void {
    for (const [controller, { holder, asked }] of this.#open) {
      if (isUnwanted) asked.failed();
      else asked.late();
      this.#options.onGivenUp(holder);
      controller.abort(new DfsError("interrupted", "another holder has answered"));
    }
    this.#open.clear();
  }

  #lookLater(): void {
    const next = this.#options.next();
    if (next === undefined) return;
    const leftMs = hedgeTimes * next.expectedMs - (performance.now() - this.#startMs);
    this.#timer = setTimeout(() => this.#look(), Math.max(hedgeMsMin, leftMs));
  }

  #look(): void {
    const next = this.#options.next();
    if (next === undefined) return;
    const isSlow = performance.now() - this.#startMs >= hedgeTimes * next.expectedMs;
    if (isSlow && this.#options.takeHedge()) {
      this.#hasHedge = true;
      this.#ask(next.holder);
    } else this.#lookLater();
  }
}
