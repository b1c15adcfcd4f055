/**
 * The scrub: every chunk on this disk is hashed anew on a schedule, and what is damaged is fetched again.
 *
 * A pass walks the whole store in small steps, spread evenly over the scrub interval, so that it is never noticed. How
 * far it came outlives a restart; one that is late catches up at a bounded rate. `runNow` walks everything at once.
 * Chunks that turn out to be damaged are set aside by the store, which from then on does not serve them; the Mender
 * gets them from elsewhere.
 */
import { DfsError, toDfsError } from "../../core/errors.ts";
import {
  scrubBytesPerSMax,
  scrubIntervalMs,
  scrubLookMs,
  scrubSaveMs,
  scrubStepBytes,
  upkeepRetryMs,
} from "../../core/limits.ts";
import type { MissingChunk, Mender } from "./mender.ts";
import type { ScrubState, ScrubStore, UpkeepOptions, UpkeepPacer } from "./ports.ts";
import { Rounds } from "./rounds.ts";
import { formatScrubState, newPass, parseScrubState } from "./scrub-state.ts";
import type { LastScrub, ScrubMemory, ScrubPass } from "./scrub-state.ts";

export interface ScrubberOptions extends UpkeepOptions {
  readonly store: ScrubStore;
  readonly mender: Mender;
  readonly state: ScrubState;
  /** Slows the scheduled pass down while the peer is busy. */
  readonly pacer: UpkeepPacer;
  /** About how long a pass takes, and how fast a late one may read; defaults in limits.ts. */
  readonly scrubIntervalMs?: number;
  readonly scrubBytesPerSMax?: number;
}

/** How far `runNow` has come. Sizes in bytes. */
export interface ScrubProgress {
  readonly chunks: number;
  readonly bytes: number;
  /** What there was to hash when it began; the end may differ a little. */
  readonly totalBytes: number;
  readonly damaged: number;
  readonly mended: number;
}

/** What a whole pass came to. */
export interface ScrubReport {
  readonly chunks: number;
  readonly bytes: number;
  /** Chunks that were found damaged in this pass. */
  readonly damaged: number;
  /** Chunks that were damaged or missing and are here again. */
  readonly mended: number;
  /** Chunks that nobody could give, `missingShownMax` at the most; they are tried again. */
  readonly missing: readonly MissingChunk[];
  /** How many those are in all. */
  readonly missingCount: number;
  readonly elapsedMs: number;
}

/** One for each chunk store. */
export class Scrubber {
  readonly #options: ScrubberOptions;
  readonly #rounds: Rounds;
  #memory: ScrubMemory | undefined;
  #savedMs = 0;
  #restUntilMs = 0;
  #isRunningNow = false;

