/** What other members say when they are asked for their time and version, and how long that takes. */
import type { PeerId, PeerName } from "../../core/ids.ts";
import { withDeadline } from "../../core/deadline.ts";
import { toDfsError } from "../../core/errors.ts";
import type { PeerLinks } from "../peer-links.ts";
import { checkMethods } from "./check-methods.ts";

/** Somebody to ask. */
export interface AskedPeer {
  readonly id: PeerId;
  readonly name: PeerName;
  readonly isCoordinator: boolean;
}

export interface PeerAnswer {
  /** How far its clock is ahead of this peer's, in milliseconds, give or take half of the round trip. */
  readonly aheadMs: number;
  readonly roundTripMs: number;
  readonly version: string;
}

export interface PeerAnswered extends AskedPeer {
  /** Absent where it did not answer. */
  readonly answer?: PeerAnswer | undefined;
  /** Why not. */
  readonly reason?: string | undefined;
}

export interface AskingClocks {
  readonly nowMs: () => number;
  readonly steadyMs: () => number;
}

/** Asks all of them at once; who does not answer within `timeoutMs` is told as such. Fails only as `signal` says. */
export function askPeers(
  peers: readonly AskedPeer[],
  links: Pick<PeerLinks, "call">,
  { nowMs, steadyMs }: AskingClocks,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<readonly PeerAnswered[]> {
  const measure = async (peer: PeerId, bounded: AbortSignal): Promise<PeerAnswer> => {
    // The first call may have to connect: only the second one shows the way there and back.
    await links.call(peer, checkMethods.about, {}, { signal: bounded });
    const startedMs = nowMs();
    const startedSteadyMs = steadyMs();
    const { nowMs: theirMs, version } = await links.call(peer, checkMethods.about, {}, { signal: bounded });
    const roundTripMs = steadyMs() - startedSteadyMs;
    return { aheadMs: theirMs - (startedMs + roundTripMs / 2), roundTripMs, version };
  };
  const ask = async (peer: AskedPeer): Promise<PeerAnswered> => {
    try {
      return { ...peer, answer: await withDeadline(timeoutMs, signal, (bounded) => measure(peer.id, bounded)) };
    } catch (error) {
      signal.throwIfAborted();
      return { ...peer, reason: toDfsError(error).message };
    }
  };
  return Promise.all(peers.map(ask));
}
