/** Administrators: who may change what concerns everybody. */
import type { ApplyContext } from "./apply-context.ts";
import type { Operation } from "./operation.ts";
import { Refusal } from "./refusal.ts";
import { administratorNames } from "./user-rows.ts";

/**
 * Refuses with `permission`, naming administrators, unless the author may ask for what only they may: an administrator,
 * and a user for its own end; while the network has no administrator, any member peer and the shared user.
 */
export function requireAdministrator(context: ApplyContext, operation: Operation): void {
  const { known, user, command } = context;
  if (user?.isAdmin === true) return;
  // Then there are no users but the shared one: a network that has others keeps an administrator.
  if (!known.hasAdministrator()) return;
  const isOwnEnd = operation.op === "removeUser" && "user" in command.author && command.author.user === operation.user;
  if (isOwnEnd) return;
  throw new Refusal(
    "permission",
    `only an administrator may do this: log in as one, or ask ${administratorNames(context)}`,
  );
}
