/** What a change did, node by node, and what has become of each since: put together from the rows that the catalogue has of its commands. */
import pLimit from "p-limit";
import type { EffectRow } from "../../catalogue/rows.ts";
import { DfsError } from "../../core/errors.ts";
import type { FileKey, NodeId, UserId } from "../../core/ids.ts";
import { undoEntriesMax, undoReadsAtOnce } from "../../core/limits.ts";
import type { ReadCallOptions, UserReader } from "../coordination/catalogue-access.ts";
import type { JournalCommit } from "./change-journal.ts";

/** A name in a directory. */
export interface Place {
  readonly parent: NodeId;
  readonly token: Uint8Array;
}

/** The name that a node had when it ended, and how its owner gets its keys back. */
export interface LastName extends Place {
  readonly pastWrap: Uint8Array;
  /** How many of the node's keys it has. */
  readonly wrapGeneration: number;
  /** Number of the directory's key that sealed it; 0 where the node was shared when it ended. */
  readonly parentGeneration: number;
}

/** A file or directory that a change made, named, removed or gave revisions. */
export interface Touched {
  readonly node: NodeId;
  readonly kind: "file" | "directory";
  readonly owner: UserId;
  /** Where it was before the change, and after it; undefined where it was not there. */
  before: Place | undefined;
  after: Place | undefined;
  /** Whether the change touched its name at all. */
  hasNames: boolean;
  /** Where it is now; undefined where it is not there any more. */
  readonly now: Place | undefined;
  lastName: LastName | undefined;
  /** Latest revision, and its content where it is kept. */
  readonly revision: number;
  readonly nowKey: FileKey | null;
  /** Content after the change, where that revision is kept. */
  thenKey: FileKey | null;
  /** First and last revision that the change made, and the content of the last one. */
  revised: { first: number; last: number; lastKey: FileKey } | undefined;
  /** Entry of the log by which the change began with it: the order in which things were done. */
  readonly order: number;
}

/** Everything that the commands touched, in the order in which they came to it. Fails with `not-found` where something of it is no longer kept, and `usage` where it is too much. */
export async function touchedBy(
  catalogue: Pick<UserReader, "effects">,
  commits: readonly JournalCommit[],
  options: ReadCallOptions,
): Promise<readonly Touched[]> {
  const own = new Set(commits.map(({ index }) => index));
  const touched = new Map<NodeId, Touched>();
  const limited = pLimit(undoReadsAtOnce);
  const pages = await Promise.all(commits.map((commit) => limited(() => readCommit(catalogue, commit, options))));
  for (const rows of pages)
    for (const row of rows) {
      if (touched.size > undoEntriesMax) throw tooMuch();
      note(touched, row, own);
    }
  return [...touched.values()];
}

/** Why a change of so many entries cannot be taken back. */
export function tooMuch(): DfsError {
  return new DfsError(
    "usage",
    `it changed more than ${undoEntriesMax} files and directories, and so many cannot be taken back at once`,
  );
}

async function readCommit(
  catalogue: Pick<UserReader, "effects">,
  { index, timeMs, rows: expected }: JournalCommit,
  options: ReadCallOptions,
): Promise<readonly EffectRow[]> {
  const rows: EffectRow[] = [];
  for (let after: EffectCursorOrNone; ;) {
    const page = await catalogue.effects({ index, timeMs, after }, options);
    rows.push(...page.rows);
    if (rows.length > 2 * undoEntriesMax) throw tooMuch();
    if (page.next === null) break;
    after = page.next;
  }
  const kept = rows.filter(({ effect }) => effect !== "named").length;
  if (kept < expected)
    throw new DfsError(
      "not-found",
      "what was there before is no longer kept: the network keeps it for a time only, see retain",
    );
  return rows;
}

type EffectCursorOrNone = Parameters<UserReader["effects"]>[0]["after"];

function note(touched: Map<NodeId, Touched>, row: EffectRow, own: ReadonlySet<number>): void {
  const known = touched.get(row.node) ?? newTouched(row, touched.size);
  touched.set(row.node, known);
  known.thenKey = row.thenKey;
  if (row.effect === "revised") noteRevision(known, row);
  else if (row.effect === "unnamed") noteUnnamed(known, row, own);
  else noteNamed(known, row, own);
}

function newTouched(row: EffectRow, order: number): Touched {
  const { node, kind, owner, nowParent, nowToken, revision, nowKey, thenKey } = row;
  const now = nowParent === null || nowToken === null ? undefined : { parent: nowParent, token: nowToken };
  const unknown = { before: undefined, after: undefined, lastName: undefined, revised: undefined, hasNames: false };
  return { node, kind, owner, now, revision, nowKey, thenKey, order, ...unknown };
}

/** A name that the change ended and had not made is where the node was before; the first one, should others have moved it meanwhile. */
function noteUnnamed(touched: Touched, row: EffectRow, own: ReadonlySet<number>): void {
  const { parent, token, pastWrap, wrapGeneration, parentGeneration } = row;
  if (parent === null || token === null) return;
  touched.hasNames = true;
  if (!own.has(row.namedIndex)) touched.before ??= { parent, token };
  if (row.unnamedIndex === row.removedIndex)
    touched.lastName = { parent, token, pastWrap, wrapGeneration, parentGeneration };
}

/** A name that the change made and did not end is where the node was after it. */
function noteNamed(touched: Touched, { parent, token, unnamedIndex }: EffectRow, own: ReadonlySet<number>): void {
  if (parent === null || token === null) return;
  touched.hasNames = true;
  if (unnamedIndex === null || !own.has(unnamedIndex)) touched.after = { parent, token };
}

function noteRevision(touched: Touched, { madeRevision, madeKey }: EffectRow): void {
  if (madeRevision === null || madeKey === null) return;
  const { revised } = touched;
  if (revised === undefined) touched.revised = { first: madeRevision, last: madeRevision, lastKey: madeKey };
  else if (madeRevision > revised.last) Object.assign(revised, { last: madeRevision, lastKey: madeKey });
  else revised.first = Math.min(revised.first, madeRevision);
}

/** Whether two names are the same. */
export function isSamePlace(one: Place | undefined, other: Place | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.parent === other.parent && Buffer.compare(one.token, other.token) === 0;
}
