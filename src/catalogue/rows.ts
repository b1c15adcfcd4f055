/** What queries return: plain objects that CBOR carries as they are, each with the schema that checks it at the other end. */
import * as v from "valibot";
import {
  parseFileKey,
  parseNetworkId,
  parseNodeId,
  parsePeerId,
  parsePeerName,
  parseShelfId,
  parseStoreId,
  parseUserId,
  parseUserName,
  digestBytes,
} from "../core/ids.ts";
import {
  addressBytesMax,
  attributesBytesMax,
  chainLinksMax,
  copiesMax,
  keyGenerationsMax,
  nameTokenBytesMax,
  pageRowsMax,
  peerAddressesMax,
  peerIdBytesMax,
  sharedKeyringBytesMax,
  zoneBytesMax,
} from "../core/limits.ts";
import { peerRoles } from "./operation.ts";
import { brandedText, byteString, list, printable, record, wholeNumber } from "./row-schema.ts";

const count = wholeNumber(0);
const kind = v.picklist(["file", "directory"]);
const token = byteString(1, nameTokenBytesMax);
const attributes = byteString(0, attributesBytesMax);
const digest = byteString(digestBytes, digestBytes);
const role = v.picklist(peerRoles);
const userName = brandedText(parseUserName);
const nodeId = brandedText(parseNodeId);
const fileKey = brandedText(parseFileKey);
const shelfId = brandedText(parseShelfId);
const peerId = brandedText(parsePeerId);
const copies = v.pipe(wholeNumber(1), v.maxValue(copiesMax));
const generation = v.pipe(wholeNumber(1), v.maxValue(keyGenerationsMax));
const userId = brandedText(parseUserId);

const entryFields = {
  node: nodeId,
  kind,
  /** Sealed by the directory that it is in: its keyring, and mode and time of a directory; empty for a root. */
  wrap: attributes,
  /** Number of its newest key. */
  generation,
  /** Of a file's revision; empty for a directory. */
  attributes,
  /** 0 for a directory. */
  revision: count,
  /** Null for a directory, as is `shelf`; byte counts and copies are 0. */
  fileKey: v.nullable(fileKey),
  sizeBytes: count,
  addedBytes: count,
  /** Added bytes of all earlier revisions that are kept. */
  historyBytes: count,
  shelf: v.nullable(shelfId),
  copies: count,
  /** Disks that it is to be on; 0 leaves that to the policy. */
  copiesWanted: v.pipe(count, v.maxValue(copiesMax)),
  /** Time of the entry that committed the revision, or made the directory. */
  committedMs: count,
  /** From when on the file may be ended; null for a file that stays, and for a directory. */
  expiresMs: v.nullable(count),
};

