import { aessiv } from "@noble/ciphers/aes.js";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AesSiv } from "../../src/identity/aes-siv.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const key = hex("fffefdfc fbfaf9f8 f7f6f5f4 f3f2f1f0 f0f1f2f3 f4f5f6f7 f8f9fafb fcfdfeff");
const associated = hex("10111213 14151617 18191a1b 1c1d1e1f 20212223 24252627");
const plain = hex("11223344 55667788 99aabbcc ddee");
const sealed = hex("85632d07 c6e8f37f 950acd32 0a2ecc93 40c02b96 90c4dc04 daef7f6a fe5c");

describe("AES-SIV", () => {
  it("ID-1 seals and opens the vector of RFC 5297 A.1", () => {
    const cipher = new AesSiv(key);
    expect(cipher.seal(plain, associated)).toEqual(sealed);
    expect(cipher.open(sealed, associated)).toEqual(plain);
  });

  it("ID-1 seals and opens the vector of RFC 5297 A.2", () => {
    const cipher = new AesSiv(hex("7f7e7d7c 7b7a7978 77767574 73727170 40414243 44454647 48494a4b 4c4d4e4f"));
    const text = hex(
      "74686973 20697320 736f6d65 20706c61 696e7465 78742074 6f20656e 63727970 74207573 696e6720 5349562d 414553",
    );
    const associated = [
      hex("00112233 44556677 8899aabb ccddeeff deaddada deaddada ffeeddcc bbaa9988 77665544 33221100"),
      hex("10203040 50607080 90a0"),
      hex("09f91102 9d74e35b d84156c5 635688c0"),
    ];
    const sealed = hex(
      "7bdb6e3b 432667eb 06f4d14b ff2fbd0f cb900f2f ddbe4043 26601965 c889bf17 dba77ceb 094fa663 b7a3f748 ba8af829 ea64ad54 4a272e9c 485b62a3 fd5c0d",
    );
    expect(cipher.seal(text, ...associated)).toEqual(sealed);
    expect(cipher.open(sealed, ...associated)).toEqual(text);
  });

  it("ID-1 agrees with an independent implementation for every length and all key sizes", () => {
    const keys = fc.constantFrom(32, 48, 64).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(keys, bytes, bytes, (key, plain, associated) => {
        const ours = new AesSiv(key).seal(plain, associated);
        expect(ours).toEqual(aessiv(key, associated).encrypt(plain));
        expect(new AesSiv(key).open(ours, associated)).toEqual(plain);
      }),
      { numRuns: 200 },
    );
  });

  it("ID-2 opens nothing whose bytes, associated data or key were changed", () => {
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(new AesSiv(key).open(changed, associated)).toBeUndefined();
    }
    expect(new AesSiv(key).open(sealed, associated.subarray(1))).toBeUndefined();
    expect(new AesSiv(key.map((byte) => byte ^ 1)).open(sealed, associated)).toBeUndefined();
    expect(new AesSiv(key).open(sealed.subarray(0, 15), associated)).toBeUndefined();
  });
});
