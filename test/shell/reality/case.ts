/**
 * The table of lines typed → text expected: what a case is.
 *
 * A *case* is a line (or a few, with `;` between them) and what it prints: in a pipe, and on a terminal of 80 columns. Both are
 * run, in a world of their own (worlds.ts), and compared byte by byte (reality.test.ts). docs/COMMANDS.md shows the same cases.
 */

import type { WorldName } from "./world-texts.ts";

/** Lines, each with its end; or a text as it is, where the last line has no end. */
export type Text = string | readonly string[];

/** What is printed: on stdout, on stderr, and the exit code, 0 unless told. */
export interface Printed {
  readonly out?: Text;
  readonly err?: Text;
  readonly code?: number;
}

/** What a terminal shows of both, in the order in which it comes, with what is typed there. */
export interface Shown {
  readonly screen?: Text;
  readonly code?: number;
}

export interface RealityCase {
  readonly lines: string;
  /** The world that it happens in; `home` unless told. */
  readonly world?: WorldName;
  /** Options of the program, before `-c`. */
  readonly options?: readonly string[];
  /** The whole command line of the program, where `lines` are typed to the system's shell instead. */
  readonly argv?: readonly string[];
  readonly stdin?: string;
  /** What a person answers on the terminal, one a question. */
  readonly answers?: readonly string[];
  /** Keys that a person presses on a terminal of 24 rows, which then shows what is left when the lines have ended. */
  readonly keys?: string;
  /** The person sends Ctrl-C while the line runs. */
  readonly isInterrupted?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly pipe: Printed;
  /** Absent where a terminal shows the same, stdout first. */
  readonly tty?: Shown;
}

/** The cases of commands, by the commands' names; of the program's own command line under `dfs-shell`. */
export type CaseTable = Readonly<Record<string, readonly RealityCase[]>>;

/** What a case shows on a terminal. */
export function onTerminal({ pipe, tty }: Pick<RealityCase, "pipe" | "tty">): Shown {
  return tty ?? { screen: textOf(pipe.out) + textOf(pipe.err), code: pipe.code ?? 0 };
}

export function textOf(text: Text = ""): string {
  return typeof text === "string" ? text : text.map((line) => `${line}\n`).join("");
}
