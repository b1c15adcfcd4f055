/** Peers in one process, each with a store in memory, that keep one shelf by a catalogue that is a few variables. */
import { createHash, randomBytes } from "node:crypto";
import type { ChainPort, KnownChain, LinkPort } from "../../src/backup/replication/ports.ts";
import { ShelfMirror } from "../../src/backup/replication/shelf-mirror.ts";
import { ShelfOwner } from "../../src/backup/replication/shelf-owner.ts";
import type { ShelfOwnerOptions } from "../../src/backup/replication/shelf-owner.ts";
import { RecordBuilder } from "../../src/chunking/file-record.ts";
import type { StoredBytes } from "../../src/chunking/file-record.ts";
import { DfsError } from "../../src/core/errors.ts";
import { parseLeaseId, parsePeerId, parseShelfId } from "../../src/core/ids.ts";
import type { FileKey, LeaseId, PeerId } from "../../src/core/ids.ts";
import type { ChainLink, Savepoint, ShelfChange } from "../../src/core/shelf.ts";
import { MemoryChunkStore } from "../../src/store/memory-chunk-store.ts";
import { TestClock } from "./replication-clock.ts";

export const shelf = parseShelfId("5e".repeat(16));
export const never = new AbortController().signal;
export const peerNamed = (name: string): PeerId => parsePeerId(`12D3Koo${name.repeat(45)}`);
export const newLease = (): LeaseId => parseLeaseId(randomBytes(16).toString("hex"));

/** A file as a shelf sees it: its key, and everything that its record names. */
export interface TestFile {
  readonly key: FileKey;
  readonly parts: readonly StoredBytes[];
  readonly bytes: number;
}

export function fileOf(chunks: readonly Uint8Array[]): TestFile {
  const builder = new RecordBuilder();
  const stored = chunks.map((bytes) => ({
    digest: new Uint8Array(createHash("sha256").update(bytes).digest()),
    bytes,
  }));
  const full = stored.flatMap(({ digest, bytes }) => builder.add(digest, bytes.length));
  const { fileKey, pages } = builder.finish();
  const parts = [...stored, ...full, ...pages];
  return { key: fileKey, parts, bytes: parts.reduce((sum, { bytes }) => sum + bytes.length, 0) };
}

export const randomFile = (chunks = 1, bytes = 100): TestFile =>
  fileOf(Array.from({ length: chunks }, () => new Uint8Array(randomBytes(bytes))));

/** What every owner's set came to with each number, and when each record changed. */
export class History {
  readonly #sets = new Map<string, ReadonlyMap<FileKey, number>>();
  readonly #lastChange = new Map<FileKey, { readonly epoch: number; readonly sequence: number }>();

  note(savepoint: Savepoint, set: readonly ShelfChange[], changes: readonly ShelfChange[]): void {
    const { epoch, sequence } = savepoint;
    this.#sets.set(`${epoch}/${sequence}`, new Map(set.map(({ fileKey, copies }) => [fileKey, copies])));
    for (const { fileKey } of changes) this.#lastChange.set(fileKey, { epoch, sequence });
  }

  /** What a link that says so must have, but for what changed later; undefined for a number that no owner ever gave. */
  owedAt({ epoch, sequence }: Savepoint, keepsFrom: number): readonly FileKey[] | undefined {
    const set = this.#sets.get(`${epoch}/${sequence}`);
    if (set === undefined) return undefined;
    const isLater = (key: FileKey): boolean => {
      const last = this.#lastChange.get(key);
      return last !== undefined && (last.epoch > epoch || (last.epoch === epoch && last.sequence > sequence));
    };
    return [...set].flatMap(([key, copies]) => (copies >= keepsFrom && !isLater(key) ? [key] : []));
  }
}

/** A store that writes down what it numbers as an owner. */
export class NotingStore extends MemoryChunkStore {
  readonly #history: History;

  constructor(history: History) {
    super();
    this.#history = history;
  }

  override async appendChanges(
    ...call: Parameters<MemoryChunkStore["appendChanges"]>
  ): ReturnType<MemoryChunkStore["appendChanges"]> {
    const done = await super.appendChanges(...call);
    this.#history.note(done.savepoint, await this.shelfPage(shelf, { position: 0, limit: 1_000_000 }), call[2]);
    return done;
  }

  override async beginEpoch(...call: Parameters<MemoryChunkStore["beginEpoch"]>): Promise<Savepoint> {
    const savepoint = await super.beginEpoch(...call);
    this.#history.note(savepoint, await this.shelfPage(shelf, { position: 0, limit: 1_000_000 }), []);
    return savepoint;
  }
}

