/** Memory of chunk frames that arrive, and of chunks that are sent, used again and again. */
import { frameBuffersKeptBytes } from "../core/limits.ts";
import { ReusedBuffers } from "../core/reused-buffers.ts";

export class FrameBuffers extends ReusedBuffers {
  constructor() {
    super(frameBuffersKeptBytes);
  }
}
