/** From rows of the database to rows that queries return. */
import { decode } from "cborg";
import {
  type NodeId,
  type PeerId,
  type PeerName,
  type ShelfId,
  type StoreId,
  type UserName,
  fileKeyOf,
  randomIdBytes,
} from "../core/ids.ts";
import type { SqlRow, SqlValue } from "../core/sqlite.ts";
import { decodeLinks } from "./chain.ts";
import type { PeerRole } from "./operation.ts";
import type { ChangedRow, EffectRow, InviteRow, ListedRow, NetworkRow, NodeRow, PeerRow, PolicyRow } from "./rows.ts";
import type { ReferencedKey, RevisionRow, ShareRow, ShelfRow, UserRow } from "./rows.ts";
import { kindDirectory } from "./tree.ts";
import { idText } from "./id-bytes.ts";

const noAttributes = new Uint8Array(0);
const nodeDigits = 2 * randomIdBytes;

/** A row with nothing but what names need, from its text: node, kind, generation, token, wrap. */
export function briefRowOf({ brief }: SqlRow): ListedRow {
  const text = String(brief);
  const [generation, token = "", wrap = ""] = text.slice(nodeDigits + 1).split(",");
  return {
    token: Buffer.from(token, "hex"),
    node: text.slice(0, nodeDigits) as NodeId,
    kind: Number(text[nodeDigits]) === kindDirectory ? "directory" : "file",
    wrap: Buffer.from(wrap, "hex"),
    generation: Number(generation),
    attributes: noAttributes,
    revision: 0,
    fileKey: null,
    sizeBytes: 0,
    addedBytes: 0,
    historyBytes: 0,
    shelf: null,
    copies: 0,
    copiesWanted: 0,
    committedMs: 0,
    expiresMs: null,
  };
}

/** A row of `revisions`, with what is kept of the history. */
export function revisionRowOf(row: SqlRow): RevisionRow {
  return {
    revision: Number(row["revision"]),
    fileKey: fileKeyOf(bytes(row["file_key"])),
    sizeBytes: Number(row["size_bytes"]),
    sealedBytes: Number(row["sealed_bytes"]),
    addedBytes: Number(row["added_bytes"]),
    historyBytes: Number(row["kept_history_bytes"]),
    attributes: new Uint8Array(bytes(row["attributes"])),
    shelf: idText(bytes(row["shelf"])),
    copies: Number(row["copies"]),
    copiesWanted: Number(row["copies_wanted"]),
    expiresMs: numberOrNull(row["expires_ms"]),
    createdIndex: Number(row["created_index"]),
    endedIndex: numberOrNull(row["ended_index"]),
    createdMs: Number(row["created_ms"]),
    outMs: numberOrNull(row["kept_since_ms"]),
  };
}

/** A row of `nodes` with its user, parent and token. */
export function nodeRowOf(row: SqlRow): NodeRow {
  return {
    node: idText(bytes(row["node"])),
    user: idText(bytes(row["user"])),
    kind: row["kind"] === kindDirectory ? "directory" : "file",
    revision: Number(row["revision"]),
    createdIndex: Number(row["created_index"]),
    endedIndex: numberOrNull(row["ended_index"]),
    endedMs: numberOrNull(row["ended_ms"]),
    parent: parentOf(row),
    token: bytesOrNull(row["token"]),
    wrap: bytesOrNull(row["wrap"]) ?? noAttributes,
    generation: Number(row["generation"]),
  };
}

function parentOf({ parent }: SqlRow): NodeId | null {
  return parent instanceof Uint8Array ? idText<NodeId>(parent) : null;
}

/** A row of `shares` with its users and node. */
export function shareRowOf(row: SqlRow): ShareRow {
  return {
    owner: idText(bytes(row["owner"])),
    node: idText(bytes(row["node"])),
    grantee: idText(bytes(row["grantee"])),
    mayWrite: row["may_write"] === 1,
    sealed: new Uint8Array(bytes(row["sealed"])),
    generation: Number(row["generation"]),
    createdIndex: Number(row["created_index"]),
    createdMs: Number(row["created_ms"]),
  };
}

/** A row of `peers` with its shelf. */
export function peerRowOf(row: SqlRow): PeerRow {
  const shelf = row["shelf"];
  const store = row["store"];
  return {
    id: String(row["peer"]) as PeerId,
    name: String(row["name"]) as PeerName,
    addresses: decode(bytes(row["addresses"])) as readonly string[],
    zone: String(row["zone"]),
    capacityBytes: Number(row["capacity_bytes"]),
    shelf: shelf instanceof Uint8Array ? idText<ShelfId>(shelf) : null,
    store: store instanceof Uint8Array ? idText<StoreId>(store) : null,
    mayCoordinate: row["may_coordinate"] === 1,
    role: row["role"] as PeerRole,
    coordinatorOrder: row["coordinator_order"] as PeerRow["coordinatorOrder"],
    storageOrder: row["storage_order"] as PeerRow["storageOrder"],
    joinedIndex: Number(row["joined_index"]),
    joinedMs: Number(row["joined_ms"]),
  };
}

/** A row of `shelves`. */
export function shelfRowOf(row: SqlRow): ShelfRow {
  return {
    shelf: idText(bytes(row["shelf"])),
    home: row["home"] as PeerId | null,
    epoch: Number(row["epoch"]),
    links: decodeLinks(bytes(row["links"])),
    createdIndex: Number(row["created_index"]),
    copiesMax: Number(row["copies_max"]),
    revisions: Number(row["revisions"]),
    sealedBytes: Number(row["sealed_bytes"]),
  };
}

