/** Operations of peers: founding, inviting, admitting, describing themselves, ending leases. */
import { encode } from "cborg";
import { type PeerId, type PeerName, type ShelfId, digestOf } from "../core/ids.ts";
import { endedLeaseMs, openInvitesMax, peersMax } from "../core/limits.ts";
import { networkIdOf } from "../identity/network-keys.ts";
import { userIdOf } from "../identity/user-keys.ts";
import { type ApplyContext, type Handler, authorPeer } from "./apply-context.ts";
import type { PeerDescription } from "./operation.ts";
import { requireThat } from "./refusal.ts";
import { addNode, kindDirectory } from "./tree.ts";
import { idBytes } from "./id-bytes.ts";

const peerNameCharactersMax = 63;

/** Refuses with `exists` in a network that is founded, `permission` unless the author is the founder, and `integrity` for ids that are not the hashes of their keys. */
export const initNetwork: Handler<"initNetwork"> = (context, operation) => {
  const { op, network, networkPublicKey, sharedUser, founder } = operation;
  const { database } = context;
  requireThat(
    database.prepare("SELECT 1 FROM network").get() === undefined,
    "exists",
    "the network is founded already",
  );
  requireThat(founder.id === authorPeer(context), "permission", "only the founder can found a network");
  const isSound = network === networkIdOf(networkPublicKey) && network === context.command.network;
  requireThat(
    isSound && sharedUser.id === userIdOf(sharedUser.publicKey),
    "integrity",
    "an id is not the hash of its key",
  );
  database
    .prepare("INSERT INTO network VALUES (1, ?, ?, ?, ?)")
    .run(idBytes(network), networkPublicKey, idBytes(sharedUser.id), context.timeMs);
  database
    .prepare("INSERT INTO users VALUES (1, ?, ?, ?, ?)")
    .run(idBytes(sharedUser.id), sharedUser.publicKey, idBytes(sharedUser.rootDirectory), context.index);
  const root = { node: sharedUser.rootDirectory, kind: kindDirectory, attributes: new Uint8Array(0) };
  addNode(context, root, 1);
  addPeer(context, founder, founder.name, null);
  return { op };
};

/** Refuses with `exists` for a hash that is known, `usage` for one that has expired already, and `quota` when too many invites wait. */
export const addInvite: Handler<"addInvite"> = (context, { op, hash, expiresMs }) => {
  const { database, timeMs, index } = context;
  requireThat(expiresMs > timeMs, "usage", "the invite would have expired already: check the clock");
  database.prepare("DELETE FROM invites WHERE expires_ms <= ?").run(timeMs);
  const isKnown =
    database.prepare("SELECT 1 FROM invites WHERE hash = ?").get(hash) !== undefined ||
    database.prepare("SELECT 1 FROM peers WHERE invite_hash = ?").get(hash) !== undefined;
  requireThat(!isKnown, "exists", "the invite is known already");
  const open = Number(database.prepare("SELECT count(*) AS open FROM invites").get()?.["open"]);
  requireThat(open < openInvitesMax, "quota", `${openInvitesMax} invites wait to be used: let some expire first`);
  database.prepare("INSERT INTO invites VALUES (?, ?, ?, ?)").run(hash, expiresMs, authorPeer(context), index);
  return { op };
};

/** Refuses with `bad-invite` when the invite is unknown, used or expired, `exists` for a member, and `quota` when the network is full. */
export const admitPeer: Handler<"admitPeer"> = (context, { op, inviteSecretHash, peer }) => {
  const { database } = context;
  const member = database.prepare("SELECT name, invite_hash FROM peers WHERE peer = ?").get(peer.id);
  if (member !== undefined) {
    const usedHash = member["invite_hash"] as Uint8Array | null;
    const isRepeated = usedHash !== null && Buffer.compare(usedHash, inviteSecretHash) === 0;
    requireThat(isRepeated, "exists", "the peer is a member already");
    return { op, name: member["name"] as PeerName, alreadyMember: true };
  }
  useInvite(context, inviteSecretHash);
  const members = Number(database.prepare("SELECT count(*) AS members FROM peers").get()?.["members"]);
  requireThat(members < peersMax, "quota", `the network has ${peersMax} peers already`);
  const name = freeName(context, peer.name);
  addPeer(context, peer, name, inviteSecretHash);
  return { op, name, alreadyMember: false };
};

