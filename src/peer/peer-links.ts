/**
 * Links to other members: one RPC stream and a few chunk streams to each, opened when first needed and kept.
 *
 * A link that ends is opened anew at the next call; the call that was under way fails with `unreachable`, for only its
 * caller knows whether it may be made twice.
 */
import type { Connection, Stream } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { withDeadline } from "../core/deadline.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { LeaseId, PeerId } from "../core/ids.ts";
import {
  chunkFrameBytesMax,
  controlFrameBytesMax,
  dialTimeoutMs,
  inboundStreamsPerProtocolMax,
} from "../core/limits.ts";
import { ChunkLink } from "./chunk-link.ts";
import type { FrameBuffers } from "./frame-buffers.ts";
import type { Host } from "./host.ts";
import { LaneClient } from "./lane-client.ts";
import { openLaneMethod } from "./lane-method.ts";
import { chunkProtocol, rpcProtocol } from "./protocols.ts";
import type { FrameChannel } from "./wire/frame-channel.ts";
import { type RpcCallOptions, RpcClient } from "./wire/rpc-client.ts";
import type { RpcMethod } from "./wire/rpc-method.ts";
import { streamChannel } from "./wire/stream-channel.ts";

export interface LinkHandlers {
  readonly onRpcChannel: (channel: FrameChannel, from: PeerId) => void;
  readonly onChunkChannel: (channel: FrameChannel, from: PeerId) => void;
}

const streamLimits = {
  maxInboundStreams: inboundStreamsPerProtocolMax,
  maxOutboundStreams: inboundStreamsPerProtocolMax,
};

export class PeerLinks {
  readonly #host: Host;
  readonly #buffers: FrameBuffers;
  readonly #rpcs = new Map<PeerId, Promise<RpcClient>>();
  readonly #chunks = new Map<PeerId, ChunkLink>();

  /** `buffers` hold the chunks that arrive. */
  constructor(host: Host, buffers: FrameBuffers) {
    this.#host = host;
    this.#buffers = buffers;
  }

  /** Registers the handlers for streams that others open. */
  async serve(handlers: LinkHandlers): Promise<void> {
    const serve = (protocol: string, frameBytesMax: number, onChannel: LinkHandlers["onRpcChannel"]): Promise<void> =>
      this.#host.handle(
        protocol,
        (stream: Stream, connection: Connection) =>
          onChannel(streamChannel(stream, frameBytesMax), connection.remotePeer.toString() as PeerId),
        streamLimits,
      );
    await serve(rpcProtocol, controlFrameBytesMax, handlers.onRpcChannel);
    await serve(chunkProtocol, chunkFrameBytesMax, handlers.onChunkChannel);
  }

  /** Calls a method of `peer`. Fails with what it answers, or `unreachable`, `timeout`, `interrupted`. */
  async call<Params, Result>(
    peer: PeerId,
    method: RpcMethod<Params, Result>,
    params: Params,
    options: RpcCallOptions = {},
  ): Promise<Result> {
    const rpc = await this.#rpc(peer, options.signal);
    return rpc.call(method, params, options);
  }

  async getChunk(peer: PeerId, digest: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#chunkLink(peer).get(digest, signal);
  }

  /** Takes back the memory of a chunk that `getChunk` gave and nobody looks at any more. */
  reclaim(sealed: Uint8Array): void {
    this.#buffers.give(sealed);
  }

  async putChunk(
    peer: PeerId,
    lease: LeaseId,
    digest: Uint8Array,
    sealed: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#chunkLink(peer).put(lease, digest, sealed, signal);
  }

  /** Whether there is a connection to `peer` now. */
  isConnected(peer: PeerId): boolean {
    return this.#host.getConnections(peerIdFromString(peer)).length > 0;
  }

  /** Makes sure that there is a connection, and tells the peer store where the peer is. Fails with `unreachable`. */
  async connect(peer: PeerId, signal?: AbortSignal): Promise<void> {
    await reach(peer, signal, (dialSignal) => this.#host.dial(peerIdFromString(peer), { signal: dialSignal }));
  }

  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#rpcs.values(), async (rpc) => (await rpc.catch(() => undefined))?.close()));
    await Promise.all(Array.from(this.#chunks.values(), (link) => link.close()));
  }

  async #rpc(peer: PeerId, signal: AbortSignal | undefined): Promise<RpcClient> {
    const present = this.#rpcs.get(peer);
    if (present !== undefined) {
      const rpc = await present.catch(() => undefined);
      if (rpc !== undefined && !rpc.hasEnded) return rpc;
      if (this.#rpcs.get(peer) !== present) return this.#rpc(peer, signal);
    }
    const opened = this.#openStream(peer, rpcProtocol, signal).then(
      (stream) => new RpcClient(streamChannel(stream, controlFrameBytesMax)),
    );
    this.#rpcs.set(peer, opened);
    return opened;
  }

  #chunkLink(peer: PeerId): ChunkLink {
    const present = this.#chunks.get(peer);
    if (present !== undefined) return present;
    const lanes = new LaneClient({
      ask: (signal) => this.call(peer, openLaneMethod, {}, { signal }),
      remoteHost: () => this.#remoteHost(peer),
      nowMs: Date.now,
    });
    const link = new ChunkLink(async (signal) => {
      const lane = await lanes.open(signal);
      return lane ?? streamChannel(await this.#openStream(peer, chunkProtocol, signal), chunkFrameBytesMax);
    }, this.#buffers);
    this.#chunks.set(peer, link);
    return link;
  }

  /** The address at the other end of the connection to `peer`. */
  #remoteHost(peer: PeerId): string | undefined {
    const [connection] = this.#host.getConnections(peerIdFromString(peer));
    return /^\/ip[46]\/([^/]+)\//.exec(connection?.remoteAddr.toString() ?? "")?.[1];
  }

  #openStream(peer: PeerId, protocol: string, signal: AbortSignal | undefined): Promise<Stream> {
    return reach(peer, signal, (dialSignal) =>
      this.#host.dialProtocol(peerIdFromString(peer), protocol, { signal: dialSignal, ...streamLimits }),
    );
  }
}

async function reach<Result>(
  peer: PeerId,
  signal: AbortSignal | undefined,
  dial: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  try {
    return await withDeadline(dialTimeoutMs, signal, dial);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DfsError && error.kind === "timeout")
      throw new DfsError("unreachable", `no connection within ${dialTimeoutMs / 1000} s`, { peer, cause: error });
    throw new DfsError("unreachable", "cannot connect to the peer", { peer, cause: toDfsError(error) });
  }
}
