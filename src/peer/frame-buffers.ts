/** The bodies of chunk frames, each in one array of reused memory. */
import type { Uint8ArrayList } from "uint8arraylist";
import { frameBuffersKeptBytes } from "../core/limits.ts";
import { ReusedBuffers } from "../core/reused-buffers.ts";

export class FrameBuffers {
  readonly #buffers = new ReusedBuffers(frameBuffersKeptBytes);

  /** The bytes of `parts` in one array. */
  copy(parts: Uint8ArrayList): Uint8Array {
    const target = this.#buffers.take(parts.length);
    let offset = 0;
    for (const part of parts) {
      target.set(part, offset);
      offset += part.length;
    }
    return target;
  }

  /** Takes an array back that `copy` gave; nobody may look at it any more. */
  give(copied: Uint8Array): void {
    this.#buffers.give(copied);
  }
}
