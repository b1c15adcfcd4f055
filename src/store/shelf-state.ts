/**
 * What a store claims about a shelf, and how each kind of change moves the claim: pure rules for both stores.
 *
 * A point (epoch, sequence) is on the history of that epoch's owner: the same numbers of two epochs can stand for
 * different changes, for a new owner goes on from what it has. So a link moves on by number only within an epoch; into
 * another one it moves by the digest, which says what the set is, wherever it came from.
 */
import { DfsError } from "../core/errors.ts";
import type { Savepoint, ShelfChange } from "../core/shelf.ts";
import type { ShelfId } from "../core/ids.ts";
import { shelfChangesKept, shelfEpochsKept } from "../core/limits.ts";
import { emptySum } from "./set-digest.ts";

/** A shelf as one store knows it. */
export interface ShelfState {
  /** The highest epoch that anybody came with: whoever comes with a smaller one is refused. */
  readonly fence: number;
  /** The savepoint. */
  readonly epoch: number;
  readonly sequence: number;
  readonly digest: Uint8Array;
  /** Records in the set. */
  readonly records: number;
  /** Whether the set also has changes that are not on the history up to the savepoint: then no other point is compared by its number. */
  readonly isLoose: boolean;
}

/** A change of the claim, and what becomes of the log of changes with it. */
export interface ShelfStep {
  readonly state: ShelfState;
  /** The log forgets everything up to here, and the history begins here. */
  readonly restartsAt?: number | undefined;
  /** The changes are written in the log; the last one has the number of the new savepoint. */
  readonly isLogged: boolean;
}

/** The set after the changes, of which there are `changes`. */
export interface SetAfter {
  readonly digest: Uint8Array;
  readonly records: number;
  readonly changes: number;
}

/** The owner's changes as another link gets them; see `ChunkStore.applyChanges`. */
export interface ShelfBatch {
  readonly epoch: number;
  /** The owner's sequence before these changes, and with them. */
  readonly after: number;
  readonly sequence: number;
  readonly changes: readonly ShelfChange[];
  /** What the set must come to. */
  readonly digest?: Uint8Array | undefined;
}

/** The history of a shelf: where each epoch began, ascending; and how far back the log of changes reaches. */
export interface ShelfHistory {
  readonly epochs: readonly { readonly epoch: number; readonly began: number }[];
  readonly logFrom: number;
}

/** A shelf of which nothing was ever here. */
export function newShelf(): ShelfState {
  return { fence: 0, epoch: 0, sequence: 0, digest: emptySum(), records: 0, isLoose: false };
}

export function savepointOf(shelf: ShelfId, { epoch, sequence, digest }: ShelfState): Savepoint {
  return { shelf, epoch, sequence, digest };
}

/** Fails with `moved` when somebody with a higher epoch was here before. */
export function checkEpoch(shelf: ShelfId, { fence }: ShelfState, epoch: number): void {
  if (epoch >= fence) return;
  throw new DfsError(
    "moved",
    `shelf ${shelf} is in epoch ${fence} here, and this came with epoch ${epoch}; look up its chain again`,
    { path: shelf },
  );
}

/** An owner begins an epoch with the set as it is. A set that no number stands for gets the next one. */
export function begun(state: ShelfState, epoch: number): ShelfStep {
  const sequence = state.isLoose ? state.sequence + 1 : state.sequence;
  const isFirst = state.epoch === 0;
  return {
    state: { ...state, fence: epoch, epoch, sequence, isLoose: false },
    ...(state.isLoose || isFirst ? { restartsAt: sequence } : {}),
    isLogged: false,
  };
}

/** An owner makes changes. */
export function appended(state: ShelfState, epoch: number, set: SetAfter): ShelfStep {
  const start = begun(state, epoch);
  const sequence = start.state.sequence + set.changes;
  return {
    ...start,
    state: { ...start.state, sequence, digest: set.digest, records: set.records },
    isLogged: true,
  };
}

/** Whether a link has had all of these numbered changes: carrying them out again could undo later ones. */
export function isPast(state: ShelfState, { epoch, after, sequence, digest }: ShelfBatch): boolean {
  return digest === undefined && state.epoch === epoch && after < sequence && sequence <= state.sequence;
}

/** Another link carries the owner's changes out. */
export function applied(state: ShelfState, batch: ShelfBatch, set: SetAfter): ShelfStep {
  const { epoch, after, sequence, digest } = batch;
  const next = { fence: epoch, digest: set.digest, records: set.records };
  if (digest !== undefined && Buffer.compare(digest, set.digest) !== 0)
    return { state: { ...next, epoch, sequence: 0, isLoose: set.records > 0 }, restartsAt: 0, isLogged: false };
  // Nothing is claimed at 0, but an empty set is what every history begins with.
  const isNext = state.sequence === after && (after === 0 ? state.records === 0 : state.epoch === epoch);
  if (!isNext && digest === undefined) {
    const isLoose = state.isLoose || Buffer.compare(state.digest, set.digest) !== 0;
    return { state: { ...state, ...next, isLoose }, isLogged: false };
  }
  const reached = { ...next, epoch, sequence, isLoose: digest === undefined && state.isLoose };
  if (!isNext || set.changes > sequence - after) return { state: reached, restartsAt: sequence, isLogged: false };
  return { state: reached, ...(after === 0 ? { restartsAt: 0 } : {}), isLogged: true };
}

/** Something of the shelf may be lost: nothing is claimed any more. */
export function lost(state: ShelfState): ShelfStep {
  return { state: { ...state, sequence: 0, isLoose: state.records > 0 }, restartsAt: 0, isLogged: false };
}

/** The history after a step that led away from `before`; the log is kept to `shelfChangesKept` numbers. */
export function historyAfter(history: ShelfHistory, before: ShelfState, step: ShelfStep): ShelfHistory {
  const { epoch, sequence } = step.state;
  const { epochs, logFrom } =
    step.restartsAt === undefined
      ? { epochs: begin(history.epochs, epoch, before.sequence), logFrom: history.logFrom }
      : { epochs: [{ epoch, began: step.restartsAt }], logFrom: step.restartsAt };
  const from = Math.max(logFrom, sequence - shelfChangesKept);
  const reached = epochs.filter((_, at) => (epochs[at + 1]?.began ?? sequence) >= from);
  return { epochs: reached.slice(-shelfEpochsKept), logFrom: from };
}

function begin(epochs: ShelfHistory["epochs"], epoch: number, began: number): ShelfHistory["epochs"] {
  return epochs.at(-1)?.epoch === epoch ? epochs : [...epochs, { epoch, began }];
}

/** Whether the log has all changes behind a point, and that point was ever on this history. 0 claims nothing, and is no point. */
export function reachesBack(
  state: ShelfState,
  { epochs, logFrom }: ShelfHistory,
  point: { readonly epoch: number; readonly sequence: number },
): boolean {
  if (state.isLoose || point.sequence < Math.max(logFrom, 1)) return false;
  const at = epochs.findIndex(({ epoch }) => epoch === point.epoch);
  const end = epochs[at + 1]?.began ?? state.sequence;
  const began = epochs[at]?.began;
  return began !== undefined && began <= point.sequence && point.sequence <= end;
}
