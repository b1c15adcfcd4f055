/** The operations of the catalogue: what a command can ask for, field by field, and who may ask. */
import { DfsError } from "../core/errors.ts";
import {
  type LeaseId,
  type NetworkId,
  type NodeId,
  type ShelfId,
  type StoreId,
  type UserId,
  digestBytes,
  parsePeerId,
  parsePeerName,
  randomIdBytes,
} from "../core/ids.ts";
import {
  addressBytesMax,
  attributesBytesMax,
  copiesMax,
  inviteUsesMax,
  keyGenerationsMax,
  leaseKeysMax,
  nameTokenBytesMax,
  peerAddressesMax,
  peerIdBytesMax,
  peerNameBytesMax,
  recordsPerCallMax,
  retainMsMax,
  retainRevisionsMax,
  sharedKeyringBytesMax,
  sharesPerNodeMax,
  userNameBytesMax,
  wrappedKeyBytesMax,
  zoneBytesMax,
} from "../core/limits.ts";
import { peerPublicKey } from "../identity/peer-identity.ts";
import { type ValueOf, boolean, byteString, checkedText, fileKeyWire, hexId } from "./wire.ts";
import { linkClaim, linksWire } from "./chain.ts";
import { list, nullable, record, tagged } from "./compound-wire.ts";
import { oneOf, peerIdWire, text, wholeNumber } from "./wire.ts";

const nodeId = hexId<NodeId>(randomIdBytes);
const userId = hexId<UserId>(randomIdBytes);
const shelfId = hexId<ShelfId>(randomIdBytes);
const storeId = hexId<StoreId>(randomIdBytes);
const leaseId = hexId<LeaseId>(randomIdBytes);
const token = byteString(1, nameTokenBytesMax);
const attributes = byteString(0, attributesBytesMax);
/** The number of the newest key of a directory or file, by which what the operation carries was sealed: another is refused with `rekeyed`. */
const generation = wholeNumber(1, keyGenerationsMax);
const sealedShare = byteString(0, sharedKeyringBytesMax);
const digest = byteString(digestBytes, digestBytes);
const count = wholeNumber(0);
const copies = wholeNumber(1, copiesMax);

const peerName = checkedText(peerNameBytesMax, parsePeerName);

/** A peer whose id holds the Ed25519 key that its commands are signed with. */
const signingPeerId = checkedText(peerIdBytesMax, (text) => {
  const peer = parsePeerId(text);
  if (peerPublicKey(peer) === undefined) throw new DfsError("usage", "the peer id holds no Ed25519 key");
  return peer;
});

const reach = {
  addresses: list(text(addressBytesMax), 0, peerAddressesMax),
  zone: text(zoneBytesMax),
  /** Bytes that the peer offers; 0 for one without a shelf, and for one that offers all there is. */
  capacityBytes: count,
  /** The peer's shelf; null for a peer that stores nothing. */
  shelf: nullable(shelfId),
  /** The chunk store on the peer's disk; null where there is none, or the peer cannot tell yet. */
  store: nullable(storeId),
  /** Whether the peer offers to be a coordinator. */
  mayCoordinate: boolean,
};

const peerDescription = record({ id: signingPeerId, name: peerName, ...reach });

/** What a machine is to the network: one that may keep files for it, or one that only uses it. */
export const peerRoles = ["storage", "client"] as const;

const saltBytes = 16;
const signatureBytes = 64;
/** A user's own signature of its name, box key and root directory, for whoever uses the row: see verifyUserProof. */
const userProof = byteString(signatureBytes, signatureBytes);
/** What a login needs: the salt of the password, the SHA-256 of its proof, and the root key that it wraps. */
const credential = record({
  salt: byteString(saltBytes, saltBytes),
  verifier: digest,
  wrappedKey: byteString(1, wrappedKeyBytesMax),
});

/** A shelf and the epoch of the chain that the author knows: another one is refused with `moved`. */
const chain = { shelf: shelfId, epoch: wholeNumber(1) };

/** A name binding: the token `token` in the directory `parent` stands for `node`. */
const binding = { parent: nodeId, token, node: nodeId };

/** The wrap, sealed once more for the owner of the tree: all that is kept of it once the name has ended. */
const pastWrap = attributes;

/** What the keys of a revision are: those of a new file stand in its wrap, sealed by the directory; a next revision has none. */
const revisionKeys = {
  wrap: nullable(attributes),
  /** Empty for a next revision. */
  pastWrap,
  /** Of the directory for a new file, of the file for a next revision. */
  generation,
};

