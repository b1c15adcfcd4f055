/** Entries, a model of the log, and scripted lives of a log, for the tests of the log on the disk. */
import { randomBytes } from "node:crypto";
import type { Entry, HardState } from "../../src/raft/types.ts";
import { RaftDisk } from "../../src/store/raft-disk/raft-disk.ts";
import type { LogPosition, RaftDiskOptions } from "../../src/store/raft-disk/raft-disk.ts";
import { member } from "../raft/group.ts";

/** Any hard state: what it means is the core's. */
export function hardStateOf(term: number, commit = 0): HardState {
  return { term, vote: member(term), commit };
}

/** `count` entries of one term from `first` on, with data without a zero. */
export function entriesFrom(first: number, count: number, term: number, length = 40): Entry[] {
  return Array.from({ length: count }, (_, at) => {
    const data = new Uint8Array(randomBytes(length)).map((byte) => byte | 1);
    return { index: first + at, term, kind: "command", data } as const;
  });
}

/** What a log should hold. */
export interface LogModel {
  readonly base: LogPosition;
  readonly hardState: HardState;
  /** Everything behind `base`, also what was compacted since. */
  readonly entries: readonly Entry[];
}

/** One thing that is done to a log. */
export type Step =
  | { readonly kind: "save"; readonly hardState?: HardState; readonly entries: readonly Entry[] }
  | { readonly kind: "compact"; readonly index: number }
  | { readonly kind: "reset"; readonly base: LogPosition; readonly hardState: HardState }
  | { readonly kind: "reopen" };

/** The model after `step`. */
export function after(model: LogModel, step: Step): LogModel {
  if (step.kind === "reset") return { base: step.base, hardState: step.hardState, entries: [] };
  if (step.kind !== "save") return model;
  const first = step.entries[0]?.index ?? Number.MAX_SAFE_INTEGER;
  const kept = model.entries.filter(({ index }) => index < first);
  return { base: model.base, hardState: step.hardState ?? model.hardState, entries: [...kept, ...step.entries] };
}

/** Carries out one step; returns the log to go on with. */
export async function carryOut(disk: RaftDisk, step: Step, options: RaftDiskOptions): Promise<RaftDisk> {
  if (step.kind === "save") await disk.save({ hardState: step.hardState, entries: step.entries });
  else if (step.kind === "compact") await disk.compact(step.index);
  else if (step.kind === "reset") await disk.reset(step.base, step.hardState);
  else {
    await disk.close();
    return RaftDisk.open(options);
  }
  return disk;
}

/** Everything that a log shows, its entries read in small pages. */
export function shown(disk: RaftDisk): { base: LogPosition; hardState: HardState; entries: readonly Entry[] } {
  const entries: Entry[] = [];
  for (let next = disk.firstIndex(); next <= disk.lastIndex(); next = disk.firstIndex() + entries.length)
    entries.push(...disk.entries(next, disk.lastIndex() + 1, 500));
  return { base: disk.base, hardState: disk.hardState, entries };
}

/** Whether a log shows what the model says, from wherever it begins; nothing above `compactedTo` may be gone. */
export function isLike(disk: RaftDisk, model: LogModel, compactedTo: number): boolean {
  const { base, hardState, entries } = shown(disk);
  const baseTerm =
    base.index === model.base.index ? model.base.term : model.entries[base.index - model.base.index - 1]?.term;
  const isBase = base.index >= model.base.index && base.index <= Math.max(model.base.index, compactedTo);
  const wanted = model.entries.slice(base.index - model.base.index);
  const areTerms = wanted.every(({ index, term }) => disk.term(index) === term);
  return (
    isBase &&
    base.term === baseTerm &&
    areTerms &&
    isSame({ hardState, entries }, { hardState: model.hardState, entries: wanted })
  );
}

/** Whether two plain values are the same, bytes included. */
export function isSame(left: unknown, right: unknown): boolean {
  return text(left) === text(right);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part instanceof Uint8Array ? Buffer.from(part).toString("hex") : part,
  );
}

/** A life with every kind of step, in small segments: about a dozen of them. */
export const life: readonly Step[] = [
  { kind: "save", hardState: hardStateOf(1), entries: [] },
  { kind: "save", hardState: hardStateOf(1, 3), entries: entriesFrom(5, 3, 1) },
  { kind: "save", entries: entriesFrom(8, 1, 1, 700) },
  { kind: "save", hardState: hardStateOf(2, 7), entries: entriesFrom(9, 4, 2, 300) },
  { kind: "save", hardState: hardStateOf(3, 8), entries: entriesFrom(10, 6, 3, 200) },
  { kind: "reopen" },
  { kind: "save", entries: entriesFrom(16, 1, 3, 5000) },
  { kind: "save", hardState: hardStateOf(3, 15), entries: entriesFrom(17, 2, 3) },
  { kind: "compact", index: 12 },
  { kind: "save", hardState: hardStateOf(4, 15), entries: entriesFrom(16, 1, 4) },
  { kind: "save", hardState: hardStateOf(4, 16), entries: entriesFrom(17, 5, 4, 500) },
  { kind: "compact", index: 16 },
  { kind: "reopen" },
  { kind: "save", entries: entriesFrom(22, 3, 4, 400) },
  { kind: "reset", base: { index: 40, term: 5 }, hardState: hardStateOf(5, 40) },
  { kind: "save", hardState: hardStateOf(6, 40), entries: entriesFrom(41, 2, 6, 600) },
  { kind: "save", entries: entriesFrom(42, 1, 7, 1500) },
  { kind: "reset", base: { index: 30, term: 5 }, hardState: hardStateOf(8, 30) },
  { kind: "save", hardState: hardStateOf(8, 31), entries: entriesFrom(31, 2, 8) },
];

/** How each life begins, and the size of its segments. */
export const beginning: LogModel = { base: { index: 4, term: 1 }, hardState: hardStateOf(0, 4), entries: [] };
export const lifeSegmentBytes = 2000;
