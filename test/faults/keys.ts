/**
 * The files and directories that a workload works on. Each serves for a limited number of operations and then makes
 * room for a fresh one, because checking a history without indexes takes exponential time in the worst case.
 */
import type { Prng } from "../sim/prng.ts";

/** Operations on one key: long enough for every interleaving, short enough for the checker. */
const operationsMax = 60;
/** Changes of one key whose outcome nobody knows: each doubles what the checker has to consider. */
const unknownMax = 6;

/** One file or directory of the workload. */
export class Key {
  readonly name: string;
  #operations = 0;
  #unknown = 0;
  #values = 0;
  /** Newest revision that any client has seen. */
  revisionSeen = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** A value that this key never had, from 1. */
  nextValue(): number {
    this.#values += 1;
    return this.#values;
  }

  noteCall(): void {
    this.#operations += 1;
  }

  noteUnknown(): void {
    this.#unknown += 1;
  }

  get isWorn(): boolean {
    return this.#operations >= operationsMax || this.#unknown >= unknownMax;
  }
}

/** The keys in use, `count` at a time, out of a list of names. */
export class Keys {
  readonly #names: Iterator<string>;
  readonly #inUse: Key[] = [];
  /** All that were ever in use. */
  readonly used: Key[] = [];

  constructor(names: Iterable<string>, count: number) {
    this.#names = names[Symbol.iterator]();
    for (let place = 0; place < count; place++) this.#replace(place);
  }

  get inUse(): readonly Key[] {
    return this.#inUse;
  }

  /** One of the keys in use; those in use serve on when the names are used up. */
  pick(random: Prng): Key {
    const place = random.below(this.#inUse.length);
    if (this.#inUse[place]?.isWorn === true) this.#replace(place);
    return this.#inUse[place] as Key;
  }

  #replace(place: number): void {
    const { value, done } = this.#names.next();
    if (done === true) return;
    const key = new Key(value);
    this.#inUse[place] = key;
    this.used.push(key);
  }
}

/** Names that never end: `prefix-1`, `prefix-2` … */
export function* numbered(prefix: string, count = Number.POSITIVE_INFINITY): Generator<string> {
  for (let number = 1; number <= count; number++) yield `${prefix}-${number}`;
}