/** Every operation by its name. The names travel and stay in logs: they are never changed. */
const operations = {
  /** Founds the network in an empty catalogue; its author is the founder. */
  initNetwork: record({
    network: hexId<NetworkId>(digestBytes),
    networkPublicKey: digest,
    sharedUser: record({
      id: userId,
      publicKey: digest,
      boxPublicKey: digest,
      proof: userProof,
      rootDirectory: nodeId,
    }),
    founder: peerDescription,
  }),
  /** Makes an invite known by the SHA-256 of its secret; it admits so many machines, each as what `role` says, until `expiresMs`. */
  addInvite: record({ hash: digest, expiresMs: count, uses: wholeNumber(1, inviteUsesMax), role: oneOf(peerRoles) }),
  /** Takes an invite back. */
  revokeInvite: record({ hash: digest }),
  /** Uses an invite and makes the peer a member, in the place of the member that it `replaces`, or of none. */
  admitPeer: record({ inviteSecretHash: digest, peer: peerDescription, replaces: nullable(peerIdWire) }),
  /** Changes the author's own entry; `name` null keeps the name, `shelf` adds one where there was none, another `store` tells that the disk was lost. */
  updatePeer: record({ name: nullable(peerName), ...reach }),
  /** `attributes` is the wrap, sealed by the directory `parent`. */
  makeDirectory: record({ ...binding, parentGeneration: generation, attributes, pastWrap }),
  /** Commits a revision. `baseRevision` is the revision that it replaces, 0 for a new file. */
  putFile: record({
    ...binding,
    ...revisionKeys,
    baseRevision: count,
    fileKey: fileKeyWire,
    /** Plaintext bytes. */
    sizeBytes: count,
    /** Bytes of all sealed chunks of this revision. */
    sealedBytes: count,
    /** Of those, bytes that the shelf did not have before. */
    addedBytes: count,
    attributes,
    ...chain,
    lease: leaseId,
    /** Disks that the content is on when this commits. */
    copies: wholeNumber(1),
    /** Disks that it is to be on; 0 leaves that to the policy, as it is at any time. */
    copiesWanted: wholeNumber(0, copiesMax),
    /** From when on the file may be ended, in milliseconds since 1970; null for a file that stays. */
    expiresMs: nullable(count),
  }),
  /** Commits a revision with the content of another file's revision. */
  copyFile: record({
    ...binding,
    ...revisionKeys,
    baseRevision: count,
    sourceNode: nodeId,
    sourceRevision: wholeNumber(1),
    attributes,
  }),
  /** Binds `node` to another name, with a new wrap; `replace` is the file that it takes the place of, null for none. */
  move: record({
    fromParent: nodeId,
    fromToken: token,
    toParent: nodeId,
    toToken: token,
    node: nodeId,
    replace: nullable(nodeId),
    /** Of the directory `toParent`. */
    parentGeneration: generation,
    attributes,
    pastWrap,
  }),
  /** Ends a name binding; a directory must be empty. */
  removeEntry: record({ ...binding, kind: oneOf(["file", "directory"]) }),
  /**
   * Brings back `node`, which has ended with the name `fromToken` in `fromParent`, under a name of its owner's tree, with a
   * new wrap that holds `generation` keys: those that it had, or one more.
   */
  reopenEntry: record({
    ...binding,
    fromParent: nodeId,
    fromToken: token,
    /** Of the directory `parent`. */
    parentGeneration: generation,
    generation,
    attributes,
    pastWrap,
  }),
  /**
   * Gives a node a new key: one more than `fromGeneration`, in a new wrap. `shares` renews the share of each grantee that
   * the node has, but for `drop`, whose share ends; null drops none.
   */
  rekey: record({
    ...binding,
    parentGeneration: generation,
    fromGeneration: generation,
    attributes,
    pastWrap,
    shares: list(record({ grantee: userId, sealed: sealedShare }), 0, sharesPerNodeMax),
    drop: nullable(userId),
  }),
  /** Gives another user a node of the author's: its keyring, sealed for that user. One that has it already has it anew. */
  share: record({ node: nodeId, grantee: userId, mayWrite: boolean, sealed: sealedShare, generation }),
  /** Ends a lease and asks which of its file keys have been committed after all. Its author owns the shelf. */
  endLease: record({ ...chain, lease: leaseId, fileKeys: list(fileKeyWire, 0, leaseKeysMax) }),
  /** Ends files whose time is over by the entry's time, those that are due longest first, up to `expiryBatchMax`. */
  expire: record({}),
  /** Keeps what a person wants of a peer: that it is among the coordinators, or not; null leaves it to the network. */
  orderCoordinator: record({ peer: peerIdWire, order: nullable(oneOf(["add", "remove"])) }),
  /** Keeps what a person wants of a peer's storage: that everything moves off it, that it goes then, or that it counts as lost. */
  orderPeer: record({ peer: peerIdWire, order: nullable(oneOf(["drain", "remove", "abandon"])) }),
  /** Ends the membership of a peer that no chain names. */
  removePeer: record({ peer: peerIdWire }),
  /** Makes a user. The first one becomes administrator. `rootDirectory` is made with it. */
  addUser: record({
    user: userId,
    /** As parseUserName wants it; apply refuses others. */
    name: text(userNameBytesMax),
    publicKey: digest,
    boxPublicKey: digest,
    proof: userProof,
    rootDirectory: nodeId,
    credential,
    /** Bytes that the user's files may cost; null for as many as there is room for. */
    quotaBytes: nullable(count),
  }),
  /** Another password of its author. */
  setCredential: record({ credential }),
  /** Ends a user, whose name is free then; the tree stays for its time. */
  removeUser: record({ user: userId }),
  setAdmin: record({ user: userId, isAdmin: boolean }),
  /** Null takes the quota away. */
  setQuota: record({ user: userId, quotaBytes: nullable(count) }),
  /** Ends the membership of a peer at once, and takes it out of all chains; `mayLose` gives up what only it is known to have. */
  revokePeer: record({ peer: peerIdWire, mayLose: boolean }),
  /** Changes the network's policy; null keeps what there is. */
  setPolicy: record({
    copies: nullable(copies),
    minCopies: nullable(copies),
    retainRevisions: nullable(wholeNumber(1, retainRevisionsMax)),
    retainMs: nullable(wholeNumber(0, retainMsMax)),
  }),
  /** Gives a shelf another chain. */
  orderChain: record({ ...chain, links: linksWire }),
  /** Says from which number of copies on a link has everything; 0: nothing is claimed. Its author owns the shelf. */
  reportLink: record({ ...chain, peer: peerIdWire, hasFrom: linkClaim }),
  /** Removes what was kept for its time, up to `collectBatchMax` rows, and notes the file keys that nothing names any more. */
  collect: record({}),
  /** Forgets noted file keys that are dropped. Its author owns the shelf. */
  forgetDrops: record({ ...chain, fileKeys: list(fileKeyWire, 0, recordsPerCallMax) }),
};

