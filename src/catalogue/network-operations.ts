/** Operations on the network as a whole: founding it, inviting and admitting its members. */
import type { PeerId, PeerName } from "../core/ids.ts";
import { openInvitesMax, peersMax } from "../core/limits.ts";
import { networkIdOf } from "../identity/network-keys.ts";
import { userIdOf } from "../identity/user-keys.ts";
import { type ApplyContext, type Handler, authorPeer } from "./apply-context.ts";
import { withSuccessor } from "./chain.ts";
import { idBytes } from "./id-bytes.ts";
import type { PeerDescription } from "./operation.ts";
import { addPeer, deletePeer, freeName, homeShelf } from "./peer-rows.ts";
import { requireThat } from "./refusal.ts";
import { addShelf, changeChains } from "./shelf-rows.ts";
import { addNode, kindDirectory } from "./tree.ts";

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
  if (founder.shelf !== null) addShelf(context, founder.id, founder.shelf);
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

/** Refuses with `bad-invite` when the invite is unknown, used or expired, `exists` for a member or a shelf that is taken, `quota` when the network is full, and, for one that replaces another, `not-found` when that one is no member and `usage` when it cannot be replaced. */
export const admitPeer: Handler<"admitPeer"> = (context, { op, inviteSecretHash, peer, replaces }) => {
  const { database } = context;
  const member = database.prepare("SELECT name, invite_hash FROM peers WHERE peer = ?").get(peer.id);
  if (member !== undefined) {
    const usedHash = member["invite_hash"] as Uint8Array | null;
    const isRepeated = usedHash !== null && Buffer.compare(usedHash, inviteSecretHash) === 0;
    requireThat(isRepeated, "exists", "the peer is a member already");
    return { op, name: member["name"] as PeerName, alreadyMember: true };
  }
  useInvite(context, inviteSecretHash);
  const name =
    replaces === null
      ? admitNew(context, peer, inviteSecretHash)
      : admitInPlace(context, peer, replaces, inviteSecretHash);
  return { op, name, alreadyMember: false };
};

/** A new member, under its own name or one like it. */
function admitNew(context: ApplyContext, peer: PeerDescription, hash: Uint8Array): PeerName {
  const members = Number(context.database.prepare("SELECT count(*) AS members FROM peers").get()?.["members"]);
  requireThat(members < peersMax, "quota", `the network has ${peersMax} peers already`);
  const name = freeName(context, peer.name);
  addPeer(context, peer, name, hash);
  if (peer.shelf !== null) addShelf(context, peer.id, peer.shelf);
  return name;
}

/** A new member with an empty disk, under the name, on the shelf and in the places of another, which is one no more. */
function admitInPlace(context: ApplyContext, peer: PeerDescription, replaced: PeerId, hash: Uint8Array): PeerName {
  const { database } = context;
  const name = database.prepare("SELECT name FROM peers WHERE peer = ?").get(replaced)?.["name"] as PeerName;
  requireThat(name !== undefined, "not-found", "the network has no such peer to replace");
  requireThat(replaced !== authorPeer(context), "usage", "the peer to replace is up: it is the one that was asked");
  const shelf = homeShelf(context, replaced);
  const mayReplace = peer.shelf !== null || shelf === undefined;
  requireThat(mayReplace, "usage", "a peer that stores nothing cannot replace one that keeps files");
  deletePeer(context, replaced);
  addPeer(context, peer, name, hash);
  if (shelf !== undefined) database.prepare("UPDATE shelves SET home = ? WHERE shelf = ?").run(peer.id, idBytes(shelf));
  else if (peer.shelf !== null) addShelf(context, peer.id, peer.shelf);
  changeChains(context, replaced, (links, copiesMax) => withSuccessor(links, replaced, peer.id, copiesMax));
  return name;
}

function useInvite({ database, timeMs }: ApplyContext, hash: Uint8Array): void {
  const invite = database.prepare("SELECT expires_ms FROM invites WHERE hash = ?").get(hash);
  const isUsed = database.prepare("SELECT 1 FROM peers WHERE invite_hash = ?").get(hash) !== undefined;
  requireThat(!isUsed, "bad-invite", "the invite has been used: ask for a new one");
  requireThat(invite !== undefined, "bad-invite", "the network does not know this invite: ask for a new one");
  requireThat(Number(invite["expires_ms"]) > timeMs, "bad-invite", "the invite has expired: ask for a new one");
  database.prepare("DELETE FROM invites WHERE hash = ?").run(hash);
}
