/** Peers in the order of their backup pairs: each followed by the peer that backs it up, which mostly makes one ring. */
import type { BackupLink, ShelfBackup } from "../../core/client.ts";
import type { PeerName } from "../../core/ids.ts";

/** One peer's files and the disks behind its own. */
export interface Pair {
  /** Whose files they are. */
  readonly home: PeerName;
  readonly shelf: ShelfBackup;
  /** Who has copies, the next in line first. */
  readonly backups: readonly BackupLink[];
}

/** Peers that follow each other; a ring where the last one is backed up by the first. */
export interface Ring {
  readonly pairs: readonly Pair[];
  readonly isClosed: boolean;
}

/** Every shelf with a home, in rings and, where those are not closed, rows that end at a peer of another one or at none. */
export function ringsOf(shelves: readonly ShelfBackup[]): readonly Ring[] {
  const pairs = shelves.flatMap((shelf) => (shelf.home === undefined ? [] : [pairOf(shelf, shelf.home)]));
  const byHome = new Map(pairs.map((pair) => [pair.home, pair]));
  const placed = new Set<PeerName>();
  const rings: Ring[] = [];
  const place = (ring: Ring): void => {
    for (const { home } of ring.pairs) placed.add(home);
    rings.push(ring);
  };
  for (const pair of pairs) {
    const cycle = cycleFrom(pair, byHome);
    if (cycle !== undefined && !placed.has(pair.home)) place({ pairs: cycle, isClosed: true });
  }
  const followed = new Set(pairs.flatMap(({ home, backups }) => (placed.has(home) ? [] : (backups[0]?.name ?? []))));
  // Those that nobody of the rest is backed up by begin a row; what is left then follows one of them.
  for (const pair of pairs.toSorted((a, b) => Number(followed.has(a.home)) - Number(followed.has(b.home)))) {
    if (placed.has(pair.home)) continue;
    place({ pairs: rowFrom(pair, byHome, placed), isClosed: false });
  }
  return rings;
}

function pairOf(shelf: ShelfBackup, home: PeerName): Pair {
  return { home, shelf, backups: shelf.links.filter(({ name }) => name !== home) };
}

/** The pairs from `first` on until it comes again; undefined where it does not. */
function cycleFrom(first: Pair, byHome: ReadonlyMap<PeerName, Pair>): readonly Pair[] | undefined {
  const pairs = new Set([first]);
  for (let next = follower(first, byHome); next !== undefined; next = follower(next, byHome)) {
    if (next === first) return [...pairs];
    if (pairs.has(next)) return undefined;
    pairs.add(next);
  }
  return undefined;
}

function rowFrom(first: Pair, byHome: ReadonlyMap<PeerName, Pair>, placed: ReadonlySet<PeerName>): readonly Pair[] {
  const pairs = new Set([first]);
  for (let next = follower(first, byHome); next !== undefined; next = follower(next, byHome)) {
    if (placed.has(next.home) || pairs.has(next)) break;
    pairs.add(next);
  }
  return [...pairs];
}

function follower({ backups }: Pair, byHome: ReadonlyMap<PeerName, Pair>): Pair | undefined {
  const next = backups[0]?.name;
  return next === undefined ? undefined : byHome.get(next);
}
