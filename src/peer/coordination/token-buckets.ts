/** Token buckets: how often something may be tried, for many keys at once. */

export interface BucketSize {
  /** Tries at once. */
  readonly tokensMax: number;
  /** One more try after so long. */
  readonly refillMs: number;
  /** Keys that are remembered; the one not tried for longest makes room for a new one, and then has all its tries again. */
  readonly keysMax: number;
}

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** Time is handed in, in milliseconds of any clock that does not go backwards. */
export class TokenBuckets {
  readonly #size: BucketSize;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(size: BucketSize) {
    this.#size = size;
  }

  /** Milliseconds until `key` has a token; 0 when it has one now. */
  waitMs(key: string, nowMs: number): number {
    const tokens = this.#tokens(key, nowMs);
    return tokens >= 1 ? 0 : Math.ceil((1 - tokens) * this.#size.refillMs);
  }

  /** Takes a token, which must be there. */
  take(key: string, nowMs: number): void {
    this.#keep(key, this.#tokens(key, nowMs) - 1, nowMs);
  }

  /** Gives back a token that was taken. */
  give(key: string, nowMs: number): void {
    if (this.#buckets.has(key)) this.#keep(key, this.#tokens(key, nowMs) + 1, nowMs);
  }

  #tokens(key: string, nowMs: number): number {
    const { tokensMax, refillMs } = this.#size;
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return tokensMax;
    return Math.min(tokensMax, bucket.tokens + (nowMs - bucket.atMs) / refillMs);
  }

  #keep(key: string, tokens: number, atMs: number): void {
    this.#buckets.delete(key);
    if (tokens >= this.#size.tokensMax) return;
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size >= this.#size.keysMax && oldest !== undefined) this.#buckets.delete(oldest);
    this.#buckets.set(key, { tokens, atMs });
  }
}
