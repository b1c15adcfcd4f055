/** A frame channel over a local socket. */
import type { Socket } from "node:net";
import { DfsError } from "../../core/errors.ts";
import { type FrameChannel, FrameParser, frameHeader } from "./frame-channel.ts";

/** Frames over `socket`, each at most `frameBytesMax` bytes. */
export function socketChannel(socket: Socket, frameBytesMax: number): FrameChannel {
  return {
    send(parts) {
      if (!socket.writable) return Promise.reject(new DfsError("unreachable", "the other process has ended"));
      socket.cork();
      let hasRoom = socket.write(frameHeader(parts.reduce((bytes, part) => bytes + part.length, 0)));
      for (const part of parts) hasRoom = socket.write(part);
      socket.uncork();
      if (hasRoom) return Promise.resolve();
      return new Promise((resolve) => {
        const done = (): void => {
          socket.off("drain", done);
          socket.off("close", done);
          resolve();
        };
        socket.on("drain", done);
        socket.on("close", done);
      });
    },
    receive({ onFrame, onEnd }) {
      const parser = new FrameParser(frameBytesMax);
      let failure: Error | undefined;
      socket.on("error", (error) => {
        failure = error;
      });
      socket.on("close", () => {
        if (failure === undefined && !parser.isBetweenFrames)
          failure = new DfsError("unreachable", "the other process stopped inside a message");
        onEnd(failure);
      });
      socket.on("data", (bytes) => {
        try {
          parser.push(bytes, onFrame);
        } catch (error) {
          socket.destroy(error as Error);
        }
      });
    },
    close() {
      return new Promise((resolve) => {
        if (socket.destroyed) resolve();
        else socket.end(() => resolve());
      });
    },
    abort(error) {
      socket.destroy(error);
    },
  };
}
