/**
 * The peers of a network in memory, what they keep of whom, and what was ordered: as a peer would tell it, shaped by tests.
 *
 * Every peer that stores files has a shelf. Its chain is the peer itself and those after it in the list, round about;
 * the first one that is up owns it.
 */
import type {
  BackupLink,
  FsckProgress,
  LinkStanding,
  NetworkPolicy,
  PeerInfo,
  PeerState,
  SafetyStatus,
  ShelfBackup,
  StorageOrder,
  DrainProgress,
} from "../../src/core/client.ts";
import { DfsError } from "../../src/core/errors.ts";
import type { PeerName } from "../../src/core/ids.ts";
import { parsePeerId, parsePeerName, parseShelfId } from "../../src/core/ids.ts";
import { copiesMax } from "../../src/core/limits.ts";

const names = ["anna", "ben", "cleo"].map((name) => parsePeerName(name)) as [PeerName, PeerName, PeerName];
export const [selfName, otherName] = names;
const ids = ["A", "B", "C"].map((letter) => parsePeerId(`12D3KooW${letter.repeat(44)}`));
const chunkBytes = 256 * 1024;
const chunksChecked = 8;

/** What is told of a peer, but for what depends on the coordinators' group. */
interface MemoryPeer {
  readonly info: Omit<PeerInfo, "coordinator">;
  readonly damage: { readonly damaged: number; readonly mended: number };
}

/** What the files come to that are in the network. */
export interface StoredSums {
  readonly revisions: number;
  readonly bytes: number;
}

export class MemoryNetwork {
  #peers: MemoryPeer[];
  readonly #gone = new Set<string>();
  readonly #links = new Map<string, Partial<BackupLink>>();
  /** Looks that a drain still needs until it is done. */
  readonly #drains = new Map<string, number>();
  #policy: NetworkPolicy = { copies: 2, minCopies: 2, retainRevisions: 10, retainMs: 30 * 24 * 3_600_000 };
  /** Why a look at a drain fails, as long as it is set. */
  drainFault: DfsError | undefined;
  /** Peers that vanished at once, as long as repair waits for them. */
  halted: readonly PeerName[] | undefined;

