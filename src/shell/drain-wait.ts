/** Waiting until nothing depends on a peer any more, with progress. */
import { setTimeout as delay } from "node:timers/promises";
import type { DfsClient, DrainProgress } from "../core/client.ts";
import { toDfsError } from "../core/errors.ts";
import type { PeerName } from "../core/ids.ts";
import { drainLookMs, drainPatienceMs } from "../core/limits.ts";
import { printable } from "../core/names.ts";
import { barLine, fit } from "./bars.ts";
import type { BarSpace, CommandContext } from "./command.ts";
import { byteText } from "./formats.ts";

/** Resolves when the order is done. Fails as `drainProgress` does, but for what passes within a minute, and with the signal's reason. */
export async function untilDrained(peer: PeerName, client: DfsClient, context: CommandContext): Promise<void> {
  const { signal, settings } = context;
  const wait = new DrainWait(peer, client, signal);
  const view = settings.quiet ? undefined : context.progress((space) => wait.lines(space));
  try {
    while (!(await wait.isDone())) await delay(drainLookMs, undefined, { signal });
  } finally {
    view?.stop();
  }
}

class DrainWait {
  readonly #peer: PeerName;
  readonly #client: DfsClient;
  readonly #signal: AbortSignal;
  #progress: DrainProgress | undefined;
  /** The most that there ever was to move: more may come while it waits. */
  #bytesMost = 0;
  #answeredMs = performance.now();

  constructor(peer: PeerName, client: DfsClient, signal: AbortSignal) {
    this.#peer = peer;
    this.#client = client;
    this.#signal = signal;
  }

  /** One look. An answer that fails to come is waited for, within reason. */
  async isDone(): Promise<boolean> {
    try {
      const progress = await this.#client.drainProgress(this.#peer, { signal: this.#signal });
      this.#progress = progress;
      this.#bytesMost = Math.max(this.#bytesMost, progress.bytes);
      this.#answeredMs = performance.now();
      return progress.isDone;
    } catch (error) {
      if (this.#signal.aborted || !toDfsError(error).retryHelps) throw error;
      if (performance.now() - this.#answeredMs > drainPatienceMs) throw error;
      return false;
    }
  }

  /** A bar of what has moved, and what it waits for. */
  lines({ columns }: BarSpace): readonly string[] {
    if (this.#progress === undefined) return [];
    const { shelves, bytes, reason } = this.#progress;
    const note = `${shelves === 1 ? "1 shelf" : `${shelves} shelves`}, ${byteText(bytes)} to go`;
    const bar = { label: this.#peer, bytes: this.#bytesMost - bytes, sizeBytes: this.#bytesMost, note };
    const first = this.#bytesMost === 0 ? fit(`${this.#peer}: ${note}`, columns) : barLine(bar, columns);
    return [first, fit(printable(reason), columns)];
  }
}
