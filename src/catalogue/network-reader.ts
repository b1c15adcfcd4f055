/** The catalogue's queries about the network: its members, shelves and policy, and what its shelves have to keep. */
import { type FileKey, type PeerId, type ShelfId, digestOf, fileKeyOf } from "../core/ids.ts";
import { peersMax, recordsPerCallMax, shelvesMax } from "../core/limits.ts";
import type { SqlDatabase, SqlRow } from "../core/sqlite.ts";
import { nextCollectMs } from "./collection.ts";
import { idBytes, idText } from "./id-bytes.ts";
import { bytes, networkRowOf, peerRowOf, policyRowOf, referencedKeyOf, shelfRowOf } from "./row-values.ts";
import type { NetworkRow, PeerRow, PolicyRow, ReferencedKey, ShelfRow } from "./rows.ts";

const peerColumns = "SELECT p.*, s.shelf FROM peers p LEFT JOIN shelves s ON s.home = p.peer";

export class NetworkReader {
  protected readonly database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.database = database;
  }

  /** Undefined until the network is founded. */
  network(): NetworkRow | undefined {
    const row = this.database.prepare("SELECT * FROM network").get();
    return row === undefined ? undefined : networkRowOf(row);
  }

  policy(): PolicyRow {
    return policyRowOf(this.database.prepare("SELECT * FROM policy").get() as SqlRow);
  }

  /** Every member: at most `peersMax`. */
  peers(): readonly PeerRow[] {
    return this.database.prepare(`${peerColumns} ORDER BY p.peer LIMIT ?`).all(peersMax).map(peerRowOf);
  }

  peer(id: PeerId): PeerRow | undefined {
    const row = this.database.prepare(`${peerColumns} WHERE p.peer = ?`).get(id);
    return row === undefined ? undefined : peerRowOf(row);
  }

  isMember(peer: PeerId): boolean {
    return this.database.prepare("SELECT 1 FROM peers WHERE peer = ?").get(peer) !== undefined;
  }

  /** Every shelf with its chain: at most `shelvesMax`. */
  shelves(): readonly ShelfRow[] {
    return this.database.prepare("SELECT * FROM shelves ORDER BY shelf LIMIT ?").all(shelvesMax).map(shelfRowOf);
  }

  shelf(id: ShelfId): ShelfRow | undefined {
    const row = this.database.prepare("SELECT * FROM shelves WHERE shelf = ?").get(idBytes(id));
    return row === undefined ? undefined : shelfRowOf(row);
  }

  /** The shelves on which a revision with this content is, live or not. */
  fileKeyShelves(fileKey: FileKey): readonly ShelfId[] {
    return this.database
      .prepare(
        `SELECT shelf FROM shelves s WHERE EXISTS (SELECT 1 FROM revisions r WHERE r.shelf = s.shelf AND r.file_key = ?)
         ORDER BY shelf LIMIT ?`,
      )
      .all(digestOf(fileKey), shelvesMax)
      .map((row) => idText<ShelfId>(bytes(row["shelf"])));
  }

  /** Whether any revision on the shelf, live or not, names each of the keys. */
  references(shelf: ShelfId, fileKeys: readonly FileKey[]): readonly boolean[] {
    const reference = this.database.prepare("SELECT 1 FROM revisions WHERE shelf = ? AND file_key = ? LIMIT 1");
    const id = idBytes(shelf);
    return fileKeys.map((fileKey) => reference.get(id, digestOf(fileKey)) !== undefined);
  }

  /** Keys after `after` that revisions on the shelf name, in the order of their digests, with the copies that they want by the policy of now, up to `limit` and to `recordsPerCallMax`. */
  referencedKeys(shelf: ShelfId, after: FileKey | undefined, limit: number): readonly ReferencedKey[] {
    return this.database
      .prepare(
        `SELECT file_key, max(CASE copies_wanted WHEN 0 THEN policy.copies ELSE copies_wanted END) AS copies
         FROM revisions, policy WHERE shelf = ? AND file_key > ? GROUP BY file_key ORDER BY file_key LIMIT ?`,
      )
      .all(idBytes(shelf), after === undefined ? new Uint8Array(0) : digestOf(after), pageLimit(limit))
      .map(referencedKeyOf);
  }

  /** Keys on the shelf that no revision names any more and whose owner has not dropped them yet, up to `limit` and to `recordsPerCallMax`. */
  drops(shelf: ShelfId, limit: number): readonly FileKey[] {
    return this.database
      .prepare("SELECT file_key FROM drops WHERE shelf = ? ORDER BY file_key LIMIT ?")
      .all(idBytes(shelf), pageLimit(limit))
      .map((row) => fileKeyOf(bytes(row["file_key"])));
  }

  /** From when on `collect` has something to do, in milliseconds since 1970; it may be long ago. Undefined when nothing was ever replaced or removed. */
  nextCollectMs(): number | undefined {
    return nextCollectMs(this.database);
  }
}

function pageLimit(limit: number): number {
  return Math.max(1, Math.min(limit, recordsPerCallMax));
}
