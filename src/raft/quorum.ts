/** Majorities: the only place that counts. */

/** How many of `size` voters decide. */
export function majorityOf(size: number): number {
  return Math.floor(size / 2) + 1;
}

/** The highest value that a majority has reached, given one value for each voter; 0 without voters. Sorts `values` in place. */
export function majorityReached(values: number[]): number {
  if (values.length === 0) return 0;
  values.sort((left, right) => right - left);
  return values[majorityOf(values.length) - 1] as number;
}
