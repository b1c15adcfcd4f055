import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogueDigest } from "../../src/catalogue/digest.ts";
import type { LeaseId } from "../../src/core/ids.ts";
import { SqlDatabase } from "../../src/core/sqlite.ts";
import { World, fileKey, founderShelf, id, ok, putFile, removeEntry, startMs } from "./world.ts";

const everyColumn = `SELECT s.name AS "table", c.name AS "column" FROM sqlite_schema s, pragma_table_info(s.name) c
  WHERE s.type = 'table'`;

describe("the digest", () => {
  it("CAT-42 changes with every column of every table", async () => {
    using world = World.founded("disk");
    ok(world.asUser(putFile("a"), putFile("gone"), removeEntry("gone")));
    ok(world.asFounder({ op: "setPolicy", copies: null, minCopies: null, retainRevisions: null, retainMs: 0 }));
    ok(world.asFounder({ op: "collect" }));
    expect(world.catalogue.drops(founderShelf, 9)).toEqual([fileKey("gone")]);
    ok(
      world.asFounder({ op: "addInvite", hash: new Uint8Array(32), expiresMs: startMs + 9, uses: 1, role: "storage" }),
    );
    ok(world.asFounder({ op: "endLease", shelf: founderShelf, epoch: 1, lease: id<LeaseId>("another"), fileKeys: [] }));
    const file = join(world.folder, "snapshot");
    await world.catalogue.snapshotTo(file);
    const database = new SqlDatabase(file, { durability: "normal" });
    database.exec("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON");
    database.exec("INSERT INTO shares VALUES (1, 1, 1, 1, X'00', 1, 1, 1)");
    world.tamper((same) => same.exec("INSERT INTO shares VALUES (1, 1, 1, 1, X'00', 1, 1, 1)"));
    const digest = catalogueDigest(database);
    const columns = database.prepare(everyColumn).all();
    expect(columns.length).toBeGreaterThan(60);
    for (const { table, column } of columns as Record<string, string>[]) {
      database.exec("BEGIN");
      database.exec(`UPDATE ${table} SET ${column} = 77 WHERE ${column} IS (SELECT max(${column}) FROM ${table})`);
      expect(catalogueDigest(database), `${table}.${column}`).not.toEqual(digest);
      database.exec("ROLLBACK");
    }
    expect(catalogueDigest(database)).toEqual(digest);
    expect(digest).toEqual(world.catalogue.digest());
    database.close();
  });
});
