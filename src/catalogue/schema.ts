/** The tables of the catalogue's database, and the totals and the log's mark that are kept beside them. */
import { DfsError } from "../core/errors.ts";
import { copiesDefault, logMarkBytesMax, retainMsDefault, retainRevisionsDefault } from "../core/limits.ts";
import type { SqlDatabase } from "../core/sqlite.ts";

const schemaVersion = 6;

/**
 * Rows of `nodes`, `entries` and `revisions` outlive what they say: `created_index` is the index of the command that made
 * them, `ended_index` that of the one that ended them, NULL while they are live, and `ended_ms` its time; `out_ms` is when
 * a revision ceased to be among those that a live file keeps. A command that collects removes them after their time.
 * `nodes.id` is given out in order by the totals, `kind` is 1 for a file and 2 for a directory; `history_bytes` counts
 * earlier revisions that were removed too, and `removed_bytes` those of them alone. `changed_index` is that of the last
 * command that made, named, renamed or ended a node, or gave it a revision or a key; `collected_index` the latest that a
 * removed node had; its `generation` is the number of its newest key. An entry has the node's `wrap`, sealed by the key of
 * the directory that it is in which had the number `parent_generation`, with the first `generation` keys of the node: a new
 * key ends the entry and makes the next one of the same name. Once it has ended it keeps only the `past_wrap`, which the
 * owner of the tree alone can open, so that what was in a directory is not told to who is given its keys later; its
 * `parent_generation` is 0 where the node had shares, which ended with it. `drops` are the file keys of a shelf that
 * no revision names any more. `used_bytes` counts the added bytes of all revisions in a user's tree; a user who has ended
 * keeps the row as long as the tree is kept, without a credential. `retain_peak` and `scan_row` are explained in retention.ts, `links` is the CBOR of
 * chain.ts, `log_mark.mark` is the log's own and unknown here.
 */
