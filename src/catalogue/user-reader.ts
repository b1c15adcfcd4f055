/** The catalogue's queries about users, invites, and what changed in a user's tree. */
import type { SessionId, UserId, UserName } from "../core/ids.ts";
import { openInvitesMax, pageBytesMax, pageRowsMax } from "../core/limits.ts";
import type { SqlRow } from "../core/sqlite.ts";
import type { Credential } from "../identity/credentials.ts";
import { authorText } from "./apply-context.ts";
import { idBytes } from "./id-bytes.ts";
import { kindDirectory } from "./tree.ts";
import { NetworkReader } from "./network-reader.ts";
import { bytes, changedRowOf, inviteRowOf, userRowOf } from "./row-values.ts";
import type { ChangeCursor, ChangedRow, ChangePage, InviteRow, UserPage, UserRow } from "./rows.ts";

export interface UserQuery {
  /** The name that the page before ended with. */
  readonly after?: UserName | undefined;
  /** Rows wanted at the most, 1 to the limit of a page. */
  readonly limit?: number | undefined;
}

export interface ChangeQuery {
  /** Changes up to this entry of the log are known to the caller; 0: nothing is. */
  readonly sinceIndex: number;
  /** Where the page before ended. */
  readonly after?: ChangeCursor | undefined;
  /** Rows wanted at the most, 1 to the limit of a page; a page may be shorter. */
  readonly limit?: number | undefined;
  /** Only what names and sizes need: of files no wrap, attributes, key, wish or end. */
  readonly isBrief?: boolean | undefined;
}

/** What a login is checked against, with the user that it is for. */
export interface UserCredential extends Credential {
  readonly row: UserRow;
}

const changedNodes = (columns: string): string => `SELECT n.id, n.node, n.kind, n.revision, n.generation,
    n.changed_index, n.ended_index, e.token, p.node AS parent, r.size_bytes, ${columns}
  FROM nodes n LEFT JOIN entries e ON e.node_id = n.id AND e.ended_index IS NULL LEFT JOIN nodes p ON p.id = e.parent_id
  LEFT JOIN revisions r ON r.node_id = n.id AND r.revision = n.revision AND n.ended_index IS NULL
  WHERE n.user_id = ? AND (n.changed_index, n.id) > (?, ?) ORDER BY n.changed_index, n.id LIMIT ?`;
const changesInFull = changedNodes("e.wrap, r.attributes, r.file_key, r.copies_wanted, r.expires_ms");
const changesInBrief = changedNodes(`CASE n.kind WHEN ${kindDirectory} THEN e.wrap END AS wrap`);

export abstract class UserReader extends NetworkReader {
  /** Index of the last entry that was applied. */
  abstract appliedIndex(): number;
  /** The latest change of a node that was removed. */
  protected abstract collectedIndex(): number;

  /** One page of the users who have not ended, the shared one too, in the order of their names. */
  users(query: UserQuery = {}): UserPage {
    const limit = pageLimit(query.limit);
    const found = this.database
      .prepare("SELECT * FROM users WHERE ended_index IS NULL AND name > ? ORDER BY name LIMIT ?")
      .all(query.after ?? "", limit + 1)
      .map(userRowOf);
    const rows = found.slice(0, limit);
    return { rows, next: found.length > limit ? (rows.at(-1)?.name ?? null) : null };
  }

  /** A user who has not ended. */
  user(user: UserId): UserRow | undefined {
    const row = this.database.prepare("SELECT * FROM users WHERE user = ? AND ended_index IS NULL").get(idBytes(user));
    return row === undefined ? undefined : userRowOf(row);
  }

  /** The user who has this name now. */
  userByName(name: UserName): UserRow | undefined {
    const row = this.#namedRow(name);
    return row === undefined ? undefined : userRowOf(row);
  }

  /**
   * What a login as this user is checked against; undefined where nobody has the name, and for the shared user, who has no
   * password. Only for the coordinator that checks logins: it is never to leave the process.
   */
  credential(name: UserName): UserCredential | undefined {
    const row = this.#namedRow(name);
    if (row === undefined || row["verifier"] === null) return undefined;
    return {
      row: userRowOf(row),
      salt: Uint8Array.from(bytes(row["salt"])),
      verifier: Uint8Array.from(bytes(row["verifier"])),
      wrappedKey: Uint8Array.from(bytes(row["wrapped_key"])),
    };
  }

