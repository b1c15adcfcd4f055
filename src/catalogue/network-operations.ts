/** Operations on the network as a whole: founding it, inviting and admitting its members. */
import { type PeerId, type PeerName, sharedUserName } from "../core/ids.ts";
import { openInvitesMax, peersMax } from "../core/limits.ts";
import { networkIdOf } from "../identity/network-keys.ts";
import { userIdOf } from "../identity/user-keys.ts";
import { type ApplyContext, type Handler, authorPeer, authorText } from "./apply-context.ts";
import { withSuccessor } from "./chain.ts";
import { idBytes } from "./id-bytes.ts";
import { forgetExpiredInvites } from "./invite-rows.ts";
import type { PeerDescription, PeerRole } from "./operation.ts";
import { addPeer, deletePeer, freeName, homeShelf } from "./peer-rows.ts";
import { requireThat } from "./refusal.ts";
import { addShelf, changeChains } from "./shelf-rows.ts";
import { addRoot } from "./tree.ts";
import { sharedUserRow } from "./user-rows.ts";

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
    .prepare(
      "INSERT INTO users (id, user, name, public_key, box_public_key, proof, root, is_admin, used_bytes, created_index, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?)",
    )
    .run(
      sharedUserRow,
      idBytes(sharedUser.id),
      sharedUserName,
      sharedUser.publicKey,
      sharedUser.boxPublicKey,
      sharedUser.proof,
      idBytes(sharedUser.rootDirectory),
      context.index,
      context.timeMs,
    );
  context.totals.users = sharedUserRow;
  addRoot(context, sharedUser.rootDirectory, sharedUserRow);
  addPeer(context, founder, { name: founder.name, role: "storage", inviteHash: null });
  if (founder.shelf !== null) addShelf(context, founder.id, founder.shelf);
  return { op };
};

/** Refuses with `exists` for a hash that is known, `usage` for one that has expired already, and `quota` when too many invites wait. */
export const addInvite: Handler<"addInvite"> = (context, { op, hash, expiresMs, uses, role }) => {
  const { command, database, timeMs, index } = context;
  requireThat(expiresMs > timeMs, "usage", "the invite would have expired already: check the clock");
  forgetExpiredInvites(context);
  const isKnown =
    database.prepare("SELECT 1 FROM invites WHERE hash = ?").get(hash) !== undefined || isUsed(context, hash);
  requireThat(!isKnown, "exists", "the invite is known already");
  const open = Number(database.prepare("SELECT count(*) AS open FROM invites").get()?.["open"]);
  requireThat(
    open < openInvitesMax,
    "quota",
    `${openInvitesMax} invites wait to be used: revoke some, or let them expire`,
  );
  database
    .prepare("INSERT INTO invites VALUES (?, ?, ?, ?, ?, ?)")
    .run(hash, expiresMs, uses, role, authorText(command.author), index);
  return { op };
};

/** Refuses with `not-found` for an invite that is unknown or used up. */
export const revokeInvite: Handler<"revokeInvite"> = ({ database }, { op, hash }) => {
  const removed = database.prepare("DELETE FROM invites WHERE hash = ?").run(hash);
  requireThat(removed === 1, "not-found", "the network knows no such invite: it is used, revoked or expired");
  return { op };
};

/** A machine that comes as a client gets no shelf and does not coordinate, whatever it offers. Refuses with `bad-invite` when the invite is unknown, used up or expired, `exists` for a member or a shelf that is taken, `quota` when the network is full, and, for one that replaces another, `not-found` when that one is no member and `usage` when it cannot be replaced. */
export const admitPeer: Handler<"admitPeer"> = (context, { op, inviteSecretHash, peer, replaces }) => {
  const { database } = context;
  const member = database.prepare("SELECT name, role, invite_hash FROM peers WHERE peer = ?").get(peer.id);
  if (member !== undefined) {
    const usedHash = member["invite_hash"] as Uint8Array | null;
    const isRepeated = usedHash !== null && Buffer.compare(usedHash, inviteSecretHash) === 0;
    requireThat(isRepeated, "exists", "the peer is a member already");
    return { op, name: member["name"] as PeerName, role: member["role"] as PeerRole, alreadyMember: true };
  }
  const role = useInvite(context, inviteSecretHash);
  const newcomer = { peer: asRole(peer, role), role, inviteHash: inviteSecretHash };
  const name = replaces === null ? admitNew(context, newcomer) : admitInPlace(context, newcomer, replaces);
  return { op, name, role, alreadyMember: false };
};