const tables = `
CREATE TABLE totals (
  id INTEGER PRIMARY KEY CHECK (id = 1), applied_index INTEGER NOT NULL, last_time_ms INTEGER NOT NULL,
  members_version INTEGER NOT NULL, nodes INTEGER NOT NULL, sessions INTEGER NOT NULL, files INTEGER NOT NULL,
  directories INTEGER NOT NULL, logical_bytes INTEGER NOT NULL, stored_bytes INTEGER NOT NULL, drops INTEGER NOT NULL,
  users INTEGER NOT NULL, collected_index INTEGER NOT NULL, rekeyed INTEGER NOT NULL);
INSERT INTO totals VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
CREATE TABLE log_mark (id INTEGER PRIMARY KEY CHECK (id = 1), mark BLOB NOT NULL);
INSERT INTO log_mark VALUES (1, X'');
CREATE TABLE network (
  id INTEGER PRIMARY KEY CHECK (id = 1), network BLOB NOT NULL, public_key BLOB NOT NULL, shared_user BLOB NOT NULL,
  founded_ms INTEGER NOT NULL);
CREATE TABLE policy (
  id INTEGER PRIMARY KEY CHECK (id = 1), copies INTEGER NOT NULL, min_copies INTEGER NOT NULL,
  retain_revisions INTEGER NOT NULL, retain_ms INTEGER NOT NULL, retain_peak INTEGER NOT NULL, scan_row INTEGER);
INSERT INTO policy VALUES (1, ${copiesDefault}, ${copiesDefault}, ${retainRevisionsDefault}, ${retainMsDefault}, ${retainRevisionsDefault}, NULL);
CREATE TABLE peers (
  peer TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, addresses BLOB NOT NULL, zone TEXT NOT NULL,
  capacity_bytes INTEGER NOT NULL, store BLOB, may_coordinate INTEGER NOT NULL, coordinator_order TEXT,
  storage_order TEXT, role TEXT NOT NULL, invite_hash BLOB, joined_index INTEGER NOT NULL, joined_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE shelves (
  shelf BLOB PRIMARY KEY, home TEXT UNIQUE REFERENCES peers, epoch INTEGER NOT NULL, links BLOB NOT NULL,
  copies_max INTEGER NOT NULL, revisions INTEGER NOT NULL, sealed_bytes INTEGER NOT NULL,
  created_index INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE drops (
  shelf BLOB NOT NULL, file_key BLOB NOT NULL, PRIMARY KEY (shelf, file_key)) WITHOUT ROWID;
CREATE TABLE users (
  id INTEGER PRIMARY KEY, user BLOB NOT NULL UNIQUE, name TEXT NOT NULL, public_key BLOB NOT NULL,
  box_public_key BLOB NOT NULL, proof BLOB NOT NULL, root BLOB NOT NULL, is_admin INTEGER NOT NULL, quota_bytes INTEGER, used_bytes INTEGER NOT NULL, salt BLOB,
  verifier BLOB, wrapped_key BLOB, created_index INTEGER NOT NULL, created_ms INTEGER NOT NULL, ended_index INTEGER,
  ended_ms INTEGER);
CREATE UNIQUE INDEX users_live ON users (name) WHERE ended_index IS NULL;
CREATE INDEX users_administrators ON users (name) WHERE is_admin = 1;
CREATE INDEX users_by_end ON users (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE TABLE invites (
  hash BLOB PRIMARY KEY, expires_ms INTEGER NOT NULL, uses_left INTEGER NOT NULL, role TEXT NOT NULL,
  created_by TEXT NOT NULL, created_index INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX invites_by_expiry ON invites (expires_ms);
CREATE TABLE sessions (
  session BLOB PRIMARY KEY, author TEXT NOT NULL, last_sequence INTEGER NOT NULL, last_index INTEGER NOT NULL,
  result BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX sessions_by_use ON sessions (last_index);
CREATE TABLE ended_leases (
  shelf BLOB NOT NULL, lease BLOB NOT NULL, ended_index INTEGER NOT NULL, ended_ms INTEGER NOT NULL,
  PRIMARY KEY (shelf, lease)) WITHOUT ROWID;
CREATE INDEX ended_leases_by_time ON ended_leases (ended_ms);
CREATE TABLE nodes (
  id INTEGER PRIMARY KEY, node BLOB NOT NULL UNIQUE, user_id INTEGER NOT NULL, kind INTEGER NOT NULL,
  revision INTEGER NOT NULL, removed_bytes INTEGER NOT NULL, generation INTEGER NOT NULL, changed_index INTEGER NOT NULL, created_index INTEGER NOT NULL,
  ended_index INTEGER, created_ms INTEGER NOT NULL, ended_ms INTEGER);
CREATE INDEX nodes_by_change ON nodes (user_id, changed_index);
CREATE INDEX nodes_by_end ON nodes (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE TABLE shares (
  node_id INTEGER NOT NULL, grantee_id INTEGER NOT NULL, owner_id INTEGER NOT NULL, may_write INTEGER NOT NULL,
  sealed BLOB NOT NULL, generation INTEGER NOT NULL, created_index INTEGER NOT NULL, created_ms INTEGER NOT NULL,
  PRIMARY KEY (node_id, grantee_id)) WITHOUT ROWID;
CREATE INDEX shares_by_grantee ON shares (grantee_id, node_id);
CREATE INDEX shares_by_owner ON shares (owner_id, node_id);
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL, token BLOB NOT NULL, node_id INTEGER NOT NULL,
  wrap BLOB NOT NULL, past_wrap BLOB NOT NULL, generation INTEGER NOT NULL, parent_generation INTEGER NOT NULL,
  created_index INTEGER NOT NULL, ended_index INTEGER, created_ms INTEGER NOT NULL, ended_ms INTEGER);
CREATE UNIQUE INDEX entries_live ON entries (parent_id, token) WHERE ended_index IS NULL;
CREATE UNIQUE INDEX entries_of_live_node ON entries (node_id) WHERE ended_index IS NULL;
CREATE INDEX entries_ended ON entries (parent_id, token, created_index) WHERE ended_index IS NOT NULL;
CREATE INDEX entries_by_end ON entries (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE TABLE revisions (
  id INTEGER PRIMARY KEY, node_id INTEGER NOT NULL, revision INTEGER NOT NULL, file_key BLOB NOT NULL,
  size_bytes INTEGER NOT NULL, sealed_bytes INTEGER NOT NULL, added_bytes INTEGER NOT NULL,
  history_bytes INTEGER NOT NULL, attributes BLOB NOT NULL, shelf BLOB NOT NULL, lease BLOB, copies INTEGER NOT NULL,
  copies_wanted INTEGER NOT NULL, expires_ms INTEGER, created_index INTEGER NOT NULL, ended_index INTEGER,
  created_ms INTEGER NOT NULL, out_ms INTEGER, UNIQUE (node_id, revision));
CREATE INDEX revisions_by_file_key ON revisions (shelf, file_key, copies_wanted);
CREATE INDEX revisions_by_out ON revisions (out_ms) WHERE out_ms IS NOT NULL;
CREATE INDEX revisions_by_expiry ON revisions (expires_ms) WHERE expires_ms IS NOT NULL AND ended_index IS NULL;
PRAGMA user_version = ${schemaVersion};
`;

/**
 * Fails unless the database is a sound catalogue of this version. It is one script, without a prepared statement,
 * because libsql keeps a database open until its prepared statements are collected.
 */
