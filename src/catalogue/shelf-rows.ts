/** The shelves' rows: looking at a chain, and changing it, which always makes it the next epoch. */
import type { PeerId, ShelfId } from "../core/ids.ts";
import { shelvesMax } from "../core/limits.ts";
import type { ChainLink } from "../core/shelf.ts";
import { type ApplyContext, authorPeer } from "./apply-context.ts";
import { type Chain, claimsAlone, decodeLinks, encodeLinks, firstLinks } from "./chain.ts";
import { idBytes, idText } from "./id-bytes.ts";
import { Refusal, requireThat } from "./refusal.ts";

/** What names a chain that somebody goes by. */
interface ChainName {
  readonly shelf: ShelfId;
  readonly epoch: number;
}

/** The chain of a shelf at the epoch that the operation names. Refuses with `not-found`, and with `moved` at another epoch. */
export function requireChain({ known }: ApplyContext, { shelf, epoch }: ChainName): Chain {
  const chain = known.chain(shelf);
  requireThat(chain !== undefined, "not-found", "the network has no such shelf");
  if (chain.epoch !== epoch)
    throw new Refusal("moved", `the shelf's chain has changed, to epoch ${chain.epoch}: look who owns it now`);
  return chain;
}

/** The chain, where the author owns the shelf. Refuses as requireChain does, and with `permission`. */
export function requireOwnChain(context: ApplyContext, name: ChainName): Chain {
  const chain = requireChain(context, name);
  requireThat(chain.links[0]?.peer === authorPeer(context), "permission", "only the owner of a shelf can do this");
  return chain;
}

/** Gives a shelf other links, in the epoch after `epoch`, which is returned. */
export function saveLinks(context: ApplyContext, { shelf, epoch }: ChainName, links: readonly ChainLink[]): number {
  const { database, known, totals, index } = context;
  database
    .prepare("UPDATE shelves SET epoch = ?, links = ? WHERE shelf = ?")
    .run(epoch + 1, encodeLinks(links), idBytes(shelf));
  known.forgetChain(shelf);
  totals.membersVersion = index;
  return epoch + 1;
}

/** Changes every chain that names the peer. `change` is told the most copies that any file on the shelf wants. */
export function changeChains(
  context: ApplyContext,
  peer: PeerId,
  change: (links: readonly ChainLink[], copiesMax: number) => readonly ChainLink[],
): void {
  // What it goes by must not depend on how entries are batched.
  context.rowCounts.save(context.database);
  const { copies } = context.known.policy();
  for (const { shelf, epoch, links, copiesMax } of chainsOf(context, peer))
    saveLinks(context, { shelf, epoch }, change(links, Math.max(copies, copiesMax)));
}

/** Revisions that no link of their shelf's chain but the peer claims to have. */
export function revisionsOnlyOn(context: ApplyContext, peer: PeerId): number {
  const { copies: usual } = context.known.policy();
  const countByCopies = context.database.prepare(
    "SELECT copies_wanted AS copies, count(*) AS revisions FROM revisions WHERE shelf = ? GROUP BY copies_wanted",
  );
  let revisions = 0;
  for (const { shelf, links } of chainsOf(context, peer))
    for (const row of countByCopies.all(idBytes(shelf))) {
      const copies = Number(row["copies"]);
      if (claimsAlone(links, peer, copies === 0 ? usual : copies)) revisions += Number(row["revisions"]);
    }
  return revisions;
}

/** Whether any chain names the peer. */
export function isLinked(context: ApplyContext, peer: PeerId): boolean {
  return chainsOf(context, peer).length > 0;
}

/** Adds a shelf whose home is the peer. Refuses with `exists` when there is such a shelf, and `quota` when there are too many. */
export function addShelf({ database, index }: ApplyContext, peer: PeerId, shelf: ShelfId): void {
  const isTaken = database.prepare("SELECT 1 FROM shelves WHERE shelf = ?").get(idBytes(shelf)) !== undefined;
  requireThat(!isTaken, "exists", "the shelf is another peer's: choose a new random id");
  const shelves = Number(database.prepare("SELECT count(*) AS shelves FROM shelves").get()?.["shelves"]);
  requireThat(
    shelves < shelvesMax,
    "quota",
    `the network has ${shelvesMax} shelves already: let a new peer replace one`,
  );
  database
    .prepare("INSERT INTO shelves VALUES (?, ?, 1, ?, 0, 0, 0, ?)")
    .run(idBytes(shelf), peer, encodeLinks(firstLinks(peer)), index);
}

function chainsOf({ database }: ApplyContext, peer: PeerId): readonly (ChainName & Chain & { copiesMax: number })[] {
  return database
    .prepare("SELECT shelf, epoch, links, copies_max FROM shelves ORDER BY shelf LIMIT ?")
    .all(shelvesMax)
    .map((row) => ({
      shelf: idText<ShelfId>(row["shelf"] as Uint8Array),
      epoch: Number(row["epoch"]),
      links: decodeLinks(row["links"] as Uint8Array),
      copiesMax: Number(row["copies_max"]),
    }))
    .filter(({ links }) => links.some((link) => link.peer === peer));
}
