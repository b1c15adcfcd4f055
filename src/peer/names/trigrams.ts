/**
 * Which names to look at for a pattern: an index has every three letters that stand beside each other in a name, in any case,
 * and a name can match only where it has all those of the pattern.
 */
import { trigramsAskedMax } from "../../core/limits.ts";

/** The index over the names of `names`, kept up to them by triggers. It folds cases by itself. */
export const trigramIndex = `
CREATE VIRTUAL TABLE trigrams USING fts5 (
  name, content = 'names', content_rowid = 'id', tokenize = 'trigram', detail = 'none', columnsize = 0);
INSERT INTO trigrams (trigrams) VALUES ('rebuild');
CREATE TRIGGER trigrams_of_new AFTER INSERT ON names BEGIN
  INSERT INTO trigrams (rowid, name) VALUES (new.id, new.name);
END;
CREATE TRIGGER trigrams_of_old AFTER DELETE ON names BEGIN
  INSERT INTO trigrams (trigrams, rowid, name) VALUES ('delete', old.id, old.name);
END;
CREATE TRIGGER trigrams_of_renamed AFTER UPDATE OF name ON names WHEN old.name <> new.name BEGIN
  INSERT INTO trigrams (trigrams, rowid, name) VALUES ('delete', old.id, old.name);
  INSERT INTO trigrams (rowid, name) VALUES (new.id, new.name);
END;
`;

export const trigramIndexRemoval = `
DROP TRIGGER IF EXISTS trigrams_of_new; DROP TRIGGER IF EXISTS trigrams_of_old; DROP TRIGGER IF EXISTS trigrams_of_renamed;
DROP TABLE IF EXISTS trigrams;
`;

/**
 * The question to the index for all names that have each of these texts in them, and perhaps others; undefined where none of
 * the texts has three characters.
 */
export function trigramQuery(parts: readonly string[]): string | undefined {
  const trigrams = new Set<string>();
  for (const part of parts) {
    const characters = Array.from(part);
    for (let at = 0; at + 3 <= characters.length && trigrams.size < trigramsAskedMax; at += 1)
      trigrams.add(characters.slice(at, at + 3).join(""));
  }
  if (trigrams.size === 0) return undefined;
  return Array.from(trigrams, (trigram) => `"${trigram.replaceAll('"', '""')}"`).join(" AND ");
}
