/** What this folder needs from outside: a wire to other peers, a table of peers, and a clock. Tests hand in their own. */
import type { Finger } from "../core/client.ts";
import type { PeerId } from "../core/ids.ts";
import type { AnnounceReply, AnnounceRequest } from "./messages.ts";

/** A peer and its place in the key space. */
export interface KadPeer {
  readonly id: PeerId;
  /** 32 bytes: SHA-256 of the multihash inside the peer id. */
  readonly kadId: Uint8Array;
}

/** What a walk through the network came to. */
export interface Discovery {
  readonly peers: readonly DiscoveredPeer[];
  /** Questions that were asked on the way. */
  readonly messages: number;
}

export interface DiscoveredPeer extends KadPeer {
  /** 1 for a peer of the finger table, one more than that of whoever told of it for any other. */
  readonly hops: number;
}

/** Options of every call that leaves this machine. */
export interface SignalOptions {
  /** Ends the call: with the caller's interruption or at its deadline. */
  readonly signal: AbortSignal;
}

/** Carries holder messages to one peer. Both calls fail with a DfsError, such as `unreachable`, `timeout` or `busy`. */
export interface HolderTransport {
  /** Tells `peer` that this peer holds the keys; resolves with how many of them it keeps. */
  announce(peer: PeerId, request: AnnounceRequest, options: SignalOptions): Promise<AnnounceReply>;
  /** Asks `peer` for holders; resolves with a list for each key (a 32-byte digest), in the order of the keys. */
  lookup(peer: PeerId, keys: readonly Uint8Array[], options: SignalOptions): Promise<readonly (readonly PeerId[])[]>;
}

/** The peers that this one knows. */
export interface FingerTable {
  /** Every known peer but this one, in no order. */
  peers(): readonly KadPeer[];
  /** Asks the network for the peers closest to a file key's digest. Fails with `timeout` or `interrupted`. */
  discover(digest: Uint8Array, options: SignalOptions): Promise<Discovery>;
  /** The known peers as people see them, closest to this one first. */
  fingers(): Promise<readonly Finger[]>;
  /** Takes in connected peers of this network that the table lacks. Fails with `timeout` or `interrupted`. */
  tend(options: SignalOptions): Promise<void>;
  /** Drops a peer that has left the network for good. */
  drop(peer: PeerId): Promise<void>;
  /** Calls `listener` whenever a peer became known or was dropped; returns how to stop that. */
  onChange(listener: () => void): () => void;
}

/** Time, so that a test can advance it by hand. */
export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Calls `callback` once after `delayMs`, unless the returned function was called before. */
  after(delayMs: number, callback: () => void): () => void;
}
