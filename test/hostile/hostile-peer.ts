/**
 * A member that means harm: a libp2p node with the key of a peer that joined and was stopped, and nothing of the
 * product's behaviour. It speaks the wire with the product's own codecs, or writes bytes of its own on it.
 */
import "../../src/core/polyfill.ts";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { identify } from "@libp2p/identify";
import type { Connection, Libp2p, PrivateKey, Stream } from "@libp2p/interface";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { tls } from "@libp2p/tls";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import * as v from "valibot";
import { controlFrameBytesMax, streamWindowBytes, streamWindowBytesMax } from "../../src/core/limits.ts";
import { decodePeerKey } from "../../src/identity/peer-identity.ts";
import { loadMembership } from "../../src/peer/peer-config.ts";
import { rpcProtocol } from "../../src/peer/protocols.ts";
import { CallBudget } from "../../src/peer/wire/call-budget.ts";
import { RpcClient } from "../../src/peer/wire/rpc-client.ts";
import { type RpcMethod, defineMethod } from "../../src/peer/wire/rpc-method.ts";
import { routeTable, serveRpc } from "../../src/peer/wire/rpc-server.ts";
import { streamChannel } from "../../src/peer/wire/stream-channel.ts";

const streamsMax = 10_000;
const heartbeatEveryMs = 1_000;

export interface HostilePeerOptions {
  readonly key?: PrivateKey;
  /** Multiaddr to listen on; without it the peer only dials. */
  readonly listen?: string;
}

/** A method of any name, whose parameters and result nobody checks at this end. */
export const anyMethod = (name: string): RpcMethod<unknown, unknown> =>
  defineMethod({ name, params: v.any(), result: v.any() });

export class HostilePeer {
  readonly node: Libp2p;
  readonly #rpcs = new Map<string, Promise<RpcClient>>();
  #heartbeats: NodeJS.Timeout | undefined;

  private constructor(node: Libp2p) {
    this.node = node;
  }

  /** A node that asks for no limits of its own. Without a key it is a stranger to every network. */
  static async start({ key, listen }: HostilePeerOptions = {}): Promise<HostilePeer> {
    const node = await createLibp2p({
      ...(key === undefined ? {} : { privateKey: key }),
      addresses: { listen: listen === undefined ? [] : [listen] },
      transports: [tcp()],
      connectionEncrypters: [tls(), noise()],
      streamMuxers: [
        yamux({
          maxInboundStreams: streamsMax,
          maxOutboundStreams: streamsMax,
          streamOptions: { initialStreamWindowSize: streamWindowBytes, maxStreamWindowSize: streamWindowBytesMax },
        }),
      ],
      connectionManager: { maxConnections: streamsMax, inboundConnectionThreshold: streamsMax },
      connectionMonitor: { enabled: false },
      services: { identify: identify(), ping: ping() },
    });
    return new HostilePeer(node);
  }

  /** Takes on the identity, and the port, of the stopped peer whose data folder this is. */
  static async ofFolder(folder: string): Promise<HostilePeer> {
    const membership = await loadMembership(folder);
    if (membership === undefined) throw new Error(`${folder} holds no member`);
    return HostilePeer.start({
      key: decodePeerKey(membership.identity),
      listen: `/ip4/127.0.0.1/tcp/${membership.config.port ?? 0}`,
    });
  }

  connection(address: string): Promise<Connection> {
    return this.node.dial(multiaddr(address));
  }

  async hangUp(address: string): Promise<void> {
    await this.node.hangUp(multiaddr(address));
  }

  /** A raw stream. Fails when the other end does not speak the protocol with this peer. */
  async stream(address: string, protocol: string): Promise<Stream> {
    const connection = await this.connection(address);
    return connection.newStream(protocol, { signal: AbortSignal.timeout(5_000), maxOutboundStreams: streamsMax });
  }

  /** Calls any method of a victim. Fails with what it answers. */
  async call(address: string, method: string, params: unknown, timeoutMs = 10_000): Promise<unknown> {
    const present = await this.#rpcs.get(address)?.catch(() => undefined);
    if (present === undefined || present.hasEnded) this.#rpcs.set(address, this.rpc(address));
    const rpc = await (this.#rpcs.get(address) as Promise<RpcClient>);
    return rpc.call(anyMethod(method), params, { timeoutMs });
  }

  /** A new RPC channel to a victim, over a stream. */
  async rpc(address: string): Promise<RpcClient> {
    return new RpcClient(streamChannel(await this.stream(address, rpcProtocol), controlFrameBytesMax));
  }

  /** Tells the coordinator at `address` over and over that this peer is up, as a peer that does its work does. */
  keepUp(address: string): void {
    const beat = (): void =>
      void this.call(address, "catalogue.heartbeat", { usedBytes: 0, freeBytes: 2 ** 40 }).catch(() => undefined);
    beat();
    this.#heartbeats = setInterval(beat, heartbeatEveryMs);
  }

  /** Answers every RPC call with `protocol`, as a peer without any method does. */
  async refuseCalls(): Promise<void> {
    await this.handle(rpcProtocol, (stream) => {
      const budget = new CallBudget({ inFlightMax: streamsMax });
      void serveRpc(streamChannel(stream, controlFrameBytesMax), routeTable([]), budget);
    });
  }

  /** Takes the streams that others open. */
  async handle(protocol: string, onStream: (stream: Stream) => void): Promise<void> {
    await this.node.handle(protocol, onStream, { maxInboundStreams: streamsMax, maxOutboundStreams: streamsMax });
  }

  async stop(): Promise<void> {
    clearInterval(this.#heartbeats);
    await this.node.stop();
  }
}
