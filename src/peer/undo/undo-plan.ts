/**
 * What has to be done to take a change back: decided from what it did and what there is now, node by node.
 *
 * What is as it was before already is left alone, so that an undo that was cut short is finished by the next one.
 */
import { DfsError } from "../../core/errors.ts";
import { type Place, type Touched, isSamePlace } from "./change-effects.ts";

/** One file or directory that has to change. */
export interface Undoing {
  readonly touched: Touched;
  /** `remove` what was made, `reopen` what was removed, `move` back what was moved, `keep` where only a revision goes back. */
  readonly place: "remove" | "reopen" | "move" | "keep";
  /** The revision whose content a file gets again. */
  readonly contentOf?: number | undefined;
}

/** Somebody else changed the same thing since. */
export class ChangedSince extends DfsError {
  readonly touched: Touched;

  constructor(touched: Touched, message: string) {
    super("conflict", message);
    this.touched = touched;
  }
}

/** What to do with each node, in the order in which the change came to them. Fails with ChangedSince. */
export function planUndo(touched: readonly Touched[]): readonly Undoing[] {
  return touched.flatMap((each) => {
    const undoing = undoingOf(each);
    return undoing === undefined ? [] : [undoing];
  });
}

function undoingOf(touched: Touched): Undoing | undefined {
  const { before, after, now, hasNames } = touched;
  if (!hasNames) return contentBack(touched, "keep");
  if (before === undefined) return after === undefined ? undefined : removal(touched, after);
  if (after === undefined) return reopening(touched, before);
  if (isSamePlace(before, after)) return contentBack(touched, "keep");
  if (now === undefined) throw new ChangedSince(touched, "was removed since");
  if (isSamePlace(now, before)) return contentBack(touched, "keep");
  if (!isSamePlace(now, after)) throw new ChangedSince(touched, "was moved since");
  return { touched, place: "move", contentOf: earlierContent(touched) };
}

/** What the change made, or brought back, goes; unless it is gone already. */
function removal(touched: Touched, after: Place): Undoing | undefined {
  const { now, nowKey, thenKey, revision } = touched;
  if (now === undefined) return undefined;
  if (!isSamePlace(now, after)) throw new ChangedSince(touched, "was moved since");
  if (nowKey !== thenKey) throw new ChangedSince(touched, `was changed since: it is at revision ${revision}`);
  return { touched, place: "remove" };
}

/** What the change removed comes back; unless it is there already. */
function reopening(touched: Touched, before: Place): Undoing | undefined {
  const { now } = touched;
  if (now === undefined) return { touched, place: "reopen", contentOf: earlierContent(touched) };
  if (isSamePlace(now, before)) return contentBack(touched, "keep");
  throw new ChangedSince(touched, "is somewhere else by now");
}

function contentBack(touched: Touched, place: Undoing["place"]): Undoing | undefined {
  if (touched.revised === undefined) return undefined;
  if (touched.now === undefined) throw new ChangedSince(touched, "was removed since");
  const contentOf = earlierContent(touched);
  return contentOf === undefined ? undefined : { touched, place, contentOf };
}

/**
 * The revision that a file had before the change; undefined where the change made no revision of it. Whether a later one
 * already has its content again is seen once that is read.
 */
function earlierContent({ revised }: Touched): number | undefined {
  return revised === undefined ? undefined : revised.first - 1;
}
