/** The network's policy: how many copies of a file there are to be, and how long what was is kept. */
import type { SqlDatabase, SqlRow } from "../core/sqlite.ts";
import type { Handler } from "./apply-context.ts";
import { policyRowOf } from "./row-values.ts";
import type { PolicyRow } from "./rows.ts";

/** The policy, and how far its last change is carried out; see retention.ts. */
export interface RetentionPolicy extends PolicyRow {
  /** The most revisions that any file may still keep: more than `retainRevisions` only until the scan has ended. */
  readonly retainPeak: number;
  /** Rows of `revisions` up to this one are as the policy says; null when all are. */
  readonly scanRow: number | null;
}

/** The policy that holds. */
export function loadPolicy(database: SqlDatabase): RetentionPolicy {
  const row = database.prepare("SELECT * FROM policy").get() as SqlRow;
  return {
    ...policyRowOf(row),
    retainPeak: Number(row["retain_peak"]),
    scanRow: row["scan_row"] === null ? null : Number(row["scan_row"]),
  };
}

/** Refuses nothing. Another number of revisions counts for new ones at once, and for those that there are once `collect` has scanned them. */
export const setPolicy: Handler<"setPolicy"> = (context, { op, copies, minCopies, retainRevisions, retainMs }) => {
  const { database, known, totals, index } = context;
  const before = known.policy();
  const kept = retainRevisions ?? before.retainRevisions;
  database
    .prepare(
      "UPDATE policy SET copies = ?, min_copies = ?, retain_revisions = ?, retain_ms = ?, retain_peak = ?, scan_row = ?",
    )
    .run(
      copies ?? before.copies,
      minCopies ?? before.minCopies,
      kept,
      retainMs ?? before.retainMs,
      Math.max(kept, before.retainPeak),
      kept === before.retainRevisions ? before.scanRow : 0,
    );
  known.forgetPolicy();
  totals.membersVersion = index;
  return { op };
};
