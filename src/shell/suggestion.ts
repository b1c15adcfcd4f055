/** "Did you mean": names that are close to a mistyped one. */

const distanceMax = 2;

/** The names within two edits of `typed`, nearest first. */
export function nearestNames(typed: string, names: readonly string[]): readonly string[] {
  const limit = Math.min(distanceMax, Math.max(1, Math.floor(typed.length / 2)));
  const ranked = names.map((name) => ({ name, distance: editDistance(typed, name) }));
  const near = ranked.filter(({ distance }) => distance <= limit);
  return near.sort((left, right) => left.distance - right.distance).map(({ name }) => name);
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). Both texts are cut to 64 characters. */
function editDistance(left: string, right: string): number {
  const a = left.slice(0, 64);
  const b = right.slice(0, 64);
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swapped = isSwap ? (beforeLast[column - 2] as number) + 1 : Number.POSITIVE_INFINITY;
      const replaced = (last[column - 1] as number) + cost;
      current.push(Math.min((last[column] as number) + 1, (current[column - 1] as number) + 1, replaced, swapped));
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] as number;
}
