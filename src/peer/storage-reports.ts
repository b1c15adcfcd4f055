/** What people ask about copies and space: who backs up whom and how far it is, and where the bytes are. */
import type { ShelfRow } from "../catalogue/rows.ts";
import type { BackupLink, PeerInfo, ShelfBackup, SpaceReport } from "../core/client.ts";
import { type PeerId, type ShelfId, parsePeerName } from "../core/ids.ts";
import { ownerAskedMs } from "../core/limits.ts";
import type { ChunkStore } from "../store/chunk-store.ts";
import type { CatalogueClient } from "./coordination/catalogue-client.ts";
import type { Members } from "./members.ts";
import type { PeerLinks } from "./peer-links.ts";
import { isThere, standingOfLink, storagePeers, wantedCopies } from "./safety.ts";
import type { ShelfHost } from "./shelves/shelf-host.ts";
import { type OwnedShelf, chainMethods } from "./shelves/shelf-methods.ts";

export interface StorageReportsOptions {
  readonly self: PeerId;
  readonly catalogue: CatalogueClient;
  readonly members: Members;
  readonly links: PeerLinks;
  readonly shelves: ShelfHost;
  readonly store: ChunkStore;
  /** The peers as the leader sees them. */
  readonly peers: (signal?: AbortSignal) => Promise<readonly PeerInfo[]>;
}

export class StorageReports {
  readonly #options: StorageReportsOptions;

  constructor(options: StorageReportsOptions) {
    this.#options = options;
  }

  /** The chains as the catalogue has them, with what each owner that answers knows of its links. */
  async backup(signal?: AbortSignal): Promise<readonly ShelfBackup[]> {
    const { members } = this.#options;
    await members.refresh(signal).catch(() => undefined); // then what was known last is shown
    signal?.throwIfAborted();
    const peers = await this.#options.peers(signal);
    const owners = new Set(members.shelves.flatMap(({ links }) => links[0]?.peer ?? []));
    const there = peers.filter(({ id, state }) => owners.has(id) && isThere(state));
    const accounts = await Promise.all(there.map(({ id }) => this.#askOwner(id, signal)));
    const known = new Map(accounts.flat().map((account) => [account.shelf, account]));
    return members.shelves.map((shelf) => this.#shelf(shelf, peers, known));
  }

  #shelf(shelf: ShelfRow, peers: readonly PeerInfo[], known: ReadonlyMap<ShelfId, OwnedShelf>): ShelfBackup {
    const { members } = this.#options;
    const home = members.peer(shelf.home ?? undefined)?.name;
    const stores = storagePeers(peers, members.shelves).length;
    return {
      shelf: shelf.shelf,
      ...(home === undefined ? {} : { home }),
      epoch: shelf.epoch,
      wanted: members.policy === undefined ? 1 : wantedCopies(shelf, members.policy, stores),
      revisions: shelf.revisions,
      bytes: shelf.sealedBytes,
      links: shelf.links.map((_, position) => linkOf(shelf, position, peers, known.get(shelf.shelf))),
    };
  }

  async #askOwner(owner: PeerId, signal: AbortSignal | undefined): Promise<readonly OwnedShelf[]> {
    const { links, self, shelves } = this.#options;
    if (owner === self) return shelves.status();
    try {
      return await links.call(owner, chainMethods.status, {}, { signal, timeoutMs: ownerAskedMs });
    } catch {
      signal?.throwIfAborted();
      return [];
    }
  }

  async space(signal?: AbortSignal): Promise<SpaceReport> {
    const { catalogue, store } = this.#options;
    const [peers, totals, stats] = await Promise.all([
      this.#options.peers(signal),
      catalogue.totals({ signal, stale: true }),
      store.stats(),
    ]);
    return {
      peers: peers
        .filter(({ capacityBytes, usedBytes }) => capacityBytes > 0 || usedBytes > 0)
        .map(({ id, name, state, capacityBytes, usedBytes, freeBytes }) => ({
          id,
          name,
          state,
          capacityBytes,
          usedBytes,
          freeBytes,
        })),
      logicalBytes: totals.counts.logicalBytes,
      storedBytes: totals.counts.storedBytes,
      own: { liveBytes: stats.bytes, deadBytes: stats.deadBytes, diskBytes: stats.diskBytes },
    };
  }
}

function linkOf(
  { links }: ShelfRow,
  position: number,
  peers: readonly PeerInfo[],
  account: OwnedShelf | undefined,
): BackupLink {
  const link = links[position] as ShelfRow["links"][number];
  const info = peers.find(({ id }) => id === link.peer);
  const state = info?.state ?? "down";
  const seen = account?.links.find(({ peer }) => peer === link.peer);
  const isOwner = position === 0 && account !== undefined;
  return {
    id: link.peer,
    name: info?.name ?? parsePeerName(link.peer),
    state,
    standing: standingOfLink(link, position, state),
    epoch: isOwner ? account.epoch : seen?.epoch,
    sequence: isOwner ? account.sequence : seen?.sequence,
    lagChanges: isOwner ? 0 : seen?.lagChanges,
    lagBytes: isOwner ? 0 : seen?.lagBytes,
    filledBytes: seen?.filledBytes,
    fillBytes: seen?.fillBytes,
    verifiedMs: seen?.lastVerifiedMs,
  };
}
