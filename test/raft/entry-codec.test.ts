import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toDfsError } from "../../src/core/errors.ts";
import { raftEntryBytesMax } from "../../src/core/limits.ts";
import { decodeEntries, encodeEntries } from "../../src/raft/entry-codec.ts";
import type { Entry } from "../../src/raft/types.ts";
import { entriesBehind, knownEntries } from "./codec-samples.ts";

const joined = (entries: readonly Entry[]): Uint8Array => new Uint8Array(Buffer.concat(encodeEntries(entries)));
const heads = (...texts: string[]): Uint8Array => new Uint8Array(Buffer.from(texts.join(""), "hex"));

function kindOfFailure(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return toDfsError(error).kind;
  }
}

describe("entries as bytes", () => {
  it("LOGDISK-1 entries are written as FORMATS.md says", () => {
    expect(Buffer.from(joined(knownEntries.entries)).toString("hex")).toBe(knownEntries.bytes);
    expect(decodeEntries(heads(knownEntries.bytes), 8, 2)).toEqual(knownEntries.entries);
  });

  it("LOGDISK-2 what is written is read back, and keeps nothing of the bytes it was read from", () => {
    fc.assert(
      fc.property(entriesBehind(41, 1, Number.MAX_SAFE_INTEGER), (entries) => {
        const bytes = joined(entries);
        // A Buffer, whose slice would be a view.
        const found = decodeEntries(Buffer.from(bytes.buffer), 42, entries.length);
        bytes.fill(0xff);
        expect(found).toEqual(entries);
      }),
    );
  });

  it("LOGDISK-2 the data of entries is not copied when they are written", () => {
    const data = new Uint8Array(100_000);
    expect(encodeEntries([{ index: 1, term: 1, kind: "command", data }])[1]).toBe(data);
  });

  it("LOGDISK-3 an unknown kind, a term that falls, a wrong count or length are refused", () => {
    const good = "01000000000000000200000000";
    expect(decodeEntries(heads(good), 1, 1)).toHaveLength(1);
    const bad: readonly (readonly [Uint8Array, number])[] = [
      [heads("00000000000000000200000000"), 1],
      [heads("04000000000000000200000000"), 1],
      [heads("01000000000000000000000000"), 1],
      [heads("01002000000000000000000000"), 1],
      [heads(good, "01000000000000000100000000"), 2],
      [heads(good), 2],
      [heads(good), 0],
      [heads("010000000000000002", (raftEntryBytesMax + 1).toString(16).padStart(8, "0")), 1],
      [heads("010000000000000002ffffffff"), 1],
      [heads("01000000000000000200000001"), 1],
      [heads(good, "00"), 1],
      [heads(good), 2 ** 32 - 1],
    ];
    for (const [bytes, count] of bad) expect(kindOfFailure(() => decodeEntries(bytes, 1, count))).toBe("protocol");
    expect(kindOfFailure(() => decodeEntries(heads(good), 1, 1, 3))).toBe("protocol");
    expect(kindOfFailure(() => decodeEntries(heads(good), Number.MAX_SAFE_INTEGER, 1))).toBe("protocol");
  });

  it("LOGDISK-3 whatever bytes are taken for entries are those that the entries are written as", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(4), (bytes, count) => {
        let entries: Entry[];
        try {
          entries = decodeEntries(bytes, 1, count);
        } catch (error) {
          expect(toDfsError(error).kind).toBe("protocol");
          return;
        }
        expect(joined(entries)).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it("entries that could not be read back are a bug", () => {
    const entry = (index: number, length = 0): Entry => ({
      index,
      term: 1,
      kind: "command",
      data: new Uint8Array(length),
    });
    expect(kindOfFailure(() => encodeEntries([entry(1), entry(3)]))).toBe("internal");
    expect(kindOfFailure(() => encodeEntries([entry(1, raftEntryBytesMax + 1)]))).toBe("internal");
    expect(kindOfFailure(() => encodeEntries([{ ...entry(1), term: 0 }]))).toBe("internal");
    expect(kindOfFailure(() => encodeEntries([{ ...entry(1), term: 2 }, entry(2)]))).toBe("internal");
    expect(kindOfFailure(() => encodeEntries([{ ...entry(1), term: 2 ** 53 }]))).toBe("internal");
  });
});
