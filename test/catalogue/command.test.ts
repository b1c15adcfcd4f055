import { encode } from "cborg";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCommand, encodeCommand, verifyCommand } from "../../src/catalogue/command.ts";
import type { Operation } from "../../src/catalogue/operation.ts";
import { decodeResult } from "../../src/catalogue/result.ts";
import { DfsError } from "../../src/core/errors.ts";
import type { NodeId, UserId } from "../../src/core/ids.ts";
import { attributesBytesMax, batchOperationsMax, commandBytesMax } from "../../src/core/limits.ts";
import { peerPublicKey } from "../../src/identity/peer-identity.ts";
import { copyFile, fileKey, founder, founderShelf, founding, id, makeDirectory, move, network } from "./world.ts";
import { peerSession, putFile, removeEntry, shared, stranger, userSession } from "./world.ts";

const publicKeys = (user: UserId): Uint8Array | undefined => (user === shared.userId ? shared.publicKey : undefined);
const userOperations: Operation[] = [
  makeDirectory("d"),
  putFile("a"),
  copyFile("a", "b"),
  move("a", "c"),
  removeEntry("c"),
];
const peerOperations: Operation[] = [
  founding,
  { op: "addInvite", hash: new Uint8Array(32), expiresMs: 5, uses: 1 },
  { op: "admitPeer", inviteSecretHash: new Uint8Array(32), peer: founding.founder },
  { op: "updatePeer", name: null, addresses: [], zone: "", capacityBytes: 0, shelf: founderShelf },
  { op: "endLease", shelf: founderShelf, lease: id("lease"), fileKeys: [fileKey("a")] },
];
const protocol = expect.objectContaining({ kind: "protocol" });

