/** Walking a tree of this machine's file system, for put. */
import type { Dir } from "node:fs";
import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { type ThreadError, fromThreadError } from "../chunking/chunking-messages.ts";
import type { Inspected, Inspection } from "../chunking/inspect.ts";
import { DfsError, assert, toDfsError } from "../core/errors.ts";
import type { FileStamp } from "../core/file-stamp.ts";
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

/** What is at some paths of this machine, in their order. */
export type Inspect = (paths: readonly string[]) => Promise<readonly Inspection[]>;

/**
 * `root` and, when it is a directory, everything below it. `names` are the parts of the path below `root`; none for
 * `root` itself. What cannot be stored (symbolic links, sockets, names that break the rules, unreadable folders) comes
 * as `refused`. Memory is bounded by the depth of the tree. Fails with the error of `root` when that cannot be read.
 */
export async function* walkLocal(root: string, inspect: Inspect, signal: AbortSignal): AsyncGenerator<LocalItem> {
  const [found] = await inspect([root]);
  assert(found !== undefined, "every path has an outcome");
  if ("error" in found) throw toDfsError(fromThreadError(found.error), { op: "put", path: root });
  const item = itemOf(root, [], found);
  yield item;
  if (item.kind === "directory") yield* walkInside(root, [], inspect, signal);
}

async function* walkInside(
  folder: string,
  names: readonly string[],
  inspect: Inspect,
  signal: AbortSignal,
): AsyncGenerator<LocalItem> {
  try {
    for await (const group of groupsOf(namesIn(await opendir(folder, bufferNames)), inspectedAtOnce)) {
      signal.throwIfAborted();
      for (const item of await inspected(folder, names, group, inspect)) {
        yield item;
        if (item.kind === "directory") yield* walkInside(item.localPath, item.names, inspect, signal);
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

/** What is in a folder under these names, in their order; only what may be stored by its name is looked at. */
async function inspected(
  folder: string,
  above: readonly string[],
  group: readonly { readonly name: Buffer }[],
  inspect: Inspect,
): Promise<readonly LocalItem[]> {
  const named = group.map(({ name: bytes }) => {
    const name = decodedName(bytes);
    return name === undefined ? notUnicode(folder, bytes) : (nameRefused(folder, above, name) ?? name);
  });
  const found = await inspect(named.filter((name) => typeof name === "string").map((name) => join(folder, name)));
  let next = 0;
  return named.map((name) => {
    if (typeof name !== "string") return name;
    const inspection = found[next++];
    assert(inspection !== undefined, "every path has an outcome");
    const localPath = join(folder, name);
    return "error" in inspection
      ? unread(localPath, inspection.error)
      : itemOf(localPath, [...above, name], inspection);
  });
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

function nameRefused(folder: string, above: readonly string[], name: string): LocalItem | undefined {
  const localPath = join(folder, name);
  const fault = nameFault(name);
  if (fault !== undefined)
    return refused(localPath, new DfsError("invalid-name", fault, { path: printable(localPath) }));
  if (above.length >= pathDepthMax)
    return refused(localPath, new DfsError("invalid-name", `deeper than ${pathDepthMax} directories`));
  return undefined;
}

function unread(localPath: string, error: ThreadError): LocalItem {
  const isGone = error.kind === "not-found";
  return refused(
    localPath,
    isGone
      ? new DfsError("changed", "disappeared while its folder was read", { path: localPath })
      : fromThreadError(error),
  );
}

function itemOf(localPath: string, names: readonly string[], found: Inspected): LocalItem {
  const { kind, mode, modifiedMs, sizeBytes, stamp } = found;
  if (kind === "directory") return { kind, localPath, names, mode, modifiedMs };
  if (kind === "file") return { kind, localPath, names, mode, modifiedMs, sizeBytes, stamp };
  const what = kind === "link" ? "a symbolic link" : "not a regular file";
  return refused(
    localPath,
    new DfsError("permission", `${what}: only regular files and directories can be stored`, { path: localPath }),
  );
}

function refused(localPath: string, error: DfsError): LocalItem {
  return { kind: "refused", localPath, error };
}
