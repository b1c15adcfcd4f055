/**
 * The members of the network as this peer knows them: kept on disk, renewed when the coordinator says that they
 * changed, and dialled until there is a connection to each.
 */
import { readFile } from "node:fs/promises";
import { peerIdFromString } from "@libp2p/peer-id";
import { multiaddr } from "@multiformats/multiaddr";
import * as v from "valibot";
import type { PeerRow, PolicyRow, ShelfRow } from "../catalogue/rows.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { PeerId, ShelfId } from "../core/ids.ts";
import { departedPeersMax, peerIdBytesMax, redialMs, redialsAtOnceMax } from "../core/limits.ts";
import { writeFileAtomic } from "../store/atomic-file.ts";
import type { CatalogueAccess, MemberList, Roster } from "./coordination/catalogue-access.ts";
import { memberListSchemas } from "./coordination/catalogue-methods.ts";
import type { Host } from "./host.ts";
import type { Log } from "./log.ts";
import type { MemberGate } from "./member-gate.ts";
import type { PeerLinks } from "./peer-links.ts";

export interface MembersOptions {
  /** File that keeps the list between runs. */
  readonly path: string;
  readonly self: PeerId;
  readonly gate: MemberGate;
  readonly log: Log;
  /** A newer list has come from a coordinator. */
  readonly onList: () => void;
  /** These were members and are none any more. */
  readonly onLeft: (peers: readonly PeerId[]) => void;
}

const fileSchema = v.object({
  version: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  ...memberListSchemas,
  /** Peers that left while this one was a member. */
  departed: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(peerIdBytesMax))), v.maxLength(departedPeersMax))),
});

/** The bytes of the file that keeps a list between runs, with the peers that have left. */
export function memberListBytes(list: MemberList, departed: readonly string[] = []): Uint8Array {
  return Buffer.from(JSON.stringify({ ...list, departed }));
}

/** What such a file holds. Fails with `integrity`. */
export function parseMemberList(text: string): v.InferOutput<typeof fileSchema> {
  try {
    return v.parse(fileSchema, JSON.parse(text));
  } catch (cause) {
    throw new DfsError("integrity", "the list of members is damaged", { cause });
  }
}