  constructor(options: ScrubberOptions) {
    this.#options = options;
    this.#rounds = new Rounds({
      ...options,
      what: "the scrub",
      firstMs: 0,
      retryMs: upkeepRetryMs,
      round: (signal) => this.#round(signal),
    });
  }

  start(): void {
    this.#rounds.start();
  }

  /** Writes down how far it came; where that fails, a minute's work is repeated. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
    const { log } = this.#options;
    if (this.#memory === undefined) return;
    await this.#save(this.#memory).catch((error: unknown) => {
      log.warn(`how far the scrub came was not saved: ${toDfsError(error).message}`);
    });
  }

  /** The pass under way and the last whole one, as far as they are known: the first is read soon after `start`. */
  status(): { readonly pass: ScrubPass | undefined; readonly last: LastScrub | undefined } {
    return { pass: this.#memory?.pass, last: this.#memory?.last };
  }

  /**
   * A whole pass at once, unslowed; the scheduled one begins anew after it. Fails with `busy` while another one runs,
   * and with `interrupted` by its signal: what was mended by then stays so.
   */
  async runNow(onProgress: (progress: ScrubProgress) => void, signal: AbortSignal): Promise<ScrubReport> {
    if (this.#isRunningNow)
      throw new DfsError("busy", "this peer is checking its chunks already; wait for that to end", { op: "fsck" });
    this.#isRunningNow = true;
    try {
      await this.#load();
      const totalBytes = (await this.#options.store.stats()).bytes;
      let pass = newPass(this.#options.clock.nowMs());
      do {
        if (signal.aborted) throw toDfsError(signal.reason);
        pass = await this.#step(pass, { isHurried: true, signal });
        onProgress({ ...countsOf(pass), totalBytes: Math.max(totalBytes, pass.bytes) });
      } while (pass.cursor !== undefined);
      return await this.#finish(pass, { isHurried: true, signal });
    } finally {
      this.#isRunningNow = false;
    }
  }

  /** One step of the scheduled pass, when it is due; resolves with how long until the next one. */
  async #round(signal: AbortSignal): Promise<number> {
    const { clock, pacer } = this.#options;
    const memory = await this.#load();
    if (this.#isRunningNow) return scrubLookMs;
    const begun = memory.pass;
    // A pass that seems to begin later was begun by a wrong clock.
    const pass = begun !== undefined && begun.startedMs <= clock.nowMs() ? begun : newPass(clock.nowMs());
    this.#memory = { ...memory, pass };
    const waitMs = (await this.#dueMs(pass)) - clock.nowMs();
    if (waitMs > 0) return Math.min(waitMs, scrubLookMs);
    await pacer.take(scrubStepBytes, signal);
    const next = await this.#step(pass, { isHurried: false, signal });
    if (this.#memory.pass !== pass) return 0; // runNow went through everything meanwhile
    this.#rest(next.bytes - pass.bytes);
    if (next.cursor === undefined) await this.#finish(next, { isHurried: false, signal });
    else this.#memory = { ...this.#memory, pass: next };
    if (clock.nowMs() >= this.#savedMs + scrubSaveMs) await this.#save(this.#memory);
    return 0;
  }

  /** The end of the next step's even share of the interval, and never sooner than the bounded rate allows. */
  async #dueMs(pass: ScrubPass): Promise<number> {
    const intervalMs = this.#options.scrubIntervalMs ?? scrubIntervalMs;
    const totalBytes = Math.max((await this.#options.store.stats()).bytes, 1);
    const share = Math.min(1, (pass.bytes + scrubStepBytes) / totalBytes);
    return Math.max(pass.startedMs + share * intervalMs, this.#restUntilMs);
  }

  #rest(bytes: number): void {
    const bytesPerSMax = this.#options.scrubBytesPerSMax ?? scrubBytesPerSMax;
    this.#restUntilMs = this.#options.clock.nowMs() + (bytes * 1000) / bytesPerSMax;
  }

  async #step(
    pass: ScrubPass,
    options: { readonly isHurried: boolean; readonly signal: AbortSignal },
  ): Promise<ScrubPass> {
    const step = await this.#options.store.scrub(pass.cursor, scrubStepBytes, { signal: options.signal });
    const mended = step.damaged.length === 0 ? 0 : await this.#mended(options);
    return {
      startedMs: pass.startedMs,
      ...(step.cursor === undefined ? {} : { cursor: step.cursor }),
      chunks: pass.chunks + step.chunks,
      bytes: pass.bytes + step.bytes,
      damaged: pass.damaged + step.damaged.length,
      mended: pass.mended + mended,
    };
  }

  /** Mending that fails, on a full disk for example, keeps no scrub from going on. */
  async #mended(options: { readonly isHurried: boolean; readonly signal: AbortSignal }): Promise<number> {
    const { log, mender } = this.#options;
    return mender.mend(options).catch((error: unknown) => {
      if (options.signal.aborted) throw toDfsError(error);
      log.warn(`damaged chunks were not mended: ${toDfsError(error).message}; they are tried again`);
      return 0;
    });
  }

  async #finish(
    pass: ScrubPass,
    options: { readonly isHurried: boolean; readonly signal: AbortSignal },
  ): Promise<ScrubReport> {
    const { clock, mender, store } = this.#options;
    const mended = pass.mended + (await this.#mended(options));
    const missing = await mender.missing(options.signal);
    const { missing: missingCount } = await store.stats();
    const endedMs = clock.nowMs();
    const ended = { ...countsOf(pass), mended, elapsedMs: Math.max(0, endedMs - pass.startedMs) };
    await this.#save({ version: 1, pass: newPass(endedMs), last: { ...ended, endedMs, missing: missingCount } });
    return { ...ended, missing, missingCount };
  }

  async #load(): Promise<ScrubMemory> {
    this.#memory ??= parseScrubState(await this.#options.state.load());
    return this.#memory;
  }

  async #save(memory: ScrubMemory): Promise<void> {
    this.#memory = memory;
    this.#savedMs = this.#options.clock.nowMs();
    await this.#options.state.save(formatScrubState(memory));
  }
}

function countsOf({ bytes, chunks, damaged, mended }: ScrubPass): {
  readonly chunks: number;
  readonly bytes: number;
  readonly damaged: number;
  readonly mended: number;
} {
  return { chunks, bytes, damaged, mended };
}
