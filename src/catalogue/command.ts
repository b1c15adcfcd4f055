/** Commands: signed, numbered batches of operations, and the only thing that changes the catalogue. */
import * as v from "valibot";
import { DfsError } from "../core/errors.ts";
import {
  type NetworkId,
  type PeerId,
  type SessionId,
  type UserId,
  digestBytes,
  parsePeerId,
  randomIdBytes,
} from "../core/ids.ts";
import { batchOperationsMax, commandBytesMax } from "../core/limits.ts";
import { verifyPeerSignature } from "../identity/peer-identity.ts";
import { verifyUserSignature } from "../identity/user-keys.ts";
import { type Operation, operationWire } from "./operation.ts";
import { decodeStrict, encodeStrict } from "./strict-cbor.ts";
import { type ValueOf, type Wire, brandedText, byteString, hexId, list, plain, record, wholeNumber } from "./wire.ts";

/** Who signs a command: a user, or a peer for the network's own business. */
export type Author = { readonly user: UserId } | { readonly peer: PeerId };

const byUser = record({ user: hexId<UserId>(randomIdBytes) });
const byPeer = record({ peer: brandedText(parsePeerId) });
const authorWire: Wire<Author> = {
  schema: v.union([byUser.schema, byPeer.schema]),
  toWire: (author) => ("user" in author ? byUser.toWire(author) : byPeer.toWire(author)),
};

const fields = {
  v: plain(v.literal(1)),
  network: hexId<NetworkId>(digestBytes),
  author: authorWire,
  session: hexId<SessionId>(randomIdBytes),
  /** Place of the command in its session, from 1. */
  sequence: wholeNumber(1),
  operations: list(operationWire, 1, batchOperationsMax),
};
const unsignedWire = record(fields);
const commandWire = record({ ...fields, signature: byteString(64, 64) });

/** A decoded command; its signature has not been checked. */
export type Command = ValueOf<typeof commandWire>;

/** What a caller fills in; version and signature are added. */
export interface CommandFields {
  readonly network: NetworkId;
  readonly author: Author;
  readonly session: SessionId;
  readonly sequence: number;
  readonly operations: readonly Operation[];
}

/**
 * The bytes of a command. `sign` gives the author's 64-byte Ed25519 signature of the deterministic CBOR of everything
 * else. Fails with `usage` when a field breaks its limits or the whole is longer than a command may be.
 */
export function encodeCommand(fields: CommandFields, sign: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const wire = unsignedWire.toWire({ v: 1, ...fields }) as Record<string, unknown>;
  const checked = v.safeParse(unsignedWire.schema, wire, { abortEarly: true });
  if (!checked.success)
    throw new DfsError(
      "usage",
      `a command that cannot be sent: ${v.getDotPath(checked.issues[0]) ?? ""} breaks its limits`,
    );
  const bytes = encodeStrict({ ...wire, signature: sign(encodeStrict(wire)) });
  if (bytes.length > commandBytesMax)
    throw new DfsError(
      "usage",
      `a command of ${bytes.length} bytes, and ${commandBytesMax} is the limit: send fewer operations at once`,
    );
  return bytes;
}

/** The command in `bytes`, checked in form. Fails with `protocol`. */
export function decodeCommand(bytes: Uint8Array): Command {
  return decodeStrict(bytes, commandWire.schema, "command", commandBytesMax);
}

/**
 * Checks the author's signature: whoever proposes a command calls this first, apply does not.
 * `publicKeyOf` gives a user's raw 32-byte public key. Fails with `permission` for a user that it does not know, and
 * with `integrity` when the signature is not the author's.
 */
export function verifyCommand(command: Command, publicKeyOf: (user: UserId) => Uint8Array | undefined): void {
  const bytes = encodeStrict(unsignedWire.toWire(command));
  if (!isSignedBy(command.author, bytes, command.signature, publicKeyOf))
    throw new DfsError("integrity", "the signature of a command is not its author's");
}

function isSignedBy(
  author: Author,
  bytes: Uint8Array,
  signature: Uint8Array,
  publicKeyOf: (user: UserId) => Uint8Array | undefined,
): boolean {
  if ("peer" in author) return verifyPeerSignature(author.peer, bytes, signature);
  const publicKey = publicKeyOf(author.user);
  if (publicKey === undefined) throw new DfsError("permission", "the network has no such user");
  return verifyUserSignature(publicKey, bytes, signature);
}