/** A store of which a test can damage chunks. */
export class DamagedStore extends MemoryChunkStore {
  damaged: Uint8Array | undefined;

  override async get(...call: Parameters<MemoryChunkStore["get"]>): ReturnType<MemoryChunkStore["get"]> {
    if (this.damaged !== undefined && Buffer.compare(this.damaged, call[0]) === 0)
      throw new DfsError("integrity", "the chunk is damaged");
    return super.get(...call);
  }
}

/** What happens to a call to a link: nothing, it never arrives, its answer is lost, it hangs, or it arrives only later. */
export type Fault = "none" | "lost" | "answer lost" | "hangs" | "late";

/** The catalogue, as far as one shelf goes. */
export class TestCatalogue implements KnownChain {
  epoch = 1;
  links: readonly ChainLink[];
  readonly endedLeases = new Set<LeaseId>();
  /** What revisions name, with the copies that they want. */
  readonly committed = new Map<FileKey, number>();
  /** Every chain that there was, by its epoch. */
  readonly past = new Map<number, readonly ChainLink[]>();

  constructor(owner: PeerId) {
    this.links = [{ peer: owner, keepsFrom: 1, hasFrom: 1, isFilled: true }];
  }

  get chain(): KnownChain {
    return { epoch: this.epoch, links: this.links };
  }

  order(links: readonly ChainLink[]): void {
    this.epoch += 1;
    this.links = links.map((link) => ({
      ...link,
      hasFrom: link.hasFrom === 0 ? 0 : Math.max(link.hasFrom, link.keepsFrom),
    }));
    this.past.set(this.epoch, this.links);
  }

  check(author: PeerId, epoch: number): void {
    if (epoch !== this.epoch || this.links[0]?.peer !== author) throw new DfsError("moved", "another epoch");
  }

  report(author: PeerId, epoch: number, peer: PeerId, hasFrom: number): number {
    this.check(author, epoch);
    this.order(
      this.links.map((link) =>
        link.peer === peer ? { ...link, hasFrom, isFilled: hasFrom === 0 ? true : link.isFilled } : link,
      ),
    );
    return this.epoch;
  }

  endLease(author: PeerId, epoch: number, lease: LeaseId, fileKeys: readonly FileKey[]): readonly FileKey[] {
    this.check(author, epoch);
    this.endedLeases.add(lease);
    return fileKeys.filter((key) => this.committed.has(key));
  }

  commit(epoch: number, lease: LeaseId, key: FileKey, copies: number): void {
    if (epoch !== this.epoch) throw new DfsError("moved", "another epoch");
    if (this.endedLeases.has(lease)) throw new DfsError("not-found", "the lease has ended");
    this.committed.set(key, Math.max(copies, this.committed.get(key) ?? 0));
  }
}

export const keysOf = (files: readonly TestFile[]): FileKey[] => files.map(({ key }) => key);

/** One peer, running or not. */
export class TestPeer {
  readonly id: PeerId;
  readonly #world: World;
  store: MemoryChunkStore;
  chain: KnownChain | undefined;
  mirror: ShelfMirror;
  owner: ShelfOwner;
  isUp = true;
  /** Whether it can ask the catalogue. */
  isConnected = true;

  constructor(world: World, name: string) {
    this.#world = world;
    this.id = peerNamed(name);
    this.store = world.newStore();
    this.mirror = this.#newMirror();
    this.owner = this.#newOwner();
  }

