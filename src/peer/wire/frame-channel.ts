/**
 * A frame channel carries whole messages in order between two ends: over a libp2p stream or a local socket.
 *
 * Frame: u32 big-endian length of the payload, then the payload. A length above the channel's limit ends the channel
 * with `protocol` before anything is allocated for it. An end of the stream inside a frame is an error as well, so a
 * reset can never pass for a clean end.
 */
import { Uint8ArrayList } from "uint8arraylist";
import { DfsError } from "../../core/errors.ts";
import { framePieceBytes, framePiecesMin } from "../../core/limits.ts";

export interface FrameChannel {
  /** Bytes that have come so far, those of a frame that is not whole yet among them. */
  readonly receivedBytes: number;
  /** Queues one frame made of `parts`. Resolves when there is room for more; rejects once the channel has ended. */
  send(parts: readonly Uint8Array[]): Promise<void>;
  /** Sets who receives frames and the end; called once, before anything arrives. */
  receive(handlers: FrameHandlers): void;
  /** Ends cleanly after what was queued is sent. */
  close(): Promise<void>;
  /** Ends at once. */
  abort(error: Error): void;
}

export interface FrameHandlers {
  /** The frame's payload in the pieces in which it came: whoever keeps any of it copies it. */
  readonly onFrame: (frame: Uint8ArrayList) => void;
  /** Called once; without an error when the other end closed cleanly between two frames. */
  readonly onEnd: (error?: Error) => void;
}

const lengthBytes = 4;

/** The length prefix of a frame of `payloadBytes`. */
export function frameHeader(payloadBytes: number): Uint8Array {
  const header = new Uint8Array(lengthBytes);
  new DataView(header.buffer).setUint32(0, payloadBytes);
  return header;
}

/**
 * Cuts a byte stream into frames, however it is sliced. Holds at most one unfinished frame, and little more than its
 * bytes: a piece costs some 200 bytes of memory besides its own, so that pieces that are shorter than that are joined.
 */
export class FrameParser {
  #pending = new Uint8ArrayList();
  /** Pieces that `#pending` is made of. */
  #pieces = 0;
  readonly #frameBytesMax: number;
  #expected: number | undefined;
  #receivedBytes = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Bytes that were pushed so far. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Takes the next bytes and hands each frame that they complete to `onFrame`; returns whether there was one. Fails with `protocol` on an oversized frame. */
  push(bytes: Uint8Array | Uint8ArrayList, onFrame: FrameHandlers["onFrame"]): boolean {
    this.#receivedBytes += bytes.byteLength;
    this.#append(bytes);
    for (let hasFrame = false; ; hasFrame = true) {
      this.#expected ??= this.#readLength();
      if (this.#expected === undefined || this.#pending.byteLength < lengthBytes + this.#expected) return hasFrame;
      const end = lengthBytes + this.#expected;
      const frame = this.#pending.sublist(lengthBytes, end);
      this.#pending.consume(end);
      this.#pieces = piecesIn(this.#pending);
      this.#expected = undefined;
      onFrame(frame);
    }
  }

  /** Whether the bytes so far end between two frames. */
  get isBetweenFrames(): boolean {
    return this.#pending.byteLength === 0;
  }

  #append(bytes: Uint8Array | Uint8ArrayList): void {
    this.#pending.append(bytes);
    this.#pieces += bytes instanceof Uint8Array ? 1 : piecesIn(bytes);
    if (this.#pieces <= framePiecesMin + this.#pending.byteLength / framePieceBytes) return;
    this.#pending = new Uint8ArrayList(this.#pending.slice());
    this.#pieces = 1;
  }

  #readLength(): number | undefined {
    if (this.#pending.byteLength < lengthBytes) return undefined;
    const length = this.#pending.getUint32(0);
    if (length > this.#frameBytesMax) {
      throw new DfsError("protocol", `a frame of ${length} bytes was announced; the limit is ${this.#frameBytesMax}`);
    }
    return length;
  }
}

function piecesIn(list: Uint8ArrayList): number {
  let count = 0;
  for (const piece of list) count += piece.length > 0 ? 1 : 0;
  return count;
}
