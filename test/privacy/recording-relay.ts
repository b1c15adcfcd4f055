/** A Unix socket in front of another one, which keeps everything that passes. */
import { createWriteStream } from "node:fs";
import { type Server, connect, createServer } from "node:net";
import { finished } from "node:stream/promises";

export interface RecordingRelay {
  readonly socketPath: string;
  /** Ends the relay; the record is complete then. */
  close(): Promise<void>;
}

/** Listens at `socketPath`, passes everything on to `target` and back, and writes both directions to `record`. */
export async function recordingRelay(socketPath: string, target: string, record: string): Promise<RecordingRelay> {
  const file = createWriteStream(record);
  const sockets = new Set<{ destroy(): unknown }>();
  const server: Server = createServer((client) => {
    const peer = connect(target);
    for (const [from, to] of [
      [client, peer],
      [peer, client],
    ] as const) {
      sockets.add(from);
      from.on("data", (bytes: Buffer) => file.write(bytes));
      from.on("error", () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(socketPath, resolve));
  return {
    socketPath,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      file.end();
      await finished(file);
    },
  };
}
