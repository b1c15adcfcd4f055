/** What people ask of the network: status, peers, fingers, and why a file is safe. */
import { fillsAtOnceFor } from "../backup/planner-input.ts";
import { repairState } from "../backup/planner.ts";
import { walkRecord } from "../chunking/file-record.ts";
import type { PeerRow } from "../catalogue/rows.ts";
import type {
  FingersReport,
  GroupStatus,
  NetworkStatus,
  PeerInfo,
  PeerState,
  SafetyStatus,
  Staleness,
  WhyReport,
} from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import {
  type ChunkId,
  type NetworkId,
  type PeerId,
  type PeerName,
  chunkIdOf,
  digestOf,
  parsePeerName,
} from "../core/ids.ts";
import { whyChunksShown, whyHoldersAskedMs } from "../core/limits.ts";
import type { DfsPath } from "../core/names.ts";
import { workDone } from "../core/work-done.ts";
import type { FingerTableService } from "../dht/finger-table-service.ts";
import type { ChunkStore } from "../store/chunk-store.ts";
import type { Presence, ReadCallOptions } from "./coordination/catalogue-access.ts";
import type { CatalogueClient } from "./coordination/catalogue-client.ts";
import { ContentSource, type ContentSourceOptions, type FileContent } from "./content-source.ts";
import type { Members } from "./members.ts";
import type { Namespace } from "./namespace.ts";
import type { PeerLinks } from "./peer-links.ts";
import { groupStatus, health, unknownGroup } from "./health.ts";
import { planPeersOf, planShelvesOf } from "./plan-input.ts";
import { safetyOf, standingOfLink, storagePeers } from "./safety.ts";
import { bytesToFlags, shelfMethods } from "./shelves/shelf-methods.ts";

export interface ReportsOptions {
  readonly self: PeerId;
  readonly networkId: NetworkId;
  readonly version: string;
  readonly catalogue: CatalogueClient;
  readonly members: Members;
  readonly links: PeerLinks;
  readonly fingers: FingerTableService;
  readonly store: ChunkStore;
  readonly namespace: Namespace;
  readonly content: ContentSourceOptions;
  readonly startedMs: number;
  readonly nowMs: () => number;
}

const unknownSafety: SafetyStatus = {
  copies: 1,
  fewestCopies: 0,
  belowRevisions: 0,
  belowBytes: 0,
  unreadableRevisions: 0,
};
const unseen: Omit<Presence, "id"> = {
  ageMs: Number.MAX_SAFE_INTEGER,
  standing: "down",
  usedBytes: 0,
  freeBytes: 0,
};

export class Reports {
  readonly #options: ReportsOptions;

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  /** The peers as the leader sees them; without a leader, as far as this peer knows by itself. */
  async peers(signal?: AbortSignal): Promise<readonly PeerInfo[]> {
    try {
      return await this.#peersByLeader(signal);
    } catch {
      signal?.throwIfAborted();
      return this.#peersByConnection();
    }
  }

  async #peersByLeader(signal: AbortSignal | undefined): Promise<readonly PeerInfo[]> {
    const { catalogue, members } = this.#options;
    const presence = await catalogue.presence(signal);
    const seen = new Map(presence.map((one) => [one.id, one]));
    return members.peers.map((row) => this.#peerInfo(row, seen.get(row.id) ?? { id: row.id, ...unseen }));
  }

