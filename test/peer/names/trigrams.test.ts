import * as fc from "fast-check";
import { expect, it } from "vitest";
import { compileGlob, literalParts } from "../../../src/core/glob.ts";
import { trigramsAskedMax } from "../../../src/core/limits.ts";
import { SqlDatabase } from "../../../src/core/sqlite.ts";
import { searches } from "../../../src/peer/names/name-search.ts";
import { trigramQuery, trigrams } from "../../../src/peer/names/trigrams.ts";

const name = fc.oneof(
  fc.string({ unit: fc.constantFrom(...Array.from("abcABC.-\"'*%_İıſKßéÉ😀")), minLength: 1, maxLength: 12 }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 12 }).filter((text) => !text.includes("\0")),
);
const escaped = (text: string): string => text.replace(/[\\*?[]/g, String.raw`\$&`);

function indexed(names: readonly string[]): SqlDatabase {
  const sql = new SqlDatabase(":memory:", { durability: "normal" });
  sql.exec("CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
  const insert = (some: readonly string[]): void => {
    for (const one of some) sql.prepare("INSERT INTO names (name) VALUES (?)").run(one);
  };
  insert(names.slice(0, names.length / 2));
  sql.exec(trigrams.table);
  sql.prepare(trigrams.fill).run(0, names.length);
  sql.exec(trigrams.triggers);
  insert(names.slice(names.length / 2));
  return sql;
}

function askedFor(sql: SqlDatabase, query: string): string[] {
  const rows = sql
    .prepare("SELECT n.name FROM trigrams t JOIN names n ON n.id = t.rowid WHERE t.trigrams MATCH ? ORDER BY t.rowid")
    .all(query);
  return rows.map((row) => String(row["name"]));
}

it("FIND-10 every name that a pattern matches is among those that its trigrams give, whatever was renamed", () => {
  fc.assert(
    fc.property(
      fc.array(name, { minLength: 4, maxLength: 30 }),
      fc.array(fc.tuple(fc.nat(), fc.option(name)), { maxLength: 10 }),
      fc.nat(),
      fc.tuple(fc.nat(6), fc.nat(12), fc.boolean()),
      (names, changes, place, [from, length, ignoreCase]) => {
        const sql = indexed(names);
        try {
          for (const [at, renamed] of changes) {
            const id = (at % names.length) + 1;
            if (renamed === null) sql.prepare("DELETE FROM names WHERE id = ?").run(id);
            else sql.prepare("UPDATE names SET name = ? WHERE id = ?").run(renamed, id);
          }
          const left = sql
            .prepare("SELECT name FROM names")
            .all()
            .map((row) => String(row["name"]));
          const chosen = Array.from(left[place % Math.max(1, left.length)] ?? "abc");
          const glob = `*${escaped(chosen.slice(from, from + length).join(""))}*`;
          const query = trigramQuery(literalParts(glob, { ignoreCase }));
          const isMatch = compileGlob(glob, { ignoreCase, matchHidden: true });
          if (query === undefined) return;
          expect(askedFor(sql, query)).toEqual(expect.arrayContaining(left.filter((one) => isMatch(one))));
        } finally {
          sql.close();
        }
      },
    ),
    { numRuns: 300 },
  );
});

it.each(Object.entries(searches))(
  "FIND-10 names are looked up by their trigrams, in their order, without a look at the others: %s",
  (_, { lookup }) => {
    const sql = indexed([]);
    for (const column of ["parent", "kind", "size_bytes"]) sql.exec(`ALTER TABLE names ADD COLUMN ${column} INTEGER`);
    const plan = sql.prepare(`EXPLAIN QUERY PLAN ${lookup}`).all('"abc"', 0, 0, 0, "*", 1);
    sql.close();
    expect(plan.map((step) => step["detail"])).toEqual([
      expect.stringMatching(/^SCAN t VIRTUAL TABLE INDEX \d+:.*M/),
      "SEARCH n USING INTEGER PRIMARY KEY (rowid=?)",
    ]);
  },
);

it.each([
  [["a", "bc"], undefined],
  [["abc"], '"abc"'],
  [["abcd", "x", "bcd"], '"abc" AND "bcd"'],
  [['a"b'], '"a""b"'],
  [["😀bc"], '"😀bc"'],
])("FIND-10 of the parts %j the question is %j", (parts, query) => expect(trigramQuery(parts)).toBe(query));

it("FIND-10 the longest pattern asks for a bounded number of trigrams", () => {
  const long = Array.from({ length: 255 }, (_, at) => String.fromCodePoint(0x4e00 + at)).join("");
  expect(trigramQuery([long])?.split(" AND ")).toHaveLength(trigramsAskedMax);
});
