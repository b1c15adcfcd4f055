/**
 * Tells all members at once that somebody has left the network, where the next heartbeat would tell them a second later.
 *
 * Every coordinator looks at its own catalogue and renews its own list; the leader tells those that it is connected to,
 * a bounded number at a time. It says only of which version the list is: each member asks a coordinator for it, so that
 * nobody can be cut off by a message. Who misses the news learns of it by its next heartbeat.
 */
import pLimit from "p-limit";
import * as v from "valibot";
import { toDfsError } from "../../core/errors.ts";
import type { PeerId } from "../../core/ids.ts";
import { departureLookMs, departureTellMs, departureTellsMax } from "../../core/limits.ts";
import type { Log } from "../log.ts";
import type { PeerLinks } from "../peer-links.ts";
import { defineMethod } from "../wire/rpc-method.ts";
import type { Coordinator } from "./coordinator.ts";

/** Says that somebody has left, as of this version of the list of members; answered once the callee knows it. */
export const departureMethod = defineMethod({
  name: "members.departure",
  params: v.object({ version: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) }),
  result: v.null(),
});

export interface DepartureNewsOptions {
  readonly self: PeerId;
  /** This peer's own coordinator; undefined while it is none. */
  readonly own: () => Coordinator | undefined;
  readonly links: Pick<PeerLinks, "call" | "isConnected">;
  /** Renews this peer's own list. */
  readonly refresh: () => void;
  readonly log: Log;
}

interface Known {
  readonly version: number;
  readonly peers: ReadonlySet<PeerId>;
}

export class DepartureNews {
  readonly #options: DepartureNewsOptions;
  readonly #limited = pLimit(departureTellsMax);
  #known: Known | undefined;
  #timer: NodeJS.Timeout | undefined;
  #telling: Promise<void> | undefined;

  constructor(options: DepartureNewsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), departureLookMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A catalogue that is being replaced by a newer one cannot be looked at: the next look can. */
  #look(): void {
    try {
      this.#compare(this.#options.own());
    } catch (error) {
      this.#options.log.debug(`cannot see who has left: ${toDfsError(error).message}`);
    }
  }

  #compare(coordinator: Coordinator | undefined): void {
    const before = this.#known;
    const version = coordinator?.catalogue.membersVersion();
    if (coordinator === undefined || version === undefined || version === before?.version || this.#telling) return;
    const peers = new Set(coordinator.catalogue.peers().map(({ id }) => id));
    this.#known = { version, peers };
    const hasLost = before !== undefined && [...before.peers].some((peer) => !peers.has(peer));
    if (!hasLost) return;
    this.#options.refresh();
    if (!coordinator.log.isLeader) return;
    this.#telling = this.#tell([...peers], version).finally(() => {
      this.#telling = undefined;
    });
  }

  async #tell(peers: readonly PeerId[], version: number): Promise<void> {
    const { links, log, self } = this.#options;
    const reached = peers.filter((peer) => peer !== self && links.isConnected(peer));
    await Promise.all(
      reached.map((peer) =>
        this.#limited(() => links.call(peer, departureMethod, { version }, { timeoutMs: departureTellMs })).catch(
          (error: unknown) => log.debug(`${peer} is not told that somebody left: ${toDfsError(error).message}`),
        ),
      ),
    );
  }
}
