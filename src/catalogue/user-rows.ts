/** The rows of users: looking at them, and what their trees cost. */
import type { UserId } from "../core/ids.ts";
import { administratorsNamedMax } from "../core/limits.ts";
import type { SqlRow } from "../core/sqlite.ts";
import type { ApplyContext } from "./apply-context.ts";
import { idBytes } from "./id-bytes.ts";
import { requireThat } from "./refusal.ts";

/** Row of the shared user, which is made when the network is founded. */
export const sharedUserRow = 1;

/** The row of a user who has not ended. Refuses with `not-found`. */
export function requireUser({ database }: ApplyContext, user: UserId): SqlRow {
  const row = database.prepare("SELECT * FROM users WHERE user = ? AND ended_index IS NULL").get(idBytes(user));
  requireThat(row !== undefined, "not-found", "the network has no such user");
  return row;
}

/** Counts bytes that the tree of a user costs from now on, or no more. */
export function countBytes({ rowCounts }: ApplyContext, userRow: number, addedBytes: number): void {
  if (addedBytes !== 0) rowCounts.addBytes(userRow, addedBytes);
}

/** Refuses with `quota` when so many bytes more would cost a user more than it may. What adds nothing is never refused. */
export function requireQuota(context: ApplyContext, userRow: number, addedBytes: number): void {
  if (addedBytes === 0 || !context.known.isLimited(userRow)) return;
  const row = context.database.prepare("SELECT name, quota_bytes, used_bytes FROM users WHERE id = ?").get(userRow);
  const quotaBytes = row?.["quota_bytes"];
  if (typeof quotaBytes !== "number") return;
  const usedBytes = Number(row?.["used_bytes"]) + context.rowCounts.bytesOf(userRow);
  requireThat(
    usedBytes + addedBytes <= quotaBytes,
    "quota",
    `${String(row?.["name"])} uses ${usedBytes} of ${quotaBytes} bytes, and this adds ${addedBytes}: remove files, which count until their time is over, or ask an administrator (${administratorNames(context)}) for more`,
  );
}

/** The first administrators by name, as a person reads them. */
export function administratorNames({ database }: Pick<ApplyContext, "database">): string {
  const names = database
    .prepare("SELECT name FROM users WHERE is_admin = 1 ORDER BY name LIMIT ?")
    .all(administratorsNamedMax + 1)
    .map((row) => String(row["name"]));
  const shown = names.slice(0, administratorsNamedMax);
  return [...shown, ...(names.length > shown.length ? ["others"] : [])].join(", ");
}
