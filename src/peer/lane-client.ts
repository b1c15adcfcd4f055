/** Lanes, the asking end (see lane-server.ts). */
import { type TLSSocket, connect } from "node:tls";
import { withDeadline } from "../core/deadline.ts";
import { laneHandshakeMs, laneRetryMs } from "../core/limits.ts";
import type { LaneOffer } from "./lane-method.ts";
import type { FrameChannel, FrameMemory } from "./wire/frame-channel.ts";
import { pskClientTls } from "./wire/psk-tls.ts";
import { socketChannel } from "./wire/socket-channel.ts";

export interface LaneClientOptions {
  /** Asks the peer for a lane. */
  readonly ask: (signal: AbortSignal) => Promise<LaneOffer | null>;
  /** The address at which the peer's libp2p connection ends. */
  readonly remoteHost: () => string | undefined;
  readonly frameBytesMax: number;
  /** As in LaneHandler. */
  readonly bulkMemory?: FrameMemory | undefined;
  readonly nowMs: () => number;
}

/** Opens lanes of one protocol to one peer; after a failure none is tried for a while. */
export class LaneClient {
  readonly #options: LaneClientOptions;
  #retryAtMs = 0;

  constructor(options: LaneClientOptions) {
    this.#options = options;
  }

  /** A lane; undefined where none can be opened. Fails only when the signal aborts. */
  async open(signal: AbortSignal): Promise<FrameChannel | undefined> {
    if (this.#options.nowMs() < this.#retryAtMs) return undefined;
    try {
      return await withDeadline(laneHandshakeMs, signal, (bounded) => this.#open(bounded));
    } catch {
      signal.throwIfAborted();
      this.#retryAtMs = this.#options.nowMs() + laneRetryMs;
      return undefined;
    }
  }

  async #open(signal: AbortSignal): Promise<FrameChannel | undefined> {
    const offer = await this.#options.ask(signal);
    const host = this.#options.remoteHost();
    if (offer === null || host === undefined) return undefined;
    const { frameBytesMax, bulkMemory } = this.#options;
    return socketChannel(await connectLane(host, offer, signal), frameBytesMax, { bulkMemory });
  }
}

function connectLane(host: string, { port, identity, key }: LaneOffer, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...pskClientTls,
      host,
      port,
      pskCallback: () => ({ psk: key, identity }),
    });
    const onAbort = (): void => void socket.destroy(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("secureConnect", () => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", reject);
      resolve(socket.setNoDelay(true));
    });
    socket.once("error", reject);
  });
}