export class Members {
  readonly #options: MembersOptions;
  #list: MemberList | undefined;
  #shelves: ReadonlyMap<ShelfId, ShelfRow> = new Map();
  /** Peers that are in a chain with this one. */
  #partners: ReadonlySet<PeerId> = new Set();
  #refreshing: Promise<void> | undefined;
  #network: { host: Host; links: PeerLinks; catalogue: CatalogueAccess } | undefined;
  /** Addresses that the host was told, one text a peer. */
  #told: ReadonlyMap<PeerId, string> = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  /** Reads the list of the last run; a missing or damaged one starts empty, for the coordinator has the truth. */
  async load(): Promise<void> {
    try {
      const { departed, ...list } = parseMemberList(await readFile(this.#options.path, "utf8"));
      this.#options.gate.refuse(departed ?? []);
      this.#use(list);
    } catch (error) {
      this.#options.log.debug(`no list of members from an earlier run: ${(error as Error).message}`);
    }
  }

  /**
   * Tells the host where the members of the last run are. To be called before anything dials: a dial without an address
   * looks for one, and as long as it does every later one waits for it.
   */
  async introduce(host: Host): Promise<void> {
    await this.#tellHost(host, this.peers);
  }

  /** Starts dialling members, and keeps dialling those that are not connected. */
  async start(host: Host, links: PeerLinks, catalogue: CatalogueAccess): Promise<void> {
    this.#network = { host, links, catalogue };
    await this.#tellHost(host, this.peers);
    this.#timer = setInterval(() => void this.#dialAll(), redialMs);
    this.#timer.unref();
    void this.#dialAll();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#network = undefined;
  }

  get version(): number {
    return this.#list?.version ?? -1;
  }

  get peers(): readonly PeerRow[] {
    return this.#list?.peers ?? [];
  }

  /** Everything that is known; undefined before anything was heard. */
  get list(): MemberList | undefined {
    return this.#list;
  }

  /** Who the coordinators are; undefined where this peer has never heard of any. */
  get roster(): Roster | undefined {
    return this.#list?.roster;
  }

  peer(id: PeerId | undefined): PeerRow | undefined {
    return this.peers.find((peer) => peer.id === id);
  }

  get shelves(): readonly ShelfRow[] {
    return this.#list?.shelves ?? [];
  }

  /** What the network does with every file. */
  get policy(): PolicyRow | undefined {
    return this.#list?.policy;
  }

  /** A shelf with its chain. */
  shelf(id: ShelfId): ShelfRow | undefined {
    return this.#shelves.get(id);
  }

  /** The peer that owns a shelf: the first of its chain. */
  ownerOf(shelf: ShelfId): PeerId | undefined {
    return this.shelf(shelf)?.links[0]?.peer;
  }

  /** Whether `peer` is in the chain of a shelf that this peer is in, too. */
  sharesChain(peer: PeerId): boolean {
    return this.#partners.has(peer);
  }

  /** Asks the coordinator for the members. Fails with `unreachable`, `timeout`. */
  refresh(signal?: AbortSignal): Promise<void> {
    this.#refreshing ??= this.#fetch(signal).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Renews the list because coordinator `from` says that somebody left as of `version`; what others say counts for nothing. */
  async hearOfDeparture(from: PeerId, version: number, signal?: AbortSignal): Promise<void> {
    if (this.roster?.members.some(({ peer }) => peer === from) !== true) return;
    if (this.version < version) await this.refresh(signal);
    // The first may have been asked for before it happened.
    if (this.version < version) await this.refresh(signal);
  }

  async #fetch(signal: AbortSignal | undefined): Promise<void> {
    if (this.#network === undefined) return;
    const { catalogue, host } = this.#network;
    const list = await catalogue.members(signal);
    // Coordinators that were left behind by a group that started anew know nothing of value.
    if (list.roster.generation < (this.roster?.generation ?? 0)) return;
    this.#use(list);
    await this.#tellHost(host, list.peers);
    await writeFileAtomic(this.#options.path, memberListBytes(list, this.#options.gate.departed));
    this.#options.onList();
    void this.#dialAll();
  }

  #use(list: MemberList): void {
    this.#list = list;
    this.#shelves = new Map(list.shelves.map((row) => [row.shelf, row]));
    const chains = list.shelves.map(({ links }) => links.map(({ peer }) => peer));
    this.#partners = new Set(chains.filter((chain) => chain.includes(this.#options.self)).flat());
    const left = this.#options.gate.setMembers(list.peers.map((peer) => peer.id));
    if (left.length > 0) this.#options.onLeft(left as PeerId[]);
  }

  /** libp2p dials by peer id: it must know the addresses. Of a long list few have changed. */
  async #tellHost(host: Host, peers: readonly PeerRow[]): Promise<void> {
    const told = this.#told;
    this.#told = new Map(peers.map(({ id, addresses }) => [id, addresses.join()]));
    for (const peer of peers)
      if (peer.id !== this.#options.self && told.get(peer.id) !== peer.addresses.join()) await this.#tell(host, peer);
  }

  async #tell(host: Host, { id, addresses }: PeerRow): Promise<void> {
    if (addresses.length === 0) return;
    await host.peerStore
      .merge(peerIdFromString(id), { multiaddrs: addresses.map((address) => multiaddr(address)) })
      .catch((error: unknown) => {
        this.#options.log.warn(`the addresses of ${id} are not usable: ${toDfsError(error).message}`);
      });
  }

  /** Not those that have just been admitted and have no address yet: libp2p would ask every peer for one, at each of them. */
  async #dialAll(): Promise<void> {
    const { self, log } = this.#options;
    const missing = this.peers.filter(
      ({ id, addresses }) => id !== self && addresses.length > 0 && this.#network?.links.isConnected(id) === false,
    );
    for (let start = 0; start < missing.length; start += redialsAtOnceMax) {
      await Promise.all(
        missing.slice(start, start + redialsAtOnceMax).map(async (peer) => {
          const { id, name } = peer;
          // libp2p forgets addresses of which it hears nothing for an hour.
          if (this.#network !== undefined) await this.#tell(this.#network.host, peer);
          await this.#network?.links
            .connect(id)
            .catch((error: unknown) => log.debug(`${name} does not answer: ${toDfsError(error).message}`));
        }),
      );
    }
  }
}
