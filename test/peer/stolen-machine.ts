/** What somebody can do who has a member's keys: connections, streams and lanes to other members, opened by hand. */
import type { Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { chunkFrameBytesMax, controlFrameBytesMax } from "../../src/core/limits.ts";
import { decodePeerKey } from "../../src/identity/peer-identity.ts";
import { catalogueMethods } from "../../src/peer/coordination/catalogue-methods.ts";
import { startJoiningHost } from "../../src/peer/host.ts";
import { LaneClient } from "../../src/peer/lane-client.ts";
import { openLaneMethod } from "../../src/peer/lane-method.ts";
import { loadMembership } from "../../src/peer/peer-config.ts";
import { chunkProtocol, rpcProtocol } from "../../src/peer/protocols.ts";
import { RpcClient } from "../../src/peer/wire/rpc-client.ts";
import { streamChannel } from "../../src/peer/wire/stream-channel.ts";

/** Everything that is open to one member, and when each part of it ended. */
export interface Hold {
  readonly rpc: RpcClient;
  /** By `performance.now()`, in milliseconds; undefined as long as it is open. */
  readonly endedMs: { connection?: number; stream?: number; lane?: number };
}

export class StolenMachine {
  readonly #node: Libp2p;

  private constructor(node: Libp2p) {
    this.#node = node;
  }

  /** Takes the keys from a data folder. */
  static async of(folder: string): Promise<StolenMachine> {
    const membership = await loadMembership(folder);
    if (membership === undefined) throw new Error("no keys in this folder");
    return new StolenMachine(await startJoiningHost(decodePeerKey(membership.identity)));
  }

  /** A connection, an RPC stream that answers, and a lane for chunks. */
  async hold(address: string): Promise<Hold> {
    const connection = await this.#node.dial(multiaddr(address), { signal: AbortSignal.timeout(5_000), force: true });
    const stream = await connection.newStream(rpcProtocol, { signal: AbortSignal.timeout(5_000) });
    const rpc = new RpcClient(streamChannel(stream, controlFrameBytesMax));
    await rpc.call(catalogueMethods.members, {}, { timeoutMs: 5_000 });
    const lanes = new LaneClient({
      ask: (signal) => rpc.call(openLaneMethod, { protocol: chunkProtocol }, { signal }),
      remoteHost: () => "127.0.0.1",
      frameBytesMax: chunkFrameBytesMax,
      nowMs: Date.now,
    });
    const lane = await lanes.open(new AbortController().signal);
    if (lane === undefined) throw new Error("no lane");
    const endedMs: Hold["endedMs"] = {};
    connection.addEventListener("close", () => (endedMs.connection = performance.now()));
    stream.addEventListener("close", () => (endedMs.stream = performance.now()));
    lane.receive({ onFrame: () => undefined, onEnd: () => (endedMs.lane = performance.now()) });
    return { rpc, endedMs };
  }

  /** Whether any protocol of the peer at `address` still takes a stream. */
  async isLetIn(address: string, protocols: readonly string[]): Promise<boolean> {
    for (const protocol of protocols) {
      try {
        const connection = await this.#node.dial(multiaddr(address), {
          signal: AbortSignal.timeout(5_000),
          force: true,
        });
        await connection.newStream(protocol, { signal: AbortSignal.timeout(5_000) });
        return true;
      } catch {
        // Refused, as it should be.
      }
    }
    return false;
  }

  async stop(): Promise<void> {
    await this.#node.stop();
  }
}
