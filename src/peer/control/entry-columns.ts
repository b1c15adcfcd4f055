/**
 * Entries on the control socket, many of one directory at a time and by columns: a hundred thousand objects with their
 * field names took longer to encode, decode and check than to find in the catalogue and to open.
 */
import * as v from "valibot";
import type { Entry } from "../../core/client.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { parseFileKey } from "../../core/ids.ts";
import { nameBytesMax, pageRowsMax } from "../../core/limits.ts";
import { type DfsPath, checkName, parentPath, rootPath } from "../../core/names.ts";
import { path } from "./control-schemas.ts";

const fileKeyLetters = 59;
/** Numbers of an entry: mode, size, added and history bytes, revision, copies, times of the content and the commit, and when it goes away, NaN for never. */
const numbersEach = 9;
const numberBytes = Float64Array.BYTES_PER_ELEMENT;
const neverMs = Number.NaN;

export const entryColumns = v.object({
  /** The directory that all of them are in. */
  directory: path,
  /** Separated by `/`; the root is called nothing. */
  names: v.pipe(v.string(), v.maxLength(pageRowsMax * (nameBytesMax + 1))),
  /** A letter for each: f for a file, d for a directory. */
  kinds: v.pipe(v.string(), v.maxLength(pageRowsMax), v.regex(/^[fd]*$/)),
  /** Of the files, one behind the other. */
  fileKeys: v.pipe(v.string(), v.maxLength(pageRowsMax * fileKeyLetters)),
  /** As this machine, where both ends are, has them in memory. */
  numbers: v.pipe(v.instance(Uint8Array), v.maxLength(pageRowsMax * numbersEach * numberBytes)),
});

export type EntryColumns = v.InferOutput<typeof entryColumns>;

/** Columns of entries in their order, for each run of one directory. */
export function columnsOf(entries: readonly Entry[]): EntryColumns[] {
  const all: EntryColumns[] = [];
  for (let from = 0, to = 0; from < entries.length; from = to) {
    const directory = parentPath((entries[from] as Entry).path);
    while (to < entries.length && parentPath((entries[to] as Entry).path) === directory) to += 1;
    all.push(columnsIn(directory, entries.slice(from, to)));
  }
  return all;
}

function columnsIn(directory: DfsPath, entries: readonly Entry[]): EntryColumns {
  const numbers = new Float64Array(entries.length * numbersEach);
  let kinds = "";
  let fileKeys = "";
  let at = 0;
  for (const entry of entries) {
    kinds += entry.kind === "directory" ? "d" : "f";
    if (entry.kind === "file") fileKeys += entry.fileKey ?? "";
    numbers[at++] = entry.mode;
    numbers[at++] = entry.sizeBytes;
    numbers[at++] = entry.addedBytes;
    numbers[at++] = entry.historyBytes;
    numbers[at++] = entry.revision;
    numbers[at++] = entry.copies;
    numbers[at++] = entry.modifiedMs;
    numbers[at++] = entry.committedMs;
    numbers[at++] = entry.expiresMs ?? neverMs;
  }
  const names = entries.map(({ path: own, name }) => (own === rootPath ? "" : name)).join("/");
  return { directory, names, kinds, fileKeys, numbers: new Uint8Array(numbers.buffer) };
}

/** The entries in some columns. Fails with `protocol` where the columns do not fit together or hold what no entry has. */
export function entriesIn(columns: readonly EntryColumns[]): Entry[] {
  try {
    return columns.flatMap(entriesOf);
  } catch (error) {
    const { message } = toDfsError(error);
    throw new DfsError("protocol", `the peer sent a malformed listing: ${message}`, { cause: error });
  }
}

function entriesOf({ directory, names, kinds, fileKeys, numbers }: EntryColumns): Entry[] {
  const texts = kinds === "" ? [] : names.split("/");
  if (texts.length !== kinds.length || numbers.length !== kinds.length * numbersEach * numberBytes)
    throw malformed("columns of different lengths");
  // A copy begins where numbers may begin.
  const values = new Float64Array(Uint8Array.from(numbers).buffer);
  const prefix = directory === rootPath ? "/" : `${directory}/`;
  let at = 0;
  let keyAt = 0;
  const count = (): number => {
    const value = values[at++] as number;
    if (!Number.isSafeInteger(value) || value < 0) throw malformed("a count that is none");
    return value;
  };
  const time = (): number => {
    const value = values[at++] as number;
    if (!Number.isFinite(value)) throw malformed("a time that is none");
    return value;
  };
  const entries = texts.map((text, place): Entry => {
    const isFile = kinds[place] === "f";
    const isRoot = text === "" && directory === rootPath;
    if (!isRoot) checkName(text);
    const mode = count();
    const sizeBytes = count();
    const addedBytes = count();
    const historyBytes = count();
    const revision = count();
    const copies = count();
    const modifiedMs = time();
    const committedMs = time();
    const isKept = Number.isNaN(values[at]);
    const expiresMs = isKept ? undefined : count();
    if (isKept) at += 1;
    const own: { -readonly [Field in keyof Entry]: Entry[Field] } = {
      kind: isFile ? "file" : "directory",
      path: (isRoot ? rootPath : prefix + text) as DfsPath,
      name: isRoot ? "/" : text,
      sizeBytes,
      mode,
      modifiedMs,
      committedMs,
      revision,
      copies,
      addedBytes,
      historyBytes,
    };
    if (expiresMs !== undefined) own.expiresMs = expiresMs;
    if (isFile) own.fileKey = parseFileKey(fileKeys.slice(keyAt, (keyAt += fileKeyLetters)));
    return own;
  });
  if (keyAt !== fileKeys.length) throw malformed("more file keys than files");
  return entries;
}

function malformed(what: string): DfsError {
  return new DfsError("protocol", what);
}
