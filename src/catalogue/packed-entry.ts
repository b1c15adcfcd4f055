/**
 * Rows of the entry queries, each handed over by SQLite as one blob: for each column that it hands over, and each blob most
 * of all, there is an object to make and to collect, which together took longer than finding the row.
 *
 * The blob begins with numbers in decimal, each followed by a comma. What has a length of its own follows them: node,
 * file key, shelf, which a directory does not have; then token, wrap, and attributes to the end.
 */
import { type NodeId, type ShelfId, digestBytes, fileKeyOf, randomIdBytes } from "../core/ids.ts";
import type { SqlRow } from "../core/sqlite.ts";
import { idText } from "./id-bytes.ts";
import type { EntryRow, ListedRow } from "./rows.ts";
import { kindDirectory } from "./tree.ts";

/** What is kept of the history of the file `n` by its revision `r`, in bytes. */
export const keptHistory = "max(0, r.history_bytes - n.removed_bytes)";

const numbers = [
  "n.kind",
  "e.generation",
  "n.created_ms",
  "r.revision",
  "r.size_bytes",
  "r.added_bytes",
  keptHistory,
  "r.copies",
  "r.copies_wanted",
  "r.created_ms",
  // One more than the time, and 0 for none.
  "r.expires_ms + 1",
  "length(e.token)",
  "length(e.wrap)",
];
const comma = 0x2c;
const digitZero = 0x30;
const noBytes = new Uint8Array(0);

/** The column `packed` of the entry `e`, the node `n` that it names and the revision `r` of that, with this wrap. */
export function packedColumn(wrap: "wrap" | "past_wrap"): string {
  const head = numbers.map((number) => `ifnull(${number}, 0) || ','`);
  const bytes = [
    "n.node",
    "ifnull(r.file_key, '')",
    "ifnull(r.shelf, '')",
    "e.token",
    "e.wrap",
    "ifnull(r.attributes, '')",
  ];
  return `CAST(${[...head, ...bytes].join(" || ").replaceAll("e.wrap", `e.${wrap}`)} AS BLOB) AS packed`;
}

/** The row in the column `packed`. */
export function entryRowOf(row: SqlRow): EntryRow {
  return unpacked(row).entry;
}

/** The same with its token, which is added: to spread a row into another one takes longer than all else of it. */
export function listedRowOf(row: SqlRow): ListedRow {
  const { entry, token } = unpacked(row);
  const listed: EntryRow & { token?: Uint8Array } = entry;
  listed.token = token;
  return listed as ListedRow;
}

function unpacked({ packed }: SqlRow): { readonly entry: EntryRow; readonly token: Uint8Array } {
  const { buffer, byteOffset, byteLength } = packed as Uint8Array;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let byte = bytes[at++]; byte !== comma && byte !== undefined; byte = bytes[at++])
      value = value * 10 + byte - digitZero;
    return value;
  };
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  const isDirectory = number() === kindDirectory;
  const generation = number();
  const madeMs = number();
  const [revision, sizeBytes, addedBytes, historyBytes] = [number(), number(), number(), number()];
  const [copies, copiesWanted, createdMs, expiryMs] = [number(), number(), number(), number()];
  const [tokenBytes, wrapBytes] = [number(), number()];
  const node = idText<NodeId>(take(randomIdBytes));
  const fileKey = isDirectory ? null : fileKeyOf(take(digestBytes));
  const shelf = isDirectory ? null : idText<ShelfId>(take(randomIdBytes));
  const token = take(tokenBytes);
  const entry: EntryRow = {
    node,
    kind: isDirectory ? "directory" : "file",
    wrap: take(wrapBytes),
    generation,
    attributes: isDirectory ? noBytes : take(byteLength - at),
    revision,
    fileKey,
    sizeBytes,
    addedBytes,
    historyBytes,
    shelf,
    copies,
    copiesWanted,
    committedMs: isDirectory ? madeMs : createdMs,
    expiresMs: expiryMs === 0 ? null : expiryMs - 1,
  };
  return { entry, token };
}
