/** What `find` looks for, as a value that can be checked and sent: every test that is given has to be passed. */
import type { Entry } from "./client.ts";
import { compileGlob } from "./glob.ts";

export interface NameTest {
  /** As in glob.ts; wildcards match a leading dot too. */
  readonly glob: string;
  readonly ignoreCase: boolean;
}

export interface FindQuery {
  /** The name matches each of them. */
  readonly names?: readonly NameTest[] | undefined;
  /** Each of them is what it is: two different ones find nothing. */
  readonly kinds?: readonly Entry["kind"][] | undefined;
  readonly sizeMinBytes?: number | undefined;
  readonly sizeMaxBytes?: number | undefined;
  /** Modified later than this, in milliseconds since 1970. */
  readonly modifiedAfterMs?: number | undefined;
  /** Modified then or before. */
  readonly modifiedUntilMs?: number | undefined;
  /** How far below the path that is searched, which itself is at 0. */
  readonly depthMin?: number | undefined;
  readonly depthMax?: number | undefined;
}

/** What of an entry is tested. */
export type Tested = Pick<Entry, "kind" | "name" | "sizeBytes"> & {
  /** Absent where it is not known: it is then not tested. */
  readonly modifiedMs?: number | undefined;
};

/** A function that says whether an entry so far below the path that is searched passes every test. */
export function compileQuery(query: FindQuery): (entry: Tested, depth: number) => boolean {
  const { kinds = [], names = [], sizeMinBytes = 0, sizeMaxBytes = Infinity } = query;
  const { modifiedAfterMs = -Infinity, modifiedUntilMs = Infinity, depthMin = 0, depthMax = Infinity } = query;
  const globs = names.map(({ glob, ignoreCase }) => compileGlob(glob, { ignoreCase, matchHidden: true }));
  const isInTime = (ms: number | undefined): boolean =>
    ms === undefined || (ms > modifiedAfterMs && ms <= modifiedUntilMs);
  return ({ kind, modifiedMs, name, sizeBytes }, depth) =>
    depth >= depthMin &&
    depth <= depthMax &&
    sizeBytes >= sizeMinBytes &&
    sizeBytes <= sizeMaxBytes &&
    isInTime(modifiedMs) &&
    kinds.every((wanted) => wanted === kind) &&
    globs.every((matches) => matches(name));
}

/** Whether the time of an entry matters. */
export function asksForTime({ modifiedAfterMs, modifiedUntilMs }: FindQuery): boolean {
  return modifiedAfterMs !== undefined || modifiedUntilMs !== undefined;
}
