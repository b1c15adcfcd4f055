/** Turns the words of a command into its arguments: variables are replaced, quotes fall away, globs become names. */
import { lstat, readdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { DfsClient } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { globMatchesMax } from "../core/limits.ts";
import type { DfsPath } from "../core/names.ts";
import type { ReadCalls } from "./command.ts";
import { compileGlob, escapeGlob, hasGlob, literalPrefix, unescapeGlob } from "../core/glob.ts";
import { compareNames } from "../core/name-order.ts";
import { sortedNames } from "./listing.ts";
import { syntaxError } from "./syntax.ts";
import type { ScriptSource, Word } from "./syntax.ts";

/** One argument before its globs are looked up. */
export interface Argument {
  readonly text: string;
  /** The argument as a glob pattern; absent when it has no unquoted wildcard. */
  readonly pattern?: string | undefined;
}

/** Where globs look: the network's files or this machine's. Paths are texts as typed, relative to where that side stands. */
export interface GlobSource {
  /** The names in a directory that start with the prefix, and maybe others. Fails with `not-found` or `not-directory` when there is no such directory. */
  list(directory: string, prefix: string): Promise<readonly { readonly name: string; readonly isDirectory: boolean }[]>;
  exists(path: string): Promise<boolean>;
}

/** `word` as an argument. Fails with `usage`, naming the place, for a variable that is not set. */
export function expandWord(word: Word, variables: ReadonlyMap<string, string>, source: ScriptSource): Argument {
  let text = "";
  let pattern = "";
  for (const part of word.parts) {
    const value = part.kind === "text" ? part.text : variables.get(part.text);
    if (value === undefined) throw syntaxError(source, part.start, unsetText(part.text));
    text += value;
    pattern += part.kind === "text" && !part.quoted ? value : escapeGlob(value);
  }
  return hasGlob(pattern) ? { text, pattern } : { text };
}

function unsetText(name: string): string {
  return /^\d/.test(name) ? `the script was given no parameter $${name}` : `the variable ${name} is not set`;
}

/** The paths that match, sorted. Fails with `not-found` when there is none and with `usage` when there are too many. */
export async function expandGlob(argument: Argument, source: GlobSource): Promise<readonly string[]> {
  if (argument.pattern === undefined) return [argument.text];
  const found: string[] = [];
  const parts = argument.pattern.split("/").filter((part) => part !== "");
  const onlyDirectories = argument.pattern.endsWith("/");
  for await (const path of globMatches(argument.pattern.startsWith("/") ? "/" : "", parts, source, onlyDirectories)) {
    found.push(path);
    if (found.length > globMatchesMax)
      throw new DfsError("usage", `matches more than ${globMatchesMax} names: use find, or a narrower pattern`, {
        path: argument.text,
      });
  }
  if (found.length === 0) throw new DfsError("not-found", "nothing matches this pattern", { path: argument.text });
  return found;
}

async function* globMatches(
  prefix: string,
  parts: readonly string[],
  source: GlobSource,
  onlyDirectories: boolean,
): AsyncGenerator<string> {
  const [part, ...rest] = parts;
  if (part === undefined) return;
  if (part === "**") yield* deepMatches(prefix, withoutStars(rest), source, onlyDirectories);
  else if (!hasGlob(part)) {
    const path = prefix + unescapeGlob(part);
    if (rest.length > 0) yield* globMatches(`${path}/`, rest, source, onlyDirectories);
    else if (await source.exists(path)) yield onlyDirectories ? `${path}/` : path;
  } else yield* nameMatches(prefix, part, rest, source, onlyDirectories);
}

async function* nameMatches(
  prefix: string,
  part: string,
  rest: readonly string[],
  source: GlobSource,
  onlyDirectories: boolean,
): AsyncGenerator<string> {
  const isMatch = compileGlob(part);
  for (const { name, isDirectory } of await children(prefix, source, literalPrefix(part))) {
    if (!isMatch(name)) continue;
    if (rest.length > 0 && isDirectory) yield* globMatches(`${prefix}${name}/`, rest, source, onlyDirectories);
    if (rest.length === 0 && (isDirectory || !onlyDirectories)) yield `${prefix}${name}${onlyDirectories ? "/" : ""}`;
  }
}

/** `**`: the rest of the pattern here and in every directory below; as the last part, everything below. Hidden directories are left out. */
async function* deepMatches(
  prefix: string,
  rest: readonly string[],
  source: GlobSource,
  onlyDirectories: boolean,
): AsyncGenerator<string> {
  if (rest.length > 0) yield* globMatches(prefix, rest, source, onlyDirectories);
  for (const { name, isDirectory } of await children(prefix, source, "")) {
    if (name.startsWith(".")) continue;
    const path = `${prefix}${name}`;
    if (rest.length === 0 && (isDirectory || !onlyDirectories)) yield onlyDirectories ? `${path}/` : path;
    if (isDirectory) yield* deepMatches(`${path}/`, rest, source, onlyDirectories);
  }
}

function withoutStars(parts: readonly string[]): readonly string[] {
  const first = parts.findIndex((part) => part !== "**");
  return first < 0 ? [] : parts.slice(first);
}

async function children(path: string, source: GlobSource, namePrefix: string): ReturnType<GlobSource["list"]> {
  try {
    const entries = await source.list(path === "" ? "." : path, namePrefix);
    return entries.toSorted((left, right) => compareNames(left.name, right.name));
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}

function isAbsence(error: unknown): boolean {
  const { kind } = toDfsError(error);
  return kind === "not-found" || kind === "not-directory";
}

/** Globs over the network's files; `resolved` is the path that a text leads to. */
export function remoteGlobs(client: DfsClient, resolved: (text: string) => DfsPath, reads: ReadCalls): GlobSource {
  return {
    async list(directory, prefix) {
      const children: { name: string; isDirectory: boolean }[] = [];
      for await (const names of sortedNames(client, resolved(directory), reads, { prefix }))
        for (const { name, kind } of names) children.push({ name, isDirectory: kind === "directory" });
      return children;
    },
    exists: (path) => exists(() => client.stat(resolved(path), reads)),
  };
}

/** Globs over this machine's files, from `lcwd`. */
export function localGlobs(lcwd: string): GlobSource {
  return {
    async list(directory) {
      const children = await readdir(resolve(lcwd, directory), { withFileTypes: true });
      return children.map((child) => ({ name: child.name, isDirectory: child.isDirectory() }));
    },
    exists: (path) => exists(() => lstat(resolve(lcwd, path))),
  };
}

async function exists(look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look();
    return true;
  } catch (error) {
    if (isAbsence(error)) return false;
    throw error;
  }
}
