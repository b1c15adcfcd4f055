/**
 * A frame channel over a libp2p stream.
 *
 * Small frames that are sent in one turn of the event loop leave together: each write of a stream costs a muxer frame,
 * a record of the encryption and a system call, far more than the bytes of a small message.
 */
import type { Stream } from "@libp2p/interface";
import { DfsError } from "../../core/errors.ts";
import { joinedFramesBytesMax } from "../../core/limits.ts";
import { type FrameChannel, type FrameMemory, FrameParser, frameHeader } from "./frame-channel.ts";
import { IdleWatch } from "./idle-watch.ts";
import { StallWatch } from "./stall-watch.ts";

/** Frames over `stream`, each at most `frameBytesMax` bytes, put together in `memory`. */
export function streamChannel(stream: Stream, frameBytesMax: number, memory?: FrameMemory): FrameChannel {
  const writer = new StreamWriter(stream);
  const parser = new FrameParser(frameBytesMax, memory);
  let idle: IdleWatch | undefined;
  return {
    get receivedBytes() {
      return parser.receivedBytes;
    },
    get sentBytes() {
      return writer.sentBytes;
    },
    send(parts) {
      idle?.note();
      return writer.send(parts);
    },
    receive({ onFrame, onEnd }) {
      const stall = new StallWatch((error) => {
        stream.abort(error);
        end(error);
      });
      idle = new IdleWatch((error) => {
        stream.abort(error);
        end(error);
      });
      let hasEnded = false;
      const end = (error?: Error): void => {
        if (hasEnded) return;
        hasEnded = true;
        stall.stop();
        idle?.stop();
        onEnd(
          error ??
            (parser.isBetweenFrames ? undefined : new DfsError("unreachable", "the peer stopped inside a message")),
        );
      };
      stream.addEventListener("close", (event) => end(event.error));
      stream.addEventListener("remoteCloseWrite", () => end());
      stream.addEventListener("message", (event) => {
        if (hasEnded) return;
        idle?.note();
        try {
          let hasFrame = false;
          const pieces = event.data instanceof Uint8Array ? [event.data] : event.data;
          for (const piece of pieces) if (parser.push(piece, onFrame)) hasFrame = true;
          stall.note(hasFrame, parser.isBetweenFrames);
        } catch (error) {
          stream.abort(error as Error);
          end(error as Error);
        }
      });
    },
    async close() {
      writer.flush();
      await stream.close({ signal: AbortSignal.timeout(1_000) }).catch((error: Error) => stream.abort(error));
    },
    abort(error) {
      stream.abort(error);
    },
  };
}

/** Gathers what is sent in one turn of the event loop. */
class StreamWriter {
  readonly #stream: Stream;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #isScheduled = false;
  #handedBytes = 0;
  #hasRoom = true;
  #drained: Promise<void> | undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** Bytes that left so far: those that the stream took and does not hold any more. */
  get sentBytes(): number {
    return this.#handedBytes - this.#stream.writeBufferLength;
  }

  async send(parts: readonly Uint8Array[]): Promise<void> {
    this.#requireWritable();
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    const header = frameHeader(bytes);
    this.#gathered.push(header, ...parts);
    this.#gatheredBytes += header.length + bytes;
    if (this.#gatheredBytes > joinedFramesBytesMax) this.flush();
    else this.#schedule();
    if (!this.#hasRoom) await this.#room();
  }

  /** Hands everything gathered to the stream: as one piece while that is small, else part by part without a copy. */
  flush(): void {
    if (this.#gathered.length === 0 || this.#stream.writeStatus !== "writable") return;
    const parts = this.#gatheredBytes > joinedFramesBytesMax ? this.#gathered : [Buffer.concat(this.#gathered)];
    this.#handedBytes += this.#gatheredBytes;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    for (const part of parts) this.#hasRoom = this.#stream.send(part);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      try {
        this.flush();
      } catch (error) {
        this.#stream.abort(error as Error);
      }
    });
  }

  #requireWritable(): void {
    if (this.#stream.writeStatus !== "writable")
      throw new DfsError("unreachable", "the connection to the peer has ended");
  }

  /** libp2p's own onDrain() can resolve before the buffer has room, so the events are awaited by hand. */
  #room(): Promise<void> {
    this.#drained ??= new Promise<void>((resolve) => {
      const done = (): void => {
        this.#stream.removeEventListener("drain", done);
        this.#stream.removeEventListener("close", done);
        this.#hasRoom = true;
        this.#drained = undefined;
        resolve();
      };
      this.#stream.addEventListener("drain", done);
      this.#stream.addEventListener("close", done);
    });
    return this.#drained;
  }
}
