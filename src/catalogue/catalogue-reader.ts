/** The catalogue's queries about users' trees: read-only, paged, each one look at the state between two commands. */
import type { NodeId, UserId } from "../core/ids.ts";
import { nameTokenBytesMax, pageBytesMax, pageRowsMax, pastEntriesScannedMax } from "../core/limits.ts";
import type { SqlRow } from "../core/sqlite.ts";
import type { DirectoryPage, EntryRow, ListedRow, RevisionPage, RevisionRow } from "./rows.ts";
import { entryRowOf, keptHistory, listedRowOf, packedColumn } from "./packed-entry.ts";
import { briefRowOf, revisionRowOf } from "./row-values.ts";
import { kindDirectory } from "./tree.ts";
import { idBytes } from "./id-bytes.ts";
import { EffectsReader } from "./effects-reader.ts";

/**
 * A state of the past: after the entry of the log with this number, or after the last one that carried no later time in
 * milliseconds since 1970. It is known as far as the policy keeps it: a file is missing where its revision of then is
 * removed, and a name that ended longer than `retainMs` ago may be. Wraps are those for the past.
 */
export type PastState = { readonly index: number } | { readonly timeMs: number };

export interface ListQuery {
  /** The token that the page before ended with. */
  readonly after?: Uint8Array | undefined;
  /** Rows wanted at the most, 1 to the limit of a page; a page may be shorter. */
  readonly limit?: number | undefined;
  /** A state of the past instead of the newest. */
  readonly at?: PastState | undefined;
  /** Only what names need, of the present: files without their wraps, and nothing of revisions. */
  readonly isBrief?: boolean | undefined;
}

/** A removed file's revisions are out since it ended, unless they were before. */
const revisionColumns = `r.*, ${keptHistory} AS kept_history_bytes,
  min(coalesce(r.out_ms, n.ended_ms), coalesce(n.ended_ms, r.out_ms)) AS kept_since_ms`;
const liveEntries = `SELECT ${packedColumn("wrap")} FROM entries e JOIN nodes n ON n.id = e.node_id
  LEFT JOIN revisions r ON r.node_id = n.id AND r.revision = n.revision
  WHERE e.ended_index IS NULL AND e.parent_id = ?`;
/** Each row as one text, for each blob that SQLite hands over is memory of its own, which costs more than all else of a short row. */
const liveNames = `SELECT lower(hex(n.node)) || n.kind || e.generation || ',' || hex(e.token) || ',' ||
  iif(n.kind = ${kindDirectory}, hex(e.wrap), '') AS brief
  FROM entries e JOIN nodes n ON n.id = e.node_id WHERE e.ended_index IS NULL AND e.parent_id = ?`;
/** Of many tokens, in hexadecimal as JSON, each with its place among them: one query costs less than many. */
const namedEntries = `SELECT w.key AS place, ${packedColumn("wrap")} FROM json_each(?) w
  CROSS JOIN entries e ON e.parent_id = ? AND e.token = unhex(w.value) AND e.ended_index IS NULL
  JOIN nodes n ON n.id = e.node_id LEFT JOIN revisions r ON r.node_id = n.id AND r.revision = n.revision`;
/** Rows were live at ?1 by their columns `created_index` and `ended_index`, or by those of the time. */
type PastColumn = "index" | "ms";
/** Where the newest revision of then is removed, so are all older ones. */
const nodesAt = (by: PastColumn): string => `SELECT e.token, ${packedColumn("past_wrap")} FROM entries e
  JOIN nodes n ON n.id = e.node_id LEFT JOIN revisions r ON r.node_id = n.id AND r.revision = (
    SELECT revision FROM revisions WHERE node_id = n.id AND created_${by} <= ?1 ORDER BY revision DESC LIMIT 1)
  WHERE e.created_${by} <= ?1 AND e.parent_id = ?2 AND (n.kind = ${kindDirectory} OR r.id IS NOT NULL)`;
