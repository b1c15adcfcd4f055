/** Commands, their results, and the links of chains: strict CBOR, of which every value has one encoding. */
import type { Operation } from "../../../src/catalogue/operation.ts";
import { decodeLinks, encodeLinks } from "../../../src/catalogue/chain.ts";
import { decodeCommand, encodeCommand, verifyCommand } from "../../../src/catalogue/command.ts";
import { type CommandResult, type OperationResult, decodeResult, encodeResult } from "../../../src/catalogue/result.ts";
import type { PeerName } from "../../../src/core/ids.ts";
import { copyFile, fileKey, founder, founderShelf, founding, id, makeDirectory, move } from "../../catalogue/world.ts";
import { peerSession, putFile, removeEntry, reopenEntry, shared, userSession } from "../../catalogue/world.ts";
import { type FuzzTarget, caseInput, chosen, decodedOr, expectSame } from "../target.ts";

const links = [{ peer: founder, keepsFrom: 1, hasFrom: 1, isFilled: true }];
const userOperations: readonly Operation[] = [
  makeDirectory("d"),
  putFile("a"),
  copyFile("a", "b"),
  move("a", "c"),
  removeEntry("c"),
  reopenEntry("c", { generation: 2 }),
];
const peerOperations: readonly Operation[] = [
  founding,
  { op: "addInvite", hash: new Uint8Array(32), expiresMs: 5, uses: 1, role: "storage" },
  { op: "admitPeer", inviteSecretHash: new Uint8Array(32), peer: founding.founder, replaces: founder },
  { op: "endLease", shelf: founderShelf, epoch: 1, lease: id("lease"), fileKeys: [fileKey("a")] },
  { op: "expire" },
  { op: "orderCoordinator", peer: founder, order: "add" },
  { op: "orderPeer", peer: founder, order: null },
  { op: "removePeer", peer: founder },
  { op: "setPolicy", copies: 3, minCopies: null, retainRevisions: 1, retainMs: 0 },
  { op: "orderChain", shelf: founderShelf, epoch: 7, links },
  { op: "reportLink", shelf: founderShelf, epoch: 7, peer: founder, hasFrom: 0 },
  { op: "collect" },
  { op: "forgetDrops", shelf: founderShelf, epoch: 1, fileKeys: [fileKey("a"), fileKey("b")] },
];
const results: readonly CommandResult[] = [
  applied({ op: "putFile", revision: 3 }, { op: "move" }, { op: "expire", expired: 2, isMoreDue: true }),
  applied({ op: "admitPeer", name: "first" as PeerName, role: "storage", alreadyMember: false }),
  applied({ op: "endLease", referenced: [fileKey("a")] }, { op: "orderChain", epoch: 4 }),
  { error: { kind: "conflict", message: "somebody else was first", operation: 0, revision: 7 } },
  { error: { kind: "quota", message: "full", operation: null, revision: null } },
];

function applied(...results: readonly OperationResult[]): CommandResult {
  return { ok: { index: 12, timeMs: 1_700_000_000_000, results } };
}

/** What decodes is the only encoding of what it decodes to. */
const cases = [
  (body: Uint8Array): void => {
    const command = decodedOr(["protocol"], () => decodeCommand(body));
    if (command === undefined) return;
    const { network, author, session, sequence, operations, signature } = command;
    const again = encodeCommand({ network, author, session, sequence, operations }, () => signature);
    expectSame("a command comes back as other bytes", again, body);
    decodedOr(["permission", "integrity"], () =>
      verifyCommand(command, (user) => (user === shared.userId ? shared.publicKey : undefined)),
    );
  },
  (body: Uint8Array): void => {
    const result = decodedOr(["protocol"], () => decodeResult(body));
    if (result !== undefined) expectSame("a result comes back as other bytes", encodeResult(result), body);
  },
  (body: Uint8Array): void => {
    const chain = decodedOr(["protocol"], () => decodeLinks(body));
    if (chain !== undefined) expectSame("links come back as other bytes", encodeLinks(chain), body);
  },
];

export const commands: FuzzTarget = {
  name: "commands",
  decoders: [
    "src/catalogue/command.ts decodeCommand",
    "src/catalogue/result.ts decodeResult",
    "src/catalogue/chain.ts decodeLinks",
    "src/catalogue/wire.ts decodeWire",
  ],
  seeds: () => [
    ...userOperations.map((operation) => caseInput(0, userSession().next(operation))),
    ...peerOperations.map((operation) => caseInput(0, peerSession().next(operation))),
    caseInput(0, userSession().next(...userOperations)),
    ...results.map((result) => caseInput(1, encodeResult(result))),
    caseInput(2, encodeLinks([...links, { peer: founder, keepsFrom: 2, hasFrom: 0, isFilled: false }])),
  ],
  bytesMax: 4096,
  tokens: [
    ...[...userOperations, ...peerOperations].map(({ op }) => op),
    // Heads of numbers that may be longer than they need be.
    ...["18", "1900", "1a000000", "1b00000000000000", "58", "78", "98"].map((hex) => Buffer.from(hex, "hex")),
  ],
  run: (input) => chosen(cases, input),
};
