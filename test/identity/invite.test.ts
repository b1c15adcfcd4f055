import * as fc from "fast-check";
import { encode } from "cborg";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import type { NetworkId } from "../../src/core/ids.ts";
import { decodeInvite, encodeInvite, type InviteContent, inviteHash } from "../../src/identity/invite.ts";

const invite: InviteContent = {
  networkId: "ab".repeat(32) as NetworkId,
  addresses: ["/ip4/192.168.1.10/tcp/4001/p2p/12D3KooWGjMCwFYfUjRBLL9yQCqmCTGYr7hSGRiGtHsZP5FwAnXr"],
  secret: new Uint8Array(32).fill(3),
  expiresMs: 1_800_000_000_000,
};
const badInvite = expect.objectContaining({ kind: "bad-invite" });

function sealed(content: unknown): string {
  const body = encode(content);
  const sum = createHash("sha256").update(body).digest().subarray(0, 4);
  return `dfs1-${Buffer.concat([body, sum]).toString("base64url")}`;
}

describe("invites", () => {
  it("ID-9 come back from their line, whatever white space a mail program added around it", () => {
    const line = encodeInvite(invite);
    expect(line).toMatch(/^dfs1-[A-Za-z0-9_-]+$/);
    expect(decodeInvite(`  ${line}\r\n`)).toEqual(invite);
  });

  it("ID-9 are written the same from version to version", () => {
    expect(encodeInvite(invite)).toBe(
      "dfs1-pWF2AWZzZWNyZXRYIAMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDZ25ldHdvcmtYIKurq6urq6urq6urq6urq6urq6urq6urq6urq6urq6uraWFkZHJlc3Nlc4F4Uy9pcDQvMTkyLjE2OC4xLjEwL3RjcC80MDAxL3AycC8xMkQzS29vV0dqTUN3RllmVWpSQkxMOXlRQ3FtQ1RHWXI3aFNHUmlHdEhzWlA1RndBblhyaWV4cGlyZXNNcxsAAAGjGFxQALVf8kA",
    );
  });

  it("ID-9 with one changed, missing or doubled character are refused", () => {
    const line = encodeInvite(invite);
    for (let index = 0; index < line.length; index += 1) {
      const swapped = line[index] === "A" ? "B" : "A";
      expect(() => decodeInvite(line.slice(0, index) + swapped + line.slice(index + 1))).toThrow(badInvite);
      expect(() => decodeInvite(line.slice(0, index) + line.slice(index + 1))).toThrow(badInvite);
    }
    expect(() => decodeInvite(line + line)).toThrow(badInvite);
  });

  it("ID-10 with a sound checksum and unsound content are refused", () => {
    const wire = {
      v: 1,
      network: new Uint8Array(32),
      addresses: invite.addresses,
      secret: invite.secret,
      expiresMs: 1,
    };
    expect(decodeInvite(sealed(wire)).expiresMs).toBe(1);
    const faults: object[] = [
      { v: 2 },
      { network: new Uint8Array(31) },
      { addresses: [] },
      { addresses: Array.from({ length: 17 }, () => invite.addresses[0]) },
      { addresses: ["/ip4/1.2.3.4/tcp/4001"] },
      { addresses: ["http://example.org"] },
      { secret: new Uint8Array(33) },
      { expiresMs: -1 },
      { expiresMs: 1.5 },
      { extra: true },
    ];
    for (const fault of faults) expect(() => decodeInvite(sealed({ ...wire, ...fault }))).toThrow(badInvite);
  });

  it("ID-10 any text at all is an invite or fails with bad-invite, and the message never holds the secret", () => {
    const secretText = Buffer.from(invite.secret).toString("base64url");
    const line = encodeInvite(invite);
    const mutated = fc
      .tuple(fc.nat(line.length), fc.nat(8), fc.string())
      .map(([at, cut, added]) => line.slice(0, at) + added + line.slice(at + cut));
    const wrapped = fc
      .uint8Array({ maxLength: 200 })
      .map((bytes) => `dfs1-${Buffer.from(bytes).toString("base64url")}`);
    const content = fc
      .anything({ withBigInt: false, withSparseArray: false })
      .filter((value) => typeof value !== "symbol")
      .map((value) => safely(value));
    fc.assert(
      fc.property(fc.oneof(fc.string(), mutated, wrapped, content), (text) => {
        const error = faultOf(text);
        expect(error === undefined || (error instanceof DfsError && error.kind === "bad-invite")).toBe(true);
        expect(String(error)).not.toContain(secretText);
      }),
      { numRuns: 1000 },
    );
  });

  it("ID-10 a line of any length is refused before it is decoded", () => {
    expect(() => decodeInvite(`dfs1-${"A".repeat(10_000_000)}`)).toThrow(badInvite);
  });

  it("the hash is the SHA-256 of the secret", () => {
    expect(Buffer.from(inviteHash(new Uint8Array(32))).toString("hex")).toBe(
      "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925",
    );
  });

  it("an invite that no peer could use is not made", () => {
    expect(() => encodeInvite({ ...invite, addresses: [] })).toThrow(expect.objectContaining({ kind: "usage" }));
  });
});

function safely(value: unknown): string {
  try {
    return sealed(value);
  } catch {
    return "dfs1-";
  }
}

function faultOf(text: string): unknown {
  try {
    decodeInvite(text);
    return undefined;
  } catch (error) {
    return error;
  }
}
