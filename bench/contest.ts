/**
 * The harness. A *contest* is one row of the table: our work, and that of other tools beside it. All take turns in the
 * same run, each on memory that was touched before and with nothing left to write, and the median of their figures counts.
 */
import { freemem } from "node:os";
import type { Corpora } from "./corpora.ts";
import type { ProcessUsage } from "./process-usage.ts";
import type { Program } from "./peers.ts";
import { type Measured, type Result, type Row, type Target, figureText } from "./result.ts";
import { installed, runProgram } from "./run-program.ts";
import { lineOf } from "./table.ts";

/** Work that is timed; resolves with what its programs used. Counted from 0. */
export type TimedWork = (repetition: number) => Promise<readonly ProcessUsage[]>;

/** Work that says itself what its figure is. */
type MeasuredWork = (repetition: number) => Promise<{ value: number; processes: readonly ProcessUsage[] }>;

interface Contender<Work> {
  readonly name: string;
  /** What it does, as a command line or in words, where its name does not say it. */
  readonly how?: string;
  /** It is the product itself, at another job that is worth comparing. */
  readonly isOurs?: boolean;
  /** Untimed, before each run: an empty target, a new repository. */
  readonly prepare?: (repetition: number) => Promise<unknown>;
  readonly run: Work;
  /** Untimed, after each run. */
  readonly after?: (repetition: number) => Promise<unknown>;
}

/** Another tool whose work is timed. */
export type Contestant = Contender<TimedWork>;
/** Another tool whose figure is not time. */
export type Measurer = Contender<MeasuredWork>;

export interface Contest {
  readonly name: string;
  /** How much the work does, by unit, such as `{ MB: 1073.7 }`: its figures are rates, the first one that of the row. Without it they are milliseconds. */
  readonly amounts?: Readonly<Record<string, number>>;
  readonly ours: TimedWork;
  readonly others?: readonly Contestant[];
  readonly targets?: readonly Target[];
  /** More than the usual three, for what takes milliseconds; memory is then warmed once. */
  readonly repetitions?: number;
  /** Untimed, before each of our runs. */
  readonly beforeOurs?: (repetition: number) => Promise<unknown>;
  /** Untimed, after each of our runs. */
  readonly afterOurs?: (repetition: number) => Promise<unknown>;
}

/** Figures that are not times, such as bytes: each run says its own. */
interface Comparison extends Pick<Result, "job" | "unit" | "better" | "targets" | "also"> {
  readonly ours: Omit<Measurer, "name">;
  readonly others: readonly Measurer[];
  readonly repetitions?: number;
}

/** A job of `npm run bench`. */
export type Job = (bench: Bench) => Promise<void>;

/** Memory that is touched before each timed run: more than any of them takes up. */
const warmBytesMax = 4 * 1024 ** 3;
const warmScript = (bytes: number): string =>
  `for (let left = ${bytes}; left > 0; left -= 2 ** 30) globalThis[left] = new Uint8Array(Math.min(left, 2 ** 30)).fill(1)`;

/** What every job gets, and where it leaves its rows. */
export class Bench {
  readonly program: Program;
  readonly corpora: Corpora;
  /** 1, or less for a trial of the benchmarks themselves. */
  readonly scale: number;
  /** How often each contestant of a contest runs, unless the contest says otherwise. */
  readonly repetitions: number;
  readonly rows: (Result | Row)[] = [];
  /** What was left out, and why. */
  readonly skipped = new Set<string>();
  /** Set where the job did not come to its end. */
  hasFailed = false;

  constructor(program: Program, corpora: Corpora, options: { readonly scale: number; readonly repetitions: number }) {
    this.program = program;
    this.corpora = corpora;
    this.scale = options.scale;
    this.repetitions = options.repetitions;
  }

  /** `full` at full scale, less in a trial. */
  scaled(full: number): number {
    return Math.max(1, Math.round(full * this.scale));
  }

