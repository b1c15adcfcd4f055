import { createHash } from "node:crypto";
import { open, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fileKeyOf, parseLeaseId } from "../../src/core/ids.ts";
import {
  chunkRecord,
  decodeKeys,
  decodeRecordHeader,
  decodeSegmentHeader,
  encodeRecordHeader,
  encodeSegmentHeader,
  isPayloadIntact,
  noteRecord,
} from "../../src/store/segment-format.ts";
import { scanSegment } from "../../src/store/segment-scan.ts";
import type { ScanItem } from "../../src/store/segment-scan.ts";
import { temporaryFolder } from "./store-fixtures.ts";

const mark = Buffer.from("0123456789abcdef", "hex");
const lease = parseLeaseId("00112233445566778899aabbccddeeff");
const payload = Buffer.from("sealed");
const digest = new Uint8Array(createHash("sha256").update(payload).digest());

describe("the segment format", () => {
  it("STORE-60 is what FORMATS.md says, byte by byte", () => {
    expect(encodeSegmentHeader(7, mark).toString("hex")).toBe(
      ["6466732d7365670a", "00000001", "00000007", "0123456789abcdef", "e0d96c7e"].join(""),
    );
    const chunk = ["0123456789abcdef", "00000000", "00000006", "00112233445566778899aabbccddeeff"];
    const chunkDigest = "c9d0036bed6744bcdf692fc980d8717d7e5f5a4f4e8266b4a84982602fb1cd09";
    expect(encodeRecordHeader(mark, chunkRecord(digest, payload, lease)).toString("hex")).toBe(
      [...chunk, chunkDigest, "fda4be70", "850457f2"].join(""),
    );
    const released = encodeRecordHeader(mark, noteRecord("released", [fileKeyOf(digest)]));
    expect(released.toString("hex")).toBe(
      ["0123456789abcdef", "02000000", "00000020", "00".repeat(48), "268b81e6", "076b45a0"].join(""),
    );
  });

  it("a header with any bit flipped is refused", () => {
    const header = encodeRecordHeader(mark, noteRecord("added", [fileKeyOf(digest)], lease));
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

  it("headers and keys come back as they were written", () => {
    const keys = [fileKeyOf(digest), fileKeyOf(new Uint8Array(32))];
    const record = noteRecord("added", keys, lease);
    const added = record.payload;
    const header = decodeRecordHeader(encodeRecordHeader(mark, record));
    expect(header).toMatchObject({ kind: "added", lease, payloadBytes: 64, digest: new Uint8Array(32) });
    expect(header !== undefined && isPayloadIntact(header, added)).toBe(true);
    expect(header !== undefined && isPayloadIntact(header, added.subarray(1))).toBe(false);
    expect(decodeKeys(added)).toEqual(keys);
    expect(decodeSegmentHeader(encodeSegmentHeader(9, mark))).toEqual(mark);
    expect(decodeRecordHeader(Buffer.alloc(72))).toBeUndefined();
    expect(decodeRecordHeader(Buffer.alloc(10))).toBeUndefined();
  });

  it("STORE-61 a segment of a newer version is refused, not taken for damage", () => {
    const header = encodeSegmentHeader(1, mark);
    header.writeUInt32BE(2, 8);
    header.writeUInt32BE(crc32(header.subarray(0, 24)), 24);
    expect(() => decodeSegmentHeader(header)).toThrow(expect.objectContaining({ kind: "version" }) as Error);
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
    expect(await scan(Buffer.concat([record(9), record(9).subarray(0, 75)]))).toEqual(["record", "torn"]);
    expect(await scan(Buffer.concat([record(9), Buffer.alloc(5000)]))).toEqual(["record", "torn"]);
    expect(await scan(Buffer.concat([record(9), Buffer.alloc(5000, 1)]))).toEqual(["record", "damage"]);
    expect(await scan(Buffer.concat([record(9).subarray(0, 30), record(9)]))).toEqual(["damage", "record"]);
    expect(await scan(Buffer.concat([record(9).subarray(0, 75), record(9)]))).toEqual(["damage", "record"]);
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
      await truncate(path, 1_000_072);
    }
    await handle.close();
    expect(found.length).toBeLessThan(4);
    expect(found.at(-1)).not.toBe("record");
  });
});
