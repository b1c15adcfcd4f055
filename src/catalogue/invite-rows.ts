/** The rows of invites: forgetting those that do not count any more. */
import type { SqlDatabase } from "../core/sqlite.ts";
import type { ApplyContext } from "./apply-context.ts";

/** Forgets invites whose time is over: at most as many as may wait. */
export function forgetExpiredInvites({ database, timeMs }: ApplyContext): void {
  database.prepare("DELETE FROM invites WHERE expires_ms <= ?").run(timeMs);
}

/** When the next invite expires, in milliseconds since 1970; undefined where none waits. */
export function nextInviteExpiryMs(database: SqlDatabase): number | undefined {
  const next = database.prepare("SELECT min(expires_ms) AS next FROM invites").get()?.["next"];
  return typeof next === "number" ? next : undefined;
}
