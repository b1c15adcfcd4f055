/** Moving through more rows than fit. */
import type { Key } from "../line-editor.ts";

/** How far a key moves, in a list of so many rows of which `room` are shown; undefined for a key that moves nothing. */
export function moveOf({ name, sequence }: Key, count: number, room: number): number | undefined {
  if (name === "up" || sequence === "k") return -1;
  if (name === "down" || sequence === "j") return 1;
  if (name === "pageup") return -Math.max(1, room - 1);
  if (name === "pagedown" || name === "space") return Math.max(1, room - 1);
  if (name === "home") return -count;
  if (name === "end") return count;
  return undefined;
}

/** `value`, or the nearest one from 0 to `most`. */
export function within(value: number, most: number): number {
  return Math.max(0, Math.min(value, most));
}

/** Where the shown part of a list begins, so that the row `selected` is in it, moved no more than needed from `offset`. */
export function offsetShowing(selected: number, offset: number, room: number): number {
  if (selected < offset) return selected;
  if (selected >= offset + room) return Math.max(0, selected - room + 1);
  return Math.max(0, offset);
}
