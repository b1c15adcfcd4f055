/** The catalogue's queries about nodes by themselves, where they are, and who they are shared with. */
import type { NodeId, UserId } from "../core/ids.ts";
import { pageBytesMax, pageRowsMax, pathDepthMax } from "../core/limits.ts";
import type { SqlRow } from "../core/sqlite.ts";
import { idBytes } from "./id-bytes.ts";
import { nodeRowOf, shareRowOf } from "./row-values.ts";
import type { NodeRow, SharePage, ShareRow } from "./rows.ts";
import { UserReader } from "./user-reader.ts";

/** Which shares: those that a user gave, those that a user was given, those of a node. */
export type ShareQuery = { readonly by: UserId } | { readonly to: UserId } | { readonly of: NodeId };

const nodeColumns = `SELECT n.*, u.user, e.token, e.wrap, p.node AS parent FROM nodes n JOIN users u ON u.id = n.user_id
  LEFT JOIN entries e ON e.node_id = n.id AND e.ended_index IS NULL LEFT JOIN nodes p ON p.id = e.parent_id
  WHERE n.node = ?`;
const shareColumns = `SELECT s.*, n.node, o.user AS owner, g.user AS grantee FROM shares s
  JOIN nodes n ON n.id = s.node_id JOIN users o ON o.id = s.owner_id JOIN users g ON g.id = s.grantee_id`;

export abstract class ShareReader extends UserReader {
  /** A file or directory by its id, live or not, while it is remembered. */
  node(node: NodeId): NodeRow | undefined {
    const row = this.database.prepare(nodeColumns).get(idBytes(node));
    return row === undefined ? undefined : nodeRowOf(row);
  }

  /** A node and every directory above it, up to the root of its tree; none for a node that is not remembered. */
  lineage(node: NodeId): readonly NodeRow[] {
    const rows: NodeRow[] = [];
    for (let next: NodeId | null = node; next !== null && rows.length <= pathDepthMax;) {
      const row: NodeRow | undefined = this.node(next);
      if (row === undefined) break;
      rows.push(row);
      next = row.parent;
    }
    return rows;
  }

  /** One page of shares; `after` is where the page before ended. */
  shares(query: ShareQuery, after: SharePage["next"] = null, limit: number = pageRowsMax): SharePage {
    const [condition, value] = conditionOf(query);
    const most = Math.max(1, Math.min(limit, pageRowsMax));
    const start =
      after === null ? [0, 0] : [this.#row("nodes", "node", after.node), this.#row("users", "user", after.grantee)];
    const rows = this.database
      .prepare(
        `${shareColumns} WHERE ${condition} AND (s.node_id, s.grantee_id) > (?, ?) ORDER BY s.node_id, s.grantee_id LIMIT ?`,
      )
      .all(idBytes(value), ...start, most + 1);
    return pageOf(rows, most);
  }

  #row(table: "nodes" | "users", column: "node" | "user", id: NodeId | UserId): number {
    return Number(this.database.prepare(`SELECT id FROM ${table} WHERE ${column} = ?`).get(idBytes(id))?.["id"] ?? 0);
  }
}

function conditionOf(query: ShareQuery): readonly [string, UserId | NodeId] {
  const userRow = "(SELECT id FROM users WHERE user = ?)";
  if ("by" in query) return [`s.owner_id = ${userRow}`, query.by];
  if ("to" in query) return [`s.grantee_id = ${userRow}`, query.to];
  return ["s.node_id = (SELECT id FROM nodes WHERE node = ?)", query.of];
}

/** The first rows, up to `most` and to the bytes of a page, but at least one where there is one. */
function pageOf(found: readonly SqlRow[], most: number): SharePage {
  const rows: ShareRow[] = [];
  let pageBytes = 0;
  for (const share of found.map(shareRowOf)) {
    pageBytes += share.sealed.length;
    const last = rows.at(-1);
    const isFull = rows.length === most || pageBytes > pageBytesMax;
    if (last !== undefined && isFull) return { rows, next: { node: last.node, grantee: last.grantee } };
    rows.push(share);
  }
  return { rows, next: null };
}
