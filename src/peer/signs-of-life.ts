/**
 * Signs of life: a connection over which nothing was heard is asked for one, and is given up where none comes.
 *
 * Whatever comes from a peer is a sign of life of it, over the connection or a lane beside it, so that nobody who is at
 * work is asked. A quiet peer that owes this one an answer, or that keeps a shelf with it, is asked at once; of the others
 * so many a second, whoever was asked longest ago first, so that what this costs does not grow with the network. Of both
 * ends of a connection the one that dialled asks first, which the other one hears.
 */
import type { Connection } from "@libp2p/interface";
import { byteStream } from "@libp2p/utils";
import { withDeadline } from "../core/deadline.ts";
import { toDfsError } from "../core/errors.ts";
import type { PeerId } from "../core/ids.ts";
import { pingIntervalMs, pingIntervalMsMax, pingLookMs, pingTimeoutMs, pingsPerLookMax } from "../core/limits.ts";
import { pooledRandomBytes } from "../core/pooled-random.ts";
import type { Host } from "./host.ts";
import type { PeerLinks } from "./peer-links.ts";
import { pingProtocol } from "./protocols.ts";

/** What of a connection counts here. */
export interface WatchedConnection {
  readonly direction: Connection["direction"];
  readonly remotePeer: { toString(): string };
  abort(error: Error): void;
}

export interface SignsOfLifeOptions<Watched extends WatchedConnection> {
  /** All that are open. */
  readonly connections: () => readonly Watched[];
  /** Bytes that came from a peer over its channels: a change is a sign of life, whatever came. */
  readonly receivedBytes: (peer: PeerId) => number;
  /** Whether the failure of a peer must be seen soon. */
  readonly isUrgent: (peer: PeerId) => boolean;
  /** Resolves once the other end of a connection has answered. */
  readonly ask: (connection: Watched, signal: AbortSignal) => Promise<void>;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
}

interface Signs {
  /** When anything came from the peer. */
  heardMs: number;
  /** When something came over this very connection. */
  provenMs: number;
  /** The peer's bytes at the last look. */
  receivedBytes: number;
  isAsked: boolean;
}

/** The end that was dialled leaves it so much longer to the other one to ask. */
const patience = 1.5;

export class SignsOfLife<Watched extends WatchedConnection> {
  readonly #options: SignsOfLifeOptions<Watched>;
  readonly #stopping = new AbortController();
  #signs = new Map<Watched, Signs>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SignsOfLifeOptions<Watched>) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), pingLookMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#stopping.abort();
  }

  /** Something came over `connection`, such as the other end's own question. */
  heard(connection: Watched): void {
    const signs = this.#signs.get(connection);
    if (signs !== undefined) signs.heardMs = signs.provenMs = this.#options.nowMs();
  }

  /** A connection was opened: others of the same peer may be what is left of those before its end, and are asked next. */
  opened({ remotePeer }: Watched): void {
    for (const [connection, signs] of this.#signs)
      if (connection.remotePeer.toString() === remotePeer.toString())
        signs.heardMs = signs.provenMs = Number.NEGATIVE_INFINITY;
  }

  /** Asks whom it is time to ask. */
  look(): void {
    const present = new Map<Watched, Signs>();
    const quiet: [Watched, Signs][] = [];
    for (const connection of this.#options.connections()) {
      const signs = this.#observe(connection);
      present.set(connection, signs);
      const urgency = signs.isAsked ? "none" : this.#urgencyOf(connection, signs);
      if (urgency === "now") void this.#ask(connection, signs);
      else if (urgency === "in turn") quiet.push([connection, signs]);
    }
    this.#signs = present;
    quiet.sort(([, left], [, right]) => left.provenMs - right.provenMs);
    for (const [connection, signs] of quiet.slice(0, pingsPerLookMax)) void this.#ask(connection, signs);
  }

  #observe(connection: Watched): Signs {
    const nowMs = this.#options.nowMs();
    const receivedBytes = this.#options.receivedBytes(connection.remotePeer.toString() as PeerId);
    const signs = this.#signs.get(connection) ?? { heardMs: nowMs, provenMs: nowMs, receivedBytes, isAsked: false };
    if (signs.receivedBytes !== receivedBytes) signs.heardMs = nowMs;
    signs.receivedBytes = receivedBytes;
    return signs;
  }

  #urgencyOf({ direction, remotePeer }: Watched, { heardMs, provenMs }: Signs): "now" | "in turn" | "none" {
    const nowMs = this.#options.nowMs();
    const factor = direction === "outbound" ? 1 : patience;
    if (nowMs - heardMs >= pingIntervalMs * factor)
      return this.#options.isUrgent(remotePeer.toString() as PeerId) ? "now" : "in turn";
    // Lanes may go on where the connection is lost, or be all that keeps a firewall from forgetting it.
    return nowMs - provenMs >= pingIntervalMsMax * factor ? "in turn" : "none";
  }

  async #ask(connection: Watched, signs: Signs): Promise<void> {
    signs.isAsked = true;
    try {
      await withDeadline(pingTimeoutMs, this.#stopping.signal, (signal) => this.#options.ask(connection, signal));
      signs.heardMs = signs.provenMs = this.#options.nowMs();
    } catch (error) {
      if (!this.#stopping.signal.aborted) connection.abort(toDfsError(error));
    } finally {
      signs.isAsked = false;
    }
  }
}

/** Looks after the connections of a host, so that those to peers that are gone end; `isNear` tells whose failure must be seen soon. */
export function startSignsOfLife(
  host: Host,
  links: PeerLinks,
  isNear: (peer: PeerId) => boolean,
): SignsOfLife<Connection> {
  const signs = new SignsOfLife<Connection>({
    connections: () => host.getConnections(),
    receivedBytes: (peer) => links.receivedBytes(peer),
    isUrgent: (peer) => links.owes(peer) || isNear(peer),
    ask: ping,
    nowMs: () => performance.now(),
  });
  host.addEventListener("connection:open", ({ detail }) => signs.opened(detail));
  signs.start();
  return signs;
}

const pingBytes = 32;

/** Asks by libp2p's ping. A peer that does not know it has answered as well. */
export async function ping(connection: Pick<Connection, "newStream">, signal: AbortSignal): Promise<void> {
  try {
    const stream = await connection.newStream(pingProtocol, { signal });
    try {
      const bytes = byteStream(stream);
      await Promise.all([
        bytes.write(pooledRandomBytes(pingBytes), { signal }),
        bytes.read({ bytes: pingBytes, signal }),
      ]);
      await stream.close({ signal });
    } catch (error) {
      stream.abort(toDfsError(error));
      throw error;
    }
  } catch (error) {
    if ((error as Error).name !== "UnsupportedProtocolError") throw error;
  }
}
