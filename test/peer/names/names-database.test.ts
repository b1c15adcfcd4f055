import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { NodeId } from "../../../src/core/ids.ts";
import { namesIndexedAtOnce } from "../../../src/core/limits.ts";
import { SqlDatabase } from "../../../src/core/sqlite.ts";
import { NamesDatabase } from "../../../src/peer/names/names-database.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dfs-names-"));
});

afterAll(() => rm(folder, { recursive: true }));

it(
  "FIND-11 a new index is sorted in parts of bounded size, and every name can be looked up in it",
  { timeout: 120_000 },
  () => {
    const count = namesIndexedAtOnce + 10;
    const names = new NamesDatabase({
      path: join(folder, "names.db"),
      fileKey: randomBytes(32),
      root: "00".repeat(16) as NodeId,
      rootKeyring: randomBytes(32),
      bytesMax: 1e9,
    });
    names.sql
      .prepare(
        `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT ?)
       INSERT INTO names (id, node, parent, kind, size_bytes, name) SELECT n, randomblob(16), n % 7, 1, n, printf('img_%08d', n) FROM numbers`,
      )
      .run(count);
    const transaction = vi.spyOn(SqlDatabase.prototype, "transaction");
    names.setFollowed({ group: "g", index: 1 });
    expect(transaction).toHaveBeenCalledTimes(2 + 1);
    transaction.mockRestore();
    const found = (from: string) => Number(names.sql.prepare(`SELECT count(*) AS found FROM ${from}`).get()?.["found"]);
    for (const id of [1, namesIndexedAtOnce, namesIndexedAtOnce + 1, count]) {
      const row = names.sql
        .prepare(
          `SELECT n.name, e.id AS entry FROM names m JOIN nodes o ON o.node = m.node JOIN names n ON n.id = o.id
         JOIN entries e ON e.parent = n.parent AND e.name = n.name WHERE m.id = ?`,
        )
        .get(id);
      expect(row).toMatchObject({ name: `img_${String(id).padStart(8, "0")}`, entry: id });
    }
    expect(found("nodes")).toBe(count);
    expect(found("entries")).toBe(count);
    expect(found(`trigrams WHERE trigrams MATCH '"img"'`)).toBe(count);
    names.sql.close();
  },
);
