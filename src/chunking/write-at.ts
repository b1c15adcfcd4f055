/** Writing all of some bytes to an open file. */
import { writeSync } from "node:fs";

/** Fails with the system's error. */
export function writeAt(fd: number, positionBytes: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;)
    written += writeSync(fd, bytes, written, bytes.length - written, positionBytes + written);
}
