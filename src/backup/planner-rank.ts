/** Choosing the best by several measures, the same everywhere. */

/** A number that looks random and is the same everywhere: the tie between equals (FNV-1a). */
export function tieOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** Compares two lists of numbers, the first that differs deciding. */
export function compareRanks(left: readonly number[], right: readonly number[]): number {
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}
