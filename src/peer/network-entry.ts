/**
 * Tells the catalogue where this peer is now, and which disk it has, as soon as a coordinator answers. A disk that the
 * catalogue has not seen before means that the former one was lost: the catalogue then counts on nothing of it any more.
 */
import { withDeadline } from "../core/deadline.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { PeerId, StoreId } from "../core/ids.ts";
import { entryWaitMs, peerAddressesMax, redialMs } from "../core/limits.ts";
import type { CatalogueAccess } from "./coordination/catalogue-access.ts";
import type { CommandSession } from "./command-session.ts";
import type { Log } from "./log.ts";
import type { Members } from "./members.ts";
import type { PeerConfig } from "./peer-config.ts";

export interface NetworkEntryOptions {
  readonly self: PeerId;
  readonly config: PeerConfig;
  readonly addresses: readonly string[];
  /** The id of the chunk store on this peer's disk. */
  readonly store: StoreId;
  readonly catalogue: CatalogueAccess;
  readonly commands: CommandSession;
  readonly members: Members;
  readonly log: Log;
}

export class NetworkEntry {
  readonly #options: NetworkEntryOptions;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: NetworkEntryOptions) {
    this.#options = options;
  }

  /** Resolves when the catalogue knows this peer's addresses; or, after a while, with that still being tried. */
  async start(): Promise<void> {
    try {
      await withDeadline(entryWaitMs, this.#stopping.signal, (signal) => this.#enter(signal));
    } catch (error) {
      const { kind, message } = toDfsError(error);
      if (kind === "permission" || kind === "integrity") throw error;
      this.#options.log.warn(`started without a coordinator (${message}); it is tried again`);
      this.#timer = setInterval(() => void this.#tryAgain(), redialMs);
    }
  }

  stop(): void {
    this.#stopping.abort();
    clearInterval(this.#timer);
  }

  async #tryAgain(): Promise<void> {
    try {
      await withDeadline(redialMs, this.#stopping.signal, (signal) => this.#enter(signal));
      clearInterval(this.#timer);
      this.#options.log.info("the coordinators know this peer's addresses now");
    } catch (error) {
      this.#options.log.debug(`no coordinator answers: ${toDfsError(error).message}`);
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    const { addresses, commands, config, members, self, store } = this.#options;
    await members.refresh(signal);
    const known = members.peer(self);
    if (known === undefined)
      throw new DfsError("permission", "this peer is no longer a member of the network; join again with a new invite");
    const capacityBytes = config.capacityBytes ?? 0;
    const mayCoordinate = config.coordinate === "auto";
    const isKnown =
      sameAddresses(known.addresses, addresses) &&
      known.zone === config.zone &&
      known.capacityBytes === capacityBytes &&
      known.mayCoordinate === mayCoordinate &&
      known.store === store &&
      known.shelf === config.shelf;
    if (isKnown) return;
    const update = {
      op: "updatePeer" as const,
      name: null,
      addresses: addresses.slice(0, peerAddressesMax),
      zone: config.zone,
      capacityBytes,
      shelf: config.shelf,
      store,
      mayCoordinate,
    };
    await commands.execute([update], signal);
    await members.refresh(signal);
  }
}

function sameAddresses(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((address) => right.includes(address));
}
