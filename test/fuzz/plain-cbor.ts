/** What docs/FORMATS.md asks of any CBOR that a reader takes, checked by a reader of its own. */

/** Why no reader may take `bytes`; undefined when one may. */
export function faultOf(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    const end = skip(buffer, 0);
    return end === bytes.length ? undefined : `${bytes.length - end} bytes behind the value`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Where the value that begins at `at` ends. */
function skip(buffer: Buffer, at: number): number {
  const first = buffer.readUInt8(at);
  const [major, info] = [first >> 5, first & 31];
  if (major === 7) return skipSimple(buffer, at, info);
  if (major === 6) throw new Error("a tag");
  if (info > 27) throw new Error("an indefinite length");
  const headBytes = info < 24 ? 0 : 1 << (info - 24);
  const number = info < 24 ? BigInt(info) : BigInt(`0x${buffer.subarray(at + 1, at + 1 + headBytes).toString("hex")}`);
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error("a number beyond 2^53 - 1");
  if (headBytes > 0 && number < (headBytes === 1 ? 24n : 1n << BigInt(headBytes * 4))) throw new Error("a long number");
  const start = at + 1 + headBytes;
  if (major < 2) return start;
  if (major < 4) return within(buffer, start + Number(number));
  return skipItems(buffer, start, Number(number), major === 5);
}

function skipItems(buffer: Buffer, start: number, count: number, isMap: boolean): number {
  const keys = new Set<string>();
  let end = start;
  for (let item = 0; item < count; item += 1) {
    if (isMap) {
      const from = end;
      end = skip(buffer, end);
      if (buffer.readUInt8(from) >> 5 !== 3) throw new Error("a key that is no text");
      keys.add(buffer.toString("hex", from, end));
    }
    end = skip(buffer, end);
  }
  if (isMap && keys.size !== count) throw new Error("a key twice");
  return end;
}

function skipSimple(buffer: Buffer, at: number, info: number): number {
  if (info >= 20 && info <= 22) return at + 1;
  if (info < 25 || info > 27) throw new Error("a simple value that is not false, true or null");
  const isNumber =
    info === 25
      ? (buffer.readUInt16BE(at + 1) & 0x7c00) !== 0x7c00
      : Number.isFinite(info === 26 ? buffer.readFloatBE(at + 1) : buffer.readDoubleBE(at + 1));
  if (!isNumber) throw new Error("a number that is none, or endless");
  return at + 1 + (1 << (info - 24));
}

function within(buffer: Buffer, end: number): number {
  if (end > buffer.length) throw new Error("fewer bytes than announced");
  return end;
}
