/** Draws the live area at the foot of the terminal with Ink: rows of text and a cursor. Everything above it is output, written once. */
import { Box, Text, render, useCursor, useStdout } from "ink";
import type { Instance } from "ink";
import { useEffect } from "react";
import type { ReactElement } from "react";
import stringWidth from "string-width";
import type { ShellInput, ShellOutput } from "./main.ts";
import { paint } from "./theme.ts";
import type { Span } from "./theme.ts";

/** What the live area shows; each row fits the terminal. */
export interface LiveArea {
  readonly rows: readonly (readonly Span[])[];
  /** Absent while nobody types. */
  readonly cursor?: { readonly x: number; readonly y: number } | undefined;
}

const emptyArea: LiveArea = { rows: [] };
/** The area less than a row is one row high for Ink: its line end. */
const upOneRow = "\u001b[1A";
const downOneRow = "\u001b[1B";
const eraseRow = "\u001b[2K";

export class Screen {
  readonly #stdin: ShellInput;
  readonly #stdout: ShellOutput;
  readonly #hasColor: boolean;
  #area: LiveArea = emptyArea;
  #instance: Instance | undefined;
  #write: ((text: string) => void) | undefined;

  constructor(stdin: ShellInput, stdout: ShellOutput, hasColor: boolean) {
    this.#stdin = stdin;
    this.#stdout = stdout;
    this.#hasColor = hasColor;
  }

  start(): void {
    this.#instance = render(this.#view(emptyArea), {
      stdin: this.#stdin as unknown as NodeJS.ReadStream,
      stdout: withoutResize(this.#stdout) as unknown as NodeJS.WriteStream,
      exitOnCtrlC: false,
      patchConsole: false,
      incrementalRendering: false,
      // The prompt decides when to draw; a frame held back by Ink would come back below the next output.
      maxFps: 1000,
    });
  }

  /** Takes the live area away and gives the terminal back; may be started again. */
  async stop(): Promise<void> {
    const instance = this.#instance;
    if (instance === undefined) return;
    this.#instance = undefined;
    instance.rerender(this.#view(emptyArea));
    const exited = instance.waitUntilExit();
    instance.unmount();
    await exited;
    this.#stdout.write(upOneRow);
  }

  show(area: LiveArea): void {
    this.#area = area;
    this.#instance?.rerender(this.#view(area));
  }

  /**
   * The terminal has another width. Most wrap anew what they show, so that the area may take more rows than Ink knows
   * of: what is left of it is wiped, and the cursor goes where Ink believes it to be.
   */
  resized(columns: number): void {
    if (this.#instance === undefined) return;
    const { rows, cursor = { x: 0, y: this.#area.rows.length } } = this.#area;
    const heights = rows.map((row) => Math.max(1, Math.ceil(rowColumns(row) / columns)));
    const sum = (some: readonly number[]): number => some.reduce((total, height) => total + height, 0);
    const above = sum(heights.slice(0, cursor.y)) + Math.floor(cursor.x / columns);
    const all = sum(heights);
    // Row by row: wiping all to the end from the top of its screen, tmux would keep what it wipes in its history.
    const wiped = `${eraseRow}${`${downOneRow}${eraseRow}`.repeat(all)}`;
    const back = `${moves(all, "A")}${moves(cursor.y, "B")}${moves(cursor.x, "C")}`;
    this.#stdout.write(`\r${moves(above, "A")}${wiped}${back}`);
  }

  /** Writes whole lines above the live area. */
  write(text: string): void {
    if (this.#instance !== undefined && this.#write !== undefined) this.#write(text);
    else this.#stdout.write(text);
  }

  #view(area: LiveArea): ReactElement {
    return (
      <LiveAreaView
        area={area}
        hasColor={this.#hasColor}
        onReady={(write) => {
          this.#write = write;
        }}
      />
    );
  }
}

/** The same output, of whose new sizes Ink does not hear: it would draw on its own, without a cursor. */
function withoutResize(stdout: ShellOutput): ShellOutput {
  return new Proxy(stdout, {
    get(target, name) {
      if (name === "on")
        return (event: string, listener: () => void) => event !== "resize" && target.on(event, listener);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

function rowColumns(row: readonly Span[]): number {
  return row.reduce((sum, { text }) => sum + stringWidth(text), 0);
}

/** So many steps of the cursor; none where there are none, since a terminal takes 0 for 1. */
function moves(steps: number, direction: "A" | "B" | "C"): string {
  return steps === 0 ? "" : `\u001b[${steps}${direction}`;
}

interface LiveAreaViewProps {
  readonly area: LiveArea;
  readonly hasColor: boolean;
  readonly onReady: (write: (text: string) => void) => void;
}

function LiveAreaView({ area, hasColor, onReady }: LiveAreaViewProps): ReactElement {
  const { write } = useStdout();
  const { setCursorPosition } = useCursor();
  useEffect(() => {
    onReady(write);
  }, [onReady, write]);
  setCursorPosition(area.cursor === undefined ? undefined : { ...area.cursor });
  return (
    <Box flexDirection="column">
      {area.rows.map((row, index) => (
        // Rows have no identity of their own: each is redrawn as a whole.
        // oxlint-disable-next-line react/no-array-index-key
        <Text key={index} wrap="truncate">
          {row.length === 0 ? " " : paint(row, hasColor)}
        </Text>
      ))}
    </Box>
  );
}
