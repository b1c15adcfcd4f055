/** A frame channel over a local socket. Small frames that are sent in one turn of the event loop leave together. */
import type { Socket } from "node:net";
import { DfsError } from "../../core/errors.ts";
import { joinedFramesBytesMax, socketBufferBytesMax } from "../../core/limits.ts";
import { type FrameChannel, FrameParser, frameHeader } from "./frame-channel.ts";
import { StallWatch } from "./stall-watch.ts";

export interface SocketChannelOptions {
  /** Every frame leaves at once: for one caller that waits for it. */
  readonly isPrompt?: boolean;
}

/** Frames over `socket`, each at most `frameBytesMax` bytes. */
export function socketChannel(
  socket: Socket,
  frameBytesMax: number,
  { isPrompt = false }: SocketChannelOptions = {},
): FrameChannel {
  let isGathering = false;
  let drained: Promise<void> | undefined;

  /** Holds back what is written until the turn ends. */
  const gather = (): void => {
    if (isGathering) return;
    isGathering = true;
    socket.cork();
    if (!isPrompt) setImmediate(release);
  };
  const release = (): void => {
    if (!isGathering) return;
    isGathering = false;
    socket.uncork();
  };

  const parser = new FrameParser(frameBytesMax);
  return {
    get receivedBytes() {
      return parser.receivedBytes;
    },
    send(parts) {
      if (!socket.writable) return Promise.reject(new DfsError("unreachable", "the other process has ended"));
      if (socket.writableLength > socketBufferBytesMax) {
        const error = new DfsError("busy", "the other end does not read what it is sent");
        socket.destroy(error);
        return Promise.reject(error);
      }
      const bytes = parts.reduce((sum, part) => sum + part.length, 0);
      gather();
      let hasRoom = socket.write(frameHeader(bytes));
      for (const part of parts) hasRoom = socket.write(part);
      if (isPrompt || bytes > joinedFramesBytesMax) release();
      if (hasRoom) return Promise.resolve();
      drained ??= untilDrained(socket).finally(() => {
        drained = undefined;
      });
      return drained;
    },
    receive({ onFrame, onEnd }) {
      const stall = new StallWatch((error) => void socket.destroy(error));
      let failure: Error | undefined;
      socket.on("error", (error) => {
        failure = error;
      });
      socket.on("close", () => {
        stall.stop();
        if (failure === undefined && !parser.isBetweenFrames)
          failure = new DfsError("unreachable", "the other process stopped inside a message");
        onEnd(failure);
      });
      socket.on("data", (bytes) => {
        try {
          const hasEnded = parser.push(bytes, onFrame);
          stall.note(hasEnded, parser.isBetweenFrames);
        } catch (error) {
          socket.destroy(error as Error);
        }
      });
    },
    close() {
      return new Promise((resolve) => {
        release();
        if (socket.destroyed) resolve();
        else socket.end(() => resolve());
      });
    },
    abort(error) {
      socket.destroy(error);
    },
  };
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
