/** `status --watch`: looks at the network again and again, never twice at once. */
import { setTimeout as delay } from "node:timers/promises";
import type { DfsClient } from "../../core/client.ts";
import type { Key } from "../line-editor.ts";
import type { OpenView, View, ViewScreen } from "./full-screen.ts";
import { emptyPicture, nextPicture } from "./picture.ts";
import type { Row, ViewSpace } from "./rows.ts";
import { moveOf, within } from "./scroll.ts";
import { type WatchState, offsetMax, watchRows } from "./status-rows.ts";

/** Redrawn this often even where nothing came: the clock and the age of what is shown go on. */
const tickMs = 1_000;

export interface WatchOptions {
  readonly client: () => Promise<DfsClient>;
  readonly intervalMs: number;
}

export function statusView(options: WatchOptions): OpenView {
  return (screen) => new StatusView(options, screen);
}

class StatusView implements View {
  readonly #options: WatchOptions;
  readonly #screen: ViewScreen;
  #picture = emptyPicture;
  #offset = 0;
  #space: ViewSpace = { columns: 0, rows: 0 };
  #wake: () => void = () => undefined;

  constructor(options: WatchOptions, screen: ViewScreen) {
    this.#options = options;
    this.#screen = screen;
  }

  readonly draw = (space: ViewSpace): readonly Row[] => {
    this.#space = space;
    this.#offset = within(this.#offset, offsetMax(this.#state(), space));
    return watchRows(this.#state(), space);
  };

  readonly press = (key: Key): void => {
    const { name, sequence } = key;
    if (sequence === "q" || name === "escape") return this.#screen.leave();
    if (sequence === "r") return this.#wake();
    const most = offsetMax(this.#state(), this.#space);
    this.#offset = within(this.#offset + (moveOf(key, most, this.#space.rows) ?? 0), most);
  };

  readonly work = async (signal: AbortSignal): Promise<void> => {
    const ticking = setInterval(() => this.#screen.changed(), tickMs);
    try {
      const client = await this.#options.client();
      while (!signal.aborted) {
        this.#picture = await nextPicture(this.#picture, client, signal);
        this.#screen.changed();
        await this.#rest(signal);
      }
    } finally {
      clearInterval(ticking);
    }
  };

  /** Until the next look is due, or asked for. */
  async #rest(signal: AbortSignal): Promise<void> {
    const early = new AbortController();
    this.#wake = () => early.abort();
    const onAbort = (): void => early.abort();
    signal.addEventListener("abort", onAbort, { once: true });
    await delay(this.#options.intervalMs, undefined, { signal: early.signal }).catch(() => undefined);
    signal.removeEventListener("abort", onAbort);
  }

  #state(): WatchState {
    const { intervalMs } = this.#options;
    return {
      picture: this.#picture,
      offset: this.#offset,
      intervalMs,
      nowMs: performance.now(),
      timeMs: Date.now(),
    };
  }
}
