/** Random bytes for ids and nonces, drawn from the system many at a time: asking for a few costs as much as for thousands. */
import { randomFillSync } from "node:crypto";

const poolBytes = 4096;
const pool = Buffer.alloc(poolBytes);
let used = poolBytes;

/** `count` cryptographically strong random bytes, at most 4096, which are given out once. */
export function pooledRandomBytes(count: number): Buffer {
  if (used + count > poolBytes) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + count));
  pool.fill(0, used, used + count);
  used += count;
  return bytes;
}
