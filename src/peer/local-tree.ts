/** Walking a tree of this machine's file system, for put. */
import type { BigIntStats, Dir } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { basename, join } from "node:path";
import { DfsError, toDfsError } from "../core/errors.ts";
import { type FileStamp, stampOf } from "../core/file-stamp.ts";
import { inspectedAtOnce, pathDepthMax } from "../core/limits.ts";
import { nameFault, printable, printableBytes } from "../core/names.ts";

/** A directory comes before what is in it. */
export type LocalItem =
  | {
      readonly kind: "directory";
      readonly localPath: string;
      readonly names: readonly string[];
      readonly mode: number;
      readonly modifiedMs: number;
    }
  | {
      readonly kind: "file";
      readonly localPath: string;
      readonly names: readonly string[];
      readonly mode: number;
      readonly modifiedMs: number;
      readonly sizeBytes: number;
      readonly stamp: FileStamp;
    }
  | { readonly kind: "refused"; readonly localPath: string; readonly error: DfsError };

/**
 * `root` and, when it is a directory, everything below it. `names` are the parts of the path below `root`; none for
 * `root` itself. What cannot be stored (symbolic links, sockets, names that break the rules, unreadable folders) comes
 * as `refused`. Memory is bounded by the depth of the tree. Fails with the error of `root` when that cannot be read.
 */
export async function* walkLocal(root: string, signal: AbortSignal): AsyncGenerator<LocalItem> {
  const status = await lstat(root, { bigint: true }).catch((error: unknown) => {
    throw toDfsError(error, { op: "put", path: root });
  });
  const item = itemOf(root, [], status);
  yield item;
  if (item.kind === "directory") yield* walkInside(root, [], signal);
}

async function* walkInside(folder: string, names: readonly string[], signal: AbortSignal): AsyncGenerator<LocalItem> {
  try {
    for await (const group of groupsOf(namesIn(await opendir(folder, bufferNames)), inspectedAtOnce)) {
      signal.throwIfAborted();
      for (const item of await Promise.all(group.map(({ name }) => inspectNamed(folder, names, name)))) {
        yield item;
        if (item.kind === "directory") yield* walkInside(item.localPath, item.names, signal);
      }
    }
  } catch (error) {
    if (signal.aborted) throw toDfsError(signal.reason);
    yield { kind: "refused", localPath: folder, error: toDfsError(error, { path: folder }) };
  }
}

/** Node gives names as bytes for this encoding, which its types do not know. */
const bufferNames = { encoding: "buffer" as BufferEncoding, bufferSize: inspectedAtOnce };

async function* groupsOf<Item>(items: AsyncIterable<Item>, itemsMax: number): AsyncGenerator<readonly Item[]> {
  let group: Item[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < itemsMax) continue;
    yield group;
    group = [];
  }
  yield group;
}

async function inspectNamed(folder: string, names: readonly string[], bytes: Buffer): Promise<LocalItem> {
  const name = decodedName(bytes);
  return name === undefined ? notUnicode(folder, bytes) : inspect(join(folder, name), [...names, name]);
}

function namesIn(directory: Dir): AsyncIterable<{ readonly name: Buffer }> {
  return directory as unknown as AsyncIterable<{ readonly name: Buffer }>;
}

/** Undefined for what is not UTF-8, which Node would otherwise turn into another name. */
function decodedName(bytes: Buffer): string | undefined {
  const name = bytes.toString("utf8");
  return Buffer.from(name).equals(bytes) ? name : undefined;
}

function notUnicode(folder: string, bytes: Buffer): LocalItem {
  const shown = join(folder, printableBytes(bytes));
  return refused(shown, new DfsError("invalid-name", "a name must be valid UTF-8", { path: shown }));
}

async function inspect(localPath: string, names: readonly string[]): Promise<LocalItem> {
  const name = basename(localPath);
  const fault = nameFault(name);
  if (fault !== undefined)
    return refused(localPath, new DfsError("invalid-name", fault, { path: printable(localPath) }));
  if (names.length > pathDepthMax)
    return refused(localPath, new DfsError("invalid-name", `deeper than ${pathDepthMax} directories`));
  try {
    return itemOf(localPath, names, await lstat(localPath, { bigint: true }));
  } catch (error) {
    const isGone = (error as NodeJS.ErrnoException).code === "ENOENT";
    return refused(
      localPath,
      isGone
        ? new DfsError("changed", "disappeared while its folder was read", { path: localPath })
        : toDfsError(error, { path: localPath }),
    );
  }
}

function itemOf(localPath: string, names: readonly string[], status: BigIntStats): LocalItem {
  const mode = Number(status.mode) & 0o7777;
  const modifiedMs = Number(status.mtimeNs) / 1e6;
  if (status.isDirectory()) return { kind: "directory", localPath, names, mode, modifiedMs };
  const sizeBytes = Number(status.size);
  if (status.isFile()) return { kind: "file", localPath, names, mode, modifiedMs, sizeBytes, stamp: stampOf(status) };
  const what = status.isSymbolicLink() ? "a symbolic link" : "not a regular file";
  return refused(
    localPath,
    new DfsError("permission", `${what}: only regular files and directories can be stored`, { path: localPath }),
  );
}

function refused(localPath: string, error: DfsError): LocalItem {
  return { kind: "refused", localPath, error };
}
