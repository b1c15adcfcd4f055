/**
 * Name tokens: names as the catalogue sees them.
 *
 * A token is the name under AES-256-SIV with the directory's id as associated data: the same name in the same directory
 * under the same key is the same token, so that the catalogue can keep names unique, and nothing else can be learned but
 * its length. A name keeps the token that it was given when its directory gets a new key.
 */
import { DfsError } from "../core/errors.ts";
import type { NodeId } from "../core/ids.ts";
import { nameTokenBytesMax } from "../core/limits.ts";
import { checkName, printableBytes } from "../core/names.ts";
import type { Keyring } from "./keyring.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The token of `name` in the directory `parent` by the key at `place` of its keyring, 0 being the newest. Fails with `invalid-name`. */
export function sealName(keyring: Keyring, parent: NodeId, name: string, place = 0): Uint8Array {
  return keyring.nameCipher(place).seal(encoder.encode(checkName(name)), Buffer.from(parent, "hex"));
}

/**
 * The name behind a token of the directory `parent`. Fails with `integrity` when no key of the keyring sealed it for this
 * directory, and `invalid-name`, with the name in escapes as its path, when what was sealed is no valid name.
 */
export function openName(keyring: Keyring, parent: NodeId, token: Uint8Array): string {
  const plain = token.length <= nameTokenBytesMax ? openedBy(keyring, Buffer.from(parent, "hex"), token) : undefined;
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

function openedBy(keyring: Keyring, parent: Uint8Array, token: Uint8Array): Uint8Array | undefined {
  for (let place = 0; place < keyring.generation; place += 1) {
    const plain = keyring.nameCipher(place).open(token, parent);
    if (plain !== undefined) return plain;
  }
  return undefined;
}

function damaged(reason: string): DfsError {
  return new DfsError("integrity", `a name in the catalogue cannot be read: ${reason}`);
}
