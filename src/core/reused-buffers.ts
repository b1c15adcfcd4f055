/**
 * Buffers that are used again and again. Memory that comes and goes with every chunk would keep the garbage collector
 * busier than the disk, and the process larger than it needs to be.
 */
import { reusedBufferBytesMin, reusedBufferSlackBytes } from "./limits.ts";

export class ReusedBuffers {
  /** Free buffers by their size. */
  readonly #free = new Map<number, ArrayBuffer[]>();
  readonly #keptBytesMax: number;
  #keptBytes = 0;

  /** Keeps free buffers of at most `keptBytesMax` bytes in all. */
  constructor(keptBytesMax: number) {
    this.#keptBytesMax = keptBytesMax;
  }

  /** An array of this length; its content is whatever was there before. It need not be given back. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes < reusedBufferBytesMin) return new Uint8Array(bytes);
    const size = sizeFor(bytes);
    const buffer = this.#free.get(size)?.pop();
    if (buffer === undefined) return new Uint8Array(new ArrayBuffer(size), 0, bytes);
    this.#keptBytes -= size;
    return new Uint8Array(buffer, 0, bytes);
  }

  /** Takes an array back that `take` gave, here or in another thread; nobody may look at it any more. */
  give({ buffer }: Uint8Array): void {
    if (!isReusable(buffer) || this.#keptBytes + buffer.byteLength > this.#keptBytesMax) return;
    this.#keptBytes += buffer.byteLength;
    const free = this.#free.get(buffer.byteLength);
    if (free === undefined) this.#free.set(buffer.byteLength, [buffer]);
    else free.push(buffer);
  }
}

/** Whether a buffer is of a size that only `take` makes; then nothing but one array is in it. */
export function isReusable(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  const size = buffer.byteLength;
  return (
    buffer instanceof ArrayBuffer && size > reusedBufferSlackBytes && size === sizeFor(size - reusedBufferSlackBytes)
  );
}

/** The next power of two, and a little for headers and tags. */
function sizeFor(bytes: number): number {
  let size = reusedBufferBytesMin;
  while (size + reusedBufferSlackBytes < bytes) size *= 2;
  return size + reusedBufferSlackBytes;
}
