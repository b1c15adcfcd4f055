/** Reads what a link has missed from the owner's log of changes. */
import { fillStepRecords } from "../../core/limits.ts";
import type { ShelfChange } from "../../core/shelf.ts";
import type { SessionContext } from "./feed-context.ts";
import type { FillStep } from "./set-comparison.ts";

/** A point of the owner's history at which a link is, and where the changes begin that it gets as they are made. */
export interface LogRange {
  readonly epoch: number;
  readonly sequence: number;
  readonly until: number;
}

/** A change as a link gets it that keeps records with more copies than `position`: the others are none of its own. */
export function changeAt(position: number, { fileKey, copies }: ShelfChange): ShelfChange {
  return { fileKey, copies: copies > position ? copies : 0 };
}

/** The changes of the range, in order, in steps; ends early where the log does not reach back. Whoever gets a step closes its guard. */
export async function* loggedChanges(context: SessionContext, range: LogRange): AsyncGenerator<FillStep, void> {
  let { epoch, sequence } = range;
  while (sequence < range.until) {
    const guard = context.guards.open();
    const page = await pageAfter(context, { epoch, sequence }).catch((error: unknown) => {
      guard.close();
      throw error;
    });
    const last = page?.changes.at(-1);
    if (page === undefined || last === undefined) {
      guard.close();
      return;
    }
    yield { changes: page.changes.map((change) => changeAt(context.position, change)), guard };
    ({ epoch } = page);
    ({ sequence } = last);
  }
}

/** The next changes; a point of the history belongs to the epoch of the page before, or to one that began since. */
async function pageAfter(
  { host, shelf, store }: SessionContext,
  point: { readonly epoch: number; readonly sequence: number },
): Promise<{ epoch: number; changes: readonly (ShelfChange & { readonly sequence: number })[] } | undefined> {
  for (let { epoch } = point; epoch <= host.epoch(); epoch += 1) {
    const changes = await store.changesSince(shelf, { epoch, sequence: point.sequence }, fillStepRecords);
    if (changes !== undefined) return { epoch, changes };
  }
  return undefined;
}
