/** What an operation sees while its command is applied. */
import type { PeerId, UserId } from "../core/ids.ts";
import type { SqlDatabase } from "../core/sqlite.ts";
import { assert } from "../core/errors.ts";
import type { Command } from "./command.ts";
import type { KnownRows, KnownUser } from "./known-rows.ts";
import type { OperationName, OperationOf } from "./operation.ts";
import type { OperationResult } from "./result.ts";
import type { Totals } from "./schema.ts";
import type { RowCounts } from "./row-counts.ts";

/** What lasts from one entry of a batch to the next. */
export interface ApplyState {
  readonly database: SqlDatabase;
  readonly known: KnownRows;
  /** Changed by the operations, as the counts are; what a refused command did to them is taken back. */
  readonly totals: Totals;
  readonly rowCounts: RowCounts;
}

export interface ApplyContext extends ApplyState {
  /** Place of the entry in the log. */
  readonly index: number;
  /** The entry's time: the only clock there is. */
  readonly timeMs: number;
  readonly command: Command;
  /** The author where it is a user, who is live; undefined for a peer. */
  readonly user: KnownUser | undefined;
}

/** Carries out one operation, or throws a Refusal. */
export type Handler<Name extends OperationName> = (
  context: ApplyContext,
  operation: OperationOf<Name>,
) => Extract<OperationResult, { readonly op: Name }>;

/** The peer that signed the command, for operations that only peers may ask for. */
export function authorPeer({ command }: ApplyContext): PeerId {
  assert("peer" in command.author, "a peer's operation reached its handler from a user");
  return command.author.peer;
}

/** Row of the user who signed the command, for operations that only users may ask for. */
export function authorUserRow({ user }: ApplyContext): number {
  assert(user !== undefined, "a user's operation reached its handler from a peer");
  return user.row;
}

/** The author as one text, unique among users and peers. */
export function authorText(author: { readonly user: UserId } | { readonly peer: PeerId }): string {
  return "user" in author ? `user:${author.user}` : `peer:${author.peer}`;
}
