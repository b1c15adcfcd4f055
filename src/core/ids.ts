/**
 * Branded identifiers: a bare string is never a peer, a path or a hash.
 *
 * Content ids are CIDs (version 1, SHA-256) in lower-case base32, as IPFS writes them:
 * a ChunkId has the codec `raw` (0x55), a FileKey the codec `dag-cbor` (0x71).
 * On the wire and on disk both travel as their 32-byte digest.
 */
import { base32 } from "multiformats/bases/base32";
import { DfsError } from "./errors.ts";

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** SHA-256 of sealed bytes, as a CID: `bafkrei…`, 59 characters. */
export type ChunkId = Branded<string, "ChunkId">;
/** SHA-256 of a file record, as a CID: `bafyrei…`, 59 characters. The key in the DHT. */
export type FileKey = Branded<string, "FileKey">;
/** A libp2p peer id in its usual base58 text, `12D3Koo…`. */
export type PeerId = Branded<string, "PeerId">;
/** The name that a person gave a peer; unique in its network. */
export type PeerName = Branded<string, "PeerName">;
/** The name that a user logs in with; unique in its network. */
export type UserName = Branded<string, "UserName">;
/** 16 random bytes in hexadecimal: one shelf. */
export type ShelfId = Branded<string, "ShelfId">;
/** First 16 bytes of the SHA-256 of a user's public key, in hexadecimal. */
export type UserId = Branded<string, "UserId">;
/** 16 random bytes in hexadecimal: one directory or file, whatever it is called. */
export type NodeId = Branded<string, "NodeId">;
/** 16 random bytes in hexadecimal: one client's numbered stream of commands. */
export type SessionId = Branded<string, "SessionId">;
/** 16 random bytes in hexadecimal: one upload's claim on chunks that no committed record names yet. */
export type LeaseId = Branded<string, "LeaseId">;
/** 16 random bytes in hexadecimal: the chunk store on one disk, made anew with it, so that a disk that was lost is noticed. */
export type StoreId = Branded<string, "StoreId">;
/** The number of a transfer job, from 1; a peer counts them anew each time it starts. */
export type JobId = Branded<number, "JobId">;
/** SHA-256 of the network's public key in hexadecimal, 64 characters. */
export type NetworkId = Branded<string, "NetworkId">;

export const digestBytes = 32;
export const randomIdBytes = 16;

const cidVersion = 0x01;
const codecs = { raw: 0x55, dagCbor: 0x71 } as const;
const sha256Code = 0x12;
const cidPrefixBytes = 4;
const bitsPerLetter = 5;
/** Of RFC 4648 in lower case, by their codes. */
const letterValues = new Uint8Array(128);
for (const [value, letter] of Array.from("abcdefghijklmnopqrstuvwxyz234567").entries())
  letterValues[letter.charCodeAt(0)] = value;

function cidText(codec: number, digest: Uint8Array): string {
  if (digest.length !== digestBytes)
    throw new DfsError("integrity", `a digest has ${digestBytes} bytes, not ${digest.length}`);
  const bytes = new Uint8Array(cidPrefixBytes + digestBytes);
  bytes.set([cidVersion, codec, sha256Code, digestBytes]);
  bytes.set(digest, cidPrefixBytes);
  return base32.encode(bytes);
}

/** The letters of the digest begin in the midst of one: each has five bits, and the one before it belongs to the prefix. */
function cidDigest(text: string): Uint8Array {
  const digest = new Uint8Array(digestBytes);
  let bits = 0;
  let bitCount = -((cidPrefixBytes * 8) % bitsPerLetter);
  let at = 0;
  for (let letter = 1 + Math.floor((cidPrefixBytes * 8) / bitsPerLetter); letter < text.length; letter += 1) {
    bits = (bits << bitsPerLetter) | (letterValues[text.charCodeAt(letter)] ?? 0);
    bitCount += bitsPerLetter;
    if (bitCount < 8) continue;
    bitCount -= 8;
    digest[at++] = bits >> bitCount;
  }
  return digest;
}

/** The chunk id of a 32-byte SHA-256 digest. Fails with `integrity` on any other length. */
export const chunkIdOf = (digest: Uint8Array): ChunkId => cidText(codecs.raw, digest) as ChunkId;

/** The file key of a 32-byte SHA-256 digest. Fails with `integrity` on any other length. */
export const fileKeyOf = (digest: Uint8Array): FileKey => cidText(codecs.dagCbor, digest) as FileKey;

/** The 32-byte digest inside a chunk id or a file key. */
export const digestOf = (id: ChunkId | FileKey): Uint8Array => cidDigest(id);

function parser<Id extends string>(what: string, pattern: RegExp): (text: string) => Id {
  return (text) => {
    if (!pattern.test(text)) throw new DfsError("usage", `not a ${what}: ${JSON.stringify(text.slice(0, 80))}`);
    return text as Id;
  };
}

/*
 * Each parser brands a text that has the id's form and fails with `usage` on any other. In a CID the length of the hash
 * ends inside the eighth letter, and the last letter has two bits of nothing: an id has one text.
 */
export const parseChunkId = parser<ChunkId>("chunk id", /^bafkrei[a-h][a-z2-7]{50}[aeimquy4]$/);
export const parseFileKey = parser<FileKey>("file key", /^bafyrei[a-h][a-z2-7]{50}[aeimquy4]$/);
export const parsePeerId = parser<PeerId>("peer id", /^[1-9A-HJ-NP-Za-km-z]{40,64}$/);
export const parsePeerName = parser<PeerName>(
  "peer name (1 to 63 letters, digits, dots, dashes and underscores, the first a letter or digit)",
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
);
const userNamePattern = /^[a-z][a-z0-9._-]{0,31}$/;
export const parseUserName = parser<UserName>(
  "user name (1 to 32 lower-case letters, digits, dots, dashes and underscores, the first a letter)",
  userNamePattern,
);
/** Whether the text can be a user's name. */
export const isUserName = (text: string): text is UserName => userNamePattern.test(text);
/** The user without a password, whom every member of the network can be. */
export const sharedUserName = "shared" as UserName;
export const parseShelfId = parser<ShelfId>("shelf id", /^[0-9a-f]{32}$/);
export const parseUserId = parser<UserId>("user id", /^[0-9a-f]{32}$/);
export const parseNodeId = parser<NodeId>("node id", /^[0-9a-f]{32}$/);
export const parseLeaseId = parser<LeaseId>("lease id", /^[0-9a-f]{32}$/);
export const parseStoreId = parser<StoreId>("store id", /^[0-9a-f]{32}$/);
export const parseNetworkId = parser<NetworkId>("network id", /^[0-9a-f]{64}$/);
