/** The catalogue's query about what one entry of the log did to users' trees, and what has become of that. */
import { pageBytesMax, pageRowsMax } from "../core/limits.ts";
import type { SqlRow } from "../core/sqlite.ts";
import { effectRowOf } from "./row-values.ts";
import type { EffectCursor, EffectPage, EffectRow } from "./rows.ts";
import { ShareReader } from "./share-reader.ts";

export interface EffectQuery {
  /** Place of the entry in the log, and the time that it carried: another one with the same place did nothing. */
  readonly index: number;
  readonly timeMs: number;
  /** Where the page before ended. */
  readonly after?: EffectCursor | undefined;
  /** Rows wanted at the most, 1 to the limit of a page; a page may be shorter. */
  readonly limit?: number | undefined;
}

const nowColumns = `n.node, u.user, n.kind, n.created_index AS made_index, n.ended_index AS removed_index, n.revision,
  n.generation, lp.node AS now_parent, le.token AS now_token, nr.file_key AS now_key,
  (SELECT file_key FROM revisions WHERE node_id = n.id AND created_index <= ?2 ORDER BY revision DESC LIMIT 1) AS then_key`;
const nowTables = `JOIN users u ON u.id = n.user_id
  LEFT JOIN entries le ON le.node_id = n.id AND le.ended_index IS NULL LEFT JOIN nodes lp ON lp.id = le.parent_id
  LEFT JOIN revisions nr ON nr.node_id = n.id AND nr.revision = n.revision`;
const named = (
  condition: string,
  limit: string,
): string => `SELECT e.id AS row, ${nowColumns}, p.node AS parent, e.token,
    e.past_wrap, e.generation AS wrap_generation, e.parent_generation, e.created_index, e.ended_index,
    NULL AS made_revision, NULL AS made_key
  FROM entries e JOIN nodes n ON n.id = e.node_id JOIN nodes p ON p.id = e.parent_id ${nowTables}
  WHERE ${condition} ORDER BY e.id LIMIT ${limit}`;
const unnamedRows = named("e.ended_ms = ?1 AND e.ended_index = ?2 AND e.id > ?3", "?4");
const namedRows = named("e.created_ms = ?1 AND e.created_index = ?2 AND e.id > ?3 AND e.id >= ?4 AND e.id < ?5", "?6");
const revisedRows = `SELECT r.id AS row, ${nowColumns}, NULL AS parent, NULL AS token, NULL AS past_wrap,
    0 AS wrap_generation, 0 AS parent_generation, r.created_index, r.ended_index,
    r.revision AS made_revision, r.file_key AS made_key
  FROM revisions r JOIN nodes n ON n.id = r.node_id ${nowTables}
  WHERE r.created_ms = ?1 AND r.created_index = ?2 AND r.id > ?3 AND r.id >= ?4 AND r.id < ?5 ORDER BY r.id LIMIT ?6`;

const parts = ["unnamed", "named", "revised"] as const;
type Part = (typeof parts)[number];

export abstract class EffectsReader extends ShareReader {
  /**
   * One page of what an entry did that is still kept: names that it ended, names that it made, and revisions, in this order.
   * A name that a new key made anew is among the ended and the made ones.
   */
  effects(query: EffectQuery): EffectPage {
    const most = Math.max(1, Math.min(query.limit ?? pageRowsMax, pageRowsMax));
    const rows: EffectRow[] = [];
    let pageBytes = 0;
    let after: EffectCursor = query.after ?? { part: "unnamed", row: 0 };
    for (const part of parts.slice(parts.indexOf(after.part))) {
      if (part !== after.part) after = { part, row: 0 };
      for (const row of this.#rows(part, query, after.row, most - rows.length + 1)) {
        const effect = effectRowOf(row, part);
        pageBytes += effect.pastWrap.length + (effect.token?.length ?? 0);
        const isFull = rows.length === most || (rows.length > 0 && pageBytes > pageBytesMax);
        if (isFull) return { rows, next: after };
        rows.push(effect);
        after = { part, row: Number(row["row"]) };
      }
    }
    return { rows, next: null };
  }

  #rows(part: Part, { index, timeMs }: EffectQuery, after: number, limit: number): SqlRow[] {
    const { database } = this;
    if (part === "unnamed") return database.prepare(unnamedRows).all(timeMs, index, after, limit);
    const table = part === "named" ? "entries" : "revisions";
    const first = this.#firstRow(table, index);
    if (first === undefined) return [];
    // Rows come in the order of the log, so that those of one entry stand together.
    const last = this.#firstRow(table, index + 1) ?? Number.MAX_SAFE_INTEGER;
    if (first === last) return [];
    const statement = database.prepare(part === "named" ? namedRows : revisedRows);
    return statement.all(timeMs, index, after, first, last, limit);
  }

  /** The first row that the entry `index`, or one after it, made; undefined where there is none. */
  #firstRow(table: "entries" | "revisions", index: number): number | undefined {
    const { database } = this;
    const next = database.prepare(`SELECT id, created_index FROM ${table} WHERE id >= ? ORDER BY id LIMIT 1`);
    let low = 0;
    let high = Number(database.prepare(`SELECT max(id) AS last FROM ${table}`).get()?.["last"] ?? 0) + 1;
    const end = high;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = next.get(middle);
      if (row === undefined || Number(row["created_index"]) >= index) high = middle;
      else low = Number(row["id"]) + 1;
    }
    return low === end ? undefined : low;
  }
}
