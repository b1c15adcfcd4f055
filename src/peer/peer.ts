/**
 * The whole peer, put together: its data folder, the libp2p host, the store, the finger table, the catalogue (its own
 * or the coordinator's), its shelf, and the DfsClient that it serves.
 *
 *   shell, gateways → DfsClient → namespace, put, get → catalogue (coordinator)
 *                                        ↓
 *                              shelves (own disk, or RPC and chunk streams to other members)
 */
import { join } from "node:path";
import type { Ed25519PrivateKey } from "@libp2p/interface";
import { ChunkingPool } from "../chunking/chunking-pool.ts";
import type { DfsClient } from "../core/client.ts";
import { withDeadline } from "../core/deadline.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { PeerId, PeerName } from "../core/ids.ts";
import { heartbeatTimeoutMs } from "../core/limits.ts";
import { FingerTableService } from "../dht/finger-table-service.ts";
import { Libp2pFingerTable } from "../dht/libp2p-finger-table.ts";
import { systemClock } from "../dht/system-clock.ts";
import { type NetworkKeys, deriveNetwork } from "../identity/network-keys.ts";
import { decodePeerKey, peerIdOf, signAsPeer } from "../identity/peer-identity.ts";
import { DiskChunkStore } from "../store/disk-chunk-store.ts";
import type { CatalogueAccess } from "./catalogue-access.ts";
import { CommandSession } from "./command-session.ts";
import { Coordinator } from "./coordinator.ts";
import { FrameBuffers } from "./frame-buffers.ts";
import { found } from "./founding.ts";
import { HeartbeatSender } from "./heartbeat-sender.ts";
import { type Host, guardProtocols, startHost } from "./host.ts";
import { fingerTransport } from "./finger-transport.ts";
import { serveJoins } from "./join.ts";
import type { Log } from "./log.ts";
import { MemberGate } from "./member-gate.ts";
import { Members } from "./members.ts";
import { NetworkEntry } from "./network-entry.ts";
import { ownClient } from "./own-client.ts";
import { type Membership, type PeerConfig, saveConfig } from "./peer-config.ts";
import { PeerLinks } from "./peer-links.ts";
import { RemoteCatalogue } from "./remote-catalogue.ts";
import { servePeer } from "./serve-peer.ts";
import { ShelfKeeper } from "./shelf-keeper.ts";
import { watchStrangers } from "./strangers.ts";

export interface PeerOptions {
  /** Path of the data folder, which the caller holds open. */
  readonly folder: string;
  readonly membership: Membership;
  /** Multiaddr to listen on; without it, the port of the last run on every address, or any free port. */
  readonly listen?: string | undefined;
  /** How long an upload's chunks wait for its next sign of life. */
  readonly leaseMs: number;
  readonly log: Log;
  readonly version: string;
}

/** The file in the data folder that keeps the list of members between runs. */
export const memberListFile = "members.json";
const anyAddress = "/ip4/0.0.0.0/tcp/0";