const entryRow = record(entryFields);
const listedRow = record({ token, ...entryFields });
const directoryPage = record({
  /** In the order of their tokens. */
  rows: list(listedRow, 0, pageRowsMax),
  /** Where the next page starts; null on the last one. */
  next: v.nullable(token),
});
const revisionRow = record({
  revision: wholeNumber(1),
  fileKey,
  sizeBytes: count,
  sealedBytes: count,
  addedBytes: count,
  historyBytes: count,
  attributes,
  shelf: shelfId,
  copies: count,
  /** Disks that it is to be on; 0 leaves that to the policy. */
  copiesWanted: v.pipe(count, v.maxValue(copiesMax)),
  /** From when on the file may be ended; null for one that stays. */
  expiresMs: v.nullable(count),
  createdIndex: count,
  /** Null while it is the live one. */
  endedIndex: v.nullable(count),
  createdMs: count,
  /** Since when it is kept only for its time: it is not among the newest, or its file was removed. Null while neither is so. */
  outMs: v.nullable(count),
});
const revisionPage = record({
  /** The newest first. */
  rows: list(revisionRow, 0, pageRowsMax),
  /** Number that the next page is to be before; null on the last one. */
  next: v.nullable(count),
});
const nodeRow = record({
  node: nodeId,
  user: brandedText(parseUserId),
  kind,
  /** Latest revision of a file; 0 for a directory. */
  revision: count,
  createdIndex: count,
  /** Null while the node is live, as is the time of the end. */
  endedIndex: v.nullable(count),
  endedMs: v.nullable(count),
  /** Directory and token that name it; null for a root and for a node that has ended. */
  parent: v.nullable(nodeId),
  token: v.nullable(token),
  /** Its keyring, sealed by that directory; empty for a root. */
  wrap: attributes,
  /** Number of its newest key. */
  generation,
});
const shareRow = record({
  owner: userId,
  node: nodeId,
  grantee: userId,
  mayWrite: v.boolean(),
  /** The node's keyring, sealed for the grantee. */
  sealed: byteString(0, sharedKeyringBytesMax),
  /** Number of the newest key in it. */
  generation,
  createdIndex: count,
  createdMs: count,
});
const sharePage = record({
  /** In the order in which the nodes were made. */
  rows: list(shareRow, 0, pageRowsMax),
  /** Where the next page starts; null on the last one. */
  next: v.nullable(record({ node: nodeId, grantee: userId })),
});
const peerRow = record({
  id: peerId,
  name: brandedText(parsePeerName),
  addresses: list(printable(addressBytesMax), 0, peerAddressesMax),
  zone: printable(zoneBytesMax),
  capacityBytes: count,
  /** Null for a peer that stores nothing. */
  shelf: v.nullable(shelfId),
  /** The chunk store on its disk, as it said last; null where it has not. */
  store: v.nullable(brandedText(parseStoreId)),
  /** Whether the peer offers to be a coordinator. */
  mayCoordinate: v.boolean(),
  /** What its invite made of it: a client keeps no files and does not coordinate. */
  role,
  /** What a person ordered about that; null without an order. */
  coordinatorOrder: v.nullable(v.picklist(["add", "remove"])),
  /** What a person ordered about its storage; null without an order. */
  storageOrder: v.nullable(v.picklist(["drain", "remove", "abandon"])),
  joinedIndex: count,
  joinedMs: count,
});
const chainLink = record({ peer: peerId, keepsFrom: wholeNumber(1), hasFrom: count, isFilled: v.boolean() });
const shelfRow = record({
  shelf: shelfId,
  /** The peer whose shelf it is; null once that one was removed. */
  home: v.nullable(peerId),
  /** Number of the chain: each change of it is the next. */
  epoch: wholeNumber(1),
  /** The owner first. */
  links: list(chainLink, 1, chainLinksMax),
  createdIndex: count,
  /** The most copies that any put on it has asked for; 0 where all have left that to the policy. */
  copiesMax: count,
  /** Revisions on it that are kept, live or not, and their sealed bytes. */
  revisions: count,
  sealedBytes: count,
});
const policyRow = record({
  /** Disks that a file is to be on, unless its put says otherwise. */
  copies,
  /** Disks that a put needs at the least, where it wants so many and the network has them. */
  minCopies: copies,
  /** Newest revisions that a live file keeps, the current one included. */
  retainRevisions: wholeNumber(1),
  /** How long other revisions, and removed files, are kept, in milliseconds. */
  retainMs: count,
});
/** A file key that revisions name, and the most copies that any of them wants, by the policy of now. */
const referencedKey = record({ fileKey, copies });
/** A user who has not ended, without the credential. */
const userRow = record({
  user: brandedText(parseUserId),
  name: userName,
  publicKey: digest,
  /** X25519. */
  boxPublicKey: digest,
  /** The user's signature of name, box key and root directory: to be checked by whoever uses the row. */
  proof: byteString(64, 64),
  rootDirectory: nodeId,
  isAdmin: v.boolean(),
  /** Bytes that the user's tree may cost; null without a quota. */
  quotaBytes: v.nullable(count),
  /** Added bytes of all revisions in the user's tree that are kept. */
  usedBytes: count,
  createdIndex: count,
  createdMs: count,
});
const userPage = record({
  /** In the order of their names. */
  rows: list(userRow, 0, pageRowsMax),
  /** Where the next page starts; null on the last one. */
  next: v.nullable(userName),
});
const inviteRow = record({
  hash: digest,
  role,
  usesLeft: wholeNumber(1),
  expiresMs: count,
  /** Who made it: a user, or a peer; one that is there no more by its id. */
  createdBy: printable(peerIdBytesMax),
  createdIndex: count,
});
const changeCursor = record({ index: count, row: count });
const changedRow = record({
  node: nodeId,
  kind,
  /** Directory and token that name it; null for a root, and for a node that has ended. */
  parent: v.nullable(nodeId),
  token: v.nullable(token),
  /** As in an entry; empty for a root and for what has ended. */
  wrap: attributes,
  generation,
  /** Of the live revision; empty for a directory and for what has ended. */
  attributes,
  /** Latest revision of a file; 0 for a directory. */
  revision: count,
  /** Of the live revision; null for a directory and for what has ended, and byte counts and copies are 0. */
  fileKey: v.nullable(fileKey),
  sizeBytes: count,
  copiesWanted: count,
  expiresMs: v.nullable(count),
  changedIndex: count,
  /** Null while the node is live. */
  endedIndex: v.nullable(count),
});
const changePage = record({
  /** In the order of their last changes, each node once. */
  rows: list(changedRow, 0, pageRowsMax),
  /** Where the next page starts; null on the last one. */
  next: v.nullable(changeCursor),
  /** State that the page shows: after the last page, where to follow on from. */
  appliedIndex: count,
  /** Whether ends may have been forgotten that came after the index asked for: whoever follows starts anew, from 0. */
  isReset: v.boolean(),
});
const effectCursor = record({ part: v.picklist(["unnamed", "named", "revised"]), row: count });
const effectRow = record({
  /** Whether the entry of the log ended a name, made one, or made a revision. */
  effect: v.picklist(["unnamed", "named", "revised"]),
  node: nodeId,
  kind,
  /** In whose tree. */
  owner: userId,
  /** Entries that made and removed the node; null while it is live. */
  madeIndex: count,
  removedIndex: v.nullable(count),
  /** Latest revision of a file; 0 for a directory. */
  revision: count,
  /** Number of the node's newest key. */
  generation,
  /** Directory and token that name it now; null for a node that has ended. */
  nowParent: v.nullable(nodeId),
  nowToken: v.nullable(token),
  /** Content of a file's latest revision, live or not; null for a directory, and where it is not kept. */
  nowKey: v.nullable(fileKey),
  /** Content that a file had after the entry, where that revision is kept; null for a directory. */
  thenKey: v.nullable(fileKey),
  /** Of a name: directory and token, and the entries that made and ended it; null for a revision. */
  parent: v.nullable(nodeId),
  token: v.nullable(token),
  namedIndex: count,
  unnamedIndex: v.nullable(count),
  /** Of a name that has ended: the past wrap, how many of the node's keys it has, and the number of the directory's key that sealed it, 0 where the node was shared when it ended. */
  pastWrap: attributes,
  wrapGeneration: count,
  parentGeneration: count,
  /** Of a revision: its number and content. */
  madeRevision: v.nullable(count),
  madeKey: v.nullable(fileKey),
});
const effectPage = record({
  rows: list(effectRow, 0, pageRowsMax),
  /** Where the next page starts; null on the last one. */
  next: v.nullable(effectCursor),
});
const networkRow = record({
  network: brandedText(parseNetworkId),
  publicKey: digest,
  sharedUser: brandedText(parseUserId),
  foundedMs: count,
});
const catalogueCounts = record({
  /** Live files, and live directories without the roots. */
  files: count,
  directories: count,
  /** Plaintext bytes of the live revisions. */
  logicalBytes: count,
  /** Added bytes of all revisions that are kept. */
  storedBytes: count,
});

