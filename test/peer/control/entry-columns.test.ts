import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Entry } from "../../../src/core/client.ts";
import type { DfsError } from "../../../src/core/errors.ts";
import { fileKeyOf } from "../../../src/core/ids.ts";
import { type DfsPath, baseName, childPath, resolvePath, rootPath } from "../../../src/core/names.ts";
import { type EntryColumns, columnsOf, entriesIn, entryColumns } from "../../../src/peer/control/entry-columns.ts";
import { decodeCbor, encodeCbor } from "../../../src/peer/wire/cbor.ts";
import * as v from "valibot";

const counts = fc.maxSafeNat();
const times = fc.double({ noNaN: true, noDefaultInfinity: true });
const names = fc.constantFrom("a", "b.txt", "Grüße", "日本語", "..."); // a name may repeat in another directory
const directories = fc.constantFrom<DfsPath>(rootPath, resolvePath("/photos"), resolvePath("/photos/2026"));
const numbers = { mode: counts, sizeBytes: counts, addedBytes: counts, historyBytes: counts, revision: counts };
const rest = { ...numbers, copies: counts, modifiedMs: times, committedMs: times };

const entries: fc.Arbitrary<Entry> = fc
  .record({
    ...rest,
    directory: directories,
    name: names,
    isRoot: fc.boolean(),
    key: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined }),
    expiresMs: fc.option(counts, { nil: undefined }),
  })
  .map(({ directory, name, isRoot, key, expiresMs, ...given }): Entry => {
    const path = isRoot && directory === rootPath ? rootPath : childPath(directory, name);
    return {
      ...given,
      kind: key === undefined ? "directory" : "file",
      path,
      name: baseName(path),
      ...(key === undefined ? {} : { fileKey: fileKeyOf(key) }),
      ...(expiresMs === undefined ? {} : { expiresMs }),
    };
  });

const page = v.array(entryColumns);
/** As the other end has them. */
const sent = (columns: readonly unknown[]): Entry[] => entriesIn(decodeCbor(encodeCbor(columns), page, "page"));

describe("entries by columns", () => {
  test("DIR-13 entries arrive as they were, in their order", () => {
    fc.assert(
      fc.property(fc.array(entries, { maxLength: 40 }), (all) => {
        expect(sent(columnsOf(all))).toEqual(all);
      }),
    );
  });

  test("DIR-13 what no entry can be is refused", () => {
    const entry: Entry = {
      kind: "file",
      path: resolvePath("/photos/a"),
      name: "a",
      sizeBytes: 1,
      mode: 0o644,
      modifiedMs: 2.5,
      committedMs: 3,
      revision: 1,
      copies: 2,
      addedBytes: 4,
      historyBytes: 5,
      fileKey: fileKeyOf(Buffer.alloc(32, 7)),
    };
    const [good] = columnsOf([entry, entry]) as [EntryColumns];
    expect(sent([good])).toEqual([entry, entry]);
    const withNumber = (place: number, value: number): Partial<EntryColumns> => {
      const values = new Float64Array(Uint8Array.from(good.numbers).buffer);
      values[place] = value;
      return { numbers: new Uint8Array(values.buffer) };
    };
    const bad: readonly Partial<EntryColumns>[] = [
      { names: "a" },
      { names: "a/b/c" },
      { names: "a/.." },
      { names: "a/" },
      { kinds: "f" },
      { kinds: "fx" },
      { kinds: "fd" },
      { fileKeys: good.fileKeys.slice(1) },
      { fileKeys: `${good.fileKeys}${good.fileKeys}` },
      { numbers: good.numbers.subarray(8) },
      { numbers: good.numbers.subarray(0, good.numbers.length - 1) },
      withNumber(1, -1),
      withNumber(1, 0.5),
      withNumber(5, 2 ** 53),
      withNumber(6, Number.NaN),
      withNumber(7, Number.POSITIVE_INFINITY),
      withNumber(8, -1),
    ];
    const protocol = expect.objectContaining({ kind: "protocol" }) as DfsError;
    for (const change of bad) expect(() => sent([{ ...good, ...change }]), JSON.stringify(change)).toThrow(protocol);
  });
});
