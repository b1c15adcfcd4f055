/**
 * Which names to look at for a pattern: an index has every three letters that stand beside each other in a name, in any case,
 * and a name can match only where it has all those of the pattern.
 */
import { trigramsAskedMax } from "../../core/limits.ts";
import type { NamesLookup } from "./names-lookups.ts";

/** The index over the names of `names`. It folds cases by itself. */
export const trigrams: NamesLookup = {
  table: `CREATE VIRTUAL TABLE trigrams USING fts5 (
  name, content = 'names', content_rowid = 'id', tokenize = 'trigram', detail = 'none', columnsize = 0);`,
  fill: "INSERT INTO trigrams (rowid, name) SELECT id, name FROM names WHERE id > ? AND id <= ? ORDER BY id",
  triggers: `
CREATE TRIGGER trigrams_of_new AFTER INSERT ON names BEGIN
  INSERT INTO trigrams (rowid, name) VALUES (new.id, new.name);
END;
CREATE TRIGGER trigrams_of_old AFTER DELETE ON names BEGIN
  INSERT INTO trigrams (trigrams, rowid, name) VALUES ('delete', old.id, old.name);
END;
CREATE TRIGGER trigrams_of_renamed AFTER UPDATE OF name ON names WHEN old.name <> new.name BEGIN
  INSERT INTO trigrams (trigrams, rowid, name) VALUES ('delete', old.id, old.name);
  INSERT INTO trigrams (rowid, name) VALUES (new.id, new.name);
END;`,
  clearing: `DROP TRIGGER IF EXISTS trigrams_of_new; DROP TRIGGER IF EXISTS trigrams_of_old;
DROP TRIGGER IF EXISTS trigrams_of_renamed; INSERT INTO trigrams (trigrams) VALUES ('delete-all');`,
};

/**
 * The question to the index for all names that have each of these texts in them, and perhaps others; undefined where none of
 * the texts has three characters.
 */
export function trigramQuery(parts: readonly string[]): string | undefined {
  const asked = new Set<string>();
  for (const part of parts) {
    const characters = Array.from(part);
    for (let at = 0; at + 3 <= characters.length && asked.size < trigramsAskedMax; at += 1)
      asked.add(characters.slice(at, at + 3).join(""));
  }
  if (asked.size === 0) return undefined;
  return Array.from(asked, (trigram) => `"${trigram.replaceAll('"', '""')}"`).join(" AND ");
}