export type EntryRow = v.InferOutput<typeof entryRow>;
export type ListedRow = v.InferOutput<typeof listedRow>;
export type DirectoryPage = v.InferOutput<typeof directoryPage>;
export type RevisionRow = v.InferOutput<typeof revisionRow>;
export type RevisionPage = v.InferOutput<typeof revisionPage>;
export type ShareRow = v.InferOutput<typeof shareRow>;
export type SharePage = v.InferOutput<typeof sharePage>;
export type NodeRow = v.InferOutput<typeof nodeRow>;
export type PeerRow = v.InferOutput<typeof peerRow>;
export type ShelfRow = v.InferOutput<typeof shelfRow>;
export type PolicyRow = v.InferOutput<typeof policyRow>;
export type ReferencedKey = v.InferOutput<typeof referencedKey>;
export type UserRow = v.InferOutput<typeof userRow>;
export type UserPage = v.InferOutput<typeof userPage>;
export type InviteRow = v.InferOutput<typeof inviteRow>;
export type ChangeCursor = v.InferOutput<typeof changeCursor>;
export type ChangedRow = v.InferOutput<typeof changedRow>;
export type ChangePage = v.InferOutput<typeof changePage>;
export type EffectCursor = v.InferOutput<typeof effectCursor>;
export type EffectRow = v.InferOutput<typeof effectRow>;
export type EffectPage = v.InferOutput<typeof effectPage>;
export type NetworkRow = v.InferOutput<typeof networkRow>;
export type CatalogueCounts = v.InferOutput<typeof catalogueCounts>;

/** The schema of each query's answer, for whoever receives one from another process. */
export const rowSchemas = {
  entry: entryRow,
  directoryPage: directoryPage,
  revision: revisionRow,
  revisionPage,
  node: nodeRow,
  sharePage,
  peer: peerRow,
  shelf: shelfRow,
  policy: policyRow,
  referencedKey: referencedKey,
  user: userRow,
  userPage: userPage,
  invite: inviteRow,
  changeCursor: changeCursor,
  changePage: changePage,
  effectCursor,
  effectPage,
  network: networkRow,
  counts: catalogueCounts,
};
