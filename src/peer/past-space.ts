/** A tree as it was: a space that nobody can change. */
import { DfsError } from "../core/errors.ts";
import { type DfsPath, childPath, rootPath } from "../core/names.ts";
import { pastTimeOf } from "../core/past-path.ts";
import { openPastWrap } from "../identity/past-wrap.ts";
import type { UserKeys } from "../identity/user-keys.ts";
import type { Space } from "./located.ts";

const refusal = "the past cannot be changed; copy it to another place with cp";

/** The space of `owner` at a time, which begins at `path`. */
export function pastSpace(space: Space, path: DfsPath, owner: UserKeys, timeMs: number): Space {
  const past = { timeMs, open: openPastWrap.bind(undefined, owner) };
  return { ...space, path, refusal, reserved: undefined, past };
}

/** Where a name at the root leads that is a point of time; undefined for other names. Fails with `not-found` for a time that is still to come. */
export function pastDoor(name: string, nowMs: number): { readonly path: DfsPath; readonly timeMs: number } | undefined {
  const timeMs = pastTimeOf(name);
  if (timeMs === undefined) return undefined;
  const path = childPath(rootPath, name);
  if (timeMs > nowMs) throw new DfsError("not-found", "is a time that is still to come", { path });
  return { path, timeMs: Math.max(0, timeMs) };
}

/** Where a name at a root leads, in a refusal to use it. */
export function leadsToPast(name: string): string | undefined {
  return pastTimeOf(name) === undefined ? undefined : "the past";
}