  #newMirror(): ShelfMirror {
    return new ShelfMirror({
      self: this.id,
      store: this.store,
      chainOf: (id) => (id === shelf ? this.chain : undefined),
      refresh: async () => this.refresh(),
      nowMs: () => this.#world.clock.nowMs(),
      leaseMs: 60_000,
      randomNumber: () => randomBytes(6).readUIntBE(0, 6),
    });
  }

  #newOwner(): ShelfOwner {
    const { clock, catalogue, options } = this.#world;
    const asked = async <Result>(answer: () => Result): Promise<Result> => {
      await Promise.resolve();
      if (!this.isConnected || !this.isUp) throw new DfsError("unreachable", "no coordinator answers");
      return answer();
    };
    const chain: ChainPort = {
      report: async (epoch, peer, hasFrom) => {
        await this.#world.beforeReport();
        return asked(() => catalogue.report(this.id, epoch, peer, hasFrom));
      },
      endLease: async (epoch, lease, keys) => {
        const named = await asked(() => catalogue.endLease(this.id, epoch, lease, keys));
        await this.#world.afterLeaseEnd();
        return named;
      },
    };
    return new ShelfOwner({
      shelf,
      self: this.id,
      store: this.store,
      chain,
      linkTo: (peer) => this.#world.link(this, peer),
      clock,
      pacer: { take: async () => undefined },
      log: { warn: (message) => void this.#world.warnings.push(message) },
      newLease,
      leaseMs: 60_000,
      refresh: () => this.refresh(),
      ...options,
    });
  }

  /** Learns what the catalogue says, when it can. */
  refresh(): void {
    if (!this.isConnected || !this.isUp) return;
    this.chain = this.#world.catalogue.chain;
    this.owner.setChain(this.chain, this.#world.minCopies);
  }

  /** Ends as by `kill -9`. */
  crash(): void {
    this.isUp = false;
    void this.owner.stop();
  }

  /** Runs again, on the disk that it had, or on an empty one. */
  restart(hasDisk = true): void {
    this.isUp = true;
    if (!hasDisk) this.store = this.#world.newStore();
    this.chain = undefined;
    this.mirror = this.#newMirror();
    this.owner = this.#newOwner();
    this.refresh();
  }
}

export class World {
  readonly clock = new TestClock();
  readonly warnings: string[] = [];
  readonly catalogue: TestCatalogue;
  readonly options: Partial<ShelfOwnerOptions>;
  readonly peers: readonly TestPeer[];
  readonly newStore: () => MemoryChunkStore;
  minCopies = 1;
  /** Bytes of chunks that went from peer to peer, and the most that did at once. */
  sentBytes = 0;
  sentChunks = 0;
  pushingBytes = 0;
  pushingBytesMost = 0;
  /** Decides what happens to each call. */
  fault: (call: keyof LinkPort, from: TestPeer, to: TestPeer) => Fault = () => "none";
  readonly #late: (() => void)[] = [];

  constructor(
    names: string,
    options: Partial<ShelfOwnerOptions> = {},
    newStore: () => MemoryChunkStore = () => new MemoryChunkStore(),
  ) {
    this.options = options;
    this.newStore = newStore;
    this.catalogue = new TestCatalogue(peerNamed(names[0] ?? "A"));
    this.peers = Array.from(names, (name) => new TestPeer(this, name));
  }

  peer(index: number): TestPeer {
    const found = this.peers[index];
    if (found === undefined) throw new Error(`no peer ${index}`);
    return found;
  }

  /** Sets the chain, the owner first, each with what it keeps from and has from; filled unless told otherwise. */
  order(...links: readonly (readonly [peer: number, keepsFrom: number, hasFrom: number, isFilled?: boolean])[]): void {
    this.catalogue.order(
      links.map(([peer, keepsFrom, hasFrom, isFilled = true]) => ({
        peer: this.peer(peer).id,
        keepsFrom,
        hasFrom,
        isFilled,
      })),
    );
    this.tellAll();
  }

  tellAll(): void {
    for (const peer of this.peers) peer.refresh();
  }

  /** The peer that the catalogue says owns the shelf. */
  get owner(): TestPeer {
    return this.byId(this.catalogue.links[0]?.peer);
  }

  byId(id: PeerId | undefined): TestPeer {
    const found = this.peers.find((peer) => peer.id === id);
    if (found === undefined) throw new Error(`no peer ${id}`);
    return found;
  }

