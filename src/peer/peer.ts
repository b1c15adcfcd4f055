/**
 * The whole peer, put together: its data folder, the libp2p host, the store, the finger table, its seat among the
 * coordinators while it has one, its shelf, and the DfsClient that it serves.
 *
 *   shell, gateways → DfsClient → namespace, put, get → catalogue (its own coordinator, or those of others)
 *                                        ↓
 *                              shelves (own disk, or RPC and chunk streams to other members)
 */
import { join } from "node:path";
import type { Ed25519PrivateKey } from "@libp2p/interface";
import { ChunkingPool } from "../chunking/chunking-pool.ts";
import { withDeadline } from "../core/deadline.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { FileKey, PeerId, PeerName, StoreId } from "../core/ids.ts";
import { heartbeatTimeoutMs } from "../core/limits.ts";
import type { FingerTableService } from "../dht/finger-table-service.ts";
import { decoySaltKey } from "../identity/credentials.ts";
import { type NetworkKeys, deriveNetwork } from "../identity/network-keys.ts";
import { decodePeerKey, peerIdOf, signAsPeer } from "../identity/peer-identity.ts";
import { DiskChunkStore } from "../store/disk-chunk-store.ts";
import { CatalogueClient } from "./coordination/catalogue-client.ts";
import { chainDuty } from "./coordination/chain-duty.ts";
import { collectDuty } from "./coordination/collect-duty.ts";
import { expiryDuty } from "./coordination/expiry-duty.ts";
import { GroupKeeper } from "./coordination/group-keeper.ts";
import { Seat } from "./coordination/seat.ts";
import { CommandSession } from "./command-session.ts";
import { CommandSessions } from "./command-sessions.ts";
import { DepartureNews } from "./coordination/departure-news.ts";
import { type DepartureParts, cutOff } from "./departures.ts";
import { FrameBuffers } from "./frame-buffers.ts";
import { found } from "./founding.ts";
import { HeartbeatSender } from "./heartbeat-sender.ts";
import { ClockWatch } from "./checks/clock-watch.ts";
import { type Host, guardProtocols } from "./host.ts";
import { startFingers } from "./fingers.ts";
import { serveJoins } from "./join.ts";
import { type Listening, startListening } from "./listening.ts";
import type { Log } from "./log.ts";
import { MemberGate } from "./member-gate.ts";
import { Members } from "./members.ts";
import { NetworkEntry } from "./network-entry.ts";
import { NetworkHolders } from "./network-holders.ts";
import { RememberedLogin } from "./accounts/remembered-login.ts";
import type { SessionClient } from "./accounts/session.ts";
import { OwnSessions } from "./own-client.ts";
import { type Membership, saveConfig, storeCapacity } from "./peer-config.ts";
import { PeerLinks } from "./peer-links.ts";
import type { PeerSettings } from "./peer-settings.ts";
import { servePeer } from "./serve-peer.ts";
import { ShelfHost } from "./shelves/shelf-host.ts";
import { Upkeep, systemClock as shelfClock } from "./shelves/upkeep.ts";
import { UserPacer } from "./shelves/user-pacer.ts";
import { startSignsOfLife } from "./signs-of-life.ts";
import { watchStrangers } from "./strangers.ts";

