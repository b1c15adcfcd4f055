/**
 * A frame channel carries whole messages in order between two ends: over a libp2p stream or a local socket.
 *
 * Frame: u32 big-endian length of the payload, then the payload. A length above the channel's limit ends the channel
 * with `protocol` before anything is allocated for it. An end of the stream inside a frame is an error as well, so a
 * reset can never pass for a clean end.
 */
import { DfsError } from "../../core/errors.ts";
import { frameBytesFirst } from "../../core/limits.ts";

export interface FrameChannel {
  /** Bytes that have come so far, those of a frame that is not whole yet among them. */
  readonly receivedBytes: number;
  /** Bytes of what was sent that have left this process so far. */
  readonly sentBytes: number;
  /**
   * Queues one frame made of `parts`. Resolves when there is room for more; rejects once the channel has ended.
   * `onWritten` is called when nobody looks at the parts any more, by channels that know: they may then be used again.
   */
  send(parts: readonly Uint8Array[], onWritten?: () => void): Promise<void>;
  /** Sets who receives frames and the end; called once, before anything arrives. */
  receive(handlers: FrameHandlers): void;
  /** Ends cleanly after what was queued is sent. */
  close(): Promise<void>;
  /** Ends at once. */
  abort(error: Error): void;
}

export interface FrameHandlers {
  /** The frame's payload, in memory that is the receiver's from now on. */
  readonly onFrame: (frame: Uint8Array) => void;
  /** Called once; without an error when the other end closed cleanly between two frames. */
  readonly onEnd: (error?: Error) => void;
}

/** Where arriving frames are put together; without one each gets memory of its own, which grows with what has come of it. */
export interface FrameMemory {
  /** An array of this length, whatever is in it. */
  take(bytes: number): Uint8Array;
}

const lengthBytes = 4;

/** The length prefix of a frame of `payloadBytes`. */
export function frameHeader(payloadBytes: number): Uint8Array {
  const header = new Uint8Array(lengthBytes);
  new DataView(header.buffer).setUint32(0, payloadBytes);
  return header;
}

/** Bytes of a frame that is made of `parts`. */
export function frameBytes(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, lengthBytes);
}

/** Cuts a byte stream into frames, however it is sliced. Holds at most one unfinished frame, and copies each byte once. */
export class FrameParser {
  readonly #frameBytesMax: number;
  readonly #memory: FrameMemory | undefined;
  readonly #length = new Uint8Array(lengthBytes);
  /** How much of the next frame's length has come. */
  #lengthFilled = 0;
  /** The unfinished frame, once its length is known, and how much of it has come. */
  #frame: Uint8Array | undefined;
  #frameBytes = 0;
  #filled = 0;
  #receivedBytes = 0;

  constructor(frameBytesMax: number, memory?: FrameMemory) {
    this.#frameBytesMax = frameBytesMax;
    this.#memory = memory;
  }

  /** Bytes that were pushed so far. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Takes the next bytes, which may be used for something else afterwards, and hands each frame that they complete to `onFrame`; returns whether there was one. Fails with `protocol` on an oversized frame. */
  push(bytes: Uint8Array, onFrame: FrameHandlers["onFrame"]): boolean {
    this.#receivedBytes += bytes.length;
    let hasFrame = false;
    for (let at = 0; at < bytes.length;) {
      at += this.#frame === undefined ? this.#takeLength(bytes, at) : this.#takePayload(this.#frame, bytes, at);
      const frame = this.#frame;
      if (frame === undefined || this.#filled < this.#frameBytes) continue;
      this.#frame = undefined;
      this.#lengthFilled = 0;
      hasFrame = true;
      onFrame(frame);
    }
    return hasFrame;
  }

  /** Whether the bytes so far end between two frames. */
  get isBetweenFrames(): boolean {
    return this.#lengthFilled === 0;
  }

  #takeLength(bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + lengthBytes - this.#lengthFilled);
    this.#length.set(part, this.#lengthFilled);
    this.#lengthFilled += part.length;
    if (this.#lengthFilled === lengthBytes) this.#begin(new DataView(this.#length.buffer).getUint32(0));
    return part.length;
  }

  #begin(length: number): void {
    if (length > this.#frameBytesMax)
      throw new DfsError("protocol", `a frame of ${length} bytes was announced; the limit is ${this.#frameBytesMax}`);
    this.#frameBytes = length;
    this.#filled = 0;
    this.#frame = this.#memory?.take(length) ?? new Uint8Array(Math.min(length, frameBytesFirst));
  }

  #takePayload(frame: Uint8Array, bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + this.#frameBytes - this.#filled);
    const target = this.#filled + part.length <= frame.length ? frame : this.#larger(frame, part.length);
    target.set(part, this.#filled);
    this.#filled += part.length;
    return part.length;
  }

  /** Who announces much and sends little takes up little. */
  #larger(frame: Uint8Array, partBytes: number): Uint8Array {
    const larger = new Uint8Array(Math.min(this.#frameBytes, Math.max(2 * frame.length, this.#filled + partBytes)));
    larger.set(frame.subarray(0, this.#filled));
    this.#frame = larger;
    return larger;
  }
}
