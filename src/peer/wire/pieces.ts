/** Byte strings of any length as pieces that fit into a message. */
import { rpcPieceBytesMax } from "../../core/limits.ts";

/** Views of `bytes`, each at most `rpcPieceBytesMax` long, in order. */
export function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += rpcPieceBytesMax)
    yield bytes.subarray(start, start + rpcPieceBytesMax);
}