/** The row of `policy`. */
export function policyRowOf(row: SqlRow): PolicyRow {
  return {
    copies: Number(row["copies"]),
    minCopies: Number(row["min_copies"]),
    retainRevisions: Number(row["retain_revisions"]),
    retainMs: Number(row["retain_ms"]),
  };
}

/** A file key with the most copies that a revision wants of it. */
export function referencedKeyOf(row: SqlRow): ReferencedKey {
  return { fileKey: fileKeyOf(bytes(row["file_key"])), copies: Number(row["copies"]) };
}

/** A row of `users`, without the credential. */
export function userRowOf(row: SqlRow): UserRow {
  return {
    user: idText(bytes(row["user"])),
    name: String(row["name"]) as UserName,
    publicKey: new Uint8Array(bytes(row["public_key"])),
    boxPublicKey: new Uint8Array(bytes(row["box_public_key"])),
    proof: new Uint8Array(bytes(row["proof"])),
    rootDirectory: idText(bytes(row["root"])),
    isAdmin: row["is_admin"] === 1,
    quotaBytes: numberOrNull(row["quota_bytes"]),
    usedBytes: Number(row["used_bytes"]),
    createdIndex: Number(row["created_index"]),
    createdMs: Number(row["created_ms"]),
  };
}

/** A row of `invites` with the name of who made it. */
export function inviteRowOf(row: SqlRow): InviteRow {
  return {
    hash: new Uint8Array(bytes(row["hash"])),
    role: row["role"] as PeerRole,
    usesLeft: Number(row["uses_left"]),
    expiresMs: Number(row["expires_ms"]),
    createdBy: String(row["author"]),
    createdIndex: Number(row["created_index"]),
  };
}

/** A row of `nodes` with its name and its live revision. */
export function changedRowOf(row: SqlRow): ChangedRow {
  const isDirectory = row["kind"] === kindDirectory;
  const isEnded = row["ended_index"] !== null;
  const fileKey = row["file_key"];
  return {
    node: idText(bytes(row["node"])),
    kind: isDirectory ? "directory" : "file",
    parent: parentOf(row),
    token: bytesOrNull(row["token"]),
    wrap: (isEnded ? null : bytesOrNull(row["wrap"])) ?? noAttributes,
    generation: Number(row["generation"]),
    attributes: bytesOrNull(row["attributes"]) ?? noAttributes,
    revision: Number(row["revision"]),
    fileKey: fileKey instanceof Uint8Array ? fileKeyOf(fileKey) : null,
    sizeBytes: Number(row["size_bytes"]),
    copiesWanted: Number(row["copies_wanted"] ?? 0),
    expiresMs: numberOrNull(row["expires_ms"]),
    changedIndex: Number(row["changed_index"]),
    endedIndex: numberOrNull(row["ended_index"]),
  };
}

/** A row of the queries of effects. */
export function effectRowOf(row: SqlRow, effect: EffectRow["effect"]): EffectRow {
  const [nowParent, parent] = [row["now_parent"], row["parent"]];
  const [nowKey, thenKey, madeKey] = [row["now_key"], row["then_key"], row["made_key"]];
  return {
    effect,
    node: idText(bytes(row["node"])),
    kind: row["kind"] === kindDirectory ? "directory" : "file",
    owner: idText(bytes(row["user"])),
    madeIndex: Number(row["made_index"]),
    removedIndex: numberOrNull(row["removed_index"]),
    revision: Number(row["revision"]),
    generation: Number(row["generation"]),
    nowParent: nowParent instanceof Uint8Array ? idText<NodeId>(nowParent) : null,
    nowToken: bytesOrNull(row["now_token"]),
    nowKey: nowKey instanceof Uint8Array ? fileKeyOf(nowKey) : null,
    thenKey: thenKey instanceof Uint8Array ? fileKeyOf(thenKey) : null,
    parent: parent instanceof Uint8Array ? idText<NodeId>(parent) : null,
    token: bytesOrNull(row["token"]),
    namedIndex: effect === "revised" ? 0 : Number(row["created_index"]),
    unnamedIndex: effect === "revised" ? null : numberOrNull(row["ended_index"]),
    pastWrap: (effect === "unnamed" ? bytesOrNull(row["past_wrap"]) : null) ?? noAttributes,
    wrapGeneration: Number(row["wrap_generation"]),
    parentGeneration: Number(row["parent_generation"]),
    madeRevision: numberOrNull(row["made_revision"]),
    madeKey: madeKey instanceof Uint8Array ? fileKeyOf(madeKey) : null,
  };
}

/** A row of `network`. */
export function networkRowOf(row: SqlRow): NetworkRow {
  return {
    network: idText(bytes(row["network"])),
    publicKey: new Uint8Array(bytes(row["public_key"])),
    sharedUser: idText(bytes(row["shared_user"])),
    foundedMs: Number(row["founded_ms"]),
  };
}

/** A column that the schema says is a blob. */
export function bytes(value: SqlValue | undefined): Uint8Array {
  return value as Uint8Array;
}

function bytesOrNull(value: SqlValue | undefined): Uint8Array | null {
  return value instanceof Uint8Array ? Uint8Array.from(value) : null;
}

function numberOrNull(value: SqlValue | undefined): number | null {
  return typeof value === "number" ? value : null;
}
