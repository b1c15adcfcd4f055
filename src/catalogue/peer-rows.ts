/** The members' rows, with their names and shelves. */
import { encode } from "cborg";
import type { PeerId, PeerName, ShelfId } from "../core/ids.ts";
import { type ApplyContext, authorText } from "./apply-context.ts";
import { idBytes, idText } from "./id-bytes.ts";
import type { PeerDescription, PeerRole } from "./operation.ts";
import { requireThat } from "./refusal.ts";
import { addShelf } from "./shelf-rows.ts";

const peerNameCharactersMax = 63;

/** What a new member is besides what it says of itself. */
interface Admission {
  readonly name: PeerName;
  readonly role: PeerRole;
  /** Of the invite that it came by; null for the founder. */
  readonly inviteHash: Uint8Array | null;
}

/** Adds a member, without a shelf. */
export function addPeer(context: ApplyContext, peer: PeerDescription, { name, role, inviteHash }: Admission): void {
  const { database, index, timeMs, totals } = context;
  database
    .prepare(
      "INSERT INTO peers (peer, name, addresses, zone, capacity_bytes, store, may_coordinate, role, invite_hash, joined_index, joined_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .run(
      peer.id,
      name,
      encode(peer.addresses),
      peer.zone,
      peer.capacityBytes,
      peer.store === null ? null : idBytes(peer.store),
      peer.mayCoordinate ? 1 : 0,
      role,
      inviteHash,
      index,
      timeMs,
    );
  totals.membersVersion = index;
}

/** Removes a member, with the invites of it that nobody has used; its shelf stays, without a home. */
export function deletePeer({ database, totals, index }: ApplyContext, peer: PeerId): void {
  database.prepare("UPDATE shelves SET home = NULL WHERE home = ?").run(peer);
  database.prepare("DELETE FROM invites WHERE created_by = ?").run(authorText({ peer }));
  database.prepare("DELETE FROM peers WHERE peer = ?").run(peer);
  totals.membersVersion = index;
}

/** Whether the peer is a member that only uses the network. */
export function isClient({ database }: ApplyContext, peer: PeerId): boolean {
  return database.prepare("SELECT role FROM peers WHERE peer = ?").get(peer)?.["role"] === "client";
}

/** The shelf whose home the peer is. */
export function homeShelf({ database }: ApplyContext, peer: PeerId): ShelfId | undefined {
  const shelf = database.prepare("SELECT shelf FROM shelves WHERE home = ?").get(peer)?.["shelf"];
  return shelf === undefined ? undefined : idText<ShelfId>(shelf as Uint8Array);
}

/** Gives the peer its one shelf, unless it has this one already. Refuses with `exists` and `quota`. */
export function ensureShelf(context: ApplyContext, peer: PeerId, shelf: ShelfId): void {
  const own = homeShelf(context, peer);
  if (own === undefined) addShelf(context, peer, shelf);
  else requireThat(own === shelf, "exists", "the peer has another shelf already");
}

/** The peer that has the name. */
export function nameHolder({ database }: ApplyContext, name: string): PeerId | undefined {
  return database.prepare("SELECT peer FROM peers WHERE name = ?").get(name)?.["peer"] as PeerId | undefined;
}

/** `wanted`, or with `-2`, `-3` … the first that no peer has; ends because there are at most `peersMax` peers. */
export function freeName(context: ApplyContext, wanted: PeerName): PeerName {
  let name = wanted;
  for (let number = 2; nameHolder(context, name) !== undefined; number += 1) {
    const suffix = `-${number}`;
    name = (wanted.slice(0, peerNameCharactersMax - suffix.length) + suffix) as PeerName;
  }
  return name;
}
