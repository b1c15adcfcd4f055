/** Two ends of a frame channel in one process. What one end sends the other receives, in a later turn. */
import { DfsError } from "../../src/core/errors.ts";
import type { FrameChannel, FrameHandlers } from "../../src/peer/wire/frame-channel.ts";

class MemoryChannel implements FrameChannel {
  other: MemoryChannel | undefined;
  receivedBytes = 0;
  sentBytes = 0;
  #handlers: FrameHandlers | undefined;
  #hasEnded = false;
  readonly #early: Uint8Array[] = [];

  send(parts: readonly Uint8Array[]): Promise<void> {
    if (this.#hasEnded) return Promise.reject(new DfsError("unreachable", "ended"));
    const frame = new Uint8Array(Buffer.concat(parts));
    this.sentBytes += frame.length;
    setImmediate(() => this.other?.take(frame));
    return Promise.resolve();
  }

  receive(handlers: FrameHandlers): void {
    this.#handlers = handlers;
    for (const frame of this.#early.splice(0)) handlers.onFrame(frame);
  }

  close(): Promise<void> {
    this.#end();
    setImmediate(() => this.other?.end());
    return Promise.resolve();
  }

  abort(error: Error): void {
    this.#end();
    setImmediate(() => this.other?.end(error));
  }

  take(frame: Uint8Array): void {
    if (this.#hasEnded) return;
    this.receivedBytes += frame.byteLength;
    if (this.#handlers === undefined) this.#early.push(frame);
    else this.#handlers.onFrame(frame);
  }

  end(error?: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#handlers?.onEnd(error);
  }

  #end(): void {
    this.end();
  }
}

export function channelPair(): [FrameChannel, FrameChannel] {
  const left = new MemoryChannel();
  const right = new MemoryChannel();
  left.other = right;
  right.other = left;
  return [left, right];
}
