/**
 * The catalogue: the state machine that all coordinators of a network run, each on its own disk.
 *
 * It knows the network, its peers (members) and their shelves, its users, and each user's tree: nodes (a directory or a
 * file, whatever it is called), entries (a name token in a directory that stands for a node) and revisions (one version
 * of a file). Sessions make retries exactly-once, invites admit peers, ended leases keep late uploads out. Rows are
 * versioned by the index of the commands that made and ended them, so that the past can be asked for. A log gives it
 * entries in order; it changes by nothing else. It can read neither names nor attributes nor contents.
 */
import { assert } from "../core/errors.ts";
import { catalogueCacheBytesMax } from "../core/limits.ts";
import { SqlDatabase } from "../core/sqlite.ts";
import { type LogEntry, applyEntry } from "./apply.ts";
import { CatalogueReader } from "./catalogue-reader.ts";
import { catalogueDigest } from "./digest.ts";
import { type Totals, loadTotals, prepareSchema, saveTotals } from "./schema.ts";
import { restoreSnapshot, writeSnapshot } from "./snapshot.ts";

export class Catalogue extends CatalogueReader {
  #totals: Totals;

  private constructor(database: SqlDatabase) {
    super(database);
    this.#totals = loadTotals(database);
  }

  /** Opens the database file at `path`, or makes an empty one. Fails with `version`, `integrity`, `locked`, `no-space`, `io`. */
  static open(path: string): Catalogue {
    const database = new SqlDatabase(path, { durability: "full" });
    try {
      // A negative size is in KiB.
      database.exec(`PRAGMA cache_size = ${-catalogueCacheBytesMax / 1024}`);
      prepareSchema(database);
      return new Catalogue(database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Makes the snapshot in `file` the database at `path`, which must not be open. Fails with `integrity`, `version`, `not-found`, `no-space`, `io`. */
  static restoreFrom(file: string, path: string): Promise<void> {
    return restoreSnapshot(file, path);
  }

  close(): void {
    this.database.close();
  }

  /** Index of the last entry that was applied; 0 for an empty catalogue. */
  appliedIndex(): number {
    return this.#totals.appliedIndex;
  }

  /** The latest time that an applied entry carried, in milliseconds since 1970; 0 for an empty catalogue. */
  lastTimeMs(): number {
    return this.#totals.lastTimeMs;
  }

  /**
   * Applies entries in one durable transaction and returns their encoded results, in the same order. Entries up to the
   * applied index are skipped; the others must follow it without a gap. A skipped entry, and one without a command,
   * gives an empty result. Fails with `no-space`, `io`, `integrity`, and then nothing of the batch has happened.
   */
  applyBatch(entries: readonly LogEntry[]): readonly Uint8Array[] {
    const totals = { ...this.#totals };
    const results = this.database.transaction(() => {
      const applied = entries.map((entry) => this.#applyNext(totals, entry));
      saveTotals(this.database, totals);
      return applied;
    });
    this.#totals = totals;
    return results;
  }

  /** SHA-256 over everything in the catalogue: equal for equal applied indexes. Reads all rows and holds the thread meanwhile. */
  digest(): Uint8Array {
    return catalogueDigest(this.database);
  }

  /** Writes the whole state to `file`, durable and complete or not at all; returns its applied index. Fails with `no-space`, `io`. */
  async snapshotTo(file: string): Promise<number> {
    const index = this.appliedIndex();
    await writeSnapshot(this.database, file);
    return index;
  }

  #applyNext(totals: Totals, entry: LogEntry): Uint8Array {
    if (entry.index <= totals.appliedIndex) return new Uint8Array(0);
    assert(entry.index === totals.appliedIndex + 1, `entry ${entry.index} cannot follow ${totals.appliedIndex}`);
    return applyEntry(this.database, totals, entry);
  }
}
