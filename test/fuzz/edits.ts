/**
 * Damage done to files: an input as a list of changes, so that it is known what was written and what is left of it.
 *
 * Each change has 4 bytes: what is done, where (two bytes, counted through all files), and a number.
 */

const changeBytes = 4;
const changesMax = 32;

/** Copies of `files` with the changes that `script` asks for. */
export function damagedFiles(files: readonly Uint8Array[], script: Uint8Array): Uint8Array[] {
  const damaged = files.map((file) => file.slice());
  for (let at = 0; at + changeBytes <= Math.min(script.length, changesMax * changeBytes); at += changeBytes) {
    const [kind = 0, high = 0, low = 0, number = 0] = script.subarray(at, at + changeBytes);
    change(damaged, kind % 5, 256 * high + low, number);
  }
  return damaged;
}

function change(files: Uint8Array[], kind: number, place: number, number: number): void {
  const total = files.reduce((sum, { length }) => sum + length, 0);
  if (total === 0) return;
  let [which, offset] = [0, place % total];
  while (offset >= (files[which]?.length ?? 0)) offset -= files[which++]?.length ?? 0;
  const file = files[which] as Uint8Array;
  if (kind === 0) file[offset] = (file[offset] ?? 0) ^ number;
  else if (kind === 1) file.fill(0, offset, offset + number);
  else if (kind === 2) file.copyWithin(offset, Math.max(0, offset - 2 * number), offset);
  else if (kind === 3) files[which] = new Uint8Array(Buffer.concat([file, new Uint8Array(number).fill(place & 1)]));
  else files[which] = file.slice(0, offset);
}

/** A piece of a file. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

/** Whether a piece is as it was written. */
export function isIntact(file: Uint8Array, written: Uint8Array, { from, to }: Extent): boolean {
  return file.length >= to && Buffer.compare(file.subarray(from, to), written.subarray(from, to)) === 0;
}
