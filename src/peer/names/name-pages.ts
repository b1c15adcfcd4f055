/** The names in one directory, from a names index: page by page, in the order of their code points. */
import type { NodeId } from "../../core/ids.ts";
import type { NamesDatabase } from "./names-database.ts";
import type { NamesIn, NamesInRequest } from "./names-messages.ts";

/** SQLite compares the bytes of texts, and those of UTF-8 stand in the order of the code points. */
const page = `SELECT name, min(kind) AS kind FROM entries WHERE parent = ? AND name >= ? AND name > ?
  GROUP BY name ORDER BY name LIMIT ?`;

export class NamePages {
  readonly #names: NamesDatabase;
  readonly #root: NodeId;

  constructor(names: NamesDatabase, root: NodeId) {
    this.#names = names;
    this.#root = root;
  }

  /** Null for a directory that is not in the index. Opens one row more than it gives, to tell whether it is the last page. */
  page({ directory, prefix, after, limit }: NamesInRequest): NamesIn | null {
    const id = this.#names.directoryId(directory, this.#root);
    if (id === undefined) return null;
    const rows = this.#names.sql.prepare(page).all(id, prefix, after, limit + 1);
    const end = rows.findIndex(({ name }) => !String(name).startsWith(prefix));
    const wanted = end < 0 ? rows : rows.slice(0, end);
    const isLast = wanted.length <= limit;
    const given = wanted.slice(0, limit);
    return {
      names: given.map(({ name }) => String(name)).join("/"),
      kinds: given.map(({ kind }) => (kind === 1 ? "f" : "d")).join(""),
      isLast,
      hasRefused: isLast && this.#hasSealed(directory),
    };
  }

  #hasSealed(directory: NodeId): boolean {
    const parent = Buffer.from(directory, "hex");
    return this.#names.sql.prepare("SELECT 1 AS found FROM sealed WHERE parent = ? LIMIT 1").get(parent) !== undefined;
  }
}