/** One running peer. `start()` fails with `address-in-use`, `integrity`, `no-space`, `io` and leaves nothing running. */
export class Peer {
  readonly #options: PeerOptions;
  readonly #key: Ed25519PrivateKey;
  readonly #network: NetworkKeys;
  readonly self: PeerId;
  readonly #cleanups: (() => Promise<void> | void)[] = [];
  readonly #gate: MemberGate;
  readonly #members: Members;
  #client: DfsClient | undefined;
  #host: Host | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#key = decodePeerKey(options.membership.identity);
    this.#network = deriveNetwork(options.membership.networkSecret);
    this.self = peerIdOf(this.#key);
    this.#gate = new MemberGate({
      refresh: () => withDeadline(heartbeatTimeoutMs, undefined, (signal) => this.#members.refresh(signal)),
      nowMs: Date.now,
    });
    this.#members = new Members({
      path: join(options.folder, memberListFile),
      self: this.self,
      gate: this.#gate,
      log: options.log,
    });
  }

  /** What this peer serves. */
  get client(): DfsClient {
    if (this.#client === undefined) throw new DfsError("internal", "the peer is not running");
    return this.#client;
  }

  get name(): PeerName {
    return this.#members.peer(this.self)?.name ?? this.#options.membership.config.name;
  }

  /** Addresses at which others reach this peer, with its id at the end. */
  get addresses(): readonly string[] {
    return (this.#host?.getMultiaddrs() ?? []).map(String);
  }

  /** Has `cleanUp` called when this peer stops, before everything that was started earlier is. */
  alsoStop(cleanUp: () => Promise<void>): void {
    this.#cleanups.push(cleanUp);
  }

  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends everything, the newest part first. */
  async stop(): Promise<void> {
    for (const cleanUp of this.#cleanups.splice(0).reverse()) {
      await Promise.resolve(cleanUp()).catch((error: unknown) =>
        this.#options.log.warn(`while stopping: ${toDfsError(error).message}`),
      );
    }
  }

  async #start(): Promise<void> {
    const { folder, log, membership } = this.#options;
    await this.#members.load();
    const store = new DiskChunkStore({ folder: join(folder, fileNames.chunks), ...capacityOf(membership.config) });
    const pool = new ChunkingPool();
    await this.#run(store);
    await this.#run(pool);
    const coordinator = await this.#startCoordinator();
    const host = await this.#startHost();
    const buffers = new FrameBuffers();
    const links = new PeerLinks(host, buffers);
    this.#cleanups.push(() => links.stop());
    const catalogue =
      coordinator ??
      new RemoteCatalogue(links, membership.config.coordinator.id, (peer) => this.#members.peer(peer)?.name);
    const asPeer = this.#peerCommands(catalogue);
    const fingers = this.#startFingers(host, links);
    const keeper = this.#startShelf(store, asPeer, fingers);

    const serving = { links, coordinator, keeper, store, pool, fingers, buffers };
    const lanes = await servePeer({ ...serving, listenHost: hostOf(this.#options.listen ?? anyAddress) });
    this.#cleanups.push(() => lanes.stop());
    await serveJoins(host, {
      self: this.self,
      coordinator: membership.config.coordinator.id,
      networkSecret: membership.networkSecret,
      commands: asPeer,
      members: this.#members,
    });
    watchStrangers(host, this.#gate);
    await guardProtocols(host, this.#gate);

    await this.#members.start(host, links, catalogue);
    this.#cleanups.push(() => this.#members.stop());
    await this.#enter(catalogue, asPeer);
    const heartbeats = new HeartbeatSender({ catalogue, members: this.#members, store, log });
    heartbeats.start();
    this.#cleanups.push(() => heartbeats.stop());
    await heartbeats.beat();
    this.#client = ownClient({
      ...serving,
      self: this.self,
      network: this.#network,
      membership,
      version: this.#options.version,
      members: this.#members,
      catalogue,
      asPeer,
      addresses: () => this.addresses,
      stop: () => this.stop(),
    });
  }

  async #run(part: { start(): Promise<void>; stop(): Promise<void> }): Promise<void> {
    await part.start();
    this.#cleanups.push(() => part.stop());
  }

  /** The coordinator's own catalogue, founded where it is empty; undefined on every other peer. */
  async #startCoordinator(): Promise<Coordinator | undefined> {
    const { folder, membership } = this.#options;
    if (membership.config.coordinator.id !== this.self) return undefined;
    const coordinator = new Coordinator(join(folder, fileNames.catalogue), this.self, Date.now);
    await this.#run(coordinator);
    const { peers } = await coordinator.members();
    if (peers.length === 0) await found(this.#peerCommands(coordinator), this.self, this.#network, membership);
    return coordinator;
  }

  async #startHost(): Promise<Host> {
    const { listen, membership } = this.#options;
    const start = (address: string): Promise<Host> =>
      startHost({
        privateKey: this.#key,
        networkId: this.#network.networkId,
        listen: [address],
        gate: this.#gate,
      });
    // Any free port means the port of the last run where that is free, so that the others find this peer again.
    const address = listen ?? anyAddress;
    const earlier = address.replace(/\/tcp\/0$/, `/tcp/${membership.config.port ?? 0}`);
    const host =
      earlier === address
        ? await start(address)
        : await start(earlier).catch((error: unknown) => {
            if (toDfsError(error).kind !== "address-in-use") throw error;
            return start(address);
          });
    this.#host = host;
    this.#cleanups.push(() => host.stop());
    return host;
  }

  #startFingers(host: Host, links: PeerLinks): FingerTableService {
    const fingers = new FingerTableService({
      path: join(this.#options.folder, fileNames.fingers),
      self: this.self,
      table: new Libp2pFingerTable({
        self: this.self,
        networkId: this.#network.networkId,
        dht: host.services.dht,
        node: host,
      }),
      transport: fingerTransport(links),
      clock: systemClock,
      random: Math.random,
      onError: (error) => this.#options.log.warn(`finger table: ${error.message}`),
    });
    fingers.start();
    this.#cleanups.push(() => fingers.stop());
    return fingers;
  }

  #startShelf(store: DiskChunkStore, commands: CommandSession, fingers: FingerTableService): ShelfKeeper | undefined {
    const { leaseMs, log, membership } = this.#options;
    const { shelf } = membership.config;
    if (shelf === null) return undefined;
    const keeper = new ShelfKeeper({
      shelf,
      self: this.self,
      store,
      commands,
      announce: (keys) => fingers.announce(keys),
      withdraw: (keys) => fingers.withdraw(keys),
      leaseMs,
      nowMs: Date.now,
      log,
    });
    keeper.start();
    this.#cleanups.push(() => keeper.stop());
    return keeper;
  }

  #peerCommands(catalogue: CatalogueAccess): CommandSession {
    const author = {
      network: this.#network.networkId,
      author: { peer: this.self },
      sign: (bytes: Uint8Array) => signAsPeer(this.#key, bytes),
    };
    return new CommandSession(author, (command, signal) => catalogue.propose(command, signal));
  }

  /** Says where this peer is now. Without the coordinator it goes on, and says it when the coordinator is back. */
  async #enter(catalogue: CatalogueAccess, commands: CommandSession): Promise<void> {
    const { folder, log, membership } = this.#options;
    const entry = new NetworkEntry({
      self: this.self,
      config: membership.config,
      addresses: this.addresses,
      catalogue,
      commands,
      members: this.#members,
      log,
    });
    this.#cleanups.push(() => entry.stop());
    await entry.start();
    const port = Number(/\/tcp\/(\d+)/.exec(this.addresses[0] ?? "")?.[1]);
    if (port > 0 && port !== membership.config.port) await saveConfig(folder, { ...membership.config, port });
  }
}

/** Where each part keeps its files inside the data folder. */
const fileNames = { catalogue: "catalogue.db", chunks: "chunks", fingers: "fingers.db" } as const;

function capacityOf({ capacityBytes }: PeerConfig): { capacityBytes?: number } {
  return capacityBytes === null ? {} : { capacityBytes };
}

/** The local address in a multiaddr to listen on; every address where it is a name. */
function hostOf(listen: string): string {
  return /^\/ip[46]\/([^/]+)/.exec(listen)?.[1] ?? "0.0.0.0";
}
