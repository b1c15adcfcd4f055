/** Operations on members: what they say of themselves, what is ordered about them, and their leaving. */
import { encode } from "cborg";
import type { PeerId, StoreId } from "../core/ids.ts";
import { type ApplyContext, type Handler, authorPeer } from "./apply-context.ts";
import { withoutDisk, withoutPeer } from "./chain.ts";
import { idBytes, idText } from "./id-bytes.ts";
import { deletePeer, ensureShelf, isClient, nameHolder } from "./peer-rows.ts";
import { requireThat } from "./refusal.ts";
import { changeChains, isLinked, revisionsOnlyOn } from "./shelf-rows.ts";

/** Another `store` than the known one: the disk was lost, and no chain counts on it any more. Refuses with `permission` a client that offers storage or to coordinate, `exists` when the name or the shelf is another peer's, or the peer has another shelf, and `quota` when there are too many shelves. */
export const updatePeer: Handler<"updatePeer"> = (context, operation) => {
  const { op, name, addresses, zone, capacityBytes, shelf, store, mayCoordinate } = operation;
  const peer = authorPeer(context);
  const offers = shelf !== null || mayCoordinate;
  requireThat(
    !offers || !isClient(context, peer),
    "permission",
    "this machine joined as a client: to keep files or to coordinate it needs to join anew, with an invite for storage",
  );
  if (name !== null) {
    const holder = nameHolder(context, name);
    requireThat(
      holder === undefined || holder === peer,
      "exists",
      `another peer is called ${name}: choose another name`,
    );
  }
  const known = knownStore(context, peer);
  const isOtherDisk = store !== null && known !== undefined && store !== known;
  context.database
    .prepare(
      "UPDATE peers SET name = coalesce(?, name), addresses = ?, zone = ?, capacity_bytes = ?, store = coalesce(?, store), may_coordinate = ? WHERE peer = ?",
    )
    .run(
      name,
      encode(addresses),
      zone,
      capacityBytes,
      store === null ? null : idBytes(store),
      mayCoordinate ? 1 : 0,
      peer,
    );
  if (shelf !== null) ensureShelf(context, peer, shelf);
  if (isOtherDisk) changeChains(context, peer, (links, copiesMax) => withoutDisk(links, peer, copiesMax));
  context.totals.membersVersion = context.index;
  return { op };
};

/** Refuses with `not-found` for a peer that is not a member, and `usage` to add a client. */
export const orderCoordinator: Handler<"orderCoordinator"> = (context, { op, peer, order }) => {
  const { database, totals, index } = context;
  requireThat(order !== "add" || !isClient(context, peer), "usage", "a client does not coordinate");
  const changed = database.prepare("UPDATE peers SET coordinator_order = ? WHERE peer = ?").run(order, peer);
  requireThat(changed === 1, "not-found", "the network has no such peer");
  totals.membersVersion = index;
  return { op };
};

/** Refuses with `not-found` for a peer that is not a member. */
export const orderPeer: Handler<"orderPeer"> = ({ database, totals, index }, { op, peer, order }) => {
  const changed = database.prepare("UPDATE peers SET storage_order = ? WHERE peer = ?").run(order, peer);
  requireThat(changed === 1, "not-found", "the network has no such peer");
  totals.membersVersion = index;
  return { op };
};

/** Its name becomes free, and its shelf lives on without a home. Refuses with `not-found`, `busy` while a chain names the peer, and `usage` for the author itself, without whom there might be no member left. */
export const removePeer: Handler<"removePeer"> = (context, { op, peer }) => {
  const member = context.database.prepare("SELECT 1 FROM peers WHERE peer = ?").get(peer);
  requireThat(member !== undefined, "not-found", "the network has no such peer");
  const { author } = context.command;
  requireThat(
    !("peer" in author && author.peer === peer),
    "usage",
    "a peer cannot end its own membership: another one has to",
  );
  requireThat(!isLinked(context, peer), "busy", "the peer still keeps files that others count on: let it be emptied");
  deletePeer(context, peer);
  return { op };
};

/** Its invites that nobody has used end with it, and shelves that it kept alone wait for another peer. Refuses with `not-found`, and with `usage` for the author itself, and for one whose disk alone is known to have some revisions, unless they may be lost. */
export const revokePeer: Handler<"revokePeer"> = (context, { op, peer, mayLose }) => {
  const member = context.database.prepare("SELECT 1 FROM peers WHERE peer = ?").get(peer);
  requireThat(member !== undefined, "not-found", "the network has no such peer");
  const { author } = context.command;
  requireThat(
    !("peer" in author && author.peer === peer),
    "usage",
    "a peer cannot end its own membership: another one has to",
  );
  const lost = mayLose ? 0 : revisionsOnlyOn(context, peer);
  requireThat(
    lost === 0,
    "usage",
    `the peer alone has ${lost} revisions, which would be lost: give them up with --force, or wait until they are copied`,
  );
  changeChains(context, peer, (links, copiesMax) => withoutPeer(links, peer, copiesMax));
  deletePeer(context, peer);
  return { op };
};

function knownStore({ database }: ApplyContext, peer: PeerId): StoreId | undefined {
  const store = database.prepare("SELECT store FROM peers WHERE peer = ?").get(peer)?.["store"];
  return store instanceof Uint8Array ? idText<StoreId>(store) : undefined;
}
