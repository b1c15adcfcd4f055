/**
 * Names and paths of the file space: one validator, used on put, on apply and on get.
 *
 * A path is absolute, starts with `/`, and has no empty, `.` or `..` part once it is normalised.
 * A name is one part of a path: 1 to 255 bytes of valid UTF-8 without `/`, NUL or other control characters.
 */
import { DfsError } from "./errors.ts";
import { nameBytesMax, pathDepthMax } from "./limits.ts";

declare const brand: unique symbol;
/** A normalised absolute path of the file space: `/`, `/a`, `/a/b`. */
export type DfsPath = string & { readonly [brand]: "DfsPath" };

export const rootPath = "/" as DfsPath;

const encoder = new TextEncoder();
const controlCharacters = /[\u0000-\u001f\u007f-\u009f]/u;
const loneSurrogates = /\p{Surrogate}/u;

/** Why `name` cannot be the name of a file or directory, as the end of a sentence; `undefined` when it can. */
export function nameFault(name: string): string | undefined {
  if (name === "") return "a name cannot be empty";
  if (name === "." || name === "..") return `"${name}" cannot be a name`;
  if (name.includes("/")) return 'a name cannot contain "/"';
  if (name.includes("\0")) return "a name cannot contain NUL";
  if (controlCharacters.test(name)) return "a name cannot contain control characters";
  if (loneSurrogates.test(name)) return "a name must be valid Unicode";
  const bytes = encoder.encode(name).length;
  if (bytes > nameBytesMax) return `a name cannot be longer than ${nameBytesMax} bytes, and this one has ${bytes}`;
  return undefined;
}

/** Returns `name` when it is a valid name; fails with `invalid-name` and the reason when not. */
export function checkName(name: string): string {
  const fault = nameFault(name);
  if (fault !== undefined) throw new DfsError("invalid-name", fault, { path: printable(name) });
  return name;
}

/**
 * `text` as an absolute path, relative to `base` where it does not start with `/`.
 * `.` and `..` are resolved as text; `..` above the root stays at the root, as in POSIX.
 * Fails with `invalid-name` when a part is not a valid name or the path is deeper than the limit.
 */
export function resolvePath(text: string, base: DfsPath = rootPath): DfsPath {
  const parts: string[] = text.startsWith("/") ? [] : pathParts(base).slice();
  for (const part of text.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(checkName(part));
  }
  if (parts.length > pathDepthMax)
    throw new DfsError("invalid-name", `a path cannot be deeper than ${pathDepthMax} directories`);
  return `/${parts.join("/")}` as DfsPath;
}

/** The names of a path from the root down; the root has none. */
export function pathParts(path: DfsPath): readonly string[] {
  return path === rootPath ? [] : path.slice(1).split("/");
}

/** The last name of a path; `/` for the root. */
export function baseName(path: DfsPath): string {
  return path === rootPath ? "/" : path.slice(path.lastIndexOf("/") + 1);
}

/** The directory that holds `path`; the root holds itself. */
export function parentPath(path: DfsPath): DfsPath {
  const end = path.lastIndexOf("/");
  return (end <= 0 ? "/" : path.slice(0, end)) as DfsPath;
}

/** The path of `name` inside `directory`. Fails with `invalid-name` when `name` is not a valid name. */
export function childPath(directory: DfsPath, name: string): DfsPath {
  checkName(name);
  return (directory === rootPath ? `/${name}` : `${directory}/${name}`) as DfsPath;
}

/** Whether `path` is `ancestor` or lies below it. */
export function isWithin(path: DfsPath, ancestor: DfsPath): boolean {
  return ancestor === rootPath || path === ancestor || path.startsWith(`${ancestor}/`);
}

/** Control characters; signs without a width or that turn the direction of the text; ends of lines. */
const deceivers = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu;
/** The two joiners belong into words of several scripts and into pictures, between characters that are not ASCII. */
const joiners = /[\u200c\u200d]/u;

/**
 * `text` with control characters, and signs that hide or turn what stands around them, written as escapes, so that a
 * hostile name can neither drive a terminal nor pass there for another one.
 */
export function printable(text: string): string {
  return text.replace(deceivers, (sign, at: number) => {
    const isWithin = text.charCodeAt(at - 1) > 0x7f && text.charCodeAt(at + 1) > 0x7f;
    if (joiners.test(sign) && isWithin) return sign;
    const code = sign.codePointAt(0) ?? 0;
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** What is no UTF-8, for people: every byte that is not an ASCII character that one sees is written as an escape. */
export function printableBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  ).join("");
}
