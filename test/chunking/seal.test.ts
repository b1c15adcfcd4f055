import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openChunk, sealChunk, verifyStored } from "../../src/chunking/seal.ts";
import { bytesEqual, sha256 } from "../../src/chunking/digest.ts";
import { chunkBytesMax, sealedBytesMax } from "../../src/core/limits.ts";
import { dedupSecret, hex, pseudoRandomBytes, withFlippedBit } from "./samples.ts";

const plaintexts = fc.uint8Array({ minLength: 1, maxLength: 2000 });
const integrity = expect.objectContaining({ kind: "integrity" });

describe("sealing", () => {
  it("CHUNK-5 what was sealed opens to the same bytes, and equal bytes seal to equal chunks", () => {
    fc.assert(
      fc.property(plaintexts, (plaintext) => {
        const chunk = sealChunk(dedupSecret, plaintext);
        expect(openChunk(chunk.sealed, chunk.key, chunk.digest)).toEqual(plaintext);
        expect(chunk).toEqual(sealChunk(dedupSecret, new Uint8Array(plaintext)));
        expect(chunk.plaintextBytes).toBe(plaintext.length);
        expect(chunk.sealed.length).toBe(plaintext.length + 16);
        expect(chunk.sealed.buffer.byteLength).toBe(chunk.sealed.length);
      }),
    );
  });

  it("CHUNK-5 the largest chunk seals and opens, and no chunk is empty or larger", () => {
    const largest = pseudoRandomBytes(chunkBytesMax);
    const chunk = sealChunk(dedupSecret, largest);
    expect(bytesEqual(openChunk(chunk.sealed, chunk.key, chunk.digest), largest)).toBe(true);
    expect(() => sealChunk(dedupSecret, new Uint8Array())).toThrow("no chunk has 0 bytes");
    expect(() => sealChunk(dedupSecret, new Uint8Array(chunkBytesMax + 1))).toThrow("no chunk has");
    expect(() => sealChunk(new Uint8Array(31), largest)).toThrow("dedup secret");
  });

  it("CHUNK-5 two users' chunks of the same bytes have nothing in common", () => {
    const plaintext = pseudoRandomBytes(1000);
    const [mine, theirs] = [sealChunk(dedupSecret, plaintext), sealChunk(new Uint8Array(32).fill(8), plaintext)];
    expect(hex(mine.digest)).not.toBe(hex(theirs.digest));
    expect(hex(mine.key)).not.toBe(hex(theirs.key));
  });

  it("CHUNK-6 a sealed chunk with any bit changed is refused", () => {
    fc.assert(
      fc.property(plaintexts, fc.nat(), (plaintext, position) => {
        const { sealed, key, digest } = sealChunk(dedupSecret, plaintext);
        const tampered = withFlippedBit(sealed, position);
        expect(() => openChunk(tampered, key, digest)).toThrow(integrity);
        expect(() => openChunk(tampered, key, sha256(tampered))).toThrow(integrity);
        expect(() => openChunk(sealed, withFlippedBit(key, position), digest)).toThrow(integrity);
        expect(() => openChunk(sealed, key, withFlippedBit(digest, position))).toThrow(integrity);
        expect(() => verifyStored(tampered, digest)).toThrow(integrity);
      }),
    );
  });

  it("CHUNK-6 bytes that are too short or too long for a sealed chunk are refused, whatever their digest", () => {
    for (const length of [0, 1, 16, sealedBytesMax + 1]) {
      const bytes = new Uint8Array(length);
      expect(() => openChunk(bytes, new Uint8Array(32), sha256(bytes))).toThrow(integrity);
    }
    for (const length of [0, sealedBytesMax + 1]) {
      const bytes = new Uint8Array(length);
      expect(() => verifyStored(bytes, sha256(bytes))).toThrow(integrity);
    }
    for (const length of [1, 6, 17, sealedBytesMax]) {
      const bytes = new Uint8Array(length);
      expect(() => verifyStored(bytes, sha256(bytes))).not.toThrow();
    }
  });
});
