/** Makes a finding as small and plain as it goes while it stays the same finding. */

const plainBytes: readonly number[] = [0, 0x30];

/** The smallest input found, in at most `triesMax` tries, for which `isSame` still holds. It is given and asked in turn. */
export async function shrink(
  input: Uint8Array,
  isSame: (candidate: Uint8Array) => Promise<boolean>,
  triesMax = 4_000,
): Promise<Uint8Array> {
  let best = input;
  let tries = 0;
  const attempt = async (candidate: Uint8Array): Promise<boolean> => {
    if (tries >= triesMax) return false;
    tries += 1;
    if (!(await isSame(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let length = best.length >> 1; length >= 1; length >>= 1)
    for (let at = 0; at < best.length;) if (!(await attempt(without(best, at, length)))) at += length;
  for (let at = 0; at < best.length; at += 1)
    for (const byte of plainBytes.includes(best[at] as number) ? [] : plainBytes)
      if (await attempt(withByte(best, at, byte))) break;
  return best;
}

function without(input: Uint8Array, at: number, length: number): Uint8Array {
  return new Uint8Array(Buffer.concat([input.subarray(0, at), input.subarray(at + length)]));
}

function withByte(input: Uint8Array, at: number, byte: number): Uint8Array {
  const changed = input.slice();
  changed[at] = byte;
  return changed;
}
