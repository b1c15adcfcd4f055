import { describe, expect, it } from "vitest";
import * as fc from "fast-check";
import { fileKeyOf } from "../../src/core/ids.ts";
import { addSums, emptySum, recordSum, subtractSums } from "../../src/store/set-digest.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${hex(bytes)}`);
const sum = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("the digest of a set", () => {
  it("STORE-62 is what FORMATS.md says", () => {
    const key = fileKeyOf(new Uint8Array(32).fill(7));
    const [one, two] = [recordSum(key, 1), recordSum(key, 2)];
    expect(hex(one)).toBe("512234cd414b6a49eab6f64ba895115a99c78e8eb054a1e97dde9ffa96797064");
    expect(hex(two)).toBe("636573f524a6379d2e3d3be20de9e1f78f8fe6d5e3807f80f31fcdb3290811e7");
    expect(hex(addSums(one, two))).toBe("b487a8c265f1a1e718f4322db67ef3522957756493d5216a70fe6dadbf81824b");
    expect(hex(subtractSums(one, two))).toBe("edbcc0d81ca532acbc79ba699aab2f630a37a7b8ccd422688abed2476d715e7d");
    expect(hex(emptySum())).toBe("00".repeat(32));
  });

  it("adds and subtracts as numbers do, modulo 2^256", () => {
    const modulus = 1n << 256n;
    fc.assert(
      fc.property(sum, sum, (left, right) => {
        expect(numberOf(addSums(left, right))).toBe((numberOf(left) + numberOf(right)) % modulus);
        expect(numberOf(subtractSums(left, right))).toBe((numberOf(left) - numberOf(right) + modulus) % modulus);
        expect(subtractSums(addSums(left, right), right)).toEqual(left);
      }),
    );
    const ones = new Uint8Array(32).fill(255);
    expect(addSums(ones, recordSum(fileKeyOf(ones), 1))).toHaveLength(32);
    expect(subtractSums(emptySum(), ones)).toEqual(
      addSums(emptySum(), Uint8Array.from([...emptySum().subarray(1), 1])),
    );
  });
});
