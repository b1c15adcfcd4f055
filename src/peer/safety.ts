/** How many disks the files are on: every shelf's chain against what it should be, and what that means for puts and reads. */
import type { EntryRow, PeerRow, PolicyRow, ShelfRow } from "../catalogue/rows.ts";
import type { LinkStanding, PeerInfo, PeerState, SafetyStatus } from "../core/client.ts";
import type { PeerId, PeerName } from "../core/ids.ts";
import { type ChainLink, isFullLink } from "../core/shelf.ts";
import type { Members } from "./members.ts";

/** What safety is judged by: the chains as the catalogue has them, the peers as the leader sees them. */
export interface SafetyInput {
  readonly shelves: readonly ShelfRow[];
  readonly peers: readonly PeerInfo[];
  readonly policy: PolicyRow;
  /** Peers that vanished at once, where repair waits for that reason. */
  readonly halted: readonly PeerName[] | undefined;
}

/** Whether a peer in this state can be read from. */
export function isThere(state: PeerState | undefined): boolean {
  return state === "up" || state === "suspect";
}

/** How a link stands: by the catalogue, and by whether its peer is there. */
export function standingOfLink(link: ChainLink, position: number, state: PeerState | undefined): LinkStanding {
  if (!isThere(state)) return "away";
  if (position === 0) return "owner";
  if (isFullLink(link)) return "full";
  return link.isFilled ? "filling" : "new files only";
}

/** Disks that a shelf should be on: what is wanted, as far as there are peers. */
export function wantedCopies({ copiesMax }: ShelfRow, { copies }: PolicyRow, storagePeers: number): number {
  return Math.max(1, Math.min(Math.max(copies, copiesMax), storagePeers));
}

/** Peers that store files and are to stay. */
export function storagePeers(peers: readonly PeerInfo[], shelves: readonly ShelfRow[]): readonly PeerInfo[] {
  const homes = new Set(shelves.map(({ home }) => home));
  return peers.filter(({ id, storageOrder }) => homes.has(id) && storageOrder === undefined);
}

/** Members that store files and are to stay. */
export function storingPeers({ peers }: Pick<Members, "peers">): readonly PeerRow[] {
  return peers.filter(({ shelf, storageOrder }) => shelf !== null && storageOrder === null);
}

/** Disks that a file is to be on that asks for nothing else, as far as there are peers. */
export function usualCopies(members: Pick<Members, "peers" | "policy">): number {
  return Math.max(1, Math.min(members.policy?.copies ?? 1, storingPeers(members).length));
}

/**
 * Disks that a file is on by now, as far as the chain's claims go: a copy that was made only for the time being does not
 * count. What was said at its commit, where its chain is not known.
 */
export function copiesNow(
  members: Pick<Members, "shelf" | "policy">,
  row: Pick<EntryRow, "shelf" | "copies" | "copiesWanted">,
): number {
  const chain = row.shelf === null ? undefined : members.shelf(row.shelf);
  if (chain === undefined) return row.copies;
  const wanted = row.copiesWanted === 0 ? (members.policy?.copies ?? 1) : row.copiesWanted;
  return chain.links.filter(({ keepsFrom, hasFrom }) => keepsFrom <= wanted && hasFrom > 0 && hasFrom <= wanted).length;
}

export function safetyOf({ shelves, peers, policy, halted }: SafetyInput): SafetyStatus {
  const states = new Map<PeerId, PeerState>(peers.map(({ id, state }) => [id, state]));
  const stores = storagePeers(peers, shelves).length;
  let fewestCopies = Math.max(1, Math.min(policy.copies, stores));
  let belowRevisions = 0;
  let belowBytes = 0;
  let unreadableRevisions = 0;
  for (const shelf of shelves) {
    if (shelf.revisions === 0) continue;
    const full = shelf.links.filter((link) => isFullLink(link) && isThere(states.get(link.peer)));
    fewestCopies = Math.min(fewestCopies, full.length);
    if (full.length === 0) unreadableRevisions += shelf.revisions;
    if (full.length >= wantedCopies(shelf, policy, stores)) continue;
    belowRevisions += shelf.revisions;
    belowBytes += shelf.sealedBytes;
  }
  return { copies: policy.copies, fewestCopies, belowRevisions, belowBytes, unreadableRevisions, halted };
}