export const schemaCheck = `
CREATE TEMP TABLE version_found (version INTEGER CONSTRAINT version CHECK (version = ${schemaVersion}));
INSERT INTO version_found SELECT user_version FROM pragma_user_version;
CREATE TEMP TABLE fault_found (fault TEXT CONSTRAINT fault CHECK (fault = 'ok'));
INSERT INTO fault_found SELECT quick_check FROM pragma_quick_check;
CREATE TEMP TABLE mark_found (marks INTEGER CONSTRAINT mark CHECK (marks = 1));
INSERT INTO mark_found SELECT count(*) FROM log_mark, totals
  WHERE typeof(mark) = 'blob' AND length(mark) <= ${logMarkBytesMax} AND applied_index >= 0;
`;

/** Every table with its key columns and a value before the first key: the order in which the digest reads them. */
export const tableKeys = {
  totals: { id: 0 },
  log_mark: { id: 0 },
  network: { id: 0 },
  policy: { id: 0 },
  peers: { peer: "" },
  shelves: { shelf: new Uint8Array(0) },
  drops: { shelf: new Uint8Array(0), file_key: new Uint8Array(0) },
  users: { id: 0 },
  invites: { hash: new Uint8Array(0) },
  sessions: { session: new Uint8Array(0) },
  ended_leases: { shelf: new Uint8Array(0), lease: new Uint8Array(0) },
  nodes: { id: 0 },
  shares: { node_id: 0, grantee_id: 0 },
  entries: { id: 0 },
  revisions: { id: 0 },
} as const;

/** What is counted while commands are applied, so that nobody has to scan; saved with each batch. */
export interface Totals {
  appliedIndex: number;
  /** The latest time that any entry carried. */
  lastTimeMs: number;
  /** Index of the last command that changed the peers. */
  membersVersion: number;
  /** Node rows ever made: the last `nodes.id`. */
  nodes: number;
  sessions: number;
  /** Live files, and live directories without the roots. */
  files: number;
  directories: number;
  /** Plaintext bytes of the live revisions. */
  logicalBytes: number;
  /** Added bytes of all revisions that there are. */
  storedBytes: number;
  /** Rows of `drops`. */
  drops: number;
  /** Users ever made: the last `users.id`. */
  users: number;
  /** The latest `changed_index` of a node that was removed: who has followed changes only up to before it may have missed an end. */
  collectedIndex: number;
  /** How often any node has got a new key: where none has, none can be sealed by an old one. */
  rekeyed: number;
}

/** Makes the tables in a new database, without a prepared statement. */
export function createTables(database: SqlDatabase): void {
  database.transaction(() => database.exec(tables));
}

/** Fails with `version` when the database at `path`, of this version, is of another program or version. */
export function checkVersion(path: string, version: number): void {
  if (version === schemaVersion) return;
  throw new DfsError(
    "version",
    `the catalogue ${path} has version ${version}, and this program knows ${schemaVersion}: use the program that wrote it`,
    { path },
  );
}

/** The totals as the last batch saved them. */
export function loadTotals(database: SqlDatabase): Totals {
  const row = database.prepare("SELECT * FROM totals").get();
  const column = (name: string): number => Number(row?.[name]);
  return {
    appliedIndex: column("applied_index"),
    lastTimeMs: column("last_time_ms"),
    membersVersion: column("members_version"),
    nodes: column("nodes"),
    sessions: column("sessions"),
    files: column("files"),
    directories: column("directories"),
    logicalBytes: column("logical_bytes"),
    storedBytes: column("stored_bytes"),
    drops: column("drops"),
    users: column("users"),
    collectedIndex: column("collected_index"),
    rekeyed: column("rekeyed"),
  };
}

/** The mark as the last batch that had one saved it; empty before the first. */
export function loadLogMark(database: SqlDatabase): Uint8Array {
  return Uint8Array.from(database.prepare("SELECT mark FROM log_mark").get()?.["mark"] as Uint8Array);
}

/** Saves the mark, inside the transaction of its batch. */
export function saveLogMark(database: SqlDatabase, mark: Uint8Array): void {
  database.prepare("UPDATE log_mark SET mark = ?").run(mark);
}

/** Saves the totals, inside the transaction of their batch. */
export function saveTotals(database: SqlDatabase, totals: Totals): void {
  database
    .prepare(
      "UPDATE totals SET applied_index = ?, last_time_ms = ?, members_version = ?, nodes = ?, sessions = ?, files = ?, directories = ?, logical_bytes = ?, stored_bytes = ?, drops = ?, users = ?, collected_index = ?, rekeyed = ?",
    )
    .run(
      totals.appliedIndex,
      totals.lastTimeMs,
      totals.membersVersion,
      totals.nodes,
      totals.sessions,
      totals.files,
      totals.directories,
      totals.logicalBytes,
      totals.storedBytes,
      totals.drops,
      totals.users,
      totals.collectedIndex,
      totals.rekeyed,
    );
}