  /** Lets the calls arrive that are late, in any order. */
  deliverLate(): void {
    for (const call of this.#late.splice(0).reverse()) call();
  }

  link(from: TestPeer, id: PeerId): LinkPort {
    const to = this.byId(id);
    const via = <Result>(name: keyof LinkPort, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> =>
      this.#call(name, from, to, signal, work);
    return {
      begin: (of, epoch, signal) => via("begin", signal, () => to.mirror.begin(from.id, of, epoch, never)),
      holdLease: (of, epoch, lease, signal) =>
        via("holdLease", signal, () => to.mirror.holdLease(from.id, of, epoch, lease, never)),
      endLease: (of, epoch, lease, signal) =>
        via("endLease", signal, () => to.mirror.endLease(from.id, of, epoch, lease, never)),
      apply: (of, feed, changes, lease, signal) =>
        via("apply", signal, () => to.mirror.apply(from.id, of, feed, changes, lease, never)),
      buckets: (of, epoch, signal) => via("buckets", signal, () => to.mirror.buckets(from.id, of, epoch, never)),
      keys: (of, epoch, bucket, after, limit, signal) =>
        via("keys", signal, () => to.mirror.keys(from.id, of, epoch, bucket, after, limit, never)),
      pin: (lease, digests, signal) => via("pin", signal, () => to.store.pin(lease, digests)),
      putChunks: (lease, chunks, signal) =>
        via("putChunks", signal, async () => {
          const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
          this.sentBytes += bytes;
          this.sentChunks += chunks.length;
          this.pushingBytes += bytes;
          this.pushingBytesMost = Math.max(this.pushingBytesMost, this.pushingBytes);
          try {
            await this.onPut();
            await to.store.put(lease, chunks);
          } finally {
            this.pushingBytes -= bytes;
          }
        }),
    };
  }

  /** What a report waits for on its way to the catalogue, and the answer to the end of a lease on its way back. */
  beforeReport: () => Promise<void> = async () => undefined;
  afterLeaseEnd: () => Promise<void> = async () => undefined;
  /** What every chunk waits for on its way. */
  onPut: () => Promise<void> = async () => undefined;

  async #call<Result>(
    name: keyof LinkPort,
    from: TestPeer,
    to: TestPeer,
    signal: AbortSignal,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const fault = this.fault(name, from, to);
    const { mirror } = to;
    await Promise.resolve();
    if (fault === "hangs") return new Promise<Result>(() => undefined);
    if (fault === "late") {
      this.#late.push(() => {
        if (to.mirror === mirror && to.isUp) work().catch(() => undefined);
      });
      throw new DfsError("timeout", "no answer");
    }
    if (fault === "lost" || !to.isUp || !from.isUp || signal.aborted)
      throw new DfsError("unreachable", "connection lost");
    const result = await work();
    if (fault === "answer lost" || !to.isUp || !from.isUp || to.mirror !== mirror)
      throw new DfsError("unreachable", "connection lost");
    return result;
  }

  /** Puts files as a writer does; resolves with what the owner says of them. */
  async put(
    files: readonly TestFile[],
    copies: number,
    lease: LeaseId,
    owner = this.owner,
  ): Promise<{ readonly copies: number; readonly epoch: number }> {
    await owner.owner.holdLease(lease, copies, never);
    const parts = files.flatMap((file) => file.parts);
    const areThere = await owner.owner.pin(
      lease,
      parts.map(({ digest }) => digest),
      never,
    );
    for (const [index, { digest, bytes }] of parts.entries())
      if (areThere[index] !== true) await owner.owner.putChunks(lease, [{ digest, bytes }], never);
    return owner.owner.addRecords(
      lease,
      files.map(({ key }) => key),
      copies,
      never,
    );
  }

  /** Puts and commits files under a lease of their own. */
  async store(files: readonly TestFile[], copies = 2): Promise<{ readonly copies: number; readonly epoch: number }> {
    const lease = newLease();
    const said = await this.put(files, copies, lease);
    for (const { key } of files) this.catalogue.commit(said.epoch, lease, key, copies);
    await this.owner.owner.endLease(lease, never);
    return said;
  }

  /** Whether every link of the chain is full, by the catalogue and by what is on the disks. */
  async isEqual(): Promise<boolean> {
    const [first, ...others] = this.catalogue.links;
    if (first === undefined || this.owner.owner.epoch() !== this.catalogue.epoch) return false;
    const point = await this.owner.store.savepoint(shelf);
    for (const { peer, keepsFrom, hasFrom } of others) {
      if (hasFrom === 0 || hasFrom > keepsFrom) return false;
      const wanted = Buffer.from(await this.owner.store.setDigest(shelf, keepsFrom - 1));
      const there = await this.byId(peer).store.savepoint(shelf);
      if (there?.sequence !== point?.sequence || there?.epoch !== point?.epoch) return false;
      if (!wanted.equals(there?.digest ?? Buffer.alloc(32))) return false;
    }
    return true;
  }

  async untilEqual(maxMs?: number): Promise<void> {
    const isClaimed = ({ hasFrom, keepsFrom }: ChainLink): boolean => hasFrom > 0 && hasFrom <= keepsFrom;
    await this.clock.until(() => this.catalogue.links.every(isClaimed), "all links claim to be full", maxMs);
    await this.clock.until(() => this.isEqual(), "all links are equal", maxMs);
  }

  async stop(): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.owner.stop()));
  }
}
