/**
 * The one SQLite file of this folder: holder records kept for others, and the durable queue of own announcements.
 *
 * Nothing in it is precious: others announce again within a day, and own file keys are announced again from the store
 * when the file is gone. So commits survive the end of the process, and a power cut may take the last ones.
 */
import { DfsError } from "../core/errors.ts";
import { SqlDatabase } from "../core/sqlite.ts";

const formatVersion = 2;

const schema = `
  CREATE TABLE holders (
    id INTEGER PRIMARY KEY, peer TEXT NOT NULL UNIQUE, records INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE records (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL, holder INTEGER NOT NULL REFERENCES holders (id),
    expiresMs INTEGER NOT NULL, announcedMs INTEGER NOT NULL, UNIQUE (key, holder)
  );
  CREATE INDEX recordsByExpiry ON records (expiresMs);
  CREATE INDEX recordsByAnnouncement ON records (announcedMs);
  CREATE INDEX recordsByHolder ON records (holder, announcedMs);
  CREATE INDEX holdersByRecords ON holders (records);
  CREATE TRIGGER recordAdded AFTER INSERT ON records
    BEGIN UPDATE holders SET records = records + 1 WHERE id = NEW.holder; END;
  CREATE TRIGGER recordDropped AFTER DELETE ON records
    BEGIN UPDATE holders SET records = records - 1 WHERE id = OLD.holder; END;

  CREATE TABLE ownKeys (
    key BLOB PRIMARY KEY, nextMs INTEGER NOT NULL, failures INTEGER NOT NULL DEFAULT 0,
    announcedMs INTEGER NOT NULL DEFAULT 0, withdrawn INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX ownKeysByNext ON ownKeys (nextMs);
  CREATE TABLE knownFingers (peer TEXT PRIMARY KEY) WITHOUT ROWID;
`;

/**
 * Opens the database at `path` and makes its tables when it is new.
 * Fails with `version` for a file of another version, and as SqlDatabase does.
 */
export function openFingerDatabase(path: string): SqlDatabase {
  const database = new SqlDatabase(path, { durability: "normal" });
  try {
    const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
    if (version === formatVersion) return database;
    if (version !== 0) {
      throw new DfsError("version", `${path} has version ${String(version)}; delete it, and it will be made anew`, {
        path,
      });
    }
    database.transaction(() => {
      database.exec(schema);
      database.exec(`PRAGMA user_version = ${formatVersion}`);
    });
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
