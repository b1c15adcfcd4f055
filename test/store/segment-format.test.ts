import { createHash } from "node:crypto";
import { open, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fileKeyOf, parseLeaseId, parseShelfId } from "../../src/core/ids.ts";
import {
  chunkRecord,
  decodeRecordHeader,
  decodeSegmentHeader,
  encodeRecordHeader,
  encodeSegmentHeader,
  isPayloadIntact,
  noteRecord,
} from "../../src/store/segment-format.ts";
import { decodeChanged, decodeEntries, encodeChanged, encodeEntries } from "../../src/store/shelf-note.ts";
import { emptySum, recordSum } from "../../src/store/set-digest.ts";
import { scanSegment } from "../../src/store/segment-scan.ts";
import type { ScanItem } from "../../src/store/segment-scan.ts";
import { temporaryFolder } from "./store-fixtures.ts";

const mark = Buffer.from("0123456789abcdef", "hex");
const lease = parseLeaseId("00112233445566778899aabbccddeeff");
const shelf = parseShelfId("ffeeddccbbaa99887766554433221100");
const payload = Buffer.from("sealed");
const digest = new Uint8Array(createHash("sha256").update(payload).digest());

const key = fileKeyOf(digest);
const changed = encodeChanged({
  step: {
    state: { fence: 9, epoch: 8, sequence: 258, digest: recordSum(key, 2), records: 0, isLoose: false },
    restartsAt: 257,
    isLogged: true,
  },
  entries: [{ fileKey: key, copies: 2 }],
});

describe("the segment format", () => {
  it("STORE-60 is what FORMATS.md says, byte by byte", () => {
    expect(encodeSegmentHeader(7, mark).toString("hex")).toBe(
      ["6466732d7365670a", "00000002", "00000007", "0123456789abcdef", "5d1300b0"].join(""),
    );
    const owner = ["00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"];
    const chunk = ["0123456789abcdef", "00000000", "00000006", ...owner];
    const hash = "c9d0036bed6744bcdf692fc980d8717d7e5f5a4f4e8266b4a84982602fb1cd09";
    expect(encodeRecordHeader(mark, chunkRecord(digest, payload, { lease, shelf })).toString("hex")).toBe(
      [...chunk, hash, "fda4be70", "b7decc83"].join(""),
    );
    const sum = "2e1f7aaf0ba27ba8532c643eae02a3d2a16f365c230f98756e70e8109a5bdb9c";
    expect(changed.toString("hex")).toBe(
      ["06", "0000000000000009", "0000000000000008", "0000000000000102", "0000000000000101", sum, hash, "02"].join(""),
    );
    expect(encodeRecordHeader(mark, noteRecord("changed", changed, { shelf })).toString("hex")).toBe(
      [
        "0123456789abcdef",
        "01000000",
        "00000062",
        "00".repeat(16),
        owner[1],
        "00".repeat(32),
        "6f935a68",
        "7ddbbc84",
      ].join(""),
    );
    expect(encodeEntries([{ fileKey: key, copies: 0 }]).toString("hex")).toBe(`${hash}00`);
  });

  it("a header with any bit flipped is refused", () => {
    const header = encodeRecordHeader(mark, noteRecord("changed", changed, { lease, shelf }));
    const first = encodeSegmentHeader(3, mark);
    fc.assert(
      fc.property(fc.nat(header.length * 8 - 1), (bit) => {
        const flipped = Buffer.from(header);
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(decodeRecordHeader(flipped)).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.nat(first.length * 8 - 1), (bit) => {
        const flipped = Buffer.from(first);
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(decodeSegmentHeader(flipped)).toBeUndefined();
      }),
    );
  });

  it("headers come back as they were written, and notes of lengths that there are not are refused", () => {
    const header = decodeRecordHeader(encodeRecordHeader(mark, noteRecord("changed", changed, { lease, shelf })));
    expect(header).toMatchObject({ kind: "changed", lease, shelf, payloadBytes: 98, digest: new Uint8Array(32) });
    expect(header !== undefined && isPayloadIntact(header, changed)).toBe(true);
    expect(header !== undefined && isPayloadIntact(header, changed.subarray(1))).toBe(false);
    expect(decodeSegmentHeader(encodeSegmentHeader(9, mark))).toEqual(mark);
    const decoded = (kind: "changed" | "repeated" | "forgotten", bytes: number): unknown =>
      decodeRecordHeader(encodeRecordHeader(mark, noteRecord(kind, Buffer.alloc(bytes), { shelf })))?.kind;
    expect([decoded("changed", 64), decoded("changed", 65), decoded("changed", 66)]).toEqual([
      undefined,
      "changed",
      undefined,
    ]);
    expect([decoded("repeated", 33), decoded("repeated", 32)]).toEqual(["repeated", undefined]);
    expect([decoded("forgotten", 0), decoded("forgotten", 33)]).toEqual(["forgotten", undefined]);
    expect(decodeRecordHeader(encodeRecordHeader(mark, noteRecord("forgotten", Buffer.alloc(0), {})))).toBeUndefined();
    expect(decodeRecordHeader(Buffer.alloc(88))).toBeUndefined();
    expect(decodeRecordHeader(Buffer.alloc(10))).toBeUndefined();
  });

  it("notes come back as they were written", () => {
    const natural = fc.nat(Number.MAX_SAFE_INTEGER);
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => fileKeyOf(bytes));
    const state = fc.record({
      fence: natural,
      epoch: natural,
      sequence: natural,
      digest: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      records: fc.constant(0),
      isLoose: fc.boolean(),
    });
    const step = fc.record({ state, restartsAt: fc.option(natural, { nil: undefined }), isLogged: fc.boolean() });
    const entries = fc.array(fc.record({ fileKey: key, copies: fc.nat(5) }), { maxLength: 5 });
    fc.assert(
      fc.property(fc.record({ step, entries }), (note) => {
        expect(decodeChanged(encodeChanged(note))).toEqual(note);
        expect(decodeEntries(encodeEntries(note.entries))).toEqual(note.entries);
      }),
    );
    expect(decodeEntries(encodeEntries([]))).toEqual([]);
    expect(emptySum()).toEqual(new Uint8Array(32));
  });

  it("STORE-61 a segment of another version is refused, not taken for damage", () => {
    for (const version of [1, 3]) {
      const header = encodeSegmentHeader(1, mark);
      header.writeUInt32BE(version, 8);
      header.writeUInt32BE(crc32(header.subarray(0, 24)), 24);
      expect(() => decodeSegmentHeader(header)).toThrow(expect.objectContaining({ kind: "version" }) as Error);
    }
  });
});

