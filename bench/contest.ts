/**
 * The harness. A *contest* is one row of the table: our work, and that of other tools beside it. All take turns in the
 * same run, each on memory that was touched before and with nothing left to write, and the median of their times counts.
 */
import { type ProcessUsage, median, usageText } from "./process-usage.ts";
import type { Program } from "./peers.ts";
import { installed, runProgram } from "./run-program.ts";

/** Work that is timed; resolves with what its programs used. Counted from 0. */
export type TimedWork = (repetition: number) => Promise<readonly ProcessUsage[]>;

export interface Contestant {
  readonly name: string;
  readonly run: TimedWork;
}

export interface Contest {
  readonly name: string;
  /** How much the work does, by unit, such as `{ MB: 1073.7 }`: its figures are rates. Without it they are milliseconds. */
  readonly amounts?: Readonly<Record<string, number>>;
  readonly ours: TimedWork;
  readonly others?: readonly Contestant[];
  /** More than the usual three, for what takes milliseconds; memory is then warmed once. */
  readonly repetitions?: number;
  /** Untimed, after each of our runs. */
  readonly afterOurs?: () => Promise<void>;
}

/** One row of the table, as text. */
export interface Row {
  readonly name: string;
  readonly ours: string;
  readonly others: string;
  /** Seconds of each of our runs, in order. */
  readonly runs: string;
  readonly processes: string;
}

/** A job of `npm run bench`. */
export type Job = (bench: Bench) => Promise<void>;

/** Memory that is touched before each timed run: more than any of them takes up. */
const warmBytes = 2 * 1024 ** 3;
const warmScript = `new Uint8Array(${warmBytes}).fill(1)`;

/** What every job gets, and where it leaves its rows. */
export class Bench {
  readonly program: Program;
  /** 1, or less for a trial of the benchmarks themselves. */
  readonly scale: number;
  readonly rows: Row[] = [];
  /** What was left out, and why. */
  readonly skipped = new Set<string>();
  readonly #repetitions: number;

  constructor(program: Program, options: { readonly scale: number; readonly repetitions: number }) {
    this.program = program;
    this.scale = options.scale;
    this.#repetitions = options.repetitions;
  }

  /** How often each contestant of a contest runs, unless the contest says otherwise. */
  get repetitions(): number {
    return this.#repetitions;
  }

  /** `full` at full scale, less in a trial. */
  scaled(full: number): number {
    return Math.max(1, Math.round(full * this.scale));
  }

  /** The other tool as the one contestant of a list; an empty list where it, or a program that it needs, is missing. */
  other(name: string, programs: readonly string[], run: TimedWork): Contestant[] {
    const missing = programs.filter((program) => installed(program) === undefined);
    for (const program of missing) this.skipped.add(`${program} is not installed`);
    return missing.length === 0 ? [{ name, run }] : [];
  }

  /** Runs a contest and adds its row. */
  async contest(contest: Contest): Promise<void> {
    const contestants = [{ name: "ours", run: contest.ours }, ...(contest.others ?? [])];
    const seconds = contestants.map((): number[] => []);
    const usages: ProcessUsage[] = [];
    const repetitions = contest.repetitions ?? this.#repetitions;
    for (let repetition = 0; repetition < repetitions; repetition++) {
      for (const [index, { run }] of contestants.entries()) {
        if (contest.repetitions === undefined || (repetition === 0 && index === 0)) await settle();
        const startedMs = performance.now();
        const used = await run(repetition);
        seconds[index]?.push((performance.now() - startedMs) / 1000);
        if (index > 0) continue;
        usages.push(...used);
        await contest.afterOurs?.();
      }
    }
    const [ours = [], ...others] = seconds;
    this.add({
      name: contest.name,
      ours: figure(contest, median(ours)),
      others: others
        .map((all, index) => `${contestants[index + 1]?.name} ${compared(contest, median(ours), median(all))}`)
        .join("; "),
      runs: ours.map((value) => value.toFixed(value < 1 ? 3 : 1)).join(" "),
      processes: usageText(usages),
    });
  }

  /** Adds a row that was measured elsewhere. */
  add(row: Row): void {
    this.rows.push(row);
    process.stderr.write(`${row.name}: ${row.ours}${row.others === "" ? "" : ` (${row.others})`}\n`);
  }
}

/** What the runtime alone takes to start and end, beside what is started in it. */
export function bareNode(): Contestant[] {
  return [{ name: "node -e 0", run: async () => (await runProgram(process.execPath, ["-e", "0"])).usage }];
}

/** Writes what waits to be written and touches memory, in a process whose end gives it back. */
async function settle(): Promise<void> {
  await runProgram("sync", []);
  await runProgram(process.execPath, ["-e", warmScript]);
}

function figure({ amounts }: Contest, seconds: number): string {
  if (amounts === undefined) return `${(seconds * 1000).toFixed(1)} ms`;
  return Object.entries(amounts)
    .map(([unit, amount]) => `${rounded(amount / seconds)} ${unit}/s`)
    .join(", ");
}

/** The other's figure, and how many times as fast as it we are. */
function compared(contest: Contest, oursSeconds: number, otherSeconds: number): string {
  return `${figure(contest, otherSeconds)} (we: ×${(otherSeconds / oursSeconds).toFixed(2)})`;
}

function rounded(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}
