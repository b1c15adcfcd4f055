/**
 * Links to other members: channels for RPC, for chunks and for the group, opened when first needed and kept.
 *
 * The first RPC channel to a peer is a libp2p stream. Over it lanes are asked for (see lane-server.ts), one for the RPC
 * calls from then on, others for the other protocols; where none can be opened, libp2p streams serve. A link that ends is opened anew at the next call; the call that was under way fails with `unreachable`, for only its
 * caller knows whether it may be made twice.
 */
import type { Connection, Stream } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import type { StoredBytes } from "../chunking/file-record.ts";
import { withDeadline } from "../core/deadline.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { LeaseId, PeerId } from "../core/ids.ts";
import {
  chunkFrameBytesMax,
  chunkRequestMs,
  chunkRequestsInFlightMax,
  chunkStreamsPerPeer,
  controlFrameBytesMax,
  dialTimeoutMs,
  inboundChannelsPerProtocolMax,
} from "../core/limits.ts";
import { countCall } from "../core/work-done.ts";
import { ChunkLink } from "./chunk-link.ts";
import type { FrameBuffers } from "./frame-buffers.ts";
import type { Host } from "./host.ts";
import { LaneClient } from "./lane-client.ts";
import { openLaneMethod } from "./lane-method.ts";
import type { LaneHandler } from "./lane-server.ts";
import { PeerChannels } from "./peer-channels.ts";
import { WorkQueue } from "./load/work-queue.ts";
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
  // One more than a peer may have, so that it is answered why; PeerChannels counts.
  maxInboundStreams: inboundChannelsPerProtocolMax + 1,
  maxOutboundStreams: inboundChannelsPerProtocolMax,
};

/** Only a deadline keeps a chunk from waiting here: how many wait is bounded by whoever wants them. */
const chunkQuestions = {
  name: "chunks that are asked of the peer",
  runningMax: chunkStreamsPerPeer * chunkRequestsInFlightMax,
  runMsMax: Number.POSITIVE_INFINITY,
  waitMsMax: Number.POSITIVE_INFINITY,
  waitingMax: Number.POSITIVE_INFINITY,
};

export class PeerLinks {
  readonly #host: Host;
  readonly #buffers: FrameBuffers;
  readonly #rpcs = new Map<PeerId, Promise<RpcClient>>();
  /** RPC over lanes. */
  readonly #fastRpcs = new Map<PeerId, RpcClient>();
  readonly #openingFast = new Set<PeerId>();
  readonly #chunks = new Map<PeerId, ChunkLink>();
  /** Chunks that wait until the peer may be asked for them. */
  readonly #questions = new Map<PeerId, WorkQueue<PeerId>>();
  readonly #lanes = new Map<string, LaneClient>();
  readonly #handlers = new Map<string, LaneHandler>();
  readonly #channels = new PeerChannels();
  /** Calls and chunks that peers owe answers for. */
  readonly #owed = new Map<PeerId, number>();
  readonly #isMember: (peer: PeerId) => boolean;