/** Refuses with `exists` when the name or the shelf is another peer's, or the peer has another shelf. */
export const updatePeer: Handler<"updatePeer"> = (context, operation) => {
  const { op, name, addresses, zone, capacityBytes, shelf, mayCoordinate } = operation;
  const peer = authorPeer(context);
  if (name !== null) {
    const holder = nameHolder(context, name);
    requireThat(
      holder === undefined || holder === peer,
      "exists",
      `another peer is called ${name}: choose another name`,
    );
  }
  context.database
    .prepare(
      "UPDATE peers SET name = coalesce(?, name), addresses = ?, zone = ?, capacity_bytes = ?, may_coordinate = ? WHERE peer = ?",
    )
    .run(name, encode(addresses), zone, capacityBytes, mayCoordinate ? 1 : 0, peer);
  if (shelf !== null) ensureShelf(context, peer, shelf);
  context.totals.membersVersion = context.index;
  return { op };
};

/** Refuses with `permission` unless the author owns the shelf. A lease that has ended already stays so and is answered again. */
export const endLease: Handler<"endLease"> = (context, { op, shelf, lease, fileKeys }) => {
  const { database, index, timeMs } = context;
  const shelfBytes = idBytes(shelf);
  const owner = database.prepare("SELECT owner FROM shelves WHERE shelf = ?").get(shelfBytes)?.["owner"];
  requireThat(owner === authorPeer(context), "permission", "only the owner of a shelf can end its leases");
  database.prepare("DELETE FROM ended_leases WHERE ended_ms < ?").run(timeMs - endedLeaseMs);
  database
    .prepare("INSERT INTO ended_leases VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")
    .run(shelfBytes, idBytes(lease), index, timeMs);
  const reference = database.prepare("SELECT 1 FROM revisions WHERE file_key = ? AND shelf = ? LIMIT 1");
  return { op, referenced: fileKeys.filter((key) => reference.get(digestOf(key), shelfBytes) !== undefined) };
};

/** Refuses with `not-found` for a peer that is not a member. */
export const orderCoordinator: Handler<"orderCoordinator"> = ({ database, totals, index }, { op, peer, order }) => {
  const changed = database.prepare("UPDATE peers SET coordinator_order = ? WHERE peer = ?").run(order, peer);
  requireThat(changed === 1, "not-found", "the network has no such peer");
  totals.membersVersion = index;
  return { op };
};

function useInvite({ database, timeMs }: ApplyContext, hash: Uint8Array): void {
  const invite = database.prepare("SELECT expires_ms FROM invites WHERE hash = ?").get(hash);
  const isUsed = database.prepare("SELECT 1 FROM peers WHERE invite_hash = ?").get(hash) !== undefined;
  requireThat(!isUsed, "bad-invite", "the invite has been used: ask for a new one");
  requireThat(invite !== undefined, "bad-invite", "the network does not know this invite: ask for a new one");
  requireThat(Number(invite["expires_ms"]) > timeMs, "bad-invite", "the invite has expired: ask for a new one");
  database.prepare("DELETE FROM invites WHERE hash = ?").run(hash);
}

function addPeer(context: ApplyContext, peer: PeerDescription, name: PeerName, inviteHash: Uint8Array | null): void {
  const { database, index, timeMs, totals } = context;
  database
    .prepare("INSERT INTO peers VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?, ?)")
    .run(
      peer.id,
      name,
      encode(peer.addresses),
      peer.zone,
      peer.capacityBytes,
      peer.mayCoordinate ? 1 : 0,
      inviteHash,
      index,
      timeMs,
    );
  if (peer.shelf !== null) ensureShelf(context, peer.id, peer.shelf);
  totals.membersVersion = index;
}

/** Gives the peer its one shelf, unless it has this one already. */
function ensureShelf({ database, index }: ApplyContext, peer: PeerId, shelf: ShelfId): void {
  const own = database.prepare("SELECT shelf FROM shelves WHERE owner = ?").get(peer)?.["shelf"];
  if (own !== undefined) {
    const isSame = Buffer.compare(own as Uint8Array, idBytes(shelf)) === 0;
    requireThat(isSame, "exists", "the peer has another shelf already");
    return;
  }
  const isTaken = database.prepare("SELECT 1 FROM shelves WHERE shelf = ?").get(idBytes(shelf)) !== undefined;
  requireThat(!isTaken, "exists", "the shelf is another peer's: choose a new random id");
  database.prepare("INSERT INTO shelves VALUES (?, ?, ?)").run(idBytes(shelf), peer, index);
}

function nameHolder({ database }: ApplyContext, name: string): string | undefined {
  return database.prepare("SELECT peer FROM peers WHERE name = ?").get(name)?.["peer"] as string | undefined;
}

/** `wanted`, or with `-2`, `-3` … the first that no peer has; ends because there are at most `peersMax` peers. */
function freeName(context: ApplyContext, wanted: PeerName): PeerName {
  let name = wanted;
  for (let number = 2; nameHolder(context, name) !== undefined; number += 1) {
    const suffix = `-${number}`;
    name = (wanted.slice(0, peerNameCharactersMax - suffix.length) + suffix) as PeerName;
  }
  return name;
}
