/**
 * What was measured, as data: a *result* is one row of the table, of us and of others, with the *targets* it is held to.
 * Nothing here measures; docs/PERFORMANCE.md and the output of `npm run bench` are both made from it.
 */
import { type ProcessUsage, median } from "./process-usage.ts";

/** One contestant's figures, one a run, in the unit of the result; the median counts. */
export interface Measured {
  readonly name: string;
  /** In words or as a command line: what it did, so that a reader can judge whether that is the same job. */
  readonly how?: string;
  /** It is the product itself, at another job that is worth comparing. */
  readonly isOurs?: boolean;
  readonly values: readonly number[];
  /** What its processes used, of all runs. */
  readonly processes: readonly ProcessUsage[];
}

/** At the least (or, where less is better, at the most) so many times another's figure, or an absolute figure. */
export type Target = { readonly isStretch?: boolean } & (
  | { readonly factor: number; readonly of: string }
  | { readonly value: number }
);

export interface Result {
  readonly job: string;
  readonly unit: string;
  readonly better: "more" | "less";
  readonly ours: Measured;
  readonly others: readonly Measured[];
  readonly targets: readonly Target[];
  /** What else is to be said of it: other units, spreads. */
  readonly also?: string;
}

/** A row that is text: of a job that has no single figure. */
export interface Row {
  readonly name: string;
  readonly ours: string;
  readonly others: string;
  /** Seconds of each of our runs, in order. */
  readonly runs: string;
  readonly processes: string;
}

export interface Verdict {
  readonly text: string;
  readonly isStretch: boolean;
  /** Undefined where the other tool was not measured. */
  readonly isMet: boolean | undefined;
}

/** Our figure, divided by another's. */
export function ratioOf(ours: Measured, other: Measured): number {
  return median(ours.values) / median(other.values);
}

/** Each target of a result, and whether the medians meet it. */
export function judge(result: Result): Verdict[] {
  return result.targets.map((target) => {
    const sign = result.better === "more" ? "≥" : "≤";
    const text =
      "of" in target
        ? `${sign} ${factorText(target.factor)} × ${target.of}`
        : `${sign} ${figureText(target.value)} ${result.unit}`;
    return { text, isStretch: target.isStretch === true, isMet: isMet(result, target) };
  });
}

function isMet(result: Result, target: Target): boolean | undefined {
  if (!("of" in target)) return isReached(result.better, median(result.ours.values), target.value);
  const other = result.others.find(({ name }) => name === target.of);
  return other === undefined ? undefined : isReached(result.better, ratioOf(result.ours, other), target.factor);
}

function isReached(better: Result["better"], value: number, bound: number): boolean {
  return better === "more" ? value >= bound : value <= bound;
}

/** The most memory that any process of ours took in these results, beside that of each other tool: itself a result. */
export function memoryResult(results: readonly Result[], targetMiB: number): Result {
  const peak = (processes: readonly ProcessUsage[]): number => Math.max(0, ...processes.map(({ peakMiB }) => peakMiB));
  const all = results.flatMap(({ ours, others }) => [{ ...ours, isOurs: true }, ...others]);
  const own = all.filter(({ isOurs }) => isOurs).flatMap(({ processes }) => processes);
  const others = new Map<string, number>();
  for (const { name, processes, isOurs } of all)
    if (processes.length > 0 && isOurs !== true) others.set(name, Math.max(others.get(name) ?? 0, peak(processes)));
  return {
    job: "memory: the most of any process in all of these rows",
    unit: "MiB",
    better: "less",
    ours: { name: "ours", values: [peak(own)], processes: [] },
    others: Array.from(others, ([name, value]) => ({ name, values: [value], processes: [] })),
    targets: [{ value: targetMiB }],
  };
}

/** Three digits, more only in front of the point. */
export function figureText(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

function factorText(factor: number): string {
  return Number.isInteger(factor * 10) ? factor.toFixed(1) : `${factor}`;
}
