/**
 * Wraps: what the catalogue keeps of a directory or file beside its name.
 *
 * A wrap holds the node's keyring and, for a directory, its mode and time, sealed by the attribute key of the directory
 * that the node is in. Whoever has one keyring has those of everything below, and of nothing else. The associated data
 * says where the node is and what it is called, so that a wrap cannot stand under another name.
 */
import { DfsError } from "../core/errors.ts";
import { type NodeId, randomIdBytes } from "../core/ids.ts";
import { nameTokenBytesMax } from "../core/limits.ts";
import { Keyring } from "./keyring.ts";
import { openAttributes, sealAttributes } from "./sealed-box.ts";

/** A name binding: the token `token` in the directory `parent` stands for `node`. */
export interface Binding {
  readonly parent: NodeId;
  readonly token: Uint8Array;
  readonly node: NodeId;
}

/** What a directory's wrap holds beside its keyring, and a file has with each revision. */
export interface PlainAttributes {
  /** POSIX permission bits. */
  readonly mode: number;
  readonly modifiedMs: number;
}

/** A node's keyring as its wrap gave it. */
export interface OpenedWrap {
  readonly keyring: Keyring;
  /** Absent for a file. */
  readonly directory?: PlainAttributes | undefined;
  /** Whether the parent has got a new key since: who knows only the older ones can open this wrap too. */
  readonly isStale: boolean;
}

const formatVersion = 2;
const modeBytes = 2;
const modeMax = 0o7777;
/** Bytes of mode and time. */
export const attributeBytes = modeBytes + 8;

/** The wrap of a node by its parent's newest key; `directory` for a directory, and undefined for a file. */
export function sealWrap(
  parentKeyring: Keyring,
  binding: Binding,
  { bytes }: Keyring,
  directory: PlainAttributes | undefined,
): Uint8Array {
  const plain = directory === undefined ? bytes : Buffer.concat([plainAttributes(directory), bytes]);
  return sealAttributes(parentKeyring, associatedData(binding), plain);
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
  // A keyring is whole keys, so that one with attributes in front cannot be taken for one without.
  const opened =
    kind === "file"
      ? { keyring: new Keyring(plain), isStale }
      : { keyring: new Keyring(plain.subarray(attributeBytes)), directory: openPlainAttributes(plain), isStale };
  if (opened.keyring.generation !== generation) throw damaged("it has another number of keys than its entry says");
  return opened;
}

/** u16 mode and f64 time, both big-endian. */
export function plainAttributes({ mode, modifiedMs }: PlainAttributes): Uint8Array {
  const bytes = Buffer.alloc(attributeBytes);
  bytes.writeUInt16BE(mode, 0);
  bytes.writeDoubleBE(modifiedMs, modeBytes);
  return bytes;
}

/** The attributes at the beginning of `plain`. Fails with `integrity` when there are none. */
export function openPlainAttributes(plain: Buffer): PlainAttributes {
  if (plain.length < attributeBytes) throw damaged("it is too short");
  const mode = plain.readUInt16BE(0);
  const modifiedMs = plain.readDoubleBE(modeBytes);
  if (mode > modeMax || !Number.isFinite(modifiedMs)) throw damaged("its mode or time is none");
  return { mode, modifiedMs };
}

/** Filled for each call anew, for any token that a name has: what is sealed or opened with it does not keep it. */
const scratch = Buffer.alloc(1 + 2 * randomIdBytes + nameTokenBytesMax);

/** Version, parent, node, token. */
function associatedData({ parent, token, node }: Binding): Uint8Array {
  const length = 1 + 2 * randomIdBytes + token.length;
  const bytes = length > scratch.length ? Buffer.alloc(length) : scratch.subarray(0, length);
  bytes[0] = formatVersion;
  bytes.write(parent, 1, "hex");
  bytes.write(node, 1 + randomIdBytes, "hex");
  bytes.set(token, 1 + 2 * randomIdBytes);
  return bytes;
}

function damaged(reason: string): DfsError {
  return new DfsError("integrity", `the keys of an entry cannot be read: ${reason}`);
}
