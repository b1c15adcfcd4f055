/**
 * Reading a socket without new memory for each piece.
 *
 * A socket that emits `data` allocates a buffer for every read, which for a TLS socket is every record of 16 KiB: V8 counts
 * them as memory outside its heap and goes through the whole heap after each 64 MiB. Node can read into one buffer instead
 * (`onread`), but takes that option only from who connects; a socket that was accepted is given it afterwards, where Node
 * keeps it. Where it does not keep it there, `data` serves.
 */
import { Socket } from "node:net";
import { socketReadBytes } from "../../core/limits.ts";

type OnRead = (bytes: number, buffer: Uint8Array) => boolean;

/** What Node keeps of its `onread` option, in properties of its own. */
interface ReadingSocket {
  [buffer: symbol]: Uint8Array | OnRead;
  readonly _handle?: { useUserBuffer?: (buffer: Uint8Array) => void } | null;
}

/** Shared by all sockets: what was read is used up before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(socketReadBytes);
const [bufferKey, callbackKey] = onReadKeys();

/** Hands everything that `socket` reads from now on to `onBytes`, which is to copy what it keeps. */
export function onSocketBytes(socket: Socket, onBytes: (bytes: Uint8Array) => void): void {
  const reading = socket as unknown as ReadingSocket;
  const handle = reading._handle;
  if (bufferKey === undefined || callbackKey === undefined || typeof handle?.useUserBuffer !== "function") {
    socket.on("data", onBytes);
    return;
  }
  // What came before lies in the stream.
  for (
    let early: Buffer | null = socket.read() as Buffer | null;
    early !== null;
    early = socket.read() as Buffer | null
  )
    onBytes(early);
  reading[bufferKey] = readBuffer;
  reading[callbackKey] = (bytes) => {
    onBytes(readBuffer.subarray(0, bytes));
    return true;
  };
  handle.useUserBuffer(readBuffer);
  socket.resume(); // for its end
}

/** The properties in which Node keeps the option; undefined where it keeps it elsewhere. */
function onReadKeys(): [symbol | undefined, symbol | undefined] {
  const buffer = new Uint8Array(1);
  const callback: OnRead = () => true;
  const probe = new Socket({ onread: { buffer, callback } } as never);
  const holds = (value: unknown): symbol | undefined =>
    Object.getOwnPropertySymbols(probe).find((key) => (probe as unknown as Record<symbol, unknown>)[key] === value);
  return [holds(buffer), holds(callback)];
}
