/** Draws the live area at the foot of the terminal with Ink: rows of text and a cursor. Everything above it is output, written once. */
import { Box, Text, render, useCursor, useStdout } from "ink";
import type { Instance } from "ink";
import { useEffect } from "react";
import type { ReactElement } from "react";
import type { ShellInput, ShellOutput } from "./main.ts";
import type { Span } from "./input-layout.ts";

/** What the live area shows; each row fits the terminal. */
export interface LiveArea {
  readonly rows: readonly (readonly Span[])[];
  /** Absent while nobody types. */
  readonly cursor?: { readonly x: number; readonly y: number } | undefined;
}

const emptyArea: LiveArea = { rows: [] };
/** The area less than a row is one row high for Ink: its line end. */
const upOneRow = "\u001b[1A";

export class Screen {
  readonly #stdin: ShellInput;
  readonly #stdout: ShellOutput;
  #instance: Instance | undefined;
  #write: ((text: string) => void) | undefined;

  constructor(stdin: ShellInput, stdout: ShellOutput) {
    this.#stdin = stdin;
    this.#stdout = stdout;
  }

  start(): void {
    this.#instance = render(this.#view(emptyArea), {
      stdin: this.#stdin as unknown as NodeJS.ReadStream,
      stdout: this.#stdout as unknown as NodeJS.WriteStream,
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
    this.#instance?.rerender(this.#view(area));
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
        onReady={(write) => {
          this.#write = write;
        }}
      />
    );
  }
}

interface LiveAreaViewProps {
  readonly area: LiveArea;
  readonly onReady: (write: (text: string) => void) => void;
}

function LiveAreaView({ area, onReady }: LiveAreaViewProps): ReactElement {
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
          {row.length === 0 ? " " : row.map(spanView)}
        </Text>
      ))}
    </Box>
  );
}

function spanView({ text, style }: Span, index: number): ReactElement {
  if (style === "prompt")
    return (
      <Text key={index} color="green">
        {text}
      </Text>
    );
  return (
    <Text key={index} dimColor={style === "grey"}>
      {text}
    </Text>
  );
}