/** Entries that were live at ?1 in the parent ?2: those that still are, and those that ended later, each by an index of its own. */
const entriesAt = (by: PastColumn, condition: string): string =>
  `${nodesAt(by)} AND e.ended_index IS NULL ${condition} UNION ALL
   ${nodesAt(by)} AND e.ended_index IS NOT NULL AND e.ended_${by} > ?1 ${condition}`;
const entryAt = { index: entriesAt("index", "AND e.token = ?3"), ms: entriesAt("ms", "AND e.token = ?3") };
const inOrder = "ORDER BY token LIMIT ?4";
const pageAt = {
  index: `${entriesAt("index", "AND e.token > ?3 AND e.token <= ?5")} ${inOrder}`,
  ms: `${entriesAt("ms", "AND e.token > ?3 AND e.token <= ?5")} ${inOrder}`,
};
/** The token at which so many ended entries have been looked through. */
const scanEdge = `SELECT token FROM entries WHERE parent_id = ? AND token > ? AND ended_index IS NOT NULL
  ORDER BY token LIMIT 1 OFFSET ${pastEntriesScannedMax - 1}`;
const beyondTokens = new Uint8Array(nameTokenBytesMax + 1).fill(0xff);

export abstract class CatalogueReader extends EffectsReader {
  /** What the name `token` in a user's directory stands for, now or in the past. */
  entry(user: UserId, parent: NodeId, token: Uint8Array, at?: PastState): EntryRow | undefined {
    const parentRow = this.#directoryRow(user, parent);
    if (parentRow === undefined) return undefined;
    const row =
      at === undefined
        ? this.database.prepare(`${liveEntries} AND e.token = ?`).get(parentRow, token)
        : this.database.prepare(entryAt[columnOf(at)]).get(pointOf(at), parentRow, token);
    return row === undefined ? undefined : entryRowOf(row);
  }

  /** One page of a user's directory, in the order of the tokens; empty for a directory that is not there. One of the past may be empty before the last one. */
  list(user: UserId, parent: NodeId, query: ListQuery = {}): DirectoryPage {
    const parentRow = this.#directoryRow(user, parent);
    if (parentRow === undefined) return { rows: [], next: null };
    const limit = Math.max(1, Math.min(query.limit ?? pageRowsMax, pageRowsMax));
    const after = query.after ?? new Uint8Array(0);
    // One row more than wanted tells whether there is another page.
    if (query.at === undefined) {
      const [columns, rowOf] = query.isBrief === true ? [liveNames, briefRowOf] : [liveEntries, listedRowOf];
      const found = this.database.prepare(`${columns} AND e.token > ? ORDER BY e.token LIMIT ?`);
      return pageOf(found.all(parentRow, after, limit + 1), limit, rowOf);
    }
    const edge = this.database.prepare(scanEdge).get(parentRow, after)?.["token"];
    const until = edge instanceof Uint8Array ? Uint8Array.from(edge) : undefined;
    const page = pageOf(this.#pastRows(query.at, parentRow, after, limit + 1, until ?? beyondTokens), limit);
    return { ...page, next: page.next ?? until ?? null };
  }

  /**
   * What some names in a user's directory stand for, now or in the past, null for nothing; fewer than asked for, from the first on, where all
   * would not fit into a page.
   */
  entries(user: UserId, parent: NodeId, tokens: readonly Uint8Array[], at?: PastState): (EntryRow | null)[] {
    const wanted = tokens.slice(0, pageRowsMax);
    const found = at === undefined ? this.#presentEntries(user, parent, wanted) : undefined;
    const rows: (EntryRow | null)[] = [];
    let pageBytes = 0;
    for (const [place, token] of wanted.entries()) {
      const row = (found === undefined ? this.entry(user, parent, token, at) : found.get(place)) ?? null;
      pageBytes += row === null ? 0 : row.wrap.length + row.attributes.length;
      if (rows.length > 0 && pageBytes > pageBytesMax) break;
      rows.push(row);
    }
    return rows;
  }

  /** One revision of a file, live or not, while it is kept. */
  revision(node: NodeId, revision: number): RevisionRow | undefined {
    const row = this.database
      .prepare(
        `SELECT ${revisionColumns} FROM nodes n JOIN revisions r ON r.node_id = n.id
         WHERE n.node = ? AND r.revision = ?`,
      )
      .get(idBytes(node), revision);
    return row === undefined ? undefined : revisionRowOf(row);
  }

  /** One page of the revisions of a file that are kept, live or not, the newest first: those before the number `before`. */
  revisions(node: NodeId, before: number = Number.MAX_SAFE_INTEGER, limit: number = pageRowsMax): RevisionPage {
    const most = Math.max(1, Math.min(limit, pageRowsMax));
    const found = this.database
      .prepare(
        `SELECT ${revisionColumns} FROM nodes n JOIN revisions r ON r.node_id = n.id
         WHERE n.node = ? AND r.revision < ? ORDER BY r.revision DESC LIMIT ?`,
      )
      .all(idBytes(node), before, most + 1);
    return revisionPageOf(found, most);
  }

  /** When the next file is due to be ended, in milliseconds since 1970; it may be long ago. Undefined when no file is to expire. */
  nextExpiryMs(): number | undefined {
    const row = this.database
      .prepare("SELECT min(expires_ms) AS next FROM revisions WHERE expires_ms IS NOT NULL AND ended_index IS NULL")
      .get();
    return typeof row?.["next"] === "number" ? row["next"] : undefined;
  }

  /** By their places among the tokens. */
  #presentEntries(user: UserId, parent: NodeId, tokens: readonly Uint8Array[]): ReadonlyMap<number, EntryRow> {
    const parentRow = this.#directoryRow(user, parent);
    if (parentRow === undefined) return new Map();
    const texts = JSON.stringify(tokens.map((token) => Buffer.from(token).toString("hex")));
    const rows = this.database.prepare(namedEntries).all(texts, parentRow);
    return new Map(rows.map((row) => [Number(row["place"]), entryRowOf(row)]));
  }

