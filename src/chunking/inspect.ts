/**
 * What names of this machine's file system stand for, many in one piece of work: asked one by one, through Node's own
 * threads, each costs ten times its system call.
 */
import { type BigIntStats, lstatSync } from "node:fs";
import { toDfsError } from "../core/errors.ts";
import { stampOf } from "../core/file-stamp.ts";
import { type FileStat, type ThreadError, toThreadError } from "./chunking-messages.ts";

/** What is at a path: links are not followed, and `special` is what can be neither listed nor read. */
export interface Inspected extends FileStat {
  readonly kind: "file" | "directory" | "link" | "special";
}

/** One outcome; nothing is at the path where the error is `not-found`. */
export type Inspection = Inspected | { readonly error: ThreadError };

/** One outcome for each path, in their order. */
export function inspectAll(paths: readonly string[]): readonly Inspection[] {
  return paths.map((path) => {
    try {
      return inspectedOf(lstatSync(path, { bigint: true }));
    } catch (error) {
      return { error: toThreadError(toDfsError(error, { path })) };
    }
  });
}

function inspectedOf(status: BigIntStats): Inspected {
  return {
    kind: kindOf(status),
    sizeBytes: Number(status.size),
    mode: Number(status.mode) & 0o7777,
    modifiedMs: Number(status.mtimeNs) / 1e6,
    stamp: stampOf(status),
  };
}

function kindOf(status: BigIntStats): Inspected["kind"] {
  if (status.isFile()) return "file";
  if (status.isDirectory()) return "directory";
  return status.isSymbolicLink() ? "link" : "special";
}