  /** Whether all of these programs are installed; those that are not are among what was skipped. */
  has(...programs: readonly string[]): boolean {
    const missing = programs.filter((program) => installed(program) === undefined);
    for (const program of missing) this.skipped.add(`${program} is not installed`);
    return missing.length === 0;
  }

  /** The other tool as the one contestant of a list; an empty list where it, or a program that it needs, is missing. */
  other(name: string, programs: readonly string[], run: TimedWork, how?: string): Contestant[] {
    return this.has(...programs) ? [{ name, run, ...(how === undefined ? {} : { how }) }] : [];
  }

  /** Runs a contest and adds its row. */
  async contest({ name, amounts, ours, others = [], targets = [], repetitions, ...contest }: Contest): Promise<void> {
    const [[unit, amount] = ["", 0], ...further] = Object.entries(amounts ?? {});
    const seconds: number[] = [];
    const valueOf = (took: number): number => (amounts === undefined ? took * 1000 : amount / took);
    const measured =
      (run: TimedWork, note?: number[]): MeasuredWork =>
      async (repetition) => {
        const startedMs = performance.now();
        const processes = await run(repetition);
        const took = (performance.now() - startedMs) / 1000;
        note?.push(took);
        return { value: valueOf(took), processes };
      };
    const { beforeOurs: prepare, afterOurs: after } = contest;
    await this.compare(
      {
        job: name,
        unit: amounts === undefined ? "ms" : `${unit}/s`,
        better: amounts === undefined ? "less" : "more",
        targets,
        ours: { run: measured(ours, seconds), ...(prepare && { prepare }), ...(after && { after }) },
        others: others.map((other) => ({ ...other, run: measured(other.run) })),
        ...(repetitions === undefined ? {} : { repetitions }),
      },
      (value) => further.map(([also, of]) => `${figureText((value / amount) * of)} ${also}/s`).join(", "),
    );
  }

  /** Runs what says its own figures, in turns, and adds its row. */
  async compare(comparison: Comparison, alsoOf?: (median: number) => string): Promise<void> {
    const { ours, others, repetitions = this.repetitions, ...row } = comparison;
    const contenders: Measurer[] = [{ name: "ours", ...ours }, ...others];
    const values = contenders.map((): number[] => []);
    const processes = contenders.map((): ProcessUsage[] => []);
    for (let repetition = 0; repetition < repetitions; repetition++) {
      for (const [index, { prepare, run, after }] of contenders.entries()) {
        await prepare?.(repetition);
        if (comparison.repetitions === undefined || (repetition === 0 && index === 0)) await this.#settle();
        const measured = await run(repetition);
        values[index]?.push(measured.value);
        processes[index]?.push(...measured.processes);
        await after?.(repetition);
      }
    }
    const all = contenders.map(({ name, how }, index): Measured => ({
      name,
      ...(how === undefined ? {} : { how }),
      values: values[index] ?? [],
      processes: processes[index] ?? [],
    }));
    const [own, ...rest] = all as [Measured, ...Measured[]];
    const also = alsoOf?.(own.values.toSorted((a, b) => a - b)[Math.floor(own.values.length / 2)] ?? NaN);
    this.add({ ...row, ours: own, others: rest, ...(also === undefined || also === "" ? {} : { also }) });
  }

  /** Adds a row that was measured elsewhere. */
  add(row: Result | Row): void {
    this.rows.push(row);
    const line = "job" in row ? lineOf(row) : `${row.name}: ${row.ours}${row.others === "" ? "" : ` (${row.others})`}`;
    process.stderr.write(`${line}\n`);
  }

  /** Writes what waits to be written and touches memory, in a process whose end gives it back. */
  async #settle(): Promise<void> {
    await runProgram("sync", []);
    const bytes = Math.floor(Math.min(warmBytesMax, freemem() / 2) * this.scale);
    await runProgram(process.execPath, ["-e", warmScript(bytes)]);
  }
}

/** What the runtime alone takes to start and end, beside what is started in it. */
export function bareNode(): Contestant[] {
  return [{ name: "node -e 0", run: async () => (await runProgram(process.execPath, ["-e", "0"])).usage }];
}
