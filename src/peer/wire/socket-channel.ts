/** A frame channel over a local socket. Small frames that are sent in one turn of the event loop leave together. */
import type { Socket } from "node:net";
import { DfsError } from "../../core/errors.ts";
import { socketBufferBytesMax } from "../../core/limits.ts";
import { type FrameChannel, type FrameMemory, FrameParser, frameBytes } from "./frame-channel.ts";
import { onSocketBytes } from "./socket-reads.ts";
import { BulkWriter, GatheringWriter } from "./socket-writers.ts";
import { StallWatch } from "./stall-watch.ts";

export interface SocketChannelOptions {
  /** Every frame leaves at once: for one caller that waits for it. */
  readonly isPrompt?: boolean | undefined;
  /** Most frames are large: they leave piece by piece, and those that arrive are put together here. */
  readonly bulkMemory?: FrameMemory | undefined;
}

/** Frames over `socket`, each at most `frameBytesMax` bytes. */
export function socketChannel(
  socket: Socket,
  frameBytesMax: number,
  { isPrompt = false, bulkMemory }: SocketChannelOptions = {},
): FrameChannel {
  const parser = new FrameParser(frameBytesMax, bulkMemory);
  const writer = bulkMemory === undefined ? new GatheringWriter(socket, isPrompt) : new BulkWriter(socket);
  let takenBytes = 0;
  return {
    get receivedBytes() {
      return parser.receivedBytes;
    },
    get sentBytes() {
      return takenBytes - writer.queuedBytes;
    },
    send(parts, onWritten) {
      if (!socket.writable) return Promise.reject(new DfsError("unreachable", "the other process has ended"));
      if (writer.queuedBytes > socketBufferBytesMax) {
        const error = new DfsError("busy", "the other end does not read what it is sent");
        socket.destroy(error);
        return Promise.reject(error);
      }
      takenBytes += frameBytes(parts);
      return writer.send(parts, onWritten);
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
      onSocketBytes(socket, (bytes) => {
        if (socket.destroyed) return;
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
        writer.flush();
        if (socket.destroyed) resolve();
        else socket.end(() => resolve());
      });
    },
    abort(error) {
      socket.destroy(error);
    },
  };
}
