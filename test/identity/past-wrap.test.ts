import { describe, expect, it } from "vitest";
import type { NodeId } from "../../src/core/ids.ts";
import { openPastWrap, pastSealerFor, sealPastWrap } from "../../src/identity/past-wrap.ts";
import { deriveUser } from "../../src/identity/user-keys.ts";

const owner = deriveUser(new Uint8Array(32).fill(1));
const other = deriveUser(new Uint8Array(32).fill(2));
const node = "02".repeat(16) as NodeId;
const wrap = new Uint8Array(60).map((_, place) => place);
const integrity = expect.objectContaining({ kind: "integrity" });
const forms: readonly (readonly [string, Uint8Array])[] = [
  ["the owner", sealPastWrap(owner, node, wrap)],
  ["another user", pastSealerFor(owner.boxPublicKey)(node, wrap)],
];

describe("what is kept of a wrap for the past", () => {
  it.each(forms)("PAST-2 sealed by %s opens for the owner alone, for its node, with no bit changed", (_, sealed) => {
    expect(openPastWrap(owner, node, sealed)).toEqual(wrap);
    expect(() => openPastWrap(other, node, sealed)).toThrow(integrity);
    expect(() => openPastWrap(owner, "03".repeat(16) as NodeId, sealed)).toThrow(integrity);
    for (let place = 0; place < sealed.length; place += 1) {
      const changed = Uint8Array.from(sealed);
      changed[place] = (changed[place] ?? 0) ^ 1;
      expect(() => openPastWrap(owner, node, changed)).toThrow(integrity);
    }
    for (const length of [0, 1, 20, sealed.length - 1])
      expect(() => openPastWrap(owner, node, sealed.subarray(0, length))).toThrow(integrity);
  });

  it("PAST-2 never looks the same twice, and does not show the wrap", () => {
    for (const [, sealed] of forms) expect(Buffer.from(sealed).includes(Buffer.from(wrap).subarray(0, 8))).toBe(false);
    expect(sealPastWrap(owner, node, wrap)).not.toEqual(sealPastWrap(owner, node, wrap));
    const sealer = pastSealerFor(owner.boxPublicKey);
    const [first, second] = [sealer(node, wrap), sealer(node, wrap)];
    expect(first.subarray(33)).not.toEqual(second.subarray(33));
    expect([first, second].map((sealed) => openPastWrap(owner, node, sealed))).toEqual([wrap, wrap]);
  });
});
