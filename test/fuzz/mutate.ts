/** Makes new inputs from old ones: small changes piled up ("havoc"), pieces of two inputs joined, words of the format put in. */
import type { Prng } from "../sim/prng.ts";

const stackedMax = 6;
const blockBytesMax = 64;
/** Numbers at which comparisons turn, of 1, 2, 4 and 8 bytes. */
const interesting: readonly bigint[] = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0xffffn, 0x7fffffffn, 0xffffffffn].concat(
  [0x1fffffffffffffn, 0x20000000000000n, 0x7fffffffffffffffn, 0xffffffffffffffffn],
);

type Mutation = (input: Uint8Array) => Uint8Array;

export class Mutator {
  readonly #random: Prng;
  readonly #tokens: readonly Uint8Array[];
  readonly #bytesMax: number;
  readonly #mutations: readonly Mutation[];

  constructor(random: Prng, tokens: readonly (string | Uint8Array)[], bytesMax: number) {
    this.#random = random;
    this.#tokens = tokens.map((token) => new Uint8Array(Buffer.from(token as string)));
    this.#bytesMax = bytesMax;
    const common: Mutation[] = [
      (input) => this.#flipBit(input),
      (input) => this.#setByte(input),
      (input) => this.#addToByte(input),
      (input) => this.#setNumber(input),
      (input) => this.#remove(input),
      (input) => this.#repeat(input),
      (input) => this.#insertRandom(input),
      (input) => this.#copyWithin(input),
      (input) => this.#truncate(input),
    ];
    const withTokens: Mutation[] = [(input) => this.#insertToken(input), (input) => this.#overwriteToken(input)];
    this.#mutations = this.#tokens.length === 0 ? common : [...common, ...withTokens, ...withTokens];
  }

  /** A changed copy of `input`, with parts of `other` now and then. Never empty, never longer than the limit. */
  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    let result = this.#random.chance(0.15) ? this.#splice(input, other) : input.slice();
    const times = 1 + this.#random.below(this.#random.chance(0.2) ? stackedMax : 2);
    for (let done = 0; done < times; done += 1) result = this.#random.pick(this.#mutations)(result);
    return result.length === 0 ? Uint8Array.of(this.#random.below(256)) : result.slice(0, this.#bytesMax);
  }

  #splice(input: Uint8Array, other: Uint8Array): Uint8Array {
    const [to, from] = [this.#place(input), this.#place(other)];
    const taken = other.subarray(from, from + 1 + this.#random.below(other.length - from));
    const keepsTail = this.#random.chance(0.5);
    return joined(input.subarray(0, to), taken, keepsTail ? input.subarray(to) : new Uint8Array());
  }

  #flipBit(input: Uint8Array): Uint8Array {
    const at = this.#place(input);
    input[at] = (input[at] ?? 0) ^ (1 << this.#random.below(8));
    return input;
  }

  #setByte(input: Uint8Array): Uint8Array {
    input[this.#place(input)] = this.#random.below(256);
    return input;
  }

  #addToByte(input: Uint8Array): Uint8Array {
    const at = this.#place(input);
    input[at] = (input[at] ?? 0) + 1 + this.#random.below(16) * (this.#random.chance(0.5) ? 1 : -1);
    return input;
  }

  #setNumber(input: Uint8Array): Uint8Array {
    const bytes = 1 << this.#random.below(4);
    const number = this.#random.pick(interesting) + BigInt(this.#random.below(3) - 1);
    const at = this.#place(input);
    for (let byte = 0; byte < bytes && at + byte < input.length; byte += 1)
      input[at + byte] = Number((number >> BigInt(8 * (bytes - 1 - byte))) & 0xffn);
    return input;
  }

  #remove(input: Uint8Array): Uint8Array {
    const at = this.#place(input);
    return joined(input.subarray(0, at), input.subarray(at + this.#length(input.length - at)));
  }

  #repeat(input: Uint8Array): Uint8Array {
    const at = this.#place(input);
    const block = input.subarray(at, at + this.#length(input.length - at));
    const copies = Array.from({ length: 1 + this.#random.below(this.#random.chance(0.1) ? 40 : 2) }, () => block);
    return joined(input.subarray(0, at), ...copies, input.subarray(at));
  }

  #insertRandom(input: Uint8Array): Uint8Array {
    const at = this.#random.below(input.length + 1);
    const bytes = Uint8Array.from({ length: this.#length(blockBytesMax) }, () => this.#random.below(256));
    return joined(input.subarray(0, at), bytes, input.subarray(at));
  }

  #copyWithin(input: Uint8Array): Uint8Array {
    const from = this.#place(input);
    return input.copyWithin(this.#place(input), from, from + this.#length(input.length - from));
  }

  #truncate(input: Uint8Array): Uint8Array {
    return this.#random.chance(0.8) ? input : input.slice(0, this.#place(input));
  }

  #insertToken(input: Uint8Array): Uint8Array {
    const at = this.#random.below(input.length + 1);
    return joined(input.subarray(0, at), this.#random.pick(this.#tokens), input.subarray(at));
  }

  #overwriteToken(input: Uint8Array): Uint8Array {
    const token = this.#random.pick(this.#tokens);
    const at = this.#place(input);
    return joined(input.subarray(0, at), token, input.subarray(at + token.length));
  }

  #place(input: Uint8Array): number {
    return input.length === 0 ? 0 : this.#random.below(input.length);
  }

  /** Mostly short, sometimes everything. */
  #length(most: number): number {
    return 1 + this.#random.below(Math.max(1, this.#random.chance(0.8) ? Math.min(8, most) : most));
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
