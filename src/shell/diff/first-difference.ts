/** Comparing two files of any size byte by byte, in the order in which their bytes come. */

/** Where two streams differ first, from 1; undefined where they are equal. Neither is read further than that. */
export async function firstDifference(
  left: AsyncIterable<Uint8Array>,
  right: AsyncIterable<Uint8Array>,
): Promise<number | undefined> {
  const sides = [new Reader(left), new Reader(right)] as const;
  try {
    for (let offset = 0; ;) {
      const [one, other] = [await sides[0].rest(), await sides[1].rest()];
      const length = Math.min(one.length, other.length);
      if (length === 0) return one.length === other.length ? undefined : offset + 1;
      const place = differenceIn(one, other, length);
      if (place !== undefined) return offset + place + 1;
      for (const side of sides) side.take(length);
      offset += length;
    }
  } finally {
    for (const side of sides) await side.stop();
  }
}

function differenceIn(one: Uint8Array, other: Uint8Array, length: number): number | undefined {
  if (Buffer.compare(one.subarray(0, length), other.subarray(0, length)) === 0) return undefined;
  let place = 0;
  while (one[place] === other[place]) place += 1;
  return place;
}

/** The pieces of a stream, taken bit by bit. */
class Reader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#pieces = bytes[Symbol.asyncIterator]();
  }

  /** What is left of the present piece, or the next one; empty at the end. */
  async rest(): Promise<Uint8Array> {
    while (this.#piece.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) break;
      this.#piece = next.value;
    }
    return this.#piece;
  }

  take(length: number): void {
    this.#piece = this.#piece.subarray(length);
  }

  async stop(): Promise<void> {
    await this.#pieces.return?.();
  }
}
