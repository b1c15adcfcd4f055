/** What a job of `npm run sim:scale` gets, and what it gives. */
import type { PlotInput } from "../../scripts/plot/plot-data.ts";

interface ScaleOptions {
  /** Small sizes, to try the job itself. */
  readonly trial: boolean;
  /** A folder for what the job has to write; removed at the end. */
  readonly folder: string;
  /** Tells how far it is. */
  readonly print: (line: string) => void;
}

/** A plot without what the runner knows: the command, and where it was made. */
type MeasuredPlot = Omit<PlotInput, "command" | "made">;

/** Measures; resolves with its plots by their names. */
export type ScaleJob = (options: ScaleOptions) => Promise<Readonly<Record<string, MeasuredPlot>>>;