describe("commands", () => {
  it("CAT-20 a command comes back from its bytes, ids and all", () => {
    for (const session of [userSession(), peerSession()]) {
      const operations = "user" in session.author ? userOperations : peerOperations;
      const command = decodeCommand(session.next(...operations));
      expect(command).toMatchObject({
        v: 1,
        network: network.networkId,
        author: session.author,
        sequence: 1,
        operations,
      });
      expect(() => verifyCommand(command, publicKeys)).not.toThrow();
    }
  });

  it("CAT-21 a signature covers every field and fits its author alone", () => {
    const command = decodeCommand(userSession().next(putFile("a")));
    const changes = [
      { sequence: 2 },
      { session: id("other") },
      { operations: [putFile("b")] },
      { network: "0".repeat(64) },
      { author: { peer: founder } },
    ];
    for (const change of changes)
      expect(() => verifyCommand({ ...command, ...change } as typeof command, publicKeys)).toThrow(
        expect.objectContaining({ kind: "integrity" }),
      );
    expect(() => verifyCommand(command, () => stranger.publicKey)).toThrow(
      expect.objectContaining({ kind: "integrity" }),
    );
    expect(() => verifyCommand(command, () => undefined)).toThrow(expect.objectContaining({ kind: "permission" }));
    expect(peerPublicKey(founder)).toBeDefined();
  });

  it("CAT-22 a command that breaks its limits is neither made nor read", () => {
    const session = userSession();
    const usage = expect.objectContaining({ kind: "usage" });
    expect(() => session.next()).toThrow(usage);
    expect(() => session.next(...Array.from({ length: batchOperationsMax + 1 }, () => putFile("a")))).toThrow(usage);
    expect(() => session.next(putFile("a", { token: new Uint8Array(0) }))).toThrow(usage);
    expect(() => session.next(putFile("a", { attributes: new Uint8Array(attributesBytesMax + 1) }))).toThrow(usage);
    expect(() => session.next(putFile("a", { sizeBytes: -1 }))).toThrow(usage);
    expect(() => session.next(putFile("a", { node: "short" as NodeId }))).toThrow(usage);
    const heavy = Array.from({ length: batchOperationsMax }, () =>
      putFile("a", { attributes: new Uint8Array(attributesBytesMax) }),
    );
    expect(() => session.next(...heavy)).toThrow(usage);
    expect(() => decodeCommand(new Uint8Array(commandBytesMax + 1))).toThrow(protocol);
  });

  it("CAT-22 a full batch of ordinary files fits into a command", () => {
    const files = Array.from({ length: batchOperationsMax }, (_, place) =>
      putFile(`${"n".repeat(200)}${place}`, { attributes: new Uint8Array(400) }),
    );
    expect(userSession().next(...files).length).toBeLessThan(commandBytesMax / 2);
  });

  it("CAT-23 a value has one encoding: every other one is refused", () => {
    const command = userSession().next(putFile("a"));
    const longer = Uint8Array.of(...command, 0);
    expect(() => decodeCommand(longer)).toThrow(protocol);
    // `v: 1` as a two-byte integer, which means the same.
    const place = Buffer.from(command).indexOf(Buffer.from("617601", "hex"));
    const wide = Buffer.concat([
      command.subarray(0, place),
      Buffer.from("61761801", "hex"),
      command.subarray(place + 3),
    ]);
    expect(() => decodeCommand(wide)).toThrow(protocol);
    // The first two keys in the other order.
    const swapped = Buffer.concat([command.subarray(0, 1), swapFirstTwo(command)]);
    expect(() => decodeCommand(swapped)).toThrow(protocol);
    expect(() => decodeCommand(Buffer.alloc(100_000, 0x81))).toThrow(protocol);
  });

  it("CAT-23 any bytes at all are a command or fail with protocol", () => {
    const sound = userSession().next(...userOperations);
    const mutated = fc
      .array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map((changes) =>
        changes.reduce(
          (bytes, [at, byte]) => Buffer.concat([bytes.subarray(0, at), Buffer.of(byte), bytes.subarray(at + 1)]),
          Buffer.from(sound),
        ),
      );
    const cut = fc
      .tuple(fc.nat(sound.length), fc.nat(40))
      .map(([at, cut]) => Buffer.concat([sound.subarray(0, at), sound.subarray(at + cut)]));
    const value = fc.object({ withBigInt: false }).map((object) => encode(object));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated, cut, value), (bytes) => {
        for (const decode of [decodeCommand, decodeResult]) {
          const error = faultOf(() => decode(bytes));
          expect(error === undefined || (error instanceof DfsError && error.kind === "protocol")).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("CAT-24 the bytes of a command stay the same from version to version", () => {
    const { author, session } = userSession("golden");
    const bytes = encodeCommand(
      { network: network.networkId, author, session, sequence: 1, operations: [removeEntry("a")] },
      (bytes) => shared.sign(bytes),
    );
    expect(Buffer.from(bytes).toString("hex")).toMatchInlineSnapshot(
      `"a761760166617574686f72a1647573657250cc909321fd6fb2e017e573a9f385a4b2676e6574776f726b582049e899abf759c9e1d512802dc0b3d11e84e05b037656cb396bc017d9ae5237626773657373696f6e5004d4bdcd6cc4ca8460fc6d6e5f457bb76873657175656e636501697369676e617475726558405174f9a33c14724dc5aab56232105700061a55f889553ec6b50e52080ced4e828c489622103e7d0b8f321ff2d5a9cc3817d605b84ce2c80e797ac0e2168744086a6f7065726174696f6e7381a5626f706b72656d6f7665456e747279646b696e646466696c65646e6f646550ca978112ca1bbdcafac231b39a23dc4d65746f6b656e416166706172656e745059fccbc20de9a20e908193cfe56ad11b"`,
    );
  });
});

function swapFirstTwo(command: Uint8Array): Uint8Array {
  // `v` is a one-letter key with a one-byte value and comes first; `author` follows with {user: 16 bytes}.
  const first = command.subarray(1, 4);
  const secondEnd = 4 + 7 + 1 + 5 + 17;
  return Buffer.concat([command.subarray(4, secondEnd), first, command.subarray(secondEnd)]);
}

function faultOf(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}
