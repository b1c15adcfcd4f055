/**
 * How fast other peers give chunks, over all files that this peer reads.
 *
 * Measured is the time from one answer to the next while something is asked for, so that it is the same for a slow disk, a
 * slow line and a peer that many ask, however much is asked for at once. Each request counts as some bytes more than
 * its chunk has, for its way there and back. What was measured long ago is believed less and less.
 */
import { chunkBytesAverage, hedgesAtOnceMax, hedgesShareMax, peersMax, speedBelievedMs } from "../../core/limits.ts";

/** One request under way. */
export interface AskedPeer {
  /** Its answer has come, with so many bytes. */
  came(bytes: number): void;
  /** It is not waited for any more, because it took too long. */
  late(): void;
  /** It failed, which says nothing of its speed. */
  failed(): void;
}

interface Speed {
  /** Bytes that are asked for and have not come. */
  openBytes: number;
  open: number;
  /** Sums over what was asked last, where older answers count less. */
  spentMs: number;
  cameBytes: number;
  /** When the last answer came, or the first request after a pause was sent. */
  sinceMs: number;
}

/** What the way of one request is worth. */
const requestBytes = 64 * 1024;
/** Answers of so many bytes later, one counts half. */
const halfLifeBytes = 8 * chunkBytesAverage;
/** Believed of a peer that was never asked: 50 MB/s. */
const priorMsPerByte = 1 / 50_000;

export class PeerSpeeds<Peer> {
  readonly #nowMs: () => number;
  readonly #speeds = new Map<Peer, Speed>();
  /** Second requests that may be made. */
  #hedges = hedgesAtOnceMax;

  /** `nowMs` never goes back. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Milliseconds until a chunk of so many bytes would have come, should it be asked for now. */
  expectedMs(peer: Peer, bytes: number): number {
    const speed = this.#speeds.get(peer);
    if (speed === undefined) return (bytes + requestBytes) * priorMsPerByte;
    const idleMs = speed.open === 0 ? this.#nowMs() - speed.sinceMs : 0;
    const belief = 0.5 ** (idleMs / speedBelievedMs);
    const msPerByte = (speed.spentMs / speed.cameBytes) * belief + priorMsPerByte * (1 - belief);
    return (speed.openBytes + bytes + requestBytes) * msPerByte;
  }

  /** A chunk of so many bytes is asked for now; one of the results' methods is called once. */
  ask(peer: Peer, bytes: number): AskedPeer {
    const speed = this.#speedOf(peer);
    const askedBytes = bytes + requestBytes;
    if (speed.open === 0) speed.sinceMs = this.#nowMs();
    speed.open += 1;
    speed.openBytes += askedBytes;
    const end = (): void => {
      speed.open -= 1;
      speed.openBytes -= askedBytes;
    };
    return {
      came: (cameBytes) => {
        end();
        this.#hedges = Math.min(hedgesAtOnceMax, this.#hedges + hedgesShareMax);
        this.#measure(speed, cameBytes + requestBytes, cameBytes + requestBytes);
      },
      late: () => {
        end();
        this.#measure(speed, askedBytes, 0);
      },
      failed: end,
    };
  }

  /** Counts a second request for what another peer owes; false where there were too many for what has come lately. */
  takeHedge(): boolean {
    if (this.#hedges < 1) return false;
    this.#hedges -= 1;
    return true;
  }

  /** The time since the last answer brought so many bytes, of those that were asked for. */
  #measure(speed: Speed, askedBytes: number, cameBytes: number): void {
    const nowMs = this.#nowMs();
    const spentMs = nowMs - speed.sinceMs;
    const kept = cameBytes === 0 && spentMs === 0 ? 1 : 0.5 ** (askedBytes / halfLifeBytes);
    speed.spentMs = speed.spentMs * kept + spentMs;
    speed.cameBytes = Math.max(1, speed.cameBytes * kept + cameBytes);
    speed.sinceMs = nowMs;
  }

  #speedOf(peer: Peer): Speed {
    const present = this.#speeds.get(peer);
    if (present !== undefined) return present;
    for (const [other, { open }] of this.#speeds)
      if (this.#speeds.size >= peersMax && open === 0) this.#speeds.delete(other);
    const speed: Speed = {
      openBytes: 0,
      open: 0,
      spentMs: chunkBytesAverage * priorMsPerByte,
      cameBytes: chunkBytesAverage,
      sinceMs: 0,
    };
    this.#speeds.set(peer, speed);
    return speed;
  }
}
