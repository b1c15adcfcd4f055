/**
 * The members of the network as this peer knows them: kept on disk, renewed when the coordinator says that they
 * changed, and dialled until there is a connection to each.
 */
import { readFile } from "node:fs/promises";
import { peerIdFromString } from "@libp2p/peer-id";
import { multiaddr } from "@multiformats/multiaddr";
import * as v from "valibot";
import { type PeerRow, rowSchemas } from "../catalogue/rows.ts";
import { toDfsError } from "../core/errors.ts";
import type { PeerId, ShelfId } from "../core/ids.ts";
import { redialMs, redialsAtOnceMax } from "../core/limits.ts";
import { writeFileAtomic } from "../store/atomic-file.ts";
import type { CatalogueAccess, MemberList } from "./catalogue-access.ts";
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
}

const fileSchema = v.object({ version: v.number(), peers: v.array(rowSchemas.peer) });

export class Members {
  readonly #options: MembersOptions;
  #list: MemberList = { version: -1, peers: [] };
  #refreshing: Promise<void> | undefined;
  #network: { host: Host; links: PeerLinks; catalogue: CatalogueAccess } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  /** Reads the list of the last run; a missing or damaged one starts empty, for the coordinator has the truth. */
  async load(): Promise<void> {
    try {
      this.#use(v.parse(fileSchema, JSON.parse(await readFile(this.#options.path, "utf8"))));
    } catch (error) {
      this.#options.log.debug(`no list of members from an earlier run: ${(error as Error).message}`);
    }
  }

  /** Starts dialling members, and keeps dialling those that are not connected. */
  async start(host: Host, links: PeerLinks, catalogue: CatalogueAccess): Promise<void> {
    this.#network = { host, links, catalogue };
    await this.#tellHost(this.#list.peers);
    this.#timer = setInterval(() => void this.#dialAll(), redialMs);
    this.#timer.unref();
    void this.#dialAll();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#network = undefined;
  }

  get version(): number {
    return this.#list.version;
  }

  get peers(): readonly PeerRow[] {
    return this.#list.peers;
  }

  peer(id: PeerId): PeerRow | undefined {
    return this.#list.peers.find((peer) => peer.id === id);
  }

  /** The peer that owns a shelf. */
  ownerOf(shelf: ShelfId): PeerRow | undefined {
    return this.#list.peers.find((peer) => peer.shelf === shelf);
  }

  /** Asks the coordinator for the members. Fails with `unreachable`, `timeout`. */
  refresh(signal?: AbortSignal): Promise<void> {
    this.#refreshing ??= this.#fetch(signal).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #fetch(signal: AbortSignal | undefined): Promise<void> {
    if (this.#network === undefined) return;
    const list = await this.#network.catalogue.members(signal);
    this.#use(list);
    await this.#tellHost(list.peers);
    await writeFileAtomic(this.#options.path, Buffer.from(JSON.stringify(list)));
    void this.#dialAll();
  }

  #use(list: MemberList): void {
    this.#list = list;
    this.#options.gate.setMembers(list.peers.map((peer) => peer.id));
  }

  /** libp2p dials by peer id: it must know the addresses. */
  async #tellHost(peers: readonly PeerRow[]): Promise<void> {
    const host = this.#network?.host;
    if (host === undefined) return;
    for (const { id, addresses } of peers) {
      if (id === this.#options.self || addresses.length === 0) continue;
      await host.peerStore
        .merge(peerIdFromString(id), { multiaddrs: addresses.map((address) => multiaddr(address)) })
        .catch((error: unknown) => {
          this.#options.log.warn(`the addresses of ${id} are not usable: ${toDfsError(error).message}`);
        });
    }
  }

  async #dialAll(): Promise<void> {
    const { self, log } = this.#options;
    const missing = this.#list.peers.filter(
      (peer) => peer.id !== self && this.#network?.links.isConnected(peer.id) === false,
    );
    for (let start = 0; start < missing.length; start += redialsAtOnceMax) {
      await Promise.all(
        missing.slice(start, start + redialsAtOnceMax).map(async ({ id, name }) => {
          await this.#network?.links
            .connect(id)
            .catch((error: unknown) => log.debug(`${name} does not answer: ${toDfsError(error).message}`));
        }),
      );
    }
  }
}
