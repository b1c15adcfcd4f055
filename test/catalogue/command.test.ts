import { decode, encode } from "cborg";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CommandFields, decodeCommand, encodeCommand, verifyCommand } from "../../src/catalogue/command.ts";
import type { Operation } from "../../src/catalogue/operation.ts";
import { type CommandResult, decodeResult, encodeResult } from "../../src/catalogue/result.ts";
import { DfsError } from "../../src/core/errors.ts";
import type { NetworkId, NodeId, PeerId, PeerName, UserId } from "../../src/core/ids.ts";
import {
  attributesBytesMax,
  batchOperationsMax,
  commandBytesMax,
  copiesMax,
  inviteUsesMax,
  wrappedKeyBytesMax,
} from "../../src/core/limits.ts";
import { peerPublicKey } from "../../src/identity/peer-identity.ts";
import {
  Person,
  copyFile,
  credential,
  fileKey,
  founder,
  founderShelf,
  founding,
  id,
  makeDirectory,
  move,
  network,
} from "./world.ts";
import { peerSession, putFile, removeEntry, reopenEntry, shared, stranger, token, userSession } from "./world.ts";

const publicKeys = (user: UserId): Uint8Array | undefined => (user === shared.userId ? shared.publicKey : undefined);
const userOperations: Operation[] = [
  makeDirectory("d"),
  putFile("a"),
  copyFile("a", "b"),
  move("a", "c"),
  removeEntry("c"),
  reopenEntry("c", { generation: 2, fromToken: token("d") }),
  new Person("ann").added(),
  new Person("ann").added({ quotaBytes: 5 }),
  { op: "setCredential", credential: credential("ann") },
  { op: "removeUser", user: stranger.userId },
  { op: "setAdmin", user: stranger.userId, isAdmin: true },
  { op: "setQuota", user: stranger.userId, quotaBytes: null },
];
const peerOperations: Operation[] = [
  founding,
  { op: "addInvite", hash: new Uint8Array(32), expiresMs: 5, uses: 1, role: "storage" },
  { op: "addInvite", hash: new Uint8Array(32), expiresMs: 5, uses: 100, role: "client" },
  { op: "revokeInvite", hash: new Uint8Array(32) },
  { op: "admitPeer", inviteSecretHash: new Uint8Array(32), peer: founding.founder, replaces: null },
  { op: "admitPeer", inviteSecretHash: new Uint8Array(32), peer: founding.founder, replaces: founder },
  {
    op: "updatePeer",
    name: null,
    addresses: [],
    zone: "",
    capacityBytes: 0,
    shelf: founderShelf,
    store: null,
    mayCoordinate: false,
  },
  { op: "endLease", shelf: founderShelf, epoch: 1, lease: id("lease"), fileKeys: [fileKey("a")] },
  { op: "expire" },
  { op: "orderCoordinator", peer: founder, order: "add" },
  { op: "orderCoordinator", peer: founder, order: null },
  { op: "orderPeer", peer: founder, order: "drain" },
  { op: "orderPeer", peer: founder, order: null },
  { op: "removePeer", peer: founder },
  { op: "revokePeer", peer: founder, mayLose: true },
  { op: "setPolicy", copies: 3, minCopies: null, retainRevisions: 1, retainMs: 0 },
  {
    op: "orderChain",
    shelf: founderShelf,
    epoch: 7,
    links: [{ peer: founder, keepsFrom: 1, hasFrom: 1, isFilled: false }],
  },
  { op: "reportLink", shelf: founderShelf, epoch: 7, peer: founder, hasFrom: 0 },
  { op: "collect" },
  { op: "forgetDrops", shelf: founderShelf, epoch: 1, fileKeys: [fileKey("a"), fileKey("b")] },
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
    const { author, session, sequence, operations, signature } = decodeCommand(userSession().next(putFile("a")));
    const fields = { network: network.networkId, author, session, sequence, operations };
    const signed = (change: Partial<CommandFields>) =>
      decodeCommand(encodeCommand({ ...fields, ...change }, () => signature));
    const command = signed({});
    expect(() => verifyCommand(command, publicKeys)).not.toThrow();
    const changes: Partial<CommandFields>[] = [
      { sequence: 2 },
      { session: id("other") },
      { operations: [putFile("b")] },
      { network: "0".repeat(64) as NetworkId },
      { author: { peer: founder } },
    ];
    for (const change of changes)
      expect(() => verifyCommand(signed(change), publicKeys)).toThrow(expect.objectContaining({ kind: "integrity" }));
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
    expect(() => session.next(putFile("a", { copiesWanted: copiesMax + 1 }))).toThrow(usage);
    expect(() => session.next(putFile("a", { node: "short" as NodeId }))).toThrow(usage);
    const invite = { op: "addInvite", hash: new Uint8Array(32), expiresMs: 5, role: "storage" } as const;
    for (const uses of [0, inviteUsesMax + 1]) expect(() => session.next({ ...invite, uses })).toThrow(usage);
    const long = { ...credential("ann"), wrappedKey: new Uint8Array(wrappedKeyBytesMax + 1) };
    for (const wrong of [long, { ...credential("ann"), salt: new Uint8Array(15) }])
      expect(() => session.next({ op: "setCredential", credential: wrong })).toThrow(usage);
    expect(() => session.next(new Person("ann").added({ name: "n".repeat(33) }))).toThrow(usage);
    const { founder } = founding;
    const keyless = { ...founder, id: "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N" as PeerId };
    expect(() => peerSession().next({ ...founding, founder: keyless })).toThrow(usage);
    const heavy = Array.from({ length: batchOperationsMax }, () =>
      putFile("a", { attributes: new Uint8Array(attributesBytesMax) }),
    );
    expect(() => session.next(...heavy)).toThrow(usage);
    expect(() => decodeCommand(new Uint8Array(commandBytesMax + 1))).toThrow(protocol);
  });

  it("CAT-22 a full batch of ordinary files fits into a command", () => {
    const sealed = { wrap: new Uint8Array(63), pastWrap: new Uint8Array(92), attributes: new Uint8Array(300) };
    const files = Array.from({ length: batchOperationsMax }, (_, place) =>
      putFile(`${"n".repeat(200)}${place}`, sealed),
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
    const swapped = Buffer.concat([command.subarray(0, 65), swapFirstTwo(command.subarray(64))]);
    expect(() => decodeCommand(swapped)).toThrow(protocol);
    expect(() => decodeCommand(Buffer.alloc(100_000, 0x81))).toThrow(protocol);
    expect(() => decodeCommand(command.subarray(0, 64))).toThrow(protocol);
    expect(() => decodeCommand(command.subarray(0, 63))).toThrow(protocol);
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
        for (const again of [againAsCommand, againAsResult]) expect(flaw(again, bytes)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it("CAT-23 no byte of a command or result can be another without changing its value or failing", () => {
    const results: CommandResult[] = [
      {
        ok: {
          index: 9,
          timeMs: 1_700_000_000_000,
          results: [
            { op: "expire", expired: 2, isMoreDue: true },
            { op: "admitPeer", name: "second" as PeerName, role: "client", alreadyMember: true },
            { op: "addUser", isAdmin: true },
            { op: "endLease", referenced: [fileKey("a")] },
            { op: "reportLink", epoch: 3 },
            { op: "collect", removed: 4, isMoreDue: false },
          ],
        },
      },
      { error: { kind: "conflict", message: "taken", operation: 3, revision: null } },
    ];
    const cases = [
      [againAsCommand, userSession().next(...userOperations)],
      [againAsCommand, peerSession().next(...peerOperations)],
      ...results.map((result) => [againAsResult, encodeResult(result)] as const),
    ] as const;
    for (const [again, sound] of cases) {
      for (let end = 0; end < sound.length; end += 1) expect(() => again(sound.subarray(0, end))).toThrow(protocol);
      for (const changed of withOneOtherByte(sound)) expect(flaw(again, changed)).toBeUndefined();
    }
  });

  it("CAT-23 numbers of every size have their one encoding, and no other is read", () => {
    const sizes = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER];
    for (const sizeBytes of sizes) {
      const command = userSession().next(putFile("a", { sizeBytes }));
      expect(decodeCommand(command).operations).toMatchObject([{ sizeBytes }]);
      const place = Buffer.from(command).indexOf("sizeBytes") + "sizeBytes".length;
      const [number, end] = [encode(sizeBytes), place + encode(sizeBytes).length];
      expect(command.subarray(place, end)).toEqual(number);
      const others = [1, 2, 4, 8].filter((bytes) => sizeBytes < 256 ** bytes).map((bytes) => widened(sizeBytes, bytes));
      const malformed = [
        ...others,
        Buffer.of(0xf5),
        Buffer.of(0x20),
        Buffer.of(0x1c),
        Buffer.from("fb7ff8000000000000", "hex"),
      ];
      for (const other of malformed.filter((bytes) => Buffer.compare(bytes, number) !== 0)) {
        const changed = Buffer.concat([command.subarray(0, place), other, command.subarray(end)]);
        expect(() => decodeCommand(changed), other.toString("hex")).toThrow(protocol);
      }
    }
    expect(() => userSession().next(putFile("a", { sizeBytes: 2 ** 53 }))).toThrow(/sizeBytes/);
  });

  it("CAT-24 a command is deterministic CBOR, as other encoders write it too", () => {
    for (const session of [userSession(), peerSession()]) {
      const operations = "user" in session.author ? userOperations : peerOperations;
      const fields = session.next(...operations).subarray(64);
      expect(encode(decode(fields))).toEqual(new Uint8Array(fields));
    }
  });

  it("CAT-24 the bytes of a command stay the same from version to version", () => {
    const { author, session } = userSession("golden");
    const bytes = encodeCommand(
      { network: network.networkId, author, session, sequence: 1, operations: [removeEntry("a")] },
      (bytes) => shared.sign(bytes),
    );
    expect(Buffer.from(bytes).toString("hex")).toMatchInlineSnapshot(
      `"5174f9a33c14724dc5aab56232105700061a55f889553ec6b50e52080ced4e828c489622103e7d0b8f321ff2d5a9cc3817d605b84ce2c80e797ac0e216874408a661760166617574686f72a1647573657250cc909321fd6fb2e017e573a9f385a4b2676e6574776f726b582049e899abf759c9e1d512802dc0b3d11e84e05b037656cb396bc017d9ae5237626773657373696f6e5004d4bdcd6cc4ca8460fc6d6e5f457bb76873657175656e6365016a6f7065726174696f6e7381a5626f706b72656d6f7665456e747279646b696e646466696c65646e6f646550ca978112ca1bbdcafac231b39a23dc4d65746f6b656e416166706172656e745059fccbc20de9a20e908193cfe56ad11b"`,
    );
  });
});

function swapFirstTwo(command: Uint8Array): Uint8Array {
  // `v` is a one-letter key with a one-byte value and comes first; `author` follows with {user: 16 bytes}.
  const first = command.subarray(1, 4);
  const secondEnd = 4 + 7 + 1 + 5 + 17;
  return Buffer.concat([command.subarray(4, secondEnd), first, command.subarray(secondEnd)]);
}

/** The command in these bytes, encoded again. */
function againAsCommand(bytes: Uint8Array): Uint8Array {
  const { signature, ...fields } = decodeCommand(bytes);
  return encodeCommand(fields, () => signature);
}

function againAsResult(bytes: Uint8Array): Uint8Array {
  return encodeResult(decodeResult(bytes));
}

/** The head of a number in so many bytes, whether it needs them or not. */
function widened(number: number, bytes: number): Buffer {
  const wide = Buffer.alloc(9);
  wide.writeBigUInt64BE(BigInt(number), 1);
  return Buffer.concat([Buffer.of(0x18 + Math.log2(bytes)), wide.subarray(9 - bytes)]);
}

function* withOneOtherByte(bytes: Uint8Array): Generator<Uint8Array> {
  for (const [place, byte] of bytes.entries())
    for (const other of [byte + 1, byte - 1, byte ^ 0x20, byte ^ 0x80, 0xf6]) {
      const changed = Uint8Array.from(bytes);
      changed[place] = other;
      yield changed;
    }
}

/** What is wrong with how bytes are read: they are the one encoding of a value, or fail with `protocol`. */
function flaw(again: (bytes: Uint8Array) => Uint8Array, bytes: Uint8Array): string | undefined {
  try {
    if (Buffer.compare(again(bytes), bytes) === 0) return undefined;
    return `another encoding was read: ${Buffer.from(bytes).toString("hex")}`;
  } catch (error) {
    return error instanceof DfsError && error.kind === "protocol" ? undefined : String(error);
  }
}