  /**
   * The key that a command of this user is to be signed with. A user who has ended signs nothing any more, but may ask
   * again what became of the last command of a session; undefined for everything else, and for a stranger.
   */
  signingKey(user: UserId, session: SessionId, sequence: number): Uint8Array | undefined {
    const row = this.database.prepare("SELECT public_key, ended_index FROM users WHERE user = ?").get(idBytes(user));
    if (row === undefined) return undefined;
    if (row["ended_index"] !== null && this.#lastSequence(user, session) !== sequence) return undefined;
    return Uint8Array.from(bytes(row["public_key"]));
  }

  /** The encoded result of the last command of a session; undefined where another one was the last, or none. */
  outcome(session: SessionId, sequence: number): Uint8Array | undefined {
    const row = this.database
      .prepare("SELECT result FROM sessions WHERE session = ? AND last_sequence = ?")
      .get(idBytes(session), sequence);
    return row === undefined ? undefined : Uint8Array.from(bytes(row["result"]));
  }

  /** Invites with uses left, those that expire first in front, some of which may have expired by now. */
  invites(): readonly InviteRow[] {
    return this.database
      .prepare(
        `SELECT i.*, coalesce(u.name, p.name, substr(i.created_by, 6)) AS author FROM invites i
         LEFT JOIN users u ON u.user = unhex(substr(i.created_by, 6)) AND u.ended_index IS NULL
         LEFT JOIN peers p ON p.peer = substr(i.created_by, 6) ORDER BY i.expires_ms, i.hash LIMIT ?`,
      )
      .all(openInvitesMax)
      .map(inviteRowOf);
  }

  /**
   * One page of what changed in a user's tree after an entry: each file and directory that was made, named otherwise,
   * ended or given a revision, as it is now. Nothing for a user who has ended.
   */
  changes(user: UserId, { sinceIndex, after, limit, isBrief = false }: ChangeQuery): ChangePage {
    const appliedIndex = this.appliedIndex();
    const isReset = sinceIndex > 0 && sinceIndex < this.collectedIndex();
    const owner = this.database
      .prepare("SELECT id FROM users WHERE user = ? AND ended_index IS NULL")
      .get(idBytes(user));
    if (isReset || owner === undefined) return { rows: [], next: null, appliedIndex, isReset };
    const from = after ?? { index: sinceIndex, row: Number.MAX_SAFE_INTEGER };
    const most = pageLimit(limit);
    const statement = this.database.prepare(isBrief ? changesInBrief : changesInFull);
    const found = statement.all(Number(owner["id"]), from.index, from.row, most + 1);
    return { ...pageOf(found, most), appliedIndex, isReset };
  }

  #namedRow(name: UserName): SqlRow | undefined {
    return this.database.prepare("SELECT * FROM users WHERE name = ? AND ended_index IS NULL").get(name);
  }

  /** Number of the last command in a session of this user. */
  #lastSequence(user: UserId, session: SessionId): number | undefined {
    const row = this.database
      .prepare("SELECT last_sequence FROM sessions WHERE session = ? AND author = ?")
      .get(idBytes(session), authorText({ user }));
    return row === undefined ? undefined : Number(row["last_sequence"]);
  }
}

/** The first rows, up to `limit` and to the bytes of a page, but at least one where there is one. */
function pageOf(found: readonly SqlRow[], limit: number): Pick<ChangePage, "rows" | "next"> {
  const rows: ChangedRow[] = [];
  let last: ChangeCursor | null = null;
  let pageBytes = 0;
  for (const row of found) {
    const changed = changedRowOf(row);
    pageBytes += changed.attributes.length + (changed.token?.length ?? 0);
    const isFull = rows.length === limit || (rows.length > 0 && pageBytes > pageBytesMax);
    if (isFull) return { rows, next: last };
    rows.push(changed);
    last = { index: changed.changedIndex, row: Number(row["id"]) };
  }
  return { rows, next: null };
}

function pageLimit(limit: number = pageRowsMax): number {
  return Math.max(1, Math.min(limit, pageRowsMax));
}
