/** Random steps of three users in each other's company, and counts made anew from the tables. */
import * as fc from "fast-check";
import type { Catalogue } from "../../src/catalogue/catalogue.ts";
import type { ChangeCursor, ChangedRow } from "../../src/catalogue/rows.ts";
import type { NodeId, UserId } from "../../src/core/ids.ts";

const who = fc.nat(2);
/** A name among three. */
const name = fc.nat(2);
const where = fc.constantFrom("own" as const, "shared" as const);

export type Step = { readonly afterMs: number } & (
  | {
      readonly type: "put";
      readonly who: number;
      readonly where: "own" | "shared";
      readonly name: number;
      readonly bytes: number;
      readonly lifeMs: number | null;
    }
  | {
      readonly type: "copy" | "move";
      readonly who: number;
      readonly where: "own" | "shared";
      readonly from: number;
      readonly to: number;
    }
  | { readonly type: "remove"; readonly who: number; readonly where: "own" | "shared"; readonly name: number }
  | { readonly type: "quota"; readonly who: number; readonly bytes: number | null }
  | { readonly type: "retain"; readonly revisions: number; readonly ms: number }
  | { readonly type: "end" | "add" | "follow"; readonly who: number }
  | { readonly type: "expire" | "collect" }
);

const kinds = {
  put: { weight: 8, fields: { who, where, name, bytes: fc.nat(9), lifeMs: fc.option(fc.integer({ min: 1, max: 6 })) } },
  copy: { weight: 2, fields: { who, where, from: name, to: name } },
  move: { weight: 2, fields: { who, where, from: name, to: name } },
  remove: { weight: 2, fields: { who, where, name } },
  quota: { weight: 1, fields: { who, bytes: fc.option(fc.nat(40)) } },
  retain: { weight: 1, fields: { revisions: fc.integer({ min: 1, max: 3 }), ms: fc.nat(6) } },
  end: { weight: 1, fields: { who } },
  add: { weight: 2, fields: { who } },
  follow: { weight: 4, fields: { who } },
  expire: { weight: 1, fields: {} },
  collect: { weight: 5, fields: {} },
};

export const anySteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    ...Object.entries(kinds).map(([type, { weight, fields }]) => ({
      weight,
      arbitrary: fc.record({
        type: fc.constant(type),
        afterMs: fc.nat(2),
        ...fields,
      }) as fc.Arbitrary<unknown> as fc.Arbitrary<Step>,
    })),
  ),
  { minLength: 1, maxLength: 60, size: "max" },
);

/** Counts as the tables give them, and as the catalogue keeps them. */
export function counted(catalogue: Catalogue): { readonly kept: unknown; readonly recounted: unknown } {
  const database = catalogue["database"];
  const users = database.prepare("SELECT id, used_bytes FROM users ORDER BY id").all();
  const bytes = database.prepare(
    "SELECT coalesce(sum(added_bytes), 0) AS used_bytes FROM revisions r JOIN nodes n ON n.id = r.node_id WHERE n.user_id = ?",
  );
  const totals = database
    .prepare(
      `SELECT (SELECT count(*) FROM nodes WHERE kind = 1 AND ended_index IS NULL) AS files,
         (SELECT count(*) FROM nodes n WHERE kind = 2 AND ended_index IS NULL
            AND EXISTS (SELECT 1 FROM entries e WHERE e.node_id = n.id AND e.ended_index IS NULL)) AS directories,
         (SELECT coalesce(sum(size_bytes), 0) FROM revisions WHERE ended_index IS NULL) AS logical,
         (SELECT coalesce(sum(added_bytes), 0) FROM revisions) AS stored`,
    )
    .get();
  const { files, directories, logicalBytes, storedBytes } = catalogue.counts();
  return {
    kept: { users: users.map((row) => row["used_bytes"]), totals: [files, directories, logicalBytes, storedBytes] },
    recounted: {
      users: users.map(({ id }) => bytes.get(Number(id))?.["used_bytes"]),
      totals: ["files", "directories", "logical", "stored"].map((column) => totals?.[column]),
    },
  };
}

/** Rows that no user, node or name accounts for. */
export function leftOver(catalogue: Catalogue): number {
  const row = catalogue["database"]
    .prepare(
      `SELECT (SELECT count(*) FROM nodes WHERE user_id NOT IN (SELECT id FROM users))
         + (SELECT count(*) FROM revisions WHERE node_id NOT IN (SELECT id FROM nodes))
         + (SELECT count(*) FROM entries WHERE ended_index IS NULL AND node_id NOT IN (SELECT id FROM nodes)) AS rows`,
    )
    .get();
  return Number(row?.["rows"]);
}

/** Whoever keeps a copy of a user's tree by asking for what changed. */
export class Follower {
  readonly live = new Map<NodeId, ChangedRow>();
  #sinceIndex = 0;

  /** Asks page by page, for few rows at a time. */
  follow(catalogue: Catalogue, user: UserId): void {
    let after: ChangeCursor | undefined;
    for (;;) {
      const page = catalogue.changes(user, { sinceIndex: this.#sinceIndex, after, limit: 2 });
      if (page.isReset) {
        this.live.clear();
        this.#sinceIndex = 0;
        after = undefined;
        continue;
      }
      for (const row of page.rows) this.#take(row);
      if (page.next === null) {
        this.#sinceIndex = page.appliedIndex;
        return;
      }
      after = page.next;
    }
  }

  #take(row: ChangedRow): void {
    if (row.endedIndex === null) this.live.set(row.node, row);
    else this.live.delete(row.node);
  }
}
