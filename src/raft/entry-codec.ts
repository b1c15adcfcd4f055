/**
 * The bytes of entries, the same on the wire and on the disk: first the heads of all, then the data of all.
 *
 * A head has 13 bytes: kind (u8: 1 command, 2 no-op, 3 configuration change), term (u64), length of the data (u32).
 * Neither the number of entries nor their indexes are in here: the entries are consecutive, and whoever writes them
 * tells the first index and the count before.
 */
import { DfsError, assert } from "../core/errors.ts";
import { ByteReader, ByteWriter } from "./byte-codec.ts";
import type { Entry, EntryKind } from "./types.ts";
import { raftEntryBytesMax } from "../core/limits.ts";

const kindCodes = { command: 1, "no-op": 2, config: 3 } as const satisfies Record<EntryKind, number>;
const kindNames: readonly (EntryKind | undefined)[] = [undefined, "command", "no-op", "config"];

/** Bytes of one entry besides its data. */
const entryHeadBytes = 13;

/** Consecutive entries as parts to be written one after the other, none of them empty: the heads, then the data of each, uncopied. Stops at what could not be read back. */
export function encodeEntries(entries: readonly Entry[]): Uint8Array[] {
  if (entries.length === 0) return [];
  const heads = new ByteWriter(entries.length * entryHeadBytes);
  const parts: Uint8Array[] = [];
  const first = entries[0]?.index ?? 0;
  let termMin = 1;
  for (const [at, { index, term, kind, data }] of entries.entries()) {
    assert(index === first + at, `entry ${index} is written where ${first + at} belongs`);
    assert(term >= termMin, `entry ${index} has term ${term} behind one of term ${termMin}`);
    assert(data.length <= raftEntryBytesMax, `entry ${index} has ${data.length} bytes`);
    heads.u8(kindCodes[kind]).u64(term).u32(data.length);
    if (data.length > 0) parts.push(data);
    termMin = term;
  }
  return [heads.finish(), ...parts];
}

/**
 * Consecutive entries in the bytes that `encodeEntries` made, checked as a whole when it is made: it fails with
 * `protocol` unless these are exactly `count` entries, with known kinds and terms that are at least `termMin` and
 * never fall.
 */
export class EntryBlock {
  readonly firstIndex: number;
  readonly count: number;
  readonly #terms: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #kinds: EntryKind[] = [];
  /** Where the data of each begins, and where that of the last ends. */
  readonly #offsets: Float64Array;

  constructor(bytes: Uint8Array, firstIndex: number, count: number, termMin = 1) {
    const dataOffset = count * entryHeadBytes;
    if (dataOffset > bytes.length || !Number.isSafeInteger(firstIndex + count))
      throw new DfsError("protocol", `${count} entries from ${firstIndex} on do not fit into ${bytes.length} bytes`);
    this.firstIndex = firstIndex;
    this.count = count;
    this.#bytes = bytes;
    this.#terms = new Float64Array(count);
    this.#offsets = new Float64Array(count + 1).fill(dataOffset);
    this.#readHeads(new ByteReader(bytes.subarray(0, dataOffset)), termMin);
    if (this.#offsets[count] !== bytes.length)
      throw new DfsError("protocol", `${count} entries do not end where their ${bytes.length} bytes do`);
  }

  /** The entry at position `at`, counted from 0. Its data is a copy: nothing keeps the block's bytes alive. */
  entry(at: number): Entry {
    const data = new Uint8Array(this.#bytes.subarray(this.#offsets[at], this.#offsets[at + 1]));
    return { index: this.firstIndex + at, term: this.#terms[at] as number, kind: this.#kinds[at] as EntryKind, data };
  }

  /** Index and term of each entry. */
  positions(): Pick<Entry, "index" | "term">[] {
    return Array.from(this.#terms, (term, at) => ({ index: this.firstIndex + at, term }));
  }

  #readHeads(heads: ByteReader, termMin: number): void {
    let term = termMin;
    for (let at = 0; at < this.count; at++) {
      const kind = kindNames[heads.u8()];
      if (kind === undefined) throw new DfsError("protocol", "an entry has a kind that this version does not know");
      term = heads.u64(term);
      const length = heads.u32();
      if (length > raftEntryBytesMax) throw new DfsError("protocol", `an entry has ${length} bytes`);
      this.#kinds.push(kind);
      this.#terms[at] = term;
      this.#offsets[at + 1] = (this.#offsets[at] as number) + length;
    }
  }
}

/** All entries in `bytes`, their data copied. Fails with `protocol` as `EntryBlock` does. */
export function decodeEntries(bytes: Uint8Array, firstIndex: number, count: number, termMin = 1): Entry[] {
  const block = new EntryBlock(bytes, firstIndex, count, termMin);
  return Array.from({ length: count }, (_, at) => block.entry(at));
}
