/** Progress on a plain terminal, for commands that do not run at the prompt: drawn over with cursor movements, wiped at the end. */
import { redrawsPerSecondMax } from "../core/limits.ts";
import type { ProgressLines, ProgressView } from "./command.ts";

const millisecondsPerSecond = 1000;

export interface BarTerminal {
  write(text: string): void;
  readonly columns: number;
  readonly rows: number;
}

/** Starts to draw on `terminal` what `lines` gives, at most 8 times a second; `stop` wipes it. */
export function startBatchBars(terminal: BarTerminal, lines: ProgressLines): ProgressView {
  let drawnLines = 0;
  const wiped = (): string => (drawnLines === 0 ? "" : `\u001b[${drawnLines}A\u001b[J`);
  const draw = (): void => {
    const { columns, rows } = terminal;
    const drawn = lines({ columns: columns - 1, rows, nowMs: performance.now() });
    terminal.write(wiped() + drawn.map((line) => `${line}\n`).join(""));
    drawnLines = drawn.length;
  };
  const timer = setInterval(draw, millisecondsPerSecond / redrawsPerSecondMax);
  return {
    stop: () => {
      clearInterval(timer);
      terminal.write(wiped());
      drawnLines = 0;
    },
  };
}
