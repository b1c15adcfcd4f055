/**
 * Name tokens: names as the catalogue sees them.
 *
 * A token is the name under AES-256-SIV with the parent directory's id as associated data: the same name in the same
 * directory is the same token, so that the catalogue can keep names unique, and nothing else can be learned but its length.
 */
import { DfsError } from "../core/errors.ts";
import type { NodeId } from "../core/ids.ts";
import { nameTokenBytesMax } from "../core/limits.ts";
import { checkName, printableBytes } from "../core/names.ts";
import { AesSiv } from "./aes-siv.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Key schedules, kept as long as their key: a listing opens a hundred thousand names with one. */
const ciphers = new WeakMap<Uint8Array, AesSiv>();

/** The token of `name` in the directory `parent`, by the 64-byte name key. Fails with `invalid-name`. */
export function sealName(nameKey: Uint8Array, parent: NodeId, name: string): Uint8Array {
  return cipherOf(nameKey).seal(encoder.encode(checkName(name)), Buffer.from(parent, "hex"));
}

/**
 * The name behind a token of the directory `parent`. Fails with `integrity` when it was not sealed by this key for this
 * directory, and `invalid-name`, with the name in escapes as its path, when what was sealed is no valid name.
 */
export function openName(nameKey: Uint8Array, parent: NodeId, token: Uint8Array): string {
  const plain =
    token.length <= nameTokenBytesMax ? cipherOf(nameKey).open(token, Buffer.from(parent, "hex")) : undefined;
  if (plain === undefined) throw damaged("its seal does not match");
  return checkName(decoded(plain));
}

function decoded(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    const path = printableBytes(bytes);
    throw new DfsError("invalid-name", "a name must be valid UTF-8", { path, cause });
  }
}

function damaged(reason: string): DfsError {
  return new DfsError("integrity", `a name in the catalogue cannot be read: ${reason}`);
}

function cipherOf(nameKey: Uint8Array): AesSiv {
  let cipher = ciphers.get(nameKey);
  if (cipher === undefined) ciphers.set(nameKey, (cipher = new AesSiv(nameKey)));
  return cipher;
}
