/** What proves who is who: invites, keys, names and attributes under a seal, ids as text. */
import { createHash } from "node:crypto";
import { peerIdFromString } from "@libp2p/peer-id";
import type { NodeId } from "../../../src/core/ids.ts";
import {
  chunkIdOf,
  digestOf,
  fileKeyOf,
  parseChunkId,
  parseFileKey,
  parseLeaseId,
  parseNetworkId,
} from "../../../src/core/ids.ts";
import {
  parseNodeId,
  parsePeerId,
  parsePeerName,
  parseShelfId,
  parseStoreId,
  parseUserId,
  parseUserName,
} from "../../../src/core/ids.ts";
import { decodeInvite, encodeInvite } from "../../../src/identity/invite.ts";
import { openName, sealName } from "../../../src/identity/name-token.ts";
import { decodePeerKey, encodePeerKey, peerPublicKey } from "../../../src/identity/peer-identity.ts";
import { Keyring } from "../../../src/identity/keyring.ts";
import { openAttributes, sealAttributes } from "../../../src/identity/sealed-box.ts";
import { openWrap, sealWrap } from "../../../src/identity/wrap.ts";
import { openRevision, sealRevision } from "../../../src/peer/attributes.ts";
import { founder, founderKey, network } from "../../catalogue/world.ts";
import { type FuzzTarget, caseInput, chosen, decodedOr, expectSame, expectTrue } from "../target.ts";

const key = new Uint8Array(32).fill(3);
const keyring = new Keyring(new Uint8Array(64).map((_, at) => at));
const node = "00112233445566778899aabbccddeeff" as NodeId;
const token = Uint8Array.of(1, 2, 3);
const binding = { parent: node, token, node };
const wrapData = Buffer.concat([Uint8Array.of(2), Buffer.from(node + node, "hex"), token]);
const revision = { node, revision: 1, fileKey: fileKeyOf(key), sizeBytes: 5, expiresMs: null, copiesWanted: 0 };
const revisionData = Buffer.concat([
  Uint8Array.of(2),
  Buffer.from(node, "hex"),
  ...[1, 5, 0, 0].map((number) => Buffer.from(number.toString(16).padStart(16, "0"), "hex")),
  Buffer.from(revision.fileKey, "latin1"),
]);
const invitePrefix = "dfs1-";
const hexParsers = [parseShelfId, parseUserId, parseNodeId, parseLeaseId, parseStoreId, parseNetworkId];

const cases = [
  /** An invite as it is typed. */
  (body: Uint8Array): void => {
    const text = Buffer.from(body).toString();
    const invite = decodedOr(["bad-invite"], () => decodeInvite(text));
    if (invite !== undefined) expectSame("an invite comes back", decodeInvite(encodeInvite(invite)), invite);
  },
  /** What is in an invite, with the checksum and the letters that belong to it. */
  (body: Uint8Array): void => {
    const sum = createHash("sha256").update(body).digest().subarray(0, 4);
    const text = invitePrefix + Buffer.concat([body, sum]).toString("base64url");
    const invite = decodedOr(["bad-invite"], () => decodeInvite(text));
    if (invite !== undefined) expectSame("an invite comes back", decodeInvite(encodeInvite(invite)), invite);
  },
  (body: Uint8Array): void => {
    const peerKey = decodedOr(["integrity"], () => decodePeerKey(body));
    if (peerKey === undefined) return;
    expectSame("a peer key comes back", decodePeerKey(encodePeerKey(peerKey)).raw, peerKey.raw);
  },
  (body: Uint8Array): void => {
    decodedOr(["integrity"], () => openName(keyring, node, body));
  },
  /** A name that somebody sealed who checks nothing is a name, or refused. */
  (body: Uint8Array): void => {
    const name = Buffer.from(body).toString();
    const token = decodedOr(["invalid-name"], () => sealName(keyring, node, name));
    if (token !== undefined) expectSame("a name comes back", openName(keyring, node, token), name);
  },
  (body: Uint8Array): void => {
    decodedOr(["integrity"], () => openAttributes(keyring, wrapData, body));
  },
  /** The body is what was sealed as a revision. */
  (body: Uint8Array): void => {
    const sealed = decodedOr(["usage"], () => sealAttributes(keyring, revisionData, body));
    if (sealed === undefined) return;
    const attributes = decodedOr(["integrity"], () => ({ ...openRevision(keyring, revision, sealed) }));
    if (attributes === undefined) return;
    const again = openRevision(keyring, revision, sealRevision(keyring, revision, attributes));
    expectSame("attributes come back", again, attributes);
  },
  /** The body is what was sealed as a wrap. */
  (body: Uint8Array): void => {
    const wrap = decodedOr(["usage"], () => sealAttributes(keyring, wrapData, body));
    if (wrap === undefined) return;
    for (const kind of ["file", "directory"] as const)
      for (const generation of [1, 2]) {
        const opened = decodedOr(["integrity"], () => openWrap(keyring, binding, { kind, generation, wrap }));
        if (opened === undefined) continue;
        const again = sealWrap(keyring, binding, opened.keyring, opened.directory);
        const { keyring: same, directory } = openWrap(keyring, binding, { kind, generation, wrap: again });
        expectSame("a wrap comes back", [same.bytes, directory], [opened.keyring.bytes, opened.directory]);
      }
  },
  (body: Uint8Array): void => {
    const text = Buffer.from(body).toString();
    const fileKey = decodedOr(["usage"], () => parseFileKey(text));
    if (fileKey !== undefined) expectSame("a file key comes back", fileKeyOf(digestOf(fileKey)), fileKey);
    const chunkId = decodedOr(["usage"], () => parseChunkId(text));
    if (chunkId !== undefined) expectSame("a chunk id comes back", chunkIdOf(digestOf(chunkId)), chunkId);
    for (const parse of hexParsers) {
      const id = decodedOr(["usage"], () => parse(text));
      if (id !== undefined) expectSame("an id comes back", Buffer.from(id, "hex").toString("hex"), id);
    }
    const peer = decodedOr(["usage"], () => parsePeerId(text));
    const publicKey = peer === undefined ? undefined : peerPublicKey(peer);
    if (peer !== undefined && publicKey !== undefined)
      expectTrue("a peer id comes back", peerIdFromString(peer).toString() === peer && publicKey.length === 32);
    const name = decodedOr(["usage"], () => parsePeerName(text));
    const user = decodedOr(["usage"], () => parseUserName(text));
    expectTrue("a user name that is no name", user === undefined || /^[a-z][a-z0-9._-]{0,31}$/.test(user));
    expectTrue("a peer name that is no name", name === undefined || /^[\w.-]{1,63}$/.test(name));
  },
];

