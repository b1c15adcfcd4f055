/**
 * What one user gives another with a share: the keyring of a directory or file, in a box for the other's key, signed.
 *
 * The box keeps it from everybody else; the owner's signature in it keeps a coordinator from making the other believe that
 * something is the owner's which is not. Both cover whose it is, for whom, which node, and the number of its newest key.
 */
import { decode, encode } from "cborg";
import * as v from "valibot";
import { DfsError } from "../core/errors.ts";
import type { NetworkId, NodeId, UserId } from "../core/ids.ts";
import { checkName } from "../core/names.ts";
import { sealBox } from "./box.ts";
import { Keyring } from "./keyring.ts";
import { type UserKeys, verifyUserSignature } from "./user-keys.ts";

/** Whose share it is, and of what. */
export interface ShareBinding {
  readonly network: NetworkId;
  readonly owner: UserId;
  readonly grantee: UserId;
  readonly node: NodeId;
}

/** What is shared, as its owner sees it. */
export interface SharedThing {
  readonly kind: "file" | "directory";
  readonly name: string;
  /** POSIX permission bits and modification time of a directory; those of a file come with its revisions. */
  readonly mode: number;
  readonly modifiedMs: number;
  readonly keyring: Keyring;
}

const boxPurpose = "dfs-shell/2/share/box\0";
const signaturePurpose = "dfs-shell/2/share/signature\0";

const schema = v.strictTuple([
  v.picklist(["file", "directory"]),
  v.string(),
  v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(0o7777)),
  v.pipe(v.number(), v.finite()),
  v.instance(Uint8Array),
]);
const sealedSchema = v.strictTuple([v.instance(Uint8Array), v.pipe(v.instance(Uint8Array), v.length(64))]);

/** A share for the owner of a raw 32-byte X25519 key, signed by `owner`. */
export function sealShare(
  owner: UserKeys,
  binding: ShareBinding,
  boxPublicKey: Uint8Array,
  { kind, name, mode, modifiedMs, keyring }: SharedThing,
): Uint8Array {
  const thing = encode([kind, name, mode, modifiedMs, keyring.bytes]);
  const signature = owner.sign(signedBytes(binding, keyring.generation, thing));
  return sealBox(boxPublicKey, encode([thing, signature]), boundBytes(boxPurpose, binding, keyring.generation));
}

/** What a share gives. Fails with `integrity` when the box is not for this user, or not of the owner with the raw 32-byte Ed25519 key, or any part of it is another's. */
export function openShare(
  grantee: UserKeys,
  binding: ShareBinding,
  generation: number,
  ownerPublicKey: Uint8Array,
  sealed: Uint8Array,
): SharedThing {
  const plain = grantee.openBox(sealed, boundBytes(boxPurpose, binding, generation));
  const [thing, signature] = parsed(plain, sealedSchema);
  if (!verifyUserSignature(ownerPublicKey, signedBytes(binding, generation, thing), signature))
    throw damaged("its owner has not signed it");
  const [kind, name, mode, modifiedMs, bytes] = parsed(thing, schema);
  const keyring = new Keyring(bytes);
  if (keyring.generation !== generation) throw damaged("it has another number of keys than it says");
  return { kind, name: checkName(name), mode, modifiedMs, keyring };
}

function parsed<Value>(bytes: Uint8Array, schema: v.GenericSchema<unknown, Value>): Value {
  const result = v.safeParse(schema, decodedOrNothing(bytes), { abortEarly: true });
  if (!result.success) throw damaged("it holds something else");
  return result.output;
}

function decodedOrNothing(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, { strict: true, allowIndefinite: false });
  } catch {
    return undefined;
  }
}

function signedBytes(binding: ShareBinding, generation: number, thing: Uint8Array): Uint8Array {
  return Buffer.concat([boundBytes(signaturePurpose, binding, generation), thing]);
}

/** Purpose, network, owner, grantee, node, generation: each of one length. */
function boundBytes(purpose: string, { network, owner, grantee, node }: ShareBinding, generation: number): Uint8Array {
  const ids = Buffer.from(`${network}${owner}${grantee}${node}`, "hex");
  return Buffer.concat([Buffer.from(purpose, "latin1"), ids, Buffer.of(generation)]);
}

function damaged(reason: string): DfsError {
  return new DfsError("integrity", `a share cannot be used: ${reason}`);
}
