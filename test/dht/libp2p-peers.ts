import "../../src/core/polyfill.ts";
import { join } from "node:path";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { identify } from "@libp2p/identify";
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import type { KadDHT } from "@libp2p/kad-dht";
import { peerIdFromString } from "@libp2p/peer-id";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { lpStream } from "@libp2p/utils";
import { decode, encode } from "cborg";
import { createLibp2p } from "libp2p";
import { parseNetworkId, parsePeerId } from "../../src/core/ids.ts";
import type { PeerId } from "../../src/core/ids.ts";
import { FingerTableService } from "../../src/dht/finger-table-service.ts";
import { kadService } from "../../src/dht/kad-service.ts";
import { Libp2pFingerTable } from "../../src/dht/libp2p-finger-table.ts";
import { parseAnnounceReply, parseLookupReply } from "../../src/dht/messages.ts";
import type { Clock, HolderTransport } from "../../src/dht/ports.ts";

export type Node = Libp2p<{ identify: unknown; ping: unknown; dht: KadDHT }>;
type Method = "announce" | "lookup";

export const networkId = parseNetworkId("0123456789abcdef".repeat(4));
const protocolOf = (method: Method) => `/test/holders/${method}/1.0.0`;

/** A libp2p node on the loopback interface with the given Kademlia service. */
export function startNode(dht: ReturnType<typeof kadService>): Promise<Node> {
  return createLibp2p({
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // All peers of a test dial from one address.
    connectionManager: { inboundConnectionThreshold: 1_000, maxIncomingPendingConnections: 100 },
    services: { identify: identify(), ping: ping(), dht },
  });
}

/** A real peer on the loopback interface: libp2p over TCP, and a finger table that speaks over it, a stream a call. */
export class TestPeer {
  readonly id: PeerId;
  readonly node: Node;
  readonly table: Libp2pFingerTable;
  readonly service: FingerTableService;

  private constructor(node: Node, folder: string, clock: Clock) {
    this.node = node;
    this.id = parsePeerId(node.peerId.toString());
    this.table = new Libp2pFingerTable({ self: this.id, networkId, dht: node.services.dht, node });
    this.service = new FingerTableService({
      path: join(folder, `${this.id}.sqlite`),
      self: this.id,
      table: this.table,
      transport: transportOver(node),
      clock,
      random: Math.random,
      onError: (error) => {
        throw error;
      },
    });
  }

  static async start(folder: string, clock: Clock): Promise<TestPeer> {
    const peer = new TestPeer(await startNode(kadService(networkId)), folder, clock);
    await peer.#answer("announce", (from, message) => peer.service.onAnnounce(from, message));
    await peer.#answer("lookup", (_from, message) => peer.service.onLookup(message));
    peer.service.start();
    return peer;
  }

  async #answer(method: Method, handle: (from: PeerId, message: unknown) => unknown): Promise<void> {
    const answer = async (stream: Stream, connection: Connection) => {
      const messages = lpStream(stream);
      const reply = handle(parsePeerId(connection.remotePeer.toString()), decode((await messages.read()).subarray()));
      await messages.write(encode(reply));
      await stream.close();
    };
    await this.node.handle(protocolOf(method), answer, { maxInboundStreams: 256, maxOutboundStreams: 256 });
  }

  async dial(other: TestPeer): Promise<void> {
    await this.node.dial(other.node.getMultiaddrs());
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.node.stop();
  }
}

function transportOver(node: Node): HolderTransport {
  const call = async (to: PeerId, method: Method, request: unknown, signal: AbortSignal): Promise<unknown> => {
    const stream = await node.dialProtocol(peerIdFromString(to), protocolOf(method), { signal });
    try {
      const messages = lpStream(stream);
      await messages.write(encode(request), { signal });
      return decode((await messages.read({ signal })).subarray());
    } finally {
      stream.abort(new Error("done"));
    }
  };
  return {
    announce: async (to, request, { signal }) => parseAnnounceReply(await call(to, "announce", request, signal)),
    lookup: async (to, keys, { signal }) => parseLookupReply(await call(to, "lookup", { keys }, signal)).holders,
  };
}

/**
 * Resolves once every peer has `count` fingers. Looks around again and again, as peers do every few minutes: on a busy
 * machine the first look may find too little.
 */
export async function untilAllKnow(peers: readonly TestPeer[], count: number): Promise<void> {
  await until(
    `every peer has ${count} fingers`,
    async () => {
      const lacking = peers.filter(({ table }) => table.peers().length < count);
      await Promise.allSettled(lacking.map(({ table }) => lookAround(table)));
      return lacking.length === 0;
    },
    60_000,
  );
}

async function lookAround(table: Libp2pFingerTable): Promise<void> {
  const signal = AbortSignal.timeout(5_000);
  await table.tend({ signal });
  // A walk by one who knows nobody would wait until somebody appears.
  if (table.peers().length > 0) await table.discover(new Uint8Array(32), { signal });
}

/** Resolves once `isSo` holds; fails after the deadline. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const endMs = Date.now() + deadlineMs;
  while (!(await isSo())) {
    if (Date.now() > endMs) throw new Error(`did not happen within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
}