  /** `buffers` hold the chunk frames that arrive; channels are taken from members only. */
  constructor(host: Host, buffers: FrameBuffers, isMember: (peer: PeerId) => boolean) {
    this.#host = host;
    this.#buffers = buffers;
    this.#isMember = isMember;
    // A lane has no pings of its own: where the connection beside it is given up, so is the lane.
    host.addEventListener("peer:disconnect", ({ detail }) => this.#dropFast(detail.toString() as PeerId));
  }

  /** Registers the handlers for streams that others open. */
  async serve(handlers: LinkHandlers): Promise<void> {
    await this.handle(rpcProtocol, controlFrameBytesMax, handlers.onRpcChannel);
    await this.handle(chunkProtocol, chunkFrameBytesMax, handlers.onChunkChannel);
  }

  /** Calls a method of `peer`. Fails with what it answers, or `unreachable`, `timeout`, `interrupted`. */
  async call<Params, Result>(
    peer: PeerId,
    method: RpcMethod<Params, Result>,
    params: Params,
    options: RpcCallOptions = {},
  ): Promise<Result> {
    countCall(method.name);
    return this.#owing(peer, async () => {
      const fast = this.#fastRpcs.get(peer);
      if (fast?.hasEnded === false) return fast.call(method, params, options);
      const rpc = await this.#rpc(peer, options.signal);
      void this.#openFast(peer);
      return rpc.call(method, params, options);
    });
  }

  /** A call that tells how far it is: each item goes to `onItem`. */
  async callWithItems<Params, Result, Item>(
    peer: PeerId,
    method: RpcMethod<Params, Result, Item>,
    params: Params,
    onItem: (item: Item) => void,
    options: RpcCallOptions = {},
  ): Promise<Result> {
    countCall(method.name);
    return this.#owing(peer, async () => {
      const fast = this.#fastRpcs.get(peer);
      const rpc = fast?.hasEnded === false ? fast : await this.#rpc(peer, options.signal);
      return rpc.callWithItems(method, params, onItem, options);
    });
  }

  /** As `ChunkLink.get`, and with `busy` at once where so much is asked of the peer already that it would come too late. */
  async getChunk(
    peer: PeerId,
    digest: Uint8Array,
    signal: AbortSignal,
    waitMs: number = chunkRequestMs,
  ): Promise<Uint8Array> {
    const deadlineMs = performance.now() + waitMs;
    return this.#owing(peer, () =>
      this.#questionsTo(peer).run({ caller: peer, deadlineMs, signal }, () =>
        this.#chunkLink(peer).get(digest, signal, deadlineMs - performance.now()),
      ),
    );
  }

  /** As `ChunkLink.getMany`, and with `busy` as `getChunk`. */
  async getChunks(
    peer: PeerId,
    digests: readonly Uint8Array[],
    signal: AbortSignal,
    waitMs: number = chunkRequestMs,
  ): Promise<Uint8Array> {
    const deadlineMs = performance.now() + waitMs;
    return this.#owing(peer, () =>
      this.#questionsTo(peer).run({ caller: peer, deadlineMs, signal }, () =>
        this.#chunkLink(peer).getMany(digests, signal, deadlineMs - performance.now()),
      ),
    );
  }

  /** Takes back the memory of a chunk that `getChunk` gave and nobody looks at any more. */
  reclaim(sealed: Uint8Array): void {
    this.#buffers.give(sealed);
  }

  async putChunks(peer: PeerId, lease: LeaseId, chunks: readonly StoredBytes[], signal: AbortSignal): Promise<void> {
    return this.#owing(peer, () => this.#chunkLink(peer).put(lease, chunks, signal));
  }

  /** Whether `peer` owes this one an answer. */
  owes(peer: PeerId): boolean {
    return this.#owed.has(peer);
  }

  /** Bytes that came from `peer` over the channels that are open now. */
  receivedBytes(peer: PeerId): number {
    return this.#channels.receivedBytes(peer);
  }

  /** Whether there is a connection to `peer` now. */
  isConnected(peer: PeerId): boolean {
    return this.#host.getConnections(peerIdFromString(peer)).length > 0;
  }

  /** Makes sure that there is a connection, and tells the peer store where the peer is. Fails with `unreachable`. */
  async connect(peer: PeerId, signal?: AbortSignal): Promise<void> {
    await reach(peer, signal, (dialSignal) => this.#host.dial(peerIdFromString(peer), { signal: dialSignal }));
  }

  /** A channel of its own to `peer`: a lane, or else a stream. Fails with `unreachable`, and as `signal` says. */
  async open(peer: PeerId, protocol: string, frameBytesMax: number, signal: AbortSignal): Promise<FrameChannel> {
    const lane = await this.#laneClient(peer, protocol, frameBytesMax).open(signal);
    return this.#keep(
      lane ?? streamChannel(await this.#openStream(peer, protocol, signal), frameBytesMax, this.#bulkMemory(protocol)),
      peer,
      protocol,
    );
  }

  /** Ends everything that goes to and comes from `peer`, at once: it is no member any more. Calls under way fail with `reason`. */
  cut(peer: PeerId, reason: DfsError): void {
    this.#dropFast(peer);
    this.#rpcs.delete(peer);
    this.#chunks.delete(peer);
    this.#questions.delete(peer);
    for (const protocol of this.#handlers.keys()) this.#lanes.delete(laneKey(peer, protocol));
    this.#channels.cut(peer, reason);
    for (const connection of this.#host.getConnections(peerIdFromString(peer))) connection.abort(reason);
  }

  /** Who takes the channels of a protocol. */
  handlerOf(protocol: string): LaneHandler | undefined {
    return this.#handlers.get(protocol);
  }

  /** Registers who takes the channels of a protocol that others open. */
  async handle(
    protocol: string,
    frameBytesMax: number,
    onChannel: (channel: FrameChannel, from: PeerId) => void,
  ): Promise<void> {
    const onOpened = (channel: FrameChannel, from: PeerId): void => {
      // A lane may have been offered before its peer left.
      if (!this.#isMember(from)) {
        channel.abort(new DfsError("permission", "only members of the network may use this protocol"));
        return;
      }
      const held = this.#channels.admit(channel, from, protocol);
      if (held !== undefined) onChannel(held, from);
    };
    const bulkMemory = this.#bulkMemory(protocol);
    this.#handlers.set(protocol, { frameBytesMax, bulkMemory, onChannel: onOpened });
    await this.#host.handle(
      protocol,
      (stream: Stream, connection: Connection) =>
        onOpened(streamChannel(stream, frameBytesMax, bulkMemory), connection.remotePeer.toString() as PeerId),
      streamLimits,
    );
  }

  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#fastRpcs.values(), (rpc) => rpc.close()));
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
      (stream) => new RpcClient(this.#keep(streamChannel(stream, controlFrameBytesMax), peer, rpcProtocol)),
    );
    this.#rpcs.set(peer, opened);
    return opened;
  }

  async #owing<Result>(peer: PeerId, ask: () => Promise<Result>): Promise<Result> {
    this.#owed.set(peer, (this.#owed.get(peer) ?? 0) + 1);
    try {
      return await ask();
    } finally {
      const left = (this.#owed.get(peer) ?? 1) - 1;
      if (left === 0) this.#owed.delete(peer);
      else this.#owed.set(peer, left);
    }
  }

  #questionsTo(peer: PeerId): WorkQueue<PeerId> {
    const present = this.#questions.get(peer);
    if (present !== undefined) return present;
    const questions = new WorkQueue<PeerId>(chunkQuestions, { later: (callback) => callback() });
    this.#questions.set(peer, questions);
    return questions;
  }

  #chunkLink(peer: PeerId): ChunkLink {
    const present = this.#chunks.get(peer);
    if (present !== undefined) return present;
    const link = new ChunkLink((signal) => this.open(peer, chunkProtocol, chunkFrameBytesMax, signal));
    this.#chunks.set(peer, link);
    return link;
  }

  /** Opens the lane for the calls to come, unless that is under way; calls go over the stream meanwhile. */
  async #openFast(peer: PeerId): Promise<void> {
    if (this.#openingFast.has(peer)) return;
    this.#openingFast.add(peer);
    try {
      const lane = await withDeadline(dialTimeoutMs, undefined, (signal) =>
        this.#laneClient(peer, rpcProtocol, controlFrameBytesMax).open(signal),
      );
      if (lane !== undefined) this.#fastRpcs.set(peer, new RpcClient(this.#keep(lane, peer, rpcProtocol)));
    } catch {
      // Without a lane the stream goes on serving.
    } finally {
      this.#openingFast.delete(peer);
    }
  }

  #dropFast(peer: PeerId): void {
    const rpc = this.#fastRpcs.get(peer);
    this.#fastRpcs.delete(peer);
    void rpc?.close();
  }

  #laneClient(peer: PeerId, protocol: string, frameBytesMax: number): LaneClient {
    const key = laneKey(peer, protocol);
    const present = this.#lanes.get(key);
    if (present !== undefined) return present;
    const lanes = new LaneClient({
      ask: async (signal) => {
        const rpc = await this.#rpc(peer, signal);
        return rpc.call(openLaneMethod, { protocol }, { signal });
      },
      remoteHost: () => this.#remoteHost(peer),
      frameBytesMax,
      bulkMemory: this.#bulkMemory(protocol),
      nowMs: Date.now,
    });
    this.#lanes.set(key, lanes);
    return lanes;
  }

  /** For a protocol that carries large frames. */
  #bulkMemory(protocol: string): FrameBuffers | undefined {
    return protocol === chunkProtocol ? this.#buffers : undefined;
  }

  /** The address at the other end of the connection to `peer`. */
  #remoteHost(peer: PeerId): string | undefined {
    const [connection] = this.#host.getConnections(peerIdFromString(peer));
    return /^\/ip[46]\/([^/]+)\//.exec(connection?.remoteAddr.toString() ?? "")?.[1];
  }

  /** Holds a channel of this peer's own, unless its other end is no member any more. */
  #keep(channel: FrameChannel, peer: PeerId, protocol: string): FrameChannel {
    if (this.#isMember(peer)) return this.#channels.keep(channel, peer, protocol);
    const error = new DfsError("unreachable", "the peer is no member of the network any more", { peer });
    channel.abort(error);
    throw error;
  }

  #openStream(peer: PeerId, protocol: string, signal: AbortSignal | undefined): Promise<Stream> {
    return reach(peer, signal, (dialSignal) =>
      this.#host.dialProtocol(peerIdFromString(peer), protocol, { signal: dialSignal, ...streamLimits }),
    );
  }
}

function laneKey(peer: PeerId, protocol: string): string {
  return `${peer} ${protocol}`;
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