export interface PeerOptions {
  /** Path of the data folder, which the caller holds open. */
  readonly folder: string;
  readonly membership: Membership;
  /** Multiaddr to listen on; without it, the port of the last run on every address, or any free port. */
  readonly listen?: string | undefined;
  readonly settings: PeerSettings;
  readonly log: Log;
  readonly version: string;
  /** The disk failed under the catalogue, or an invariant broke: the process must end before it does harm. */
  readonly onFault: (fault: DfsError) => void;
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
  readonly #seat: Seat;
  #keeper: GroupKeeper | undefined;
  #shelves: ShelfHost | undefined;
  #upkeep: Upkeep | undefined;
  #sessions: OwnSessions | undefined;
  #client: SessionClient | undefined;
  #host: Host | undefined;
  #departing: DepartureParts | undefined;

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
      onList: () => {
        this.#seat.review();
        this.#shelves?.review();
        this.#upkeep?.review();
      },
      onLeft: (peers) => {
        if (this.#departing !== undefined) cutOff(peers, this.#departing);
      },
    });
    this.#seat = new Seat({
      self: this.self,
      folder: options.folder,
      compactAfterEntries: options.settings.compactAfterEntries,
      standings: options.settings,
      decoyKey: decoySaltKey(options.membership.networkSecret),
      roster: () => this.#members.roster,
      refresh: () => this.#refreshMembers(),
      nowMs: Date.now,
      log: options.log,
      onFault: (fault) => options.onFault(fault),
      onChange: () => this.#keeper?.review(),
    });
  }

  /** This process's own session. */
  get client(): SessionClient {
    return (this.#client ??= this.openSession());
  }

  /** Another session. */
  openSession(): SessionClient {
    if (this.#sessions === undefined) throw new DfsError("internal", "the peer is not running");
    return this.#sessions.open();
  }

  /** Its finger table, for programs that speak to it alone. */
  get fingers(): FingerTableService {
    if (this.#departing === undefined) throw new DfsError("internal", "the peer is not running");
    return this.#departing.fingers;
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
    const store = new DiskChunkStore({ folder: join(folder, fileNames.chunks), ...storeCapacity(membership.config) });
    const pool = new ChunkingPool();
    await this.#run(store);
    await this.#run(pool);
    const clockWatch = new ClockWatch({ nowMs: Date.now, steadyMs: () => performance.now() });
    await this.#run(clockWatch);
    const { host, takenPort } = await this.#startHost();
    await this.#members.introduce(host);
    const buffers = new FrameBuffers();
    const links = new PeerLinks(host, buffers, (peer) => this.#gate.isMember(peer));
    this.#cleanups.push(() => links.stop());
    const catalogue = new CatalogueClient({
      self: this.self,
      links,
      own: () => this.#seat.coordinator,
      roster: () => this.#members.roster,
      nameOf: (peer) => this.#members.peer(peer)?.name,
    });
    const asPeer = this.#peerCommands(catalogue);
    const fingersPath = { path: join(folder, fileNames.fingers), networkId: this.#network.networkId };
    const fingers = startFingers({ ...fingersPath, self: this.self, host, links, log });
    this.#cleanups.push(() => fingers.stop());
    const shelves = await this.#startShelves({ store, links, catalogue, fingers });
    const serving = {
      version: this.#options.version,
      links,
      seat: this.#seat,
      members: this.#members,
      ...shelves,
      store,
      pool,
      fingers,
      buffers,
    };
    const lanes = await servePeer({ ...serving, listen: this.#options.listen ?? anyAddress });
    this.#cleanups.push(() => lanes.stop());
    this.#departing = { self: this.self, host, links, lanes, fingers, log };
    await serveJoins(host, {
      networkSecret: membership.networkSecret,
      commands: asPeer,
      members: this.#members,
      catalogue,
    });
    await this.#startSeat(links, asPeer);
    watchStrangers(host, this.#gate);
    const signs = startSignsOfLife(host, links, (peer) => this.#members.sharesChain(peer));
    this.#cleanups.push(() => signs.stop());
    await guardProtocols(host, this.#gate, (connection) => signs.heard(connection));
    await this.#members.start(host, links, catalogue);
    this.#cleanups.push(() => this.#members.stop());
    this.#startKeepers(links, asPeer);
    await this.#enter(catalogue, asPeer, await store.storeId());
    const heartbeats = new HeartbeatSender({ ...shelves, catalogue, members: this.#members, store, log });
    await this.#run(heartbeats);
    await heartbeats.beat();
    this.#sessions = new OwnSessions({
      ...serving,
      folder: this.#options.folder,
      remembered: await this.#loadLogin(),
      self: this.self,
      network: this.#network,
      membership,
      checked: { clockWatch, takenPort },
      catalogue,
      asPeer,
      log,
      addresses: () => this.addresses,
      stop: () => this.stop(),
    });
    this.#cleanups.push(() => this.#sessions?.stop());
  }

  async #loadLogin(): Promise<RememberedLogin> {
    const { folder, log } = this.#options;
    const path = join(folder, fileNames.login);
    const remembered = new RememberedLogin({ path, network: this.#network.networkId, nowMs: Date.now, log });
    await remembered.load();
    this.#cleanups.push(() => remembered.stop());
    return remembered;
  }

  async #run(part: { start(): Promise<void> | void; stop(): Promise<void> | void }): Promise<void> {
    await part.start();
    this.#cleanups.push(() => part.stop());
  }

  /** Takes this peer's place among the coordinators, where it has one; the first of a network writes the first entry. */
  async #startSeat(links: PeerLinks, asPeer: CommandSession): Promise<void> {
    this.#cleanups.push(() => this.#seat.stop());
    await this.#seat.start(links);
    const { coordinator } = this.#seat;
    if (coordinator?.isUnfounded !== true) return;
    await found(asPeer, this.self, this.#network, this.#options.membership);
  }

  #startKeepers(links: PeerLinks, commands: CommandSession): void {
    const { log } = this.#options;
    const own = (): Seat["coordinator"] => this.#seat.coordinator;
    this.#keeper = new GroupKeeper({
      self: this.self,
      own,
      peers: () => this.#members.peers,
      links,
      log,
    });
    const duties = { own, commands, log };
    const refresh = (): void => void this.#refreshMembers();
    const keepers = [
      this.#keeper,
      new DepartureNews({ self: this.self, own, links, refresh, log }),
      expiryDuty(duties, Date.now),
      collectDuty(duties, Date.now),
      chainDuty(duties, refresh),
    ];
    for (const keeper of keepers) {
      keeper.start();
      this.#cleanups.push(() => keeper.stop());
    }
  }

  async #refreshMembers(): Promise<void> {
    try {
      await withDeadline(heartbeatTimeoutMs, undefined, (signal) => this.#members.refresh(signal));
    } catch (error) {
      this.#options.log.debug(`the list of members is not renewed: ${toDfsError(error).message}`);
    }
  }

  async #startHost(): Promise<Listening> {
    const { listen = anyAddress, membership } = this.#options;
    const options = { privateKey: this.#key, networkId: this.#network.networkId, gate: this.#gate };
    const listening = await startListening(options, listen, membership.config.port);
    this.#host = listening.host;
    this.#cleanups.push(() => listening.host.stop());
    return listening;
  }

  /** What this peer does for shelves, its own and others': everything of it begins once the members are known. */
  async #startShelves(parts: ShelfParts): Promise<{ shelves: ShelfHost; upkeep: Upkeep; pacer: UserPacer }> {
    const { store, links, catalogue, fingers } = parts;
    const { folder, settings, log } = this.#options;
    const pacer = new UserPacer();
    const common = {
      self: this.self,
      store,
      members: this.#members,
      links,
      commands: new CommandSessions(() => this.#peerCommands(catalogue)),
      clock: shelfClock,
      pacer,
      refresh: (signal?: AbortSignal) =>
        withDeadline(heartbeatTimeoutMs, signal, (bounded) => this.#members.refresh(bounded)),
      log,
    };
    const upkeep = new Upkeep({
      ...common,
      catalogue,
      holders: new NetworkHolders(this.self, fingers, this.#members),
      scrubStatePath: join(folder, fileNames.scrub),
      scrubIntervalMs: settings.scrubIntervalMs,
    });
    const shelves = new ShelfHost({
      ...common,
      storeId: await store.storeId(),
      announce: (keys: readonly FileKey[]) => fingers.announce(keys),
      withdraw: (keys: readonly FileKey[]) => fingers.withdraw(keys),
      touching: (shelf, fileKeys, work) => upkeep.touching(shelf, fileKeys, work),
      releasable: (...asked) => upkeep.rescue.releasable(...asked),
      onOwned: (shelf) => upkeep.takeUp(shelf),
      leaseMs: settings.leaseMs,
    });
    this.#shelves = shelves;
    this.#upkeep = upkeep;
    shelves.start();
    this.#cleanups.push(() => shelves.stop());
    upkeep.start(shelves);
    this.#cleanups.push(() => upkeep.stop());
    return { shelves, upkeep, pacer };
  }

  #peerCommands(catalogue: CatalogueClient): CommandSession {
    const author = {
      network: this.#network.networkId,
      author: { peer: this.self },
      sign: (bytes: Uint8Array) => signAsPeer(this.#key, bytes),
    };
    return new CommandSession(author, (command, signal) => catalogue.propose(command, signal));
  }

  /** Says where this peer is now. Without a coordinator it goes on, and says it when one is back. */
  async #enter(catalogue: CatalogueClient, commands: CommandSession, store: StoreId): Promise<void> {
    const { folder, log, membership } = this.#options;
    const entry = new NetworkEntry({
      self: this.self,
      config: membership.config,
      addresses: this.addresses,
      store,
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

interface ShelfParts {
  readonly store: DiskChunkStore;
  readonly links: PeerLinks;
  readonly catalogue: CatalogueClient;
  readonly fingers: FingerTableService;
}

/** Where each part keeps its files inside the data folder. */
const fileNames = { chunks: "chunks", fingers: "fingers.db", scrub: "scrub.json", login: "login.key" } as const;
