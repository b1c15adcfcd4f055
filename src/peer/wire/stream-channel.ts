/** A frame channel over a libp2p stream. */
import type { Stream } from "@libp2p/interface";
import { DfsError } from "../../core/errors.ts";
import { type FrameChannel, FrameParser, frameHeader } from "./frame-channel.ts";

/** Frames over `stream`, each at most `frameBytesMax` bytes. */
export function streamChannel(stream: Stream, frameBytesMax: number): FrameChannel {
  let drained: Promise<void> | undefined;

  /** libp2p's own onDrain() can resolve before the buffer has room, so the events are awaited by hand. */
  const waitForDrain = (): Promise<void> => {
    drained ??= new Promise<void>((resolve) => {
      const done = (): void => {
        stream.removeEventListener("drain", done);
        stream.removeEventListener("close", done);
        drained = undefined;
        resolve();
      };
      stream.addEventListener("drain", done);
      stream.addEventListener("close", done);
    });
    return drained;
  };

  return {
    async send(parts) {
      if (stream.writeStatus !== "writable") throw new DfsError("unreachable", "the connection to the peer has ended");
      const header = frameHeader(parts.reduce((bytes, part) => bytes + part.length, 0));
      let hasRoom = stream.send(header);
      for (const part of parts) hasRoom = stream.send(part);
      if (!hasRoom) await waitForDrain();
    },
    receive({ onFrame, onEnd }) {
      const parser = new FrameParser(frameBytesMax);
      let hasEnded = false;
      const end = (error?: Error): void => {
        if (hasEnded) return;
        hasEnded = true;
        onEnd(
          error ??
            (parser.isBetweenFrames ? undefined : new DfsError("unreachable", "the peer stopped inside a message")),
        );
      };
      stream.addEventListener("close", (event) => end(event.error));
      stream.addEventListener("remoteCloseWrite", () => end());
      stream.addEventListener("message", (event) => {
        if (hasEnded) return;
        try {
          parser.push(event.data, onFrame);
        } catch (error) {
          stream.abort(error as Error);
          end(error as Error);
        }
      });
    },
    async close() {
      await stream.close({ signal: AbortSignal.timeout(1_000) }).catch((error: Error) => stream.abort(error));
    },
    abort(error) {
      stream.abort(error);
    },
  };
}
