import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { base58btc } from "multiformats/bases/base58";
import { DfsError } from "../../src/core/errors.ts";
import { fileKeyOf } from "../../src/core/ids.ts";
import type { FileKey, PeerId } from "../../src/core/ids.ts";
import { FingerTableService } from "../../src/dht/finger-table-service.ts";
import { kadPeer } from "../../src/dht/kad-id.ts";
import type { AnnounceReply, AnnounceRequest } from "../../src/dht/messages.ts";
import type {
  Clock,
  DiscoveredPeer,
  Discovery,
  FingerTable,
  HolderTransport,
  KadPeer,
  SignalOptions,
} from "../../src/dht/ports.ts";

export const digestNumber = (number: number): Uint8Array =>
  new Uint8Array(createHash("sha256").update(`digest ${number}`).digest());
export const keyNumber = (number: number): FileKey => fileKeyOf(digestNumber(number));
export const keysNumbered = (count: number): FileKey[] => Array.from({ length: count }, (_, index) => keyNumber(index));

/** The id of a peer whose Ed25519 key is a hash of the number. */
export function peerNumber(number: number): PeerId {
  const publicKey = createHash("sha256").update(`peer ${number}`).digest();
  return base58btc.encode(Buffer.from([0x00, 0x24, 0x08, 0x01, 0x12, 0x20, ...publicKey])).slice(1) as PeerId;
}

/** A folder of this test run, removed by `remove`. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "dfs-dht-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A finger table that a test fills by hand. */
export class FakeFingerTable implements FingerTable {
  #peers: readonly KadPeer[] = [];
  readonly #listeners = new Set<() => void>();
  readonly discovered: DiscoveredPeer[] = [];
  /** Questions that a walk takes. */
  walkMessages = 0;
  discoveries = 0;
  tendings = 0;

  set(peers: readonly PeerId[]): void {
    this.#peers = peers.map(kadPeer);
    for (const listener of this.#listeners) listener();
  }

  peers(): readonly KadPeer[] {
    return this.#peers;
  }

  async discover(_digest: Uint8Array, { signal }: SignalOptions): Promise<Discovery> {
    signal.throwIfAborted();
    this.discoveries += 1;
    return { peers: this.discovered, messages: this.walkMessages };
  }

  async fingers() {
    return this.#peers.map(({ id }) => ({ id, commonPrefixBits: 0, addresses: [] }));
  }

  async tend(): Promise<void> {
    this.tendings += 1;
  }

  async drop(peer: PeerId): Promise<void> {
    this.set(this.#peers.map(({ id }) => id).filter((id) => id !== peer));
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Peers in one process, joined by calls; a peer can be frozen (never answers), gone (refuses) or full. */
export class FakeNetwork {
  readonly services = new Map<PeerId, FingerTableService>();
  readonly tables = new Map<PeerId, FakeFingerTable>();
  readonly frozen = new Set<PeerId>();
  readonly gone = new Set<PeerId>();
  readonly full = new Set<PeerId>();
  /** Messages wait for this before they arrive. */
  gate: Promise<void> = Promise.resolve();
  /** Every message sent, in order. */
  readonly sent: {
    readonly what: "announce" | "lookup";
    readonly from: PeerId;
    readonly to: PeerId;
    readonly keys: number;
  }[] = [];
  readonly errors: DfsError[] = [];
  readonly clock: Clock;
  readonly #folder: string;

  constructor(clock: Clock, folder: string) {
    this.clock = clock;
    this.#folder = folder;
  }

  /** Adds a peer that knows nobody yet; adding it again after it was stopped is a restart. */
  addPeer(self: PeerId): FingerTableService {
    const table = this.tables.get(self) ?? new FakeFingerTable();
    const service = new FingerTableService({
      path: join(this.#folder, `${self}.sqlite`),
      self,
      table,
      transport: this.transportOf(self),
      clock: this.clock,
      random: () => 0.5,
      onError: (error) => this.errors.push(error),
    });
    this.tables.set(self, table);
    this.services.set(self, service);
    return service;
  }

  /** Starts `count` peers that all know each other. */
  startPeers(count: number): PeerId[] {
    const peers = Array.from({ length: count }, (_, index) => peerNumber(index));
    for (const peer of peers) this.addPeer(peer).start();
    this.introduceAll(peers);
    return peers;
  }

  introduceAll(peers: readonly PeerId[]): void {
    for (const peer of peers) this.table(peer).set(peers.filter((other) => other !== peer));
  }

  service(peer: PeerId | undefined): FingerTableService {
    return this.services.get(peer ?? ("" as PeerId)) ?? fail(peer);
  }

  table(peer: PeerId | undefined): FakeFingerTable {
    return this.tables.get(peer ?? ("" as PeerId)) ?? fail(peer);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.stop()));
  }

  transportOf(from: PeerId): HolderTransport {
    const deliver = async (what: "announce" | "lookup", to: PeerId, keys: number): Promise<FingerTableService> => {
      this.sent.push({ what, from, to, keys });
      await this.gate;
      // A frozen peer ignores signals as well: the caller has to protect itself.
      if (this.frozen.has(to)) await new Promise(() => {});
      if (this.gone.has(to)) throw new DfsError("unreachable", "the peer is gone", { peer: to });
      return this.service(to);
    };
    return {
      announce: async (to: PeerId, request: AnnounceRequest): Promise<AnnounceReply> => {
        const service = await deliver("announce", to, request.keys.length);
        return this.full.has(to) ? { stored: 0 } : service.onAnnounce(from, request);
      },
      lookup: async (to: PeerId, keys: readonly Uint8Array[]) =>
        (await deliver("lookup", to, keys.length)).onLookup({ keys }).holders,
    };
  }
}

function fail(peer: PeerId | undefined): never {
  throw new Error(`no peer ${peer}`);
}
