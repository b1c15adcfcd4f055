/** How frames leave over a socket: gathered, where most are small, or piece by piece. */
import type { Socket } from "node:net";
import { joinedFramesBytesMax } from "../../core/limits.ts";
import { frameHeader } from "./frame-channel.ts";

interface FrameWriter {
  /** Bytes that the system has not taken yet. */
  readonly queuedBytes: number;
  /** Queues one frame; resolves when there is room for more, or nobody to write to. `onWritten`: see FrameChannel. */
  send(parts: readonly Uint8Array[], onWritten: (() => void) | undefined): Promise<void>;
  /** Holds nothing back any more. */
  flush(): void;
}

/** Small frames that are sent in one turn of the event loop leave together; with `isPrompt`, every frame leaves at once. */
export class GatheringWriter implements FrameWriter {
  readonly #socket: Socket;
  readonly #isPrompt: boolean;
  #isGathering = false;
  #drained: Promise<void> | undefined;

  constructor(socket: Socket, isPrompt: boolean) {
    this.#socket = socket;
    this.#isPrompt = isPrompt;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  send(parts: readonly Uint8Array[]): Promise<void> {
    const bytes = bytesOf(parts);
    this.#gather();
    let hasRoom = this.#socket.write(frameHeader(bytes));
    for (const part of parts) hasRoom = this.#socket.write(part);
    if (this.#isPrompt || bytes > joinedFramesBytesMax) this.flush();
    if (hasRoom) return Promise.resolve();
    this.#drained ??= untilDrained(this.#socket).finally(() => {
      this.#drained = undefined;
    });
    return this.#drained;
  }

  flush(): void {
    if (!this.#isGathering) return;
    this.#isGathering = false;
    this.#socket.uncork();
  }

  /** Holds back what is written until the turn ends. */
  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.#socket.cork();
    if (!this.#isPrompt) setImmediate(() => this.flush());
  }
}

interface Piece {
  readonly bytes: Uint8Array;
  /** The frame ends with it. */
  readonly onWritten: (() => void) | undefined;
}

/**
 * Large parts leave one by one, each when the one before is written: a socket that has several of them copies all together
 * first, and TLS then holds them encrypted besides. Small parts leave together, as many as wait.
 */
export class BulkWriter implements FrameWriter {
  readonly #socket: Socket;
  #queue: Piece[] = [];
  #isWriting = false;
  queuedBytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("close", () => this.#settle(this.#queue.splice(0)));
  }

  send(parts: readonly Uint8Array[], onWritten: (() => void) | undefined): Promise<void> {
    const sent = new Promise<void>((resolve) => {
      const pieces = joined([frameHeader(bytesOf(parts)), ...parts]);
      for (const [at, bytes] of pieces.entries())
        this.#queue.push({
          bytes,
          onWritten:
            at < pieces.length - 1
              ? undefined
              : () => {
                  resolve();
                  onWritten?.();
                },
        });
      this.queuedBytes += bytesOf(pieces);
    });
    if (!this.#isWriting) this.#next();
    return sent;
  }

  /** Leaves the order of what waits to the socket, which is about to end. */
  flush(): void {
    while (this.#queue.length > 0) this.#write(this.#queue.splice(0, this.#takeCount()));
  }

  #next(): void {
    const pieces = this.#queue.splice(0, this.#takeCount());
    this.#isWriting = pieces.length > 0;
    if (this.#isWriting) this.#write(pieces, () => this.#next());
  }

  #write(pieces: readonly Piece[], then?: () => void): void {
    const arrays = pieces.map(({ bytes }) => bytes);
    this.#socket.write(joined(arrays)[0] as Uint8Array, () => {
      this.queuedBytes -= bytesOf(arrays);
      this.#settle(pieces);
      then?.();
    });
  }

  /** How many pieces leave in the next write. */
  #takeCount(): number {
    let bytes = 0;
    const end = this.#queue.findIndex((piece) => {
      bytes += piece.bytes.length;
      return bytes > joinedFramesBytesMax;
    });
    return end === -1 ? this.#queue.length : Math.max(1, end);
  }

  #settle(pieces: readonly Piece[]): void {
    for (const { onWritten } of pieces) onWritten?.();
  }
}

/** The same bytes, small arrays beside each other as one. */
function joined(parts: readonly Uint8Array[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  const flush = (): void => {
    if (small.length > 0) pieces.push(small.length === 1 ? (small[0] as Uint8Array) : Buffer.concat(small));
    small = [];
  };
  for (const part of parts) {
    if (part.length <= joinedFramesBytesMax) small.push(part);
    else {
      flush();
      pieces.push(part);
    }
  }
  flush();
  return pieces;
}

function bytesOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** Resolves when there is room again, or nobody to write to any more. */
function untilDrained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}
