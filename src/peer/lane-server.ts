/**
 * Lanes, the accepting end: TLS sockets beside the libp2p connection, each for one protocol between members.
 *
 * libp2p's streams cost more CPU than the cryptography in them: bulk data pays for it, and small messages even more, for
 * each is three records and three system calls there. So a member may ask, over its authenticated RPC stream, for a
 * lane: it gets a port, an identity and a 32-byte key, both random and good for one handshake within a few seconds. TLS 1.3 with that key as its pre-shared key (and an ephemeral key exchange) then
 * proves each end to the other. Whoever cannot open a lane uses libp2p streams.
 */
import { randomBytes } from "node:crypto";
import { type Server, type Socket } from "node:net";
import { type TLSSocket, createServer } from "node:tls";
import { toDfsError } from "../core/errors.ts";
import type { PeerId } from "../core/ids.ts";
import {
  laneConnectionsMax,
  laneHandshakeMs,
  channelIdleMs,
  laneOffersMax,
  laneOffersPerPeerMax,
  lanePendingMax,
  lanePendingPerAddressMax,
  lanesPerPeerMax,
} from "../core/limits.ts";
import type { LaneOffer } from "./lane-method.ts";
import type { FrameChannel, FrameMemory } from "./wire/frame-channel.ts";
import { pskTls } from "./wire/psk-tls.ts";
import { socketChannel } from "./wire/socket-channel.ts";

/** Who takes the lanes of one protocol. */
export interface LaneHandler {
  readonly frameBytesMax: number;
  /** For bulk data: where its frames are put together (see SocketChannelOptions). */
  readonly bulkMemory?: FrameMemory | undefined;
  readonly onChannel: (channel: FrameChannel, from: PeerId) => void;
}

interface Offered {
  readonly peer: PeerId;
  readonly handler: LaneHandler;
}

interface PendingOffer extends Offered {
  readonly key: Buffer;
  readonly timer: NodeJS.Timeout;
}

export class LaneServer {
  readonly #host: string;
  readonly #handlerOf: (protocol: string) => LaneHandler | undefined;
  readonly #offers = new Map<string, PendingOffer>();
  readonly #accepted = new WeakMap<Socket, Offered>();
  readonly #sockets = new Set<Socket>();
  /** Addresses that handshakes under way come from, by the far end of each. */
  readonly #pending = new Map<string, string>();
  /** Lanes of each peer, from the moment when it names its offer. */
  readonly #lanes = new Map<PeerId, number>();
  #server: Server | undefined;
  #port = 0;

  /** Will listen on any free port of `host`; `handlerOf` gives the handler of a protocol that has lanes. */
  constructor(host: string, handlerOf: (protocol: string) => LaneHandler | undefined) {
    this.#host = host;
    this.#handlerOf = handlerOf;
  }

  async start(): Promise<void> {
    const server = createServer({
      ...pskTls,
      handshakeTimeout: laneHandshakeMs,
      pskCallback: (socket, identity) => this.#takeKey(socket, identity),
    });
    server.maxConnections = laneConnectionsMax;
    server.on("connection", (socket: Socket) => this.#track(socket));
    server.on("secureConnection", (socket) => this.#accept(socket));
    server.on("tlsClientError", (_error, socket) => socket.destroy()); // a stranger, or an offer that was too old
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(toDfsError(error, { op: "lane" })));
      server.listen(0, this.#host, resolve);
    });
    const address = server.address();
    this.#port = typeof address === "object" && address !== null ? address.port : 0;
  }

  async stop(): Promise<void> {
    for (const { timer } of this.#offers.values()) clearTimeout(timer);
    this.#offers.clear();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) =>
      this.#server === undefined ? resolve() : this.#server.close(() => resolve()),
    );
  }

  /** An offer of one lane for a protocol to `peer`; undefined while too many are open, or where it has none. */
  offer(peer: PeerId, protocol: string): LaneOffer | undefined {
    const handler = this.#handlerOf(protocol);
    if (handler === undefined || this.#offers.size >= laneOffersMax) return undefined;
    const offered = [...this.#offers.values()].filter((offer) => offer.peer === peer).length;
    if (offered >= laneOffersPerPeerMax || offered + (this.#lanes.get(peer) ?? 0) >= lanesPerPeerMax) return undefined;
    const identity = randomBytes(16).toString("hex");
    const key = randomBytes(32);
    const timer = setTimeout(() => this.#offers.delete(identity), laneHandshakeMs);
    timer.unref();
    this.#offers.set(identity, { peer, handler, key, timer });
    return { port: this.#port, identity, key };
  }

  /** Takes back what is offered to `peer`. */
  withdraw(peer: PeerId): void {
    for (const [identity, offer] of this.#offers) if (offer.peer === peer) this.#forget(identity, offer);
  }

  #forget(identity: string, { timer }: PendingOffer): void {
    clearTimeout(timer);
    this.#offers.delete(identity);
  }

  /** The key of an offer, which is used up by this. */
  #takeKey(socket: TLSSocket, identity: string): Buffer | null {
    const offer = this.#offers.get(identity);
    if (offer === undefined) return null;
    this.#forget(identity, offer);
    this.#accepted.set(socket, offer);
    this.#count(socket, offer.peer);
    return offer.key;
  }

  #accept(socket: TLSSocket): void {
    this.#pending.delete(farEndOf(socket));
    const offered = this.#accepted.get(socket);
    if (offered === undefined) {
      socket.destroy();
      return;
    }
    const { handler, peer } = offered;
    const { frameBytesMax, bulkMemory } = handler;
    // The other end opens another one when it needs it.
    socket.setTimeout(channelIdleMs, () => void socket.destroy());
    handler.onChannel(socketChannel(socket.setNoDelay(true), frameBytesMax, { bulkMemory }), peer);
  }

  #count(socket: Socket, peer: PeerId): void {
    this.#lanes.set(peer, (this.#lanes.get(peer) ?? 0) + 1);
    socket.on("close", () => {
      const left = (this.#lanes.get(peer) ?? 1) - 1;
      if (left === 0) this.#lanes.delete(peer);
      else this.#lanes.set(peer, left);
    });
  }

  /** Whoever has no key yet is one of a few, and of fewer from one address. */
  #track(socket: Socket): void {
    const from = socket.remoteAddress ?? "";
    const farEnd = farEndOf(socket);
    const fromThere = [...this.#pending.values()].filter((address) => address === from).length;
    if (this.#pending.size >= lanePendingMax || fromThere >= lanePendingPerAddressMax) {
      socket.destroy();
      return;
    }
    this.#pending.set(farEnd, from);
    this.#sockets.add(socket);
    socket.on("close", () => {
      this.#pending.delete(farEnd);
      this.#sockets.delete(socket);
    });
  }
}

/** The same for a socket and the TLS socket over it. */
function farEndOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
