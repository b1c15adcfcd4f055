/** A member of a network that speaks to its coordinators by hand, and can say whatever it wants. */
import "../../../src/core/polyfill.ts";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import type { Libp2p } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import type { PeerId, UserName } from "../../../src/core/ids.ts";
import { controlFrameBytesMax } from "../../../src/core/limits.ts";
import { openRootKey, passwordKeys } from "../../../src/identity/credentials.ts";
import { decodePeerKey, peerIdOf, signAsPeer } from "../../../src/identity/peer-identity.ts";
import { type UserKeys, deriveUser } from "../../../src/identity/user-keys.ts";
import { catalogueMethods } from "../../../src/peer/coordination/catalogue-methods.ts";
import type { Membership } from "../../../src/peer/peer-config.ts";
import { rpcProtocol } from "../../../src/peer/protocols.ts";
import { RpcClient } from "../../../src/peer/wire/rpc-client.ts";
import { streamChannel } from "../../../src/peer/wire/stream-channel.ts";

export class Forger {
  readonly #membership: Membership;
  readonly #node: Libp2p;
  readonly #rpcs = new Map<string, RpcClient>();
  readonly id: PeerId;

  private constructor(membership: Membership, node: Libp2p) {
    this.#membership = membership;
    this.#node = node;
    this.id = peerIdOf(decodePeerKey(membership.identity));
  }

  static async start(membership: Membership): Promise<Forger> {
    const node = await createLibp2p({
      privateKey: decodePeerKey(membership.identity),
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
    });
    return new Forger(membership, node);
  }

  sign(bytes: Uint8Array): Uint8Array {
    return signAsPeer(decodePeerKey(this.#membership.identity), bytes);
  }

  /** An RPC channel to the peer at an address, as members have them. */
  async rpc(address: string): Promise<RpcClient> {
    const open = this.#rpcs.get(address);
    if (open?.hasEnded === false) return open;
    const connection = await this.#node.dial(multiaddr(address));
    const rpc = new RpcClient(streamChannel(await connection.newStream(rpcProtocol), controlFrameBytesMax));
    this.#rpcs.set(address, rpc);
    return rpc;
  }

  /** The keys of a user, by its password and the leading coordinator's answers. */
  async keysOf(leader: string, name: UserName, password: string): Promise<UserKeys> {
    const rpc = await this.rpc(leader);
    const { proof, wrapKey } = await passwordKeys(password, await rpc.call(catalogueMethods.loginSalt, { name }));
    const { wrappedKey } = await rpc.call(catalogueMethods.login, { name, proof });
    return deriveUser(openRootKey({ network: this.#membership.config.networkId, name }, wrapKey, wrappedKey));
  }

  async stop(): Promise<void> {
    await this.#node.stop();
  }
}
