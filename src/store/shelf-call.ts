/** What callers may ask of a shelf: checks that both stores make before they do anything. */
import { DfsError } from "../core/errors.ts";
import { copiesMax, recordsPerNoteMax } from "../core/limits.ts";
import type { LeaseId, ShelfId } from "../core/ids.ts";
import type { ShelfChange } from "../core/shelf.ts";
import type { ShelfBatch } from "./shelf-state.ts";

/** Fails with `usage` for too many changes or a number of copies that there is not. */
export function checkChanges(changes: readonly ShelfChange[]): void {
  if (changes.length > recordsPerNoteMax)
    throw new DfsError("usage", `${changes.length} changes in one call; make at most ${recordsPerNoteMax} at a time`);
  const wrong = changes.find(({ copies }) => !Number.isInteger(copies) || copies < 0 || copies > copiesMax);
  if (wrong !== undefined)
    throw new DfsError("usage", `a record has 0 to ${copiesMax} copies, not ${wrong.copies}`, { path: wrong.fileKey });
}

/** Fails with `usage` for numbers that run backwards, and as `checkChanges` does. */
export function checkBatch({ after, sequence, changes }: ShelfBatch): void {
  if (!Number.isSafeInteger(after) || !Number.isSafeInteger(sequence) || after < 0 || after > sequence)
    throw new DfsError(
      "usage",
      `changes lead from one sequence to the same or a later one, not from ${after} to ${sequence}`,
    );
  checkChanges(changes);
}

/** Fails with `usage` when a lease was opened for another shelf. */
export function checkLeaseShelf(lease: LeaseId, opened: ShelfId, shelf: ShelfId): void {
  if (opened === shelf) return;
  throw new DfsError("usage", `lease ${lease} is for shelf ${opened}, not for ${shelf}`, { path: shelf });
}

/** Fails with `usage` unless `epoch` is one that a chain can have. */
export function checkEpochNumber(epoch: number): void {
  if (!Number.isSafeInteger(epoch) || epoch < 1) throw new DfsError("usage", `an epoch is 1 or more, not ${epoch}`);
}
