/**
 * Counts the connections that others open, by who they are and, before that is known, by where they come from, so that
 * no one address or peer takes what is meant for all.
 */
import type { MultiaddrConnection } from "@libp2p/interface";
import {
  connectionsPerPeerMax,
  pendingConnectionsPerAddressMax,
  strangerConnectionsMax,
  strangersPerAddressMax,
} from "../core/limits.ts";

/** What of a connection counts here. */
export type CountedConnection = Pick<MultiaddrConnection, "addEventListener" | "status"> & {
  readonly remoteAddr: { toString(): string };
};

/** Whether the connection has closed already: no event tells it any more. */
export function hasEnded({ status }: Pick<CountedConnection, "status">): boolean {
  return status !== "open" && status !== "closing";
}

export class ConnectionDoor {
  readonly #pending = new Tally();
  readonly #ofPeers = new Tally();
  readonly #strangers = new Tally();
  /** How each connection that is not authenticated yet is counted out. */
  readonly #leavePending = new WeakMap<CountedConnection, () => void>();

  /** Counts a connection in that is not authenticated yet; false when there are too many from its address. */
  knock(connection: CountedConnection): boolean {
    const address = networkOf(connection.remoteAddr.toString());
    if (this.#pending.of(address) >= pendingConnectionsPerAddressMax) return false;
    this.#leavePending.set(connection, this.#pending.add(address, connection));
    return true;
  }

  /** The connection is authenticated now, as that of `peer`; false when the peer has too many. */
  enter(peer: string, connection: CountedConnection): boolean {
    this.#leavePending.get(connection)?.();
    if (this.#ofPeers.of(peer) >= connectionsPerPeerMax) return false;
    this.#ofPeers.add(peer, connection);
    return true;
  }

  /** Whether one more stranger may come from where this connection does. */
  hasRoomForStranger({ remoteAddr }: Pick<CountedConnection, "remoteAddr">): boolean {
    const isFull = this.#strangers.total >= strangerConnectionsMax;
    return !isFull && this.#strangers.of(networkOf(remoteAddr.toString())) < strangersPerAddressMax;
  }

  /** Counts a stranger's connection in, until it closes; false when there are too many of them already. */
  admitStranger(connection: CountedConnection): boolean {
    if (!this.hasRoomForStranger(connection)) return false;
    this.#strangers.add(networkOf(connection.remoteAddr.toString()), connection);
    return true;
  }
}

/** Open connections, counted by some key; what is not counted any more leaves nothing behind. */
class Tally {
  readonly #counts = new Map<string, number>();
  total = 0;

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Counts `connection` in until it closes, or until the returned function is called; not at all when it has closed already. */
  add(key: string, connection: CountedConnection): () => void {
    if (hasEnded(connection)) return () => undefined;
    this.#counts.set(key, this.of(key) + 1);
    this.total += 1;
    let isCounted = true;
    const leave = (): void => {
      if (!isCounted) return;
      isCounted = false;
      this.total -= 1;
      const left = this.of(key) - 1;
      if (left === 0) this.#counts.delete(key);
      else this.#counts.set(key, left);
    };
    connection.addEventListener("close", leave);
    return leave;
  }
}

/** Whose address it is: an IPv4 address, or the 64 bits of an IPv6 address that one machine or line has to itself. */
function networkOf(multiaddr: string): string {
  const [, family, host = ""] = /^\/(ip4|ip6)\/([^/]+)/.exec(multiaddr) ?? [];
  if (family !== "ip6") return host;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1];
  if (mapped !== undefined) return mapped;
  const [front = "", back] = host.replace(/%.*$/, "").toLowerCase().split("::");
  const groups = front === "" ? [] : front.split(":");
  const rest = back === undefined || back === "" ? [] : back.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => "0");
  return [...groups, ...zeros, ...rest].slice(0, 4).join(":");
}
