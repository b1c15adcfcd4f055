/** Where a command writes: the terminal, a pipe, a local file or a local command. */
import type { Writable } from "node:stream";
import { outputBufferBytes } from "../core/limits.ts";

export interface Output {
  /** Whether a person looks at it: columns, one-line summaries and escaped control characters are for them. */
  readonly isTTY: boolean;
  readonly columns: number;
  readonly color: boolean;
  /** Resolves when more may be written. Fails with the stream's error, for example EPIPE. */
  write(data: string | Uint8Array): Promise<void>;
  /** Hands on what was gathered. */
  flush(): Promise<void>;
}

interface StreamOutputOptions {
  readonly isTTY: boolean;
  readonly color: boolean;
  /** Asked anew each time, since a terminal may be resized. */
  readonly columns?: (() => number | undefined) | undefined;
}

const columnsDefault = 80;

/** Output to a Node stream: written at once on a terminal, gathered into larger writes elsewhere. */
export class StreamOutput implements Output {
  readonly isTTY: boolean;
  readonly color: boolean;
  readonly #stream: Writable;
  readonly #columns: (() => number | undefined) | undefined;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #error: Error | undefined;

  constructor(stream: Writable, options: StreamOutputOptions) {
    this.#stream = stream;
    this.isTTY = options.isTTY;
    this.color = options.color;
    this.#columns = options.columns;
    stream.on("error", (error: Error) => {
      this.#error ??= error;
    });
  }

  get columns(): number {
    const columns = this.#columns?.() ?? 0;
    return columns > 0 ? columns : columnsDefault;
  }

  async write(data: string | Uint8Array): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    this.#gathered.push(typeof data === "string" ? Buffer.from(data) : Buffer.from(data));
    this.#gatheredBytes += data.length;
    if (this.isTTY || this.#gatheredBytes >= outputBufferBytes) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#gathered.length === 0) return;
    const bytes = Buffer.concat(this.#gathered);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(bytes, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
  }
}

/** Whether `error` says that nobody reads any more: the end of a pipe, and no failure. */
export function isBrokenPipe(error: unknown): boolean {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return code === "EPIPE" || code === "ERR_STREAM_DESTROYED" || code === "ERR_STREAM_WRITE_AFTER_END";
}