  async status(signal?: AbortSignal): Promise<NetworkStatus> {
    const { catalogue, fingers, members, networkId, nowMs, startedMs, store, version } = this.#options;
    const [peers, group, totals, stats] = await Promise.all([
      this.peers(signal),
      this.group(signal),
      catalogue.totals({ signal, stale: true }).catch(() => undefined),
      store.stats(),
    ]);
    signal?.throwIfAborted();
    const me = peers.find((peer) => peer.self);
    if (me === undefined) throw new DfsError("internal", "this peer is not in its own list of members");
    const count = (state: PeerState): number => peers.filter((peer) => peer.state === state).length;
    const safety = this.#safety(peers);
    return {
      networkId,
      self: me,
      ...health({
        group,
        peers,
        stores: storagePeers(peers, members.shelves),
        safety,
        minCopies: members.policy?.minCopies ?? 1,
        missingHere: stats.missing,
      }),
      peers: { up: count("up"), suspect: count("suspect"), down: count("down"), out: count("out") },
      group,
      files: totals?.counts.files ?? 0,
      directories: totals?.counts.directories ?? 0,
      logicalBytes: totals?.counts.logicalBytes ?? 0,
      storedBytes: totals?.counts.storedBytes ?? 0,
      store: {
        chunks: stats.chunks,
        records: stats.records,
        bytes: stats.bytes,
        freeBytes: stats.freeBytes,
        quarantined: stats.quarantined,
        missing: stats.missing,
      },
      safety,
      announceQueue: fingers.announceQueue(),
      work: workDone(),
      uptimeMs: nowMs() - startedMs,
      version,
    };
  }