  /** With 1 to 3 peers; the first is the one that is asked. */
  constructor(count: number) {
    this.#peers = names.slice(0, count).map((name, index) => ({
      damage: { damaged: 0, mended: 0 },
      info: {
        id: ids[index] as PeerInfo["id"],
        name,
        zone: "home",
        addresses: ["/ip4/127.0.0.1/tcp/4001"],
        state: "up",
        self: index === 0,
        connected: true,
        capacityBytes: 4096,
        usedBytes: 1024,
        freeBytes: 3072,
        lastSeenMs: index === 0 ? 0 : 400,
      },
    }));
  }

  /** From now on the peer is like this. */
  setPeer(name: string, change: Partial<Pick<PeerInfo, "state" | "capacityBytes" | "lastSeenMs">>): void {
    this.#update(name, (peer) => ({ ...peer, info: { ...peer.info, ...change } }));
  }

  /** From now on this is told of the peer's link in the chain of that shelf. */
  setLink(home: string, name: string, link: Partial<BackupLink>): void {
    this.#links.set(`${home} ${name}`, link);
  }

  /** What the next check finds on the peer's disk. */
  damage(name: string, damaged: number, mended: number): void {
    this.#update(name, (peer) => ({ ...peer, damage: { damaged, mended } }));
  }

  #update(name: string, change: (peer: MemoryPeer) => MemoryPeer): void {
    this.#peers = this.#peers.map((peer) => (peer.info.name === name ? change(peer) : peer));
  }

  get peers(): readonly MemoryPeer["info"][] {
    return this.#peers.map(({ info }) => info);
  }

  get storing(): readonly MemoryPeer["info"][] {
    return this.peers.filter(({ capacityBytes }) => capacityBytes > 0);
  }

  get policy(): NetworkPolicy {
    return this.#policy;
  }

  setPolicy(change: Partial<NetworkPolicy>): NetworkPolicy {
    const next = { ...this.#policy, ...change };
    const isCount = (value: number, max: number): boolean => Number.isSafeInteger(value) && value >= 1 && value <= max;
    for (const name of ["copies", "minCopies"] as const)
      if (!isCount(next[name], copiesMax)) throw new DfsError("usage", `${name} is 1 to ${copiesMax}`);
    if (!isCount(next.retainRevisions, Number.MAX_SAFE_INTEGER))
      throw new DfsError("usage", "retainRevisions is at least 1");
    if (!(next.retainMs >= 0)) throw new DfsError("usage", "retainMs is at least 0");
    this.#policy = next;
    return next;
  }

  /** The disks that a file is to be on whose put says nothing about it. */
  get usualCopies(): number {
    return Math.min(this.#policy.copies, this.storing.length);
  }

  /** The disks that a new file of so many wanted copies gets; fails where that is too few. */
  copiesNow(wanted: number): number {
    const copies = Math.min(wanted, this.storing.filter(isReachable).length);
    if (copies < Math.min(wanted, this.#policy.minCopies, this.storing.length))
      throw new DfsError("unreachable", `only ${copies} of the disks that a put needs can be reached; see backup`);
    return copies;
  }

  shelves(stored: StoredSums): readonly ShelfBackup[] {
    const { storing } = this;
    return storing.map((home, index) => ({
      shelf: parseShelfId(String(index).repeat(32)),
      home: home.name,
      epoch: 7,
      wanted: this.#policy.copies,
      // The files are all on the first shelf.
      revisions: index === 0 ? stored.revisions : 0,
      bytes: index === 0 ? stored.bytes : 0,
      links: this.#chain([...storing.slice(index), ...storing.slice(0, index)], home.name),
    }));
  }

  #chain(order: readonly MemoryPeer["info"][], home: PeerName): readonly BackupLink[] {
    const chain = order.slice(0, this.#policy.copies).toSorted((left, right) => rank(left) - rank(right));
    return chain.map(({ id, name, state }, position) => {
      const standing: LinkStanding = !isReachable({ state }) ? "away" : position === 0 ? "owner" : "full";
      const known = standing === "away" ? {} : { epoch: 7, sequence: 431, lagChanges: 0, lagBytes: 0 };
      const verified = standing === "full" ? { verifiedMs: Date.now() - 12_000 } : {};
      return { id, name, state, standing, ...known, ...verified, ...this.#links.get(`${home} ${name}`) };
    });
  }

  safety(stored: StoredSums): SafetyStatus {
    const { copies } = this.#policy;
    const complete = this.shelves(stored)
      .filter(({ revisions }) => revisions > 0)
      .map(({ links }) => links.filter(({ standing }) => standing === "owner" || standing === "full").length);
    const fewestCopies = Math.min(copies, this.storing.length, ...complete);
    const isBelow = fewestCopies < copies;
    return {
      copies,
      fewestCopies,
      belowRevisions: isBelow ? stored.revisions : 0,
      belowBytes: isBelow ? stored.bytes : 0,
      unreadableRevisions: fewestCopies === 0 ? stored.revisions : 0,
      halted: this.halted,
    };
  }

  order(name: PeerName, storageOrder: StorageOrder | null): void {
    const peer = this.#peer(name);
    const others = this.storing.filter((each) => each !== peer && each.storageOrder === undefined);
    if (storageOrder !== null && peer.capacityBytes > 0 && others.length === 0)
      throw new DfsError("usage", `${name} is the only peer that stores files: add another first`);
    this.#drains.set(name, 2);
    this.#update(name, ({ info, damage }) => ({ damage, info: { ...info, storageOrder: storageOrder ?? undefined } }));
  }

  /** Cuts a peer off at once. */
  revoke(name: PeerName, force: boolean): void {
    const peer = this.#peer(name);
    if (peer.self) throw new DfsError("usage", "a peer cannot end its own membership: another one has to");
    const isCopied = ({ links }: ShelfBackup): boolean =>
      links.some((link) => link.name !== name && (link.standing === "owner" || link.standing === "full"));
    const kept = this.shelves({ revisions: 1, bytes: 1 }).filter(({ links }) =>
      links.some((link) => link.name === name),
    );
    if (!force && !kept.every(isCopied))
      throw new DfsError("usage", `no other disk that is there has all that ${name} keeps: give it up with --force`);
    this.#peers = this.#peers.filter(({ info }) => info.name !== name);
  }

  /** Each look finds one shelf less. */
  drainProgress(name: PeerName): DrainProgress {
    if (this.drainFault !== undefined) throw this.drainFault;
    if (this.#gone.has(name)) return done;
    const { storageOrder } = this.#peer(name);
    const left = this.#drains.get(name) ?? 0;
    if (storageOrder === undefined || left > 0) {
      this.#drains.set(name, Math.max(0, left - 1));
      return { isDone: false, shelves: left, bytes: left * 1536, reason: "other disks are being filled" };
    }
    if (storageOrder === "drain") return done;
    this.#gone.add(name);
    this.#peers = this.#peers.filter(({ info }) => info.name !== name);
    return done;
  }

  /** Half of the check is told, then all of it. */
  async fsck(
    wanted: readonly PeerName[] | undefined,
    onProgress: (progress: FsckProgress) => void,
  ): Promise<readonly FsckProgress[]> {
    const checked = wanted?.map((name) => this.#peer(name)) ?? this.storing;
    const results = checked.map((peer) => this.#checked(peer));
    for (const result of results)
      onProgress({ ...result, isDone: false, chunks: result.chunks / 2, bytes: result.bytes / 2, error: undefined });
    await Promise.resolve();
    for (const result of results) onProgress(result);
    return results;
  }

  #checked({ name, state }: Pick<PeerInfo, "name" | "state">): FsckProgress {
    const nothing = { peer: name, isDone: false, chunks: 0, bytes: 0, totalBytes: 0, damaged: 0, mended: 0 };
    if (!isReachable({ state }))
      return { ...nothing, error: new DfsError("unreachable", "cannot connect to the peer") };
    const bytes = chunksChecked * chunkBytes;
    const damage = this.#peers.find(({ info }) => info.name === name)?.damage;
    return { ...nothing, ...damage, isDone: true, chunks: chunksChecked, bytes, totalBytes: bytes };
  }

  #peer(name: PeerName): MemoryPeer["info"] {
    const peer = this.peers.find((each) => each.name === name);
    if (peer === undefined) throw new DfsError("not-found", "there is no such peer", { path: name });
    return peer;
  }
}

const done: DrainProgress = { isDone: true, shelves: 0, bytes: 0, reason: "nothing depends on it any more" };

function isReachable({ state }: { readonly state: PeerState }): boolean {
  return state === "up" || state === "suspect";
}

function rank(peer: { readonly state: PeerState }): number {
  return isReachable(peer) ? 0 : 1;
}
