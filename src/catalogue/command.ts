/**
 * Commands: signed, numbered batches of operations, and the only thing that changes the catalogue.
 *
 * The signature stands in front of the bytes that it covers, so that whoever checks it need not encode them again.
 */
import { DfsError } from "../core/errors.ts";
import { type NetworkId, type SessionId, type UserId, digestBytes, randomIdBytes } from "../core/ids.ts";
import { batchOperationsMax, commandBytesMax } from "../core/limits.ts";
import { verifyPeerSignature } from "../identity/peer-identity.ts";
import { verifyUserSignature } from "../identity/user-keys.ts";
import { type Operation, operationWire } from "./operation.ts";
import { choice, list, record } from "./compound-wire.ts";
import { type ValueOf, constant, decodeWire, encodeWire, hexId, peerIdWire, wholeNumber } from "./wire.ts";

const authorWire = choice({ user: hexId<UserId>(randomIdBytes), peer: peerIdWire });

/** Who signs a command: a user, or a peer for the network's own business. */
export type Author = ValueOf<typeof authorWire>;

const signatureBytes = 64;
const fieldsWire = record({
  v: constant(1),
  network: hexId<NetworkId>(digestBytes),
  author: authorWire,
  session: hexId<SessionId>(randomIdBytes),
  /** Place of the command in its session, from 1. */
  sequence: wholeNumber(1),
  operations: list(operationWire, 1, batchOperationsMax),
});

/** A decoded command; its signature has not been checked. */
export interface Command extends ValueOf<typeof fieldsWire> {
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** The encoded fields, which the signature covers: a view of the command's bytes. */
  readonly signedBytes: Uint8Array;
}

/** What a caller fills in; version and signature are added. */
export interface CommandFields {
  readonly network: NetworkId;
  readonly author: Author;
  readonly session: SessionId;
  readonly sequence: number;
  readonly operations: readonly Operation[];
}

/**
 * The bytes of a command: the signature that `sign` gives, the author's 64-byte Ed25519 signature of all that follows,
 * and the deterministic CBOR of the fields. Fails with `usage` when a field breaks its limits or the whole is longer than a command may be.
 */
export function encodeCommand(fields: CommandFields, sign: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const signedBytes = encodeWire(fieldsWire, { v: 1, ...fields }, "command");
  const bytes = new Uint8Array(signatureBytes + signedBytes.length);
  bytes.set(sign(signedBytes));
  bytes.set(signedBytes, signatureBytes);
  if (bytes.length > commandBytesMax)
    throw new DfsError(
      "usage",
      `a command of ${bytes.length} bytes, and ${commandBytesMax} is the limit: send fewer operations at once`,
    );
  return bytes;
}

/** How many bytes an operation takes in a command. Fails with `usage` when it breaks its limits. */
export function operationBytes(operation: Operation): number {
  return encodeWire(operationWire, operation, "operation").length;
}

/** The command in `bytes`, checked in form. Fails with `protocol`. */
export function decodeCommand(bytes: Uint8Array): Command {
  const signature = bytes.subarray(0, signatureBytes);
  const signedBytes = bytes.subarray(signatureBytes);
  const fields = decodeWire(fieldsWire, signedBytes, "command", commandBytesMax - signatureBytes);
  return { ...fields, signature, signedBytes };
}

/**
 * Checks the author's signature: whoever proposes a command calls this first, apply does not.
 * `publicKeyOf` gives a user's raw 32-byte public key. Fails with `permission` for a user that it does not know, and
 * with `integrity` when the signature is not the author's.
 */
export function verifyCommand(command: Command, publicKeyOf: (user: UserId) => Uint8Array | undefined): void {
  if (!isSignedByAuthor(command, publicKeyOf))
    throw new DfsError("integrity", "the signature of a command is not its author's");
}

function isSignedByAuthor(
  { author, signedBytes, signature }: Command,
  publicKeyOf: (user: UserId) => Uint8Array | undefined,
): boolean {
  if ("peer" in author) return verifyPeerSignature(author.peer, signedBytes, signature);
  const publicKey = publicKeyOf(author.user);
  if (publicKey === undefined) throw new DfsError("permission", "the network has no such user");
  return verifyUserSignature(publicKey, signedBytes, signature);
}
