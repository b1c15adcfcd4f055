/** Passwords: which ones are good enough, and the bytes that stand for one. */
import { DfsError } from "../core/errors.ts";
import type { UserName } from "../core/ids.ts";
import {
  passwordCharactersMax,
  passwordCharactersMin,
  passwordDifferentMin,
  passwordNameCharactersMin,
} from "../core/limits.ts";

const loneSurrogates = /\p{Surrogate}/u;

/** Why `password` cannot be the password of `name`, as the end of a sentence that does not quote it; `undefined` when it can. */
export function passwordFault(password: string, name: UserName): string | undefined {
  const normal = password.normalize("NFC");
  const characters = Array.from(normal);
  if (characters.length < passwordCharactersMin) return `it needs at least ${passwordCharactersMin} characters`;
  if (characters.length > passwordCharactersMax) return `it cannot have more than ${passwordCharactersMax} characters`;
  if (loneSurrogates.test(normal)) return "it must be valid Unicode";
  if (new Set(characters).size < passwordDifferentMin)
    return `it needs at least ${passwordDifferentMin} different characters`;
  const holdsName = name.length >= passwordNameCharactersMin && normal.toLowerCase().includes(name);
  if (holdsName) return "it cannot contain the user's name";
  return undefined;
}

/** Fails with `usage` and the reason when `password` is not good enough for a new one. */
export function checkPassword(password: string, name: UserName): void {
  const fault = passwordFault(password, name);
  if (fault !== undefined) throw new DfsError("usage", `this password will not do: ${fault}`);
}

/** The UTF-8 bytes of a password in Unicode's composed form (NFC), so that all keyboards give the same ones. Fails with `permission` for one that no user can have. */
export function passwordBytes(password: string): Uint8Array {
  const normal = password.length > 4 * passwordCharactersMax ? "" : password.normalize("NFC");
  if (normal === "" || Array.from(normal).length > passwordCharactersMax) throw wrongPassword();
  return new TextEncoder().encode(normal);
}

/** The one answer to every login that does not succeed, whatever was wrong. */
export function wrongPassword(): DfsError {
  return new DfsError("permission", "wrong user or password");
}
