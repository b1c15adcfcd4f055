/** What queries return: plain objects that CBOR carries as they are, each with the schema that checks it at the other end. */
import * as v from "valibot";
import {
  parseFileKey,
  parseNetworkId,
  parseNodeId,
  parsePeerId,
  parsePeerName,
  parseShelfId,
  parseUserId,
  digestBytes,
} from "../core/ids.ts";
import {
  addressBytesMax,
  attributesBytesMax,
  nameTokenBytesMax,
  pageRowsMax,
  peerAddressesMax,
  zoneBytesMax,
} from "../core/limits.ts";
import { type ValueOf, brandedText, byteString, list, nullable, plain, record, text, wholeNumber } from "./wire.ts";

const count = wholeNumber(0);
const kind = plain(v.picklist(["file", "directory"]));
const token = byteString(1, nameTokenBytesMax);
const attributes = byteString(0, attributesBytesMax);
const nodeId = brandedText(parseNodeId);
const fileKey = brandedText(parseFileKey);
const shelfId = brandedText(parseShelfId);

const entryFields = {
  node: nodeId,
  kind,
  /** Of a file's revision, or of a directory; empty for a root. */
  attributes,
  /** 0 for a directory. */
  revision: count,
  /** Null for a directory, as is `shelf`; byte counts and copies are 0. */
  fileKey: nullable(fileKey),
  sizeBytes: count,
  addedBytes: count,
  /** Added bytes of all earlier revisions. */
  historyBytes: count,
  shelf: nullable(shelfId),
  copies: count,
  /** Time of the entry that committed the revision, or made the directory. */
  committedMs: count,
};

const entryRow = record(entryFields);
const listedRow = record({ token, ...entryFields });
const directoryPage = record({
  /** In the order of their tokens. */
  rows: list(listedRow, 0, pageRowsMax),
  /** Where the next page starts; null on the last one. */
  next: nullable(token),
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
  createdIndex: count,
  /** Null while it is the live one. */
  endedIndex: nullable(count),
  createdMs: count,
});
const nodeRow = record({
  node: nodeId,
  user: brandedText(parseUserId),
  kind,
  /** Latest revision of a file; 0 for a directory. */
  revision: count,
  createdIndex: count,
  /** Null while the node is live. */
  endedIndex: nullable(count),
  /** Directory and token that name it; null for a root and for a node that has ended. */
  parent: nullable(nodeId),
  token: nullable(token),
});
const peerRow = record({
  id: brandedText(parsePeerId),
  name: brandedText(parsePeerName),
  addresses: list(text(addressBytesMax), 0, peerAddressesMax),
  zone: text(zoneBytesMax),
  capacityBytes: count,
  /** Null for a peer that stores nothing. */
  shelf: nullable(shelfId),
  joinedIndex: count,
  joinedMs: count,
});
const shelfRow = record({ shelf: shelfId, owner: brandedText(parsePeerId), createdIndex: count });
const userRow = record({
  user: brandedText(parseUserId),
  publicKey: byteString(digestBytes, digestBytes),
  rootDirectory: nodeId,
  createdIndex: count,
});
const networkRow = record({
  network: brandedText(parseNetworkId),
  publicKey: byteString(digestBytes, digestBytes),
  sharedUser: brandedText(parseUserId),
  foundedMs: count,
});
const catalogueCounts = record({
  /** Live files, and live directories without the roots. */
  files: count,
  directories: count,
  /** Plaintext bytes of the live revisions. */
  logicalBytes: count,
  /** Added bytes of all revisions. */
  storedBytes: count,
});

export type EntryRow = ValueOf<typeof entryRow>;
export type ListedRow = ValueOf<typeof listedRow>;
export type DirectoryPage = ValueOf<typeof directoryPage>;
export type RevisionRow = ValueOf<typeof revisionRow>;
export type NodeRow = ValueOf<typeof nodeRow>;
export type PeerRow = ValueOf<typeof peerRow>;
export type ShelfRow = ValueOf<typeof shelfRow>;
export type UserRow = ValueOf<typeof userRow>;
export type NetworkRow = ValueOf<typeof networkRow>;
export type CatalogueCounts = ValueOf<typeof catalogueCounts>;

/** The schema of each query's answer, for whoever receives one from another process. */
export const rowSchemas = {
  entry: entryRow.schema,
  directoryPage: directoryPage.schema,
  revision: revisionRow.schema,
  node: nodeRow.schema,
  peer: peerRow.schema,
  shelf: shelfRow.schema,
  user: userRow.schema,
  network: networkRow.schema,
  counts: catalogueCounts.schema,
};
