/**
 * The libp2p host of a peer: TCP, TLS before Noise, Yamux, Kademlia, and every limit explicit.
 *
 * A host lets in members (see member-gate.ts), and a few strangers at a time, which reach the join protocol and nothing
 * else until they are members.
 */
import "../core/polyfill.ts";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { identify } from "@libp2p/identify";
import type { Connection, Libp2p, PrivateKey, StreamHandler } from "@libp2p/interface";
import type { Registrar } from "@libp2p/interface-internal";
import type { KadDHT } from "@libp2p/kad-dht";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { tls } from "@libp2p/tls";
import { createLibp2p } from "libp2p";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { NetworkId } from "../core/ids.ts";
import * as limits from "../core/limits.ts";
import { kadService } from "../dht/kad-service.ts";
import type { MemberGate } from "./member-gate.ts";
import { joinProtocol } from "./protocols.ts";

export type Host = Libp2p<{
  identify: ReturnType<ReturnType<typeof identify>>;
  ping: ReturnType<ReturnType<typeof ping>>;
  dht: KadDHT;
  registrar: Registrar;
}>;

export interface HostOptions {
  readonly privateKey: PrivateKey;
  readonly networkId: NetworkId;
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[];
  readonly gate: MemberGate;
}

/** What every host of ours has, the one that only joins included. */
const connections = {
  transports: [
    tcp({
      maxConnections: limits.connectionsMax,
      backlog: limits.pendingConnectionsMax,
      inboundSocketInactivityTimeout: limits.socketInactivityMs,
      outboundSocketInactivityTimeout: limits.socketInactivityMs,
      dialOpts: { noDelay: true, keepAlive: true },
      listenOpts: { noDelay: true, keepAlive: true },
    }),
  ],
  connectionEncrypters: [tls(), noise()],
  streamMuxers: [
    yamux({
      maxInboundStreams: limits.streamsPerConnectionMax,
      maxOutboundStreams: limits.streamsPerConnectionMax,
      maxEarlyStreams: limits.streamsPerConnectionMax,
      maxMessageSize: limits.muxerMessageBytesMax,
      enableKeepAlive: false,
      streamOptions: {
        initialStreamWindowSize: limits.streamWindowBytes,
        maxStreamWindowSize: limits.streamWindowBytesMax,
        maxReadBufferLength: limits.streamBufferBytesMax,
        maxWriteBufferLength: limits.streamBufferBytesMax,
      },
    }),
  ],
  connectionManager: {
    maxConnections: limits.connectionsMax,
    maxIncomingPendingConnections: limits.pendingConnectionsMax,
    inboundConnectionThreshold: limits.inboundConnectionsPerSecondMax,
    maxParallelDials: limits.parallelDialsMax,
    dialTimeout: limits.dialTimeoutMs,
    inboundUpgradeTimeout: limits.handshakeMs,
    inboundStreamProtocolNegotiationTimeout: limits.handshakeMs,
    outboundStreamProtocolNegotiationTimeout: limits.handshakeMs,
  },
};

/** A running host. Fails with `address-in-use` when it cannot listen. */
export async function startHost(options: HostOptions): Promise<Host> {
  try {
    return await createLibp2p({
      ...connections,
      privateKey: options.privateKey,
      addresses: { listen: [...options.listen] },
      connectionGater: options.gate.connectionGater(),
      // It would ask every peer as often, however many there are: see signs-of-life.ts.
      connectionMonitor: { enabled: false },
      services: {
        identify: identify({
          runOnConnectionOpen: true,
          timeout: limits.handshakeMs,
          maxInboundStreams: 2,
          maxOutboundStreams: 2,
        }),
        ping: ping({ timeout: limits.pingTimeoutMs, maxInboundStreams: 2, maxOutboundStreams: 2 }),
        dht: kadService(options.networkId),
        registrar: (components: { registrar: Registrar }) => components.registrar,
      },
    });
  } catch (error) {
    throw listenError(error, options.listen);
  }
}

/**
 * Shuts every protocol of `host` but join to streams from peers that are not members, and opens the gate to strangers;
 * `onStream` hears of every stream that a member opens. Called once all handlers are registered. (libp2p's own middleware is not used: it keeps each stream's handler in the
 * protocol's list and runs it again for every later stream.)
 */
export async function guardProtocols(
  host: Host,
  gate: MemberGate,
  onStream: (connection: Connection) => void,
): Promise<void> {
  const { registrar } = host.services;
  for (const protocol of registrar.getProtocols()) {
    if (protocol === joinProtocol) continue;
    const { handler, options } = registrar.getHandler(protocol);
    const guarded: StreamHandler = (stream, connection) => {
      if (gate.isMember(connection.remotePeer.toString())) {
        onStream(connection);
        return handler(stream, connection);
      }
      stream.abort(new DfsError("permission", "only members of the network may use this protocol"));
    };
    await registrar.unhandle(protocol);
    await registrar.handle(protocol, guarded, options);
  }
  gate.openToStrangers();
}

/** A host that can only dial: what a machine uses to join before it is a member. */
export async function startJoiningHost(privateKey: PrivateKey): Promise<Libp2p> {
  return createLibp2p({ ...connections, privateKey, addresses: { listen: [] }, connectionMonitor: { enabled: false } });
}

function listenError(error: unknown, listen: readonly string[]): DfsError {
  const { errors = [], cause } = error as { errors?: readonly unknown[]; cause?: unknown };
  const text = [error, cause, ...errors]
    .map((one) => (one instanceof Error ? `${one.name} ${one.message}` : ""))
    .join(" ");
  if (
    /EADDRINUSE|EADDRNOTAVAIL|EACCES|UnsupportedListenAddress|could not listen|NoValidAddresses|failed to listen/i.test(
      text,
    )
  ) {
    const addresses = listen.join(", ");
    return new DfsError(
      "address-in-use",
      `cannot listen on ${addresses}: the address is in use or not of this machine; choose another with --listen`,
      { cause: error },
    );
  }
  return toDfsError(error, { op: "listen" });
}