  #directoryRow(user: UserId, directory: NodeId): number | undefined {
    const row = this.database
      .prepare(
        "SELECT n.id FROM nodes n JOIN users u ON u.id = n.user_id WHERE n.node = ? AND u.user = ? AND n.kind = ?",
      )
      .get(idBytes(directory), idBytes(user), kindDirectory);
    return row === undefined ? undefined : Number(row["id"]);
  }

  #pastRows(at: PastState, parentRow: number, after: Uint8Array, limit: number, until: Uint8Array): SqlRow[] {
    return this.database.prepare(pageAt[columnOf(at)]).all(pointOf(at), parentRow, after, limit, until);
  }
}

function columnOf(at: PastState): PastColumn {
  return "index" in at ? "index" : "ms";
}

function pointOf(at: PastState): number {
  return "index" in at ? at.index : at.timeMs;
}

/** The first rows, up to `limit` and to the bytes of a page, but at least one where there is one. */
function pageOf(
  found: readonly SqlRow[],
  limit: number,
  rowOf: (row: SqlRow) => ListedRow = listedRowOf,
): DirectoryPage {
  const rows: ListedRow[] = [];
  let pageBytes = 0;
  for (const row of found) {
    const listed = rowOf(row);
    pageBytes += listed.token.length + listed.wrap.length + listed.attributes.length;
    const isFull = rows.length === limit || (rows.length > 0 && pageBytes > pageBytesMax);
    if (isFull) return { rows, next: rows.at(-1)?.token ?? null };
    rows.push(listed);
  }
  return { rows, next: null };
}

/** As pageOf, of revisions. */
function revisionPageOf(found: readonly SqlRow[], limit: number): RevisionPage {
  const rows: RevisionRow[] = [];
  let pageBytes = 0;
  for (const row of found.map(revisionRowOf)) {
    pageBytes += row.attributes.length;
    const isFull = rows.length === limit || (rows.length > 0 && pageBytes > pageBytesMax);
    if (isFull) return { rows, next: rows.at(-1)?.revision ?? null };
    rows.push(row);
  }
  return { rows, next: null };
}
