/**
 * What the names of an index are looked up by, besides their ids: the node, the directory with the name, and parts of the name.
 *
 * Each is a table of its own rather than an index of SQLite's, which sorts all rows at once where it is made: by `fill` some
 * rows at a time come into it, and memory does not grow with their number. Triggers keep it up to `names` afterwards.
 */
import { trigrams } from "./trigrams.ts";

export interface NamesLookup {
  /** Makes the table, which is empty. */
  readonly table: string;
  /** Brings in the names with ids after the first parameter, up to the second. */
  readonly fill: string;
  readonly triggers: string;
  /** Removes the triggers, and all rows. */
  readonly clearing: string;
}

const nodes: NamesLookup = {
  table: "CREATE TABLE nodes (node BLOB PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;",
  fill: "INSERT INTO nodes SELECT node, id FROM names WHERE id > ? AND id <= ? ORDER BY node",
  triggers: `
CREATE TRIGGER nodes_of_new AFTER INSERT ON names BEGIN
  INSERT INTO nodes VALUES (new.node, new.id);
END;
CREATE TRIGGER nodes_of_old AFTER DELETE ON names BEGIN
  DELETE FROM nodes WHERE node = old.node;
END;`,
  clearing: "DROP TRIGGER IF EXISTS nodes_of_new; DROP TRIGGER IF EXISTS nodes_of_old; DELETE FROM nodes;",
};

/** All that a page of a directory's names is read from. */
const entries: NamesLookup = {
  table: `CREATE TABLE entries (
  parent INTEGER NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL, id INTEGER NOT NULL,
  PRIMARY KEY (parent, name, kind, id)) WITHOUT ROWID;`,
  fill: `INSERT INTO entries SELECT parent, name, kind, id FROM names WHERE id > ? AND id <= ?
  ORDER BY parent, name, kind, id`,
  triggers: `
CREATE TRIGGER entries_of_new AFTER INSERT ON names BEGIN
  INSERT INTO entries VALUES (new.parent, new.name, new.kind, new.id);
END;
CREATE TRIGGER entries_of_old AFTER DELETE ON names BEGIN
  DELETE FROM entries WHERE parent = old.parent AND name = old.name AND kind = old.kind AND id = old.id;
END;
CREATE TRIGGER entries_of_moved AFTER UPDATE OF parent, name ON names
WHEN old.parent <> new.parent OR old.name <> new.name BEGIN
  DELETE FROM entries WHERE parent = old.parent AND name = old.name AND kind = old.kind AND id = old.id;
  INSERT INTO entries VALUES (new.parent, new.name, new.kind, new.id);
END;`,
  clearing: `DROP TRIGGER IF EXISTS entries_of_new; DROP TRIGGER IF EXISTS entries_of_old;
DROP TRIGGER IF EXISTS entries_of_moved; DELETE FROM entries;`,
};

export const lookups: readonly NamesLookup[] = [nodes, entries, trigrams];
