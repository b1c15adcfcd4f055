/** A command as the data of an entry: when its leader took it (8 bytes, big-endian, milliseconds since 1970), then its bytes. */
import { DfsError } from "../../core/errors.ts";

const stampBytes = 8;

export interface StampedCommand {
  readonly timeMs: number;
  /** A view into the entry's data. */
  readonly command: Uint8Array;
}

export function stampCommand(timeMs: number, command: Uint8Array): Uint8Array {
  const data = new Uint8Array(stampBytes + command.length);
  new DataView(data.buffer).setBigUint64(0, BigInt(timeMs));
  data.set(command, stampBytes);
  return data;
}

/** The parts of `stampCommand`. Fails with `integrity` for an entry that is too short or from beyond time. */
export function stampedCommand(data: Uint8Array): StampedCommand {
  if (data.length < stampBytes) throw new DfsError("integrity", "an entry of the log is too short to be a command");
  const timeMs = Number(new DataView(data.buffer, data.byteOffset, data.byteLength).getBigUint64(0));
  if (!Number.isSafeInteger(timeMs)) throw new DfsError("integrity", "an entry of the log carries an impossible time");
  return { timeMs, command: data.subarray(stampBytes) };
}
