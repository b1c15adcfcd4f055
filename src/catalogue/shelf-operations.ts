/** Operations on shelves: the leader's orders to their chains, and what their owners report, end and drop. */
import { keyList, withList } from "../core/digest-list.ts";
import type { FileKey } from "../core/ids.ts";
import { endedLeaseMs } from "../core/limits.ts";
import type { ChainLink } from "../core/shelf.ts";
import type { ApplyContext, Handler } from "./apply-context.ts";
import { withClaim, withinKept } from "./chain.ts";
import { forgetKeys } from "./drops.ts";
import { idBytes } from "./id-bytes.ts";
import { requireThat } from "./refusal.ts";
import { requireChain, requireOwnChain, saveLinks } from "./shelf-rows.ts";

/** No link claims more than it keeps, whatever the order says. Refuses with `not-found` (shelf or peer), `moved`, and `usage` for an owner that does not keep everything, and a peer that is named twice or stores nothing. */
export const orderChain: Handler<"orderChain"> = (context, { op, shelf, epoch, links }) => {
  requireChain(context, { shelf, epoch });
  requireThat(links[0]?.keepsFrom === 1, "usage", "the owner of a shelf keeps every file on it");
  requireStoringPeers(context, links);
  return { op, epoch: saveLinks(context, { shelf, epoch }, withinKept(links)) };
};

/** Refuses with `not-found` (shelf, or link of its chain), `moved`, and `permission` unless the author owns the shelf. */
export const reportLink: Handler<"reportLink"> = (context, { op, shelf, epoch, peer, hasFrom }) => {
  const { links } = requireOwnChain(context, { shelf, epoch });
  const isLink = links.some((link) => link.peer === peer);
  requireThat(isLink, "not-found", "the peer is no link of the shelf's chain");
  return { op, epoch: saveLinks(context, { shelf, epoch }, withClaim(links, peer, hasFrom)) };
};

/** Refuses with `not-found`, `moved`, and `permission` unless the author owns the shelf. A lease that has ended already stays so and is answered again. */
export const endLease: Handler<"endLease"> = (context, { op, shelf, epoch, lease, fileKeys }) => {
  const { database, index, known, timeMs } = context;
  requireOwnChain(context, { shelf, epoch });
  known.forgetLeases();
  const shelfBytes = idBytes(shelf);
  database.prepare("DELETE FROM ended_leases WHERE ended_ms < ?").run(timeMs - endedLeaseMs);
  database
    .prepare("INSERT INTO ended_leases VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")
    .run(shelfBytes, idBytes(lease), index, timeMs);
  const referenced = database
    .prepare(
      `${withList} SELECT at FROM list
       WHERE EXISTS (SELECT 1 FROM revisions WHERE shelf = ?2 AND file_key = list.digest) ORDER BY at`,
    )
    .all(keyList(fileKeys), shelfBytes);
  return { op, referenced: referenced.map((row) => fileKeys[row["at"] as number] as FileKey) };
};

/** Keys that are not noted, or no longer, are passed over. Refuses with `not-found`, `moved`, and `permission` unless the author owns the shelf. */
export const forgetDrops: Handler<"forgetDrops"> = (context, { op, shelf, epoch, fileKeys }) => {
  requireOwnChain(context, { shelf, epoch });
  forgetKeys(context, shelf, fileKeys);
  return { op };
};

function requireStoringPeers({ database }: ApplyContext, links: readonly ChainLink[]): void {
  const peers = new Set(links.map(({ peer }) => peer));
  requireThat(peers.size === links.length, "usage", "a chain cannot name a peer twice");
  const look = database.prepare("SELECT s.shelf FROM peers p LEFT JOIN shelves s ON s.home = p.peer WHERE p.peer = ?");
  for (const peer of peers) {
    const row = look.get(peer);
    requireThat(row !== undefined, "not-found", "the network has no such peer");
    requireThat(row["shelf"] !== null, "usage", "a peer that stores nothing cannot be a link of a chain");
  }
}