/** A peer that an invite lets in. */
interface Newcomer {
  readonly peer: PeerDescription;
  readonly role: PeerRole;
  readonly inviteHash: Uint8Array;
}

function asRole(peer: PeerDescription, role: PeerRole): PeerDescription {
  return role === "storage" ? peer : { ...peer, shelf: null, store: null, capacityBytes: 0, mayCoordinate: false };
}

/** A new member, under its own name or one like it. */
function admitNew(context: ApplyContext, { peer, role, inviteHash }: Newcomer): PeerName {
  const members = Number(context.database.prepare("SELECT count(*) AS members FROM peers").get()?.["members"]);
  requireThat(members < peersMax, "quota", `the network has ${peersMax} peers already`);
  const name = freeName(context, peer.name);
  addPeer(context, peer, { name, role, inviteHash });
  if (peer.shelf !== null) addShelf(context, peer.id, peer.shelf);
  return name;
}

/** A new member with an empty disk, under the name, on the shelf and in the places of another, which is one no more. */
function admitInPlace(context: ApplyContext, { peer, role, inviteHash }: Newcomer, replaced: PeerId): PeerName {
  const { database } = context;
  const name = database.prepare("SELECT name FROM peers WHERE peer = ?").get(replaced)?.["name"] as PeerName;
  requireThat(name !== undefined, "not-found", "the network has no such peer to replace");
  requireThat(replaced !== authorPeer(context), "usage", "the peer to replace is up: it is the one that was asked");
  const shelf = homeShelf(context, replaced);
  const mayReplace = peer.shelf !== null || shelf === undefined;
  requireThat(mayReplace, "usage", "a peer that stores nothing cannot replace one that keeps files");
  deletePeer(context, replaced);
  addPeer(context, peer, { name, role, inviteHash });
  if (shelf !== undefined) database.prepare("UPDATE shelves SET home = ? WHERE shelf = ?").run(peer.id, idBytes(shelf));
  else if (peer.shelf !== null) addShelf(context, peer.id, peer.shelf);
  changeChains(context, replaced, (links, copiesMax) => withSuccessor(links, replaced, peer.id, copiesMax));
  return name;
}

/** Uses an invite once, and returns what it makes of the machine. */
function useInvite(context: ApplyContext, hash: Uint8Array): PeerRole {
  const { database, timeMs } = context;
  const invite = database.prepare("SELECT expires_ms, uses_left, role FROM invites WHERE hash = ?").get(hash);
  requireThat(
    invite !== undefined || !isUsed(context, hash),
    "bad-invite",
    "the invite has been used: ask for a new one",
  );
  requireThat(invite !== undefined, "bad-invite", "the network does not know this invite: ask for a new one");
  requireThat(Number(invite["expires_ms"]) > timeMs, "bad-invite", "the invite has expired: ask for a new one");
  if (invite["uses_left"] === 1) database.prepare("DELETE FROM invites WHERE hash = ?").run(hash);
  else database.prepare("UPDATE invites SET uses_left = uses_left - 1 WHERE hash = ?").run(hash);
  return invite["role"] as PeerRole;
}

/** Whether a member has come by the invite. */
function isUsed({ database }: ApplyContext, hash: Uint8Array): boolean {
  return database.prepare("SELECT 1 FROM peers WHERE invite_hash = ?").get(hash) !== undefined;
}
