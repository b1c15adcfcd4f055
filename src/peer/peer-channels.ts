/**
 * The channels to and from each peer, whatever carries them: libp2p streams and lanes alike.
 *
 * They are counted, so that no peer has more of one protocol open here than it needs, and held, so that all of a peer's
 * channels end at once when its membership does.
 */
import { DfsError } from "../core/errors.ts";
import type { PeerId } from "../core/ids.ts";
import { inboundChannelsPerProtocolMax, inboundChunkChannelsMax } from "../core/limits.ts";
import { countSent } from "../core/work-done.ts";
import { chunkProtocol } from "./protocols.ts";
import type { FrameChannel } from "./wire/frame-channel.ts";

/** Who opened a channel counts: only what others open is limited here. */
type Direction = "inbound" | "outbound";

export class PeerChannels {
  readonly #open = new Map<PeerId, Set<HeldChannel>>();

  /**
   * Holds a channel that `peer` has opened, until it ends; undefined, and the channel has ended, where it has as many of
   * the protocol already.
   */
  admit(channel: FrameChannel, peer: PeerId, protocol: string): FrameChannel | undefined {
    if (this.count(peer, protocol) < channelsMax(protocol)) return this.#hold(channel, peer, protocol, "inbound");
    channel.abort(new DfsError("busy", "too many streams of one protocol are open", { peer, retryAfterMs: 1_000 }));
    return undefined;
  }

  /** Holds a channel that this peer has opened, until it ends. */
  keep(channel: FrameChannel, peer: PeerId, protocol: string): FrameChannel {
    return this.#hold(channel, peer, protocol, "outbound");
  }

  /** Channels of a protocol that `peer` has open here. */
  count(peer: PeerId, protocol: string): number {
    let count = 0;
    for (const held of this.#open.get(peer) ?? [])
      if (held.direction === "inbound" && held.protocol === protocol) count += 1;
    return count;
  }

  /** Bytes that came from `peer` over the channels that are open now. */
  receivedBytes(peer: PeerId): number {
    let bytes = 0;
    for (const { receivedBytes } of this.#open.get(peer) ?? []) bytes += receivedBytes;
    return bytes;
  }

  /** Ends all channels to and from `peer` at once; calls that run over them end with `reason`. */
  cut(peer: PeerId, reason: DfsError): void {
    for (const held of this.#open.get(peer) ?? []) held.abort(reason);
    this.#open.delete(peer);
  }

  #hold(channel: FrameChannel, peer: PeerId, protocol: string, direction: Direction): FrameChannel {
    const ofPeer = this.#open.get(peer) ?? new Set();
    this.#open.set(peer, ofPeer);
    const held = new HeldChannel(channel, protocol, direction, () => {
      ofPeer.delete(held);
      if (ofPeer.size === 0 && this.#open.get(peer) === ofPeer) this.#open.delete(peer);
    });
    ofPeer.add(held);
    return held;
  }
}

function channelsMax(protocol: string): number {
  return protocol === chunkProtocol ? inboundChunkChannelsMax : inboundChannelsPerProtocolMax;
}

/** A channel that says when it has ended, by either end. */
class HeldChannel implements FrameChannel {
  readonly #channel: FrameChannel;
  readonly #onEnd: () => void;
  readonly protocol: string;
  readonly direction: Direction;

  constructor(channel: FrameChannel, protocol: string, direction: Direction, onEnd: () => void) {
    this.#channel = channel;
    this.protocol = protocol;
    this.direction = direction;
    this.#onEnd = onEnd;
  }

  get receivedBytes(): number {
    return this.#channel.receivedBytes;
  }

  get sentBytes(): number {
    return this.#channel.sentBytes;
  }

  send(parts: readonly Uint8Array[], onWritten?: () => void): Promise<void> {
    countSent(
      this.protocol,
      parts.reduce((sum, part) => sum + part.length, 0),
    );
    return this.#channel.send(parts, onWritten);
  }

  receive({ onFrame, onEnd }: Parameters<FrameChannel["receive"]>[0]): void {
    this.#channel.receive({
      onFrame,
      onEnd: (error) => {
        this.#onEnd();
        onEnd(error);
      },
    });
  }

  async close(): Promise<void> {
    await this.#channel.close();
    this.#onEnd();
  }

  abort(error: Error): void {
    this.#onEnd();
    this.#channel.abort(error);
  }
}
