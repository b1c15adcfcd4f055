/** Bars on a plain terminal, for commands that do not run at the prompt: drawn over with cursor movements, wiped at the end. */
import { redrawsPerSecondMax } from "../core/limits.ts";
import { afterEvent, barLines, startedProgress } from "./bars.ts";
import type { TransferProgress } from "./bars.ts";
import type { ProgressView } from "./command.ts";

const millisecondsPerSecond = 1000;

export interface BarTerminal {
  write(text: string): void;
  readonly columns: number;
  readonly rows: number;
}

/** Starts to draw bars on `terminal`, at most 8 times a second; `stop` wipes them. */
export function startBatchBars(terminal: BarTerminal): ProgressView {
  let progress: TransferProgress = startedProgress(performance.now());
  let drawnLines = 0;
  const wiped = (): string => (drawnLines === 0 ? "" : `\u001b[${drawnLines}A\u001b[J`);
  const draw = (): void => {
    const { columns, rows } = terminal;
    const lines = barLines(progress, { columns: columns - 1, rows, nowMs: performance.now() });
    terminal.write(wiped() + lines.map((line) => `${line}\n`).join(""));
    drawnLines = lines.length;
  };
  const timer = setInterval(draw, millisecondsPerSecond / redrawsPerSecondMax);
  return {
    onEvent: (event) => {
      progress = afterEvent(progress, event);
    },
    stop: () => {
      clearInterval(timer);
      terminal.write(wiped());
      drawnLines = 0;
    },
  };
}

/** Where bars would be in the way: nothing is shown. */
export const noBars: ProgressView = { onEvent: () => undefined, stop: () => undefined };