const invite = {
  networkId: network.networkId,
  addresses: [`/ip4/192.168.1.10/tcp/4001/p2p/${founder}`, `/dns4/example.org/tcp/1/p2p/${founder}`],
  secret: new Uint8Array(32).fill(9),
  expiresMs: 1_800_000_000_000,
};

function inviteBody(): Uint8Array {
  const bytes = Buffer.from(encodeInvite(invite).slice(invitePrefix.length), "base64url");
  return bytes.subarray(0, bytes.length - 4);
}

/** The plaintext of a revision's attributes. */
function attributesOf(depth: "empty" | 0): Uint8Array {
  const filled = { depth: 0, plaintextBytes: 5, digest: key, key } as const;
  const reference = depth === "empty" ? { depth, plaintextBytes: 0 as const } : filled;
  return openAttributes(
    keyring,
    revisionData,
    sealRevision(keyring, revision, { mode: 0o755, modifiedMs: 1.5e12, reference }),
  ).plain;
}

/** The plaintext of the wrap of a node with so many keys. */
function wrapOf(kind: "file" | "directory", keys: number): Uint8Array {
  const directory = kind === "file" ? undefined : { mode: 0o755, modifiedMs: 1.5e12 };
  const wrap = sealWrap(keyring, binding, new Keyring(new Uint8Array(32 * keys).fill(7)), directory);
  return openAttributes(keyring, wrapData, wrap).plain;
}

export const identity: FuzzTarget = {
  name: "identity",
  decoders: [
    "src/identity/invite.ts decodeInvite",
    "src/identity/peer-identity.ts decodePeerKey",
    "src/identity/name-token.ts openName",
    "src/identity/sealed-box.ts openAttributes",
    "src/identity/wrap.ts openWrap",
    "src/peer/attributes.ts openRevision",
    ...[
      "ChunkId",
      "FileKey",
      "PeerId",
      "PeerName",
      "UserName",
      "ShelfId",
      "UserId",
      "NodeId",
      "LeaseId",
      "StoreId",
      "NetworkId",
    ].map((id) => `src/core/ids.ts parse${id}`),
  ],
  seeds: () => [
    caseInput(0, encodeInvite(invite)),
    caseInput(0, `  ${encodeInvite(invite)}\n`),
    caseInput(1, inviteBody()),
    caseInput(2, encodePeerKey(founderKey)),
    caseInput(3, sealName(keyring, node, "report.txt")),
    ...["report.txt", "..", "a/b", "é"].map((name) => caseInput(4, name)),
    caseInput(5, sealAttributes(keyring, wrapData, Buffer.from("abc"))),
    ...(["empty", 0] as const).map((depth) => caseInput(6, attributesOf(depth))),
    ...(["file", "directory"] as const).flatMap((kind) => [1, 2].map((keys) => caseInput(7, wrapOf(kind, keys)))),
    ...[fileKeyOf(key), chunkIdOf(key), founder, "first", "00112233445566778899aabbccddeeff", network.networkId].map(
      (id) => caseInput(8, id),
    ),
  ],
  bytesMax: 2048,
  tokens: [
    "dfs1-",
    "/p2p/",
    "/ip4/",
    "/dns4/",
    "/tcp/",
    "/unix/",
    "/ip6/::1",
    "f97e00",
    "bafkrei",
    "bafyrei",
    "12D3KooW",
  ].concat(["v", "network", "addresses", "secret", "expiresMs", "__proto__"]),
  run: (input) => chosen(cases, input),
};
