/** Looks names up in a names index: by what every match contains, then the exact tests, and the path. */
import { compileQuery } from "../../core/find-query.ts";
import { literalParts } from "../../core/glob.ts";
import type { NodeId } from "../../core/ids.ts";
import { findBelowMax, findPageHits, pathDepthMax, pathsKeptMax, refusedDirectoriesMax } from "../../core/limits.ts";
import type { SqlRow } from "../../core/sqlite.ts";
import { type NamesDatabase, rootId } from "./names-database.ts";
import type { Hit, HitPage, SearchRequest } from "./names-messages.ts";
import { trigramQuery } from "./trigrams.ts";

const columns = "SELECT n.id, n.parent, n.kind, n.size_bytes, n.name";
const isOfSize = "n.size_bytes BETWEEN ? AND ?";
const isNamed = { exact: "n.name GLOB ?", anyCase: String.raw`n.name LIKE ? ESCAPE '\'` };

const allInTurn = (named: string): string =>
  `${columns} FROM names n WHERE n.id > ? AND ${isOfSize} AND ${named} ORDER BY n.id LIMIT ?`;
const byTrigrams = (named: string): string =>
  `${columns} FROM trigrams t JOIN names n ON n.id = t.rowid
   WHERE t.trigrams MATCH ? AND t.rowid > ? AND ${isOfSize} AND ${named} ORDER BY t.rowid LIMIT ?`;
/** By what a name has in it: of all names in turn, and of those that have some trigrams, which are the first parameter. */
export const searches = {
  exact: { scan: allInTurn(isNamed.exact), lookup: byTrigrams(isNamed.exact) },
  anyCase: { scan: allInTurn(isNamed.anyCase), lookup: byTrigrams(isNamed.anyCase) },
};

/** From directory to directory. */
const subtree = `WITH RECURSIVE below (id) AS (
    SELECT ?1 UNION ALL SELECT e.id FROM below b JOIN entries e ON e.parent = b.id LIMIT ?2 + 1)
  SELECT n.id, n.parent, n.kind, n.size_bytes, n.name FROM below b JOIN names n ON n.id = b.id WHERE n.id <> ?1 LIMIT ?2`;

/** Names from below the base down to a directory; undefined for one that is not below it. */
type Way = readonly string[] | undefined;

export class NameSearch {
  readonly #names: NamesDatabase;
  readonly #root: NodeId;

  constructor(names: NamesDatabase, root: NodeId) {
    this.#names = names;
    this.#root = root;
  }

  /** One page of what is below the base and passes the query, times apart; in no particular order. */
  page({ base, query, after }: SearchRequest): HitPage {
    const baseId = this.#names.directoryId(base, this.#root);
    if (baseId === undefined) return { hits: [], next: null, refused: [] };
    const isHit = compileQuery({ ...query, modifiedAfterMs: undefined, modifiedUntilMs: undefined });
    const ways = new Map<number, Way>([[baseId, []]]);
    const below = after === 0 && baseId !== rootId ? this.#below(baseId) : undefined;
    const rows = below ?? this.#scan(query, after);
    const hits = rows.flatMap((row) => {
      const hit = this.#hit(row, ways);
      const isWanted = hit !== undefined && isHit({ ...hit, name: String(row["name"]) }, hit.names.length);
      return isWanted ? [hit] : [];
    });
    const isLast = below !== undefined || rows.length < findPageHits;
    return {
      hits,
      next: isLast ? null : Number(rows.at(-1)?.["id"]),
      refused: isLast ? this.#refused(ways) : [],
    };
  }

  /** Everything below a directory; undefined where that is so much that a look at all names costs no more. */
  #below(base: number): readonly SqlRow[] | undefined {
    const rows = this.#names.sql.prepare(subtree).all(base, findBelowMax + 1);
    return rows.length > findBelowMax ? undefined : rows;
  }

  #scan(
    { names = [], sizeMinBytes = 0, sizeMaxBytes = Number.MAX_SAFE_INTEGER }: SearchRequest["query"],
    after: number,
  ): readonly SqlRow[] {
    const [first] = names;
    const parts = first === undefined ? [] : literalParts(first.glob, first);
    const isAnyCase = first?.ignoreCase === true;
    const { scan, lookup } = searches[isAnyCase ? "anyCase" : "exact"];
    const pattern = isAnyCase ? likePattern(parts) : globPattern(parts);
    const trigrams = trigramQuery(names.flatMap((test) => literalParts(test.glob, test)));
    const rest = [after, sizeMinBytes, sizeMaxBytes, pattern, findPageHits] as const;
    return trigrams === undefined
      ? this.#names.sql.prepare(scan).all(...rest)
      : this.#names.sql.prepare(lookup).all(trigrams, ...rest);
  }

  #hit(row: SqlRow, ways: Map<number, Way>): Hit | undefined {
    const way = this.#way(Number(row["parent"]), ways);
    if (way === undefined) return undefined;
    const names = [...way, String(row["name"])];
    return { kind: row["kind"] === 1 ? "file" : "directory", names, sizeBytes: Number(row["size_bytes"]) };
  }

  /** The way to a directory, and on the way to those above it. */
  #way(directory: number, ways: Map<number, Way>): Way {
    const climbed: { readonly id: number; readonly name: string }[] = [];
    let at = directory;
    while (!ways.has(at) && climbed.length <= pathDepthMax) {
      const row =
        at === rootId ? undefined : this.#names.sql.prepare("SELECT parent, name FROM names WHERE id = ?").get(at);
      if (row === undefined) break;
      climbed.push({ id: at, name: String(row["name"]) });
      at = Number(row["parent"]);
    }
    let way = ways.get(at);
    for (const { id, name } of climbed.toReversed()) {
      way = way === undefined ? undefined : [...way, name];
      if (ways.size < pathsKeptMax) ways.set(id, way);
    }
    return way;
  }

  /** The directories below the base with entries that their keys do not open. */
  #refused(ways: Map<number, Way>): HitPage["refused"] {
    const rows = this.#names.sql
      .prepare(
        `SELECT DISTINCT coalesce(d.id, ${rootId}) AS id FROM sealed s LEFT JOIN directories d ON d.node = s.parent
         WHERE d.id IS NOT NULL OR s.parent = ? LIMIT ?`,
      )
      .all(Buffer.from(this.#root, "hex"), refusedDirectoriesMax);
    return rows.flatMap(({ id }) => {
      const way = this.#way(Number(id), ways);
      return way === undefined ? [] : [way];
    });
  }
}

/** SQLite's patterns of every text that has these parts in it, in this order. */
function globPattern(parts: readonly string[]): string {
  return `*${parts.map((part) => `${part.replace(/[[*?]/g, "[$&]")}*`).join("")}`;
}

function likePattern(parts: readonly string[]): string {
  return `%${parts.map((part) => `${part.replace(/[\\%_]/g, String.raw`\$&`)}%`).join("")}`;
}