/** One operation, as CBOR and as a value with the field `op`. */
export const operationWire = tagged("op", operations);
export type Operation = ValueOf<typeof operationWire>;
export type OperationName = Operation["op"];
export type OperationOf<Name extends OperationName> = Extract<Operation, { readonly op: Name }>;

/** A peer as it describes itself when it founds or joins a network. */
export type PeerDescription = ValueOf<typeof peerDescription>;

export type PeerRole = (typeof peerRoles)[number];

/** Who may sign each operation: a user, a peer, or either. Members only. */
export const operationAuthors: Readonly<Record<OperationName, "user" | "peer" | "either">> = {
  initNetwork: "peer",
  addInvite: "either",
  revokeInvite: "either",
  admitPeer: "peer",
  updatePeer: "peer",
  makeDirectory: "user",
  putFile: "user",
  copyFile: "user",
  move: "user",
  removeEntry: "user",
  reopenEntry: "user",
  rekey: "user",
  share: "user",
  endLease: "peer",
  expire: "peer",
  orderCoordinator: "either",
  orderPeer: "either",
  removePeer: "peer",
  revokePeer: "either",
  addUser: "either",
  setCredential: "user",
  removeUser: "either",
  setAdmin: "either",
  setQuota: "either",
  setPolicy: "either",
  orderChain: "peer",
  reportLink: "peer",
  collect: "peer",
  forgetDrops: "peer",
};

/** Operations that only an administrator may ask for; while there is none, any member or the shared user. A user may also end itself. */
export const administratorOnly: ReadonlySet<OperationName> = new Set([
  "addInvite",
  "revokeInvite",
  "orderCoordinator",
  "orderPeer",
  "revokePeer",
  "addUser",
  "removeUser",
  "setAdmin",
  "setQuota",
  "setPolicy",
]);

/** Operations that only the leading coordinator asks for, because it alone knows who is up: it takes them from no other peer. */
export const leaderOnly: ReadonlySet<OperationName> = new Set(["orderChain", "removePeer", "collect"]);
