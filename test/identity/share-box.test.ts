import { describe, expect, it } from "vitest";
import type { NetworkId, NodeId, UserId } from "../../src/core/ids.ts";
import { Keyring } from "../../src/identity/keyring.ts";
import { type ShareBinding, openShare, sealShare } from "../../src/identity/share-box.ts";
import { deriveUser } from "../../src/identity/user-keys.ts";

const [owner, grantee, other] = [1, 2, 3].map((byte) => deriveUser(new Uint8Array(32).fill(byte))) as [
  ReturnType<typeof deriveUser>,
  ReturnType<typeof deriveUser>,
  ReturnType<typeof deriveUser>,
];
const binding: ShareBinding = {
  network: "01".repeat(32) as NetworkId,
  owner: owner.userId,
  grantee: grantee.userId,
  node: "02".repeat(16) as NodeId,
};
const keyring = Keyring.generate().withNewKey();
const thing = { kind: "directory", name: "plan", mode: 0o750, modifiedMs: 1_700_000_000_000.5, keyring } as const;
const sealed = sealShare(owner, binding, grantee.boxPublicKey, thing);
const integrity = expect.objectContaining({ kind: "integrity" });

describe("shares between two users", () => {
  it("SHARE-16 open for whom they are, with all that the owner gave", () => {
    const opened = openShare(grantee, binding, 2, owner.publicKey, sealed);
    expect(opened).toMatchObject({ kind: "directory", name: "plan", mode: 0o750, modifiedMs: 1_700_000_000_000.5 });
    expect(Buffer.from(opened.keyring.bytes)).toEqual(Buffer.from(keyring.bytes));
  });

  it("SHARE-16 do not open for another user, as of another owner, for another node, network or generation, or changed", () => {
    expect(() => openShare(other, binding, 2, owner.publicKey, sealed)).toThrow(integrity);
    expect(() => openShare(grantee, binding, 2, other.publicKey, sealed)).toThrow(integrity);
    expect(() => openShare(grantee, binding, 1, owner.publicKey, sealed)).toThrow(integrity);
    const changes: Partial<ShareBinding>[] = [
      { network: "03".repeat(32) as NetworkId },
      { owner: other.userId },
      { grantee: "04".repeat(16) as UserId },
      { node: "05".repeat(16) as NodeId },
    ];
    for (const change of changes)
      expect(() => openShare(grantee, { ...binding, ...change }, 2, owner.publicKey, sealed)).toThrow(integrity);
    for (let place = 0; place < sealed.length; place += 1) {
      const changed = Uint8Array.from(sealed);
      changed[place] = (changed[place] ?? 0) ^ 1;
      expect(() => openShare(grantee, binding, 2, owner.publicKey, changed)).toThrow(integrity);
    }
  });

  it("SHARE-16 are not made by anybody but the owner: a box that another one sealed for the grantee is refused", () => {
    const forged = sealShare(other, binding, grantee.boxPublicKey, thing);
    expect(() => openShare(grantee, binding, 2, owner.publicKey, forged)).toThrow(integrity);
    const wrongCount = sealShare(owner, binding, grantee.boxPublicKey, { ...thing, keyring: Keyring.generate() });
    expect(() => openShare(grantee, binding, 2, owner.publicKey, wrongCount)).toThrow(integrity);
  });
});