describe("scanSegment", () => {
  async function scan(bytes: Uint8Array): Promise<ScanItem["at"][]> {
    const path = join(await temporaryFolder(), "1.seg");
    await writeFile(path, bytes);
    const handle = await open(path, "r");
    try {
      const found: ScanItem["at"][] = [];
      for await (const item of scanSegment(handle, mark, 0)) found.push(item.at);
      return found;
    } finally {
      await handle.close();
    }
  }

  const record = (length: number): Buffer => {
    const payload = Buffer.alloc(length, 5);
    return Buffer.concat([encodeRecordHeader(mark, chunkRecord(digest, payload)), payload]);
  };

  it("reads records of all lengths, across the bounds of its window", async () => {
    const lengths = [1, 1024 * 1024 + 16, 3, 1024 * 1024, 900_000, 1_000_000, 2];
    expect(await scan(Buffer.concat(lengths.map(record)))).toEqual(lengths.map(() => "record"));
  });

  it("tells a write that never finished from damage", async () => {
    expect(await scan(Buffer.concat([record(9), record(9).subarray(0, 30)]))).toEqual(["record", "torn"]);
    expect(await scan(Buffer.concat([record(9), record(9).subarray(0, 91)]))).toEqual(["record", "torn"]);
    expect(await scan(Buffer.concat([record(9), Buffer.alloc(5000)]))).toEqual(["record", "torn"]);
    expect(await scan(Buffer.concat([record(9), Buffer.alloc(5000, 1)]))).toEqual(["record", "damage"]);
    expect(await scan(Buffer.concat([record(9).subarray(0, 30), record(9)]))).toEqual(["damage", "record"]);
    expect(await scan(Buffer.concat([record(9).subarray(0, 91), record(9)]))).toEqual(["damage", "record"]);
    expect(await scan(Buffer.concat([mark, mark, record(9), Buffer.alloc(3_000_000, 9), record(9)]))).toEqual([
      "damage",
      "record",
      "damage",
      "record",
    ]);
  });

  it("any bytes at all are read to their end", async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.constant(mark),
      fc.nat(100).map((length) => record(length)),
      fc.tuple(fc.nat(100), fc.nat(170)).map(([length, cut]) => record(length).subarray(0, cut)),
    );
    const property = fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const found = await scan(Buffer.concat(pieces));
      expect(found.slice(0, -1)).not.toContain("torn");
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it("a file that shrinks while it is read ends there", async () => {
    const path = join(await temporaryFolder(), "1.seg");
    await writeFile(path, Buffer.concat([record(1_000_000), record(1_000_000), record(1_000_000)]));
    const handle = await open(path, "r");
    const found: string[] = [];
    for await (const item of scanSegment(handle, mark, 0)) {
      found.push(item.at);
      await truncate(path, 1_000_088);
    }
    await handle.close();
    expect(found.length).toBeLessThan(4);
    expect(found.at(-1)).not.toBe("record");
  });
});
