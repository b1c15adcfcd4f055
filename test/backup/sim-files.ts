/** Sets of a shelf's files: one bit each, so that ten thousand histories take seconds. */

/** A set of files of one shelf; file 0 is bit 0. */
export type FileSet = number;

/** Files that a shelf of the simulator has at the most: the bits of a positive 32-bit number. */
export const filesMax = 31;

/** What one file takes on a disk: far more than the room that counts as none. */
export const fileBytes = 8 * 2 ** 20;

export function countOf(files: FileSet): number {
  let count = 0;
  for (let rest = files; rest !== 0; rest &= rest - 1) count++;
  return count;
}

export function numbersOf(files: FileSet): readonly number[] {
  const numbers: number[] = [];
  for (let rest = files; rest !== 0; rest &= rest - 1) numbers.push(31 - Math.clz32(rest & -rest));
  return numbers;
}

/** At most `count` of the files, the lowest first. */
export function someOf(files: FileSet, count: number): FileSet {
  let taken = 0;
  for (let rest = files, left = count; rest !== 0 && left > 0; rest &= rest - 1, left--) taken |= rest & -rest;
  return taken;
}