  #safety(peers: readonly PeerInfo[]): SafetyStatus {
    const { shelves, policy } = this.#options.members;
    if (policy === undefined) return unknownSafety;
    const { halted } = repairState({
      peers: planPeersOf(peers, shelves),
      shelves: planShelvesOf(shelves),
      copies: policy.copies,
      fillsAtOnceMax: fillsAtOnceFor(peers.length),
    });
    const names = halted?.missing.map((id) => peers.find((peer) => peer.id === id)?.name ?? parsePeerName(id));
    return safetyOf({ shelves, peers, policy, halted: names });
  }

  /** The coordinators as one of them sees them; as this peer last heard of them where none answers. */
  async group(signal?: AbortSignal): Promise<GroupStatus> {
    const { catalogue, members, self } = this.#options;
    const name = (peer: PeerId): PeerName => members.peer(peer)?.name ?? parsePeerName(peer);
    try {
      const report = await catalogue.group(signal);
      return groupStatus(report, name);
    } catch {
      signal?.throwIfAborted();
      const roster = members.roster?.members ?? [];
      return {
        ...unknownGroup,
        members: roster.map(({ peer, isVoter }) => ({
          name: name(peer),
          role: isVoter ? "voter" : "learner",
          isLeader: false,
          isActive: peer === self,
        })),
      };
    }
  }

  /** How old the answers of the coordinator are that stale reads go to. Fails with `unreachable` where none answers. */
  async staleness(signal?: AbortSignal): Promise<Staleness> {
    const { catalogue, members } = this.#options;
    const { ageMs, from, hasQuorum } = await catalogue.nearestGroup(signal);
    return { ageMs, hasQuorum, servedBy: members.peer(from)?.name ?? parsePeerName(from) };
  }

  async fingers(): Promise<FingersReport> {
    const report = await this.#options.fingers.report();
    return {
      ...report,
      fingers: report.fingers.map((finger) => ({ ...finger, name: this.#options.members.peer(finger.id)?.name })),
    };
  }

  async why(path: DfsPath, reading: ReadCallOptions & { readonly signal: AbortSignal }): Promise<WhyReport> {
    const { namespace, content: sources, members } = this.#options;
    const { signal } = reading;
    const file = await namespace.requireFile(path, reading);
    const { fileKey, shelf } = file.content;
    const { copiesWanted = 0 } = file;
    const found = await sources.holders.find(fileKey, shelf, signal);
    const peers = await this.peers(signal);
    const candidates = new Set([
      ...found.holders,
      ...(await sources.holders.chainOf(shelf, signal)),
      ...(await this.#selfIfHolding(file.content.fileKey)),
    ]);
    const holders = await Promise.all(Array.from(candidates, (peer) => this.#askHolder(peer, fileKey, signal)));
    const record = await this.#summarise(file.content, signal);
    return {
      path,
      revision: file.entry.revision,
      sizeBytes: file.entry.sizeBytes,
      fileKey,
      shelf,
      copiesWanted: copiesWanted === 0 ? (members.policy?.copies ?? 1) : copiesWanted,
      chain: (members.shelf(shelf)?.links ?? []).map((link, position) => {
        const info = peers.find((peer) => peer.id === link.peer);
        const state = info?.state ?? "down";
        const name = info?.name ?? parsePeerName(link.peer);
        return { id: link.peer, name, state, standing: standingOfLink(link, position, state) };
      }),
      holders,
      foundBy: found.foundBy,
      fallbackReason: found.fallbackReason,
      ...record,
      failuresToLoss: holders.filter((holder) => holder.complete).length - 1,
    };
  }

  async #selfIfHolding(fileKey: WhyReport["fileKey"]): Promise<readonly PeerId[]> {
    const [isHere] = await this.#options.store.hasRecords([fileKey]);
    return isHere === true ? [this.#options.self] : [];
  }

  async #askHolder(
    peer: PeerId,
    fileKey: WhyReport["fileKey"],
    signal: AbortSignal,
  ): Promise<WhyReport["holders"][number]> {
    const { links, members, self, store } = this.#options;
    const name = members.peer(peer)?.name;
    try {
      if (peer === self)
        return { id: peer, name, answered: true, complete: (await store.hasRecords([fileKey]))[0] === true };
      const flags = await links.call(
        peer,
        shelfMethods.hasRecords,
        { digests: digestOf(fileKey) },
        { signal, timeoutMs: whyHoldersAskedMs },
      );
      return { id: peer, name, answered: true, complete: bytesToFlags(flags)[0] === true };
    } catch {
      signal.throwIfAborted();
      return { id: peer, name, answered: false, complete: false };
    }
  }

  /** Chunks and bytes by the file record, of which every holder has a copy. */
  async #summarise(
    content: FileContent,
    signal: AbortSignal,
  ): Promise<{ chunks: number; sealedBytes: number; firstChunks: ChunkId[] }> {
    const source = new ContentSource(content, this.#options.content, { fetchedChunks: 0, fetchedBytes: 0 });
    const { pool } = this.#options.content;
    const firstChunks: ChunkId[] = [];
    let chunks = 0;
    let sealedBytes = 0;
    try {
      for await (const { digest, bytes } of walkRecord(content.fileKey, (page) =>
        source.fetch(page, (sealed) => pool.verify(sealed, page), signal),
      )) {
        chunks += 1;
        sealedBytes += bytes;
        if (firstChunks.length < whyChunksShown) firstChunks.push(chunkIdOf(digest));
      }
    } catch (error) {
      // No holder answers: then that is what the report says.
      if (signal.aborted || !(error instanceof DfsError) || error.kind !== "unreachable") throw error;
    }
    return { chunks, sealedBytes, firstChunks };
  }

  /** Whom this peer is connected to is up. */
  #peersByConnection(): readonly PeerInfo[] {
    const { links, members, self } = this.#options;
    return members.peers.map((row) => {
      const isUp = row.id === self || links.isConnected(row.id);
      return this.#peerInfo(
        row,
        isUp ? { ...unseen, id: row.id, ageMs: 0, standing: "up" } : { id: row.id, ...unseen },
      );
    });
  }

  #peerInfo(row: PeerRow, seen: Presence): PeerInfo {
    const { links, members, self } = this.#options;
    const isSelf = row.id === self;
    return {
      id: row.id,
      name: row.name,
      zone: row.zone,
      addresses: row.addresses,
      state: isSelf ? "up" : seen.standing,
      coordinator: members.roster?.members.some(({ peer, isVoter }) => isVoter && peer === row.id) === true,
      self: isSelf,
      connected: isSelf || links.isConnected(row.id),
      ...(row.storageOrder === null ? {} : { storageOrder: row.storageOrder }),
      capacityBytes: row.shelf === null ? 0 : seen.usedBytes + seen.freeBytes,
      usedBytes: seen.usedBytes,
      freeBytes: row.shelf === null ? 0 : seen.freeBytes,
      lastSeenMs: isSelf ? 0 : seen.ageMs,
    };
  }
}
