/** Tells the log how far this peer is with what others send it: after its disk was lost, or as a new backup peer. */
import { toDfsError } from "../../core/errors.ts";
import type { PeerId, ShelfId } from "../../core/ids.ts";
import { fillWatchMs } from "../../core/limits.ts";
import { isFullLink } from "../../core/shelf.ts";
import type { ChunkStore } from "../../store/chunk-store.ts";
import type { Log } from "../log.ts";
import type { Members } from "../members.ts";

export interface FillWatchOptions {
  readonly self: PeerId;
  readonly members: Members;
  readonly store: ChunkStore;
  readonly log: Log;
}

export class FillWatch {
  readonly #options: FillWatchOptions;
  /** Shelves that this peer was seen to lack something of. */
  readonly #lacking = new Set<ShelfId>();
  #timer: NodeJS.Timeout | undefined;
  #told = "";

  constructor(options: FillWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#look().catch((error: unknown) =>
        this.#options.log.debug(`looking at shelves: ${toDfsError(error).message}`),
      );
    }, fillWatchMs);
    this.#timer.unref();
  }

  stop(): Promise<void> {
    clearInterval(this.#timer);
    return Promise.resolve();
  }

  async #look(): Promise<void> {
    const { log, members, self, store } = this.#options;
    const own = members.shelves.filter(({ links }) => links.some((link) => link.peer === self));
    const filling = own.filter(({ links }) =>
      links.some((link) => link.peer === self && link.isFilled && !isFullLink(link)),
    );
    for (const { shelf } of filling) this.#lacking.add(shelf);
    if (filling.length === 0) {
      if (this.#lacking.size > 0) log.info("all that this peer keeps is here");
      this.#lacking.clear();
      return;
    }
    const here = new Map((await store.shelves()).map(({ savepoint, bytes }) => [savepoint.shelf, bytes]));
    const hasBytes = filling.reduce((sum, { shelf }) => sum + (here.get(shelf) ?? 0), 0);
    const allBytes = filling.reduce((sum, { sealedBytes }) => sum + sealedBytes, 0);
    const percent = allBytes === 0 ? 99 : Math.min(99, Math.floor((100 * hasBytes) / allBytes));
    const text = `copying from other peers what this one is to keep: ${percent} % of ${Math.ceil(allBytes / 2 ** 20)} MiB`;
    if (text !== this.#told) log.info(text);
    this.#told = text;
  }
}
