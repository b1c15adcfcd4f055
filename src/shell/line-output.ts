/** Output above the live area: whole lines only, since what stands below is redrawn after each write. */
import { outputBufferBytes } from "../core/limits.ts";
import type { Output } from "./output.ts";

interface LineTerminal {
  write(text: string): void;
  readonly columns: number;
  readonly color: boolean;
}

/** Gathers what is written in one turn of the event loop, so that many lines cost one redraw. */
export class LineOutput implements Output {
  readonly isTTY = true;
  readonly #terminal: LineTerminal;
  readonly #decoder = new TextDecoder();
  #gathered = "";
  #turn: Promise<void> | undefined;
  /** Resolves when what is held back may be written. */
  #held: Promise<void> | undefined;

  constructor(terminal: LineTerminal) {
    this.#terminal = terminal;
  }

  get columns(): number {
    return this.#terminal.columns;
  }

  get color(): boolean {
    return this.#terminal.color;
  }

  async write(data: string | Uint8Array): Promise<void> {
    this.#gathered += typeof data === "string" ? data : this.#decoder.decode(data, { stream: true });
    this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = undefined;
        this.#writeLines();
        resolve();
      });
    });
    // Keys (Ctrl-C above all) and redraws get their turn before more is gathered.
    if (this.#gathered.length >= outputBufferBytes) await (this.#held ?? this.#turn);
  }

  /** Holds back what is written while `work` has the terminal; who has much to write waits. */
  async holding<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#writeLines();
    let release: () => void = () => undefined;
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    try {
      return await work();
    } finally {
      this.#held = undefined;
      this.#writeLines();
      release();
    }
  }

  /** Writes what was gathered; a line that was left open ends. */
  async flush(): Promise<void> {
    this.#writeLines();
    if (this.#gathered === "" || this.#held !== undefined) return;
    this.#gathered += "\n";
    this.#writeLines();
  }

  #writeLines(): void {
    if (this.#held !== undefined) return;
    const end = this.#gathered.lastIndexOf("\n") + 1;
    if (end === 0) return;
    const lines = this.#gathered.slice(0, end);
    this.#gathered = this.#gathered.slice(end);
    this.#terminal.write(lines);
  }
}
