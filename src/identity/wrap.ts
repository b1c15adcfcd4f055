/**
 * Wraps: what the catalogue keeps of a directory or file beside its name.
 *
 * A wrap holds the node's keyring and, for a directory, its mode and time, sealed by the attribute key of the directory
 * that the node is in. Whoever has one keyring has those of everything below, and of nothing else. The associated data
 * says where the node is and what it is called, so that a wrap cannot stand under another name.
 */
import { decode, encode } from "cborg";
import * as v from "valibot";
import { DfsError } from "../core/errors.ts";
import { type NodeId, randomIdBytes } from "../core/ids.ts";
import { Keyring, nodeKeyBytes } from "./keyring.ts";
import { openAttributes, sealAttributes } from "./sealed-box.ts";

/** A name binding: the token `token` in the directory `parent` stands for `node`. */
export interface Binding {
  readonly parent: NodeId;
  readonly token: Uint8Array;
  readonly node: NodeId;
}

/** What a directory's wrap holds beside its keyring. */
export interface DirectoryAttributes {
  /** POSIX permission bits. */
  readonly mode: number;
  readonly modifiedMs: number;
}

/** A node's keyring as its wrap gave it. */
export interface OpenedWrap {
  readonly keyring: Keyring;
  /** Absent for a file. */
  readonly directory?: DirectoryAttributes | undefined;
  /** Whether the parent has got a new key since: who knows only the older ones can open this wrap too. */
  readonly isStale: boolean;
}

const formatVersion = 2;
/** CBOR of an array of one byte string of 32 bytes, without those bytes: all but a few files have one key. */
const oneKeyHead = Uint8Array.of(0x81, 0x58, nodeKeyBytes);
const keyring = v.instance(Uint8Array);
const mode = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(0o7777));
const fileSchema = v.strictTuple([keyring]);
const directorySchema = v.strictTuple([mode, v.pipe(v.number(), v.finite()), keyring]);

/** The wrap of a node by its parent's newest key; `directory` for a directory, and undefined for a file. */
export function sealWrap(
  parentKeyring: Keyring,
  binding: Binding,
  { bytes }: Keyring,
  directory: DirectoryAttributes | undefined,
): Uint8Array {
  const content = directory === undefined ? [bytes] : [directory.mode, directory.modifiedMs, bytes];
  return sealAttributes(parentKeyring, associatedData(binding), encode(content));
}

/** Opens the wrap of a node of this kind and generation. Fails with `integrity` when it was not sealed for this name and node by its parent's keys, or is that of another kind or generation. */
export function openWrap(
  parentKeyring: Keyring,
  binding: Binding,
  {
    kind,
    generation,
    wrap,
  }: { readonly kind: "file" | "directory"; readonly generation: number; readonly wrap: Uint8Array },
): OpenedWrap {
  const { plain, place } = openAttributes(parentKeyring, associatedData(binding), wrap);
  const isStale = place > 0;
  const opened = kind === "file" ? { keyring: fileKeyring(plain), isStale } : { ...openDirectory(plain), isStale };
  if (opened.keyring.generation !== generation) throw damaged("it has another number of keys than its entry says");
  return opened;
}

function fileKeyring(plain: Uint8Array): Keyring {
  const hasOneKey =
    plain.length === oneKeyHead.length + nodeKeyBytes && oneKeyHead.every((byte, place) => plain[place] === byte);
  if (hasOneKey) return new Keyring(plain.subarray(oneKeyHead.length));
  const [bytes] = decoded(plain, fileSchema);
  return new Keyring(bytes);
}

function openDirectory(plain: Uint8Array): { keyring: Keyring; directory: DirectoryAttributes } {
  const [mode, modifiedMs, bytes] = decoded(plain, directorySchema);
  return { keyring: new Keyring(bytes), directory: { mode, modifiedMs } };
}

function decoded<Value>(plain: Uint8Array, schema: v.GenericSchema<unknown, Value>): Value {
  const result = v.safeParse(schema, decodedOrNothing(plain), { abortEarly: true });
  if (!result.success) throw damaged("it is not that of this kind of entry");
  return result.output;
}

function decodedOrNothing(plain: Uint8Array): unknown {
  try {
    return decode(plain, { strict: true, allowIndefinite: false });
  } catch {
    return undefined;
  }
}

/** Version, parent, node, token. */
function associatedData({ parent, token, node }: Binding): Uint8Array {
  const bytes = Buffer.allocUnsafe(1 + 2 * randomIdBytes + token.length);
  bytes[0] = formatVersion;
  bytes.write(parent, 1, "hex");
  bytes.write(node, 1 + randomIdBytes, "hex");
  bytes.set(token, 1 + 2 * randomIdBytes);
  return bytes;
}

function damaged(reason: string): DfsError {
  return new DfsError("integrity", `the keys of an entry cannot be read: ${reason}`);
}
