/** When a put is well-formed, when it may replace the file that is there, and when it has nothing to do. */
import type { PutRequest } from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import type { FileKey } from "../core/ids.ts";
import { copiesMax } from "../core/limits.ts";
import type { DfsPath } from "../core/names.ts";
import type { Located } from "./located.ts";

/** What a local file or stream came to. */
interface PutContent {
  readonly fileKey: FileKey;
  readonly mode: number;
  readonly modifiedMs: number;
}

/** Fails with `usage` when the request asks for what cannot be. */
export function checkPutRequest({ sources, ifRevision, expiresMs, copies }: PutRequest, nowMs: number): void {
  if (copies !== undefined && !(Number.isSafeInteger(copies) && copies >= 1 && copies <= copiesMax))
    throw new DfsError("usage", `not a number of copies: ${copies}; give 1 to ${copiesMax}`);
  if (ifRevision !== undefined && sources.length !== 1)
    throw new DfsError("usage", "a revision can be asked for with one file as source, and not with several");
  if (ifRevision !== undefined && !(Number.isSafeInteger(ifRevision) && ifRevision >= 0))
    throw new DfsError("usage", `not a revision: ${ifRevision}; give the file's present one, or 0 for a new file`);
  if (expiresMs !== undefined && !(Number.isSafeInteger(expiresMs) && expiresMs > nowMs))
    throw new DfsError("usage", "the file would have expired already; give a time to come");
}

/** Fails with `not-found` or `not-directory` when several sources have no directory to go into. */
export function checkTarget({ sources, target }: PutRequest, place: Located | undefined): void {
  if (sources.length === 1 || place?.entry.kind === "directory") return;
  const why = place === undefined ? "no such directory" : "not a directory";
  throw new DfsError(
    place === undefined ? "not-found" : "not-directory",
    `${why}; several sources need a directory to go into`,
    { path: target },
  );
}

/** Fails with `conflict` unless the file is at the revision that the request asks for. */
export function checkRevision({ ifRevision }: PutRequest, existing: Located | undefined, path: DfsPath): void {
  const revision = existing?.entry.revision ?? 0;
  if (ifRevision !== undefined && ifRevision !== revision) throw revisionConflict(revision, ifRevision, path);
}

/** The `conflict` of a put whose file is at another revision than it has to be; 0 stands for no file. */
export function revisionConflict(revision: number, wanted: number, path: DfsPath): DfsError {
  const found = revision === 0 ? "there is no such file (revision 0)" : `the file is at revision ${revision}`;
  return new DfsError("conflict", `${found}, and not at revision ${wanted}; nothing was put`, { path });
}

/** Whether a file that is there already may be skipped without being read. */
export function isSkipped(
  { resume, ifRevision }: PutRequest,
  { entry }: Located,
  local: { readonly sizeBytes: number; readonly modifiedMs: number },
): boolean {
  const isAlike = entry.sizeBytes === local.sizeBytes && isSameTime(entry.modifiedMs, local.modifiedMs);
  return resume === true && ifRevision === undefined && isAlike;
}

/** Fails with `exists` when the size alone tells that the file would be replaced, and it may not be. */
export function checkSize(request: PutRequest, existing: Located, sizeBytes: number, path: DfsPath): void {
  if (!mayReplace(request) && existing.entry.sizeBytes !== sizeBytes) throw alreadyThere("content", path);
}

/**
 * Whether the file that is there already is what would be put. One that is asked for by its revision always gets a new
 * one, so that of two who ask for the same only one can succeed. Fails with `exists` when it differs and may not be
 * replaced.
 */
export function isUnchanged(request: PutRequest, existing: Located, content: PutContent, path: DfsPath): boolean {
  const { entry } = existing;
  const isSameContent = existing.content?.fileKey === content.fileKey;
  const isSame = isSameContent && entry.expiresMs === request.expiresMs;
  if (!mayReplace(request) && !isSame) throw alreadyThere(isSameContent ? "expiry" : "content", path);
  if (request.ifRevision !== undefined || !isSame) return false;
  const isAlike = entry.mode === content.mode && isSameTime(entry.modifiedMs, content.modifiedMs);
  return isAlike || request.force !== true;
}

/** Whether there is nothing to do for a file that is there with the content that would be put, and stays until it is removed. */
export function isAsAsked(
  { copies, expiresMs, force, ifRevision }: PutRequest,
  there: { readonly mode: number; readonly modifiedMs: number; readonly copiesWanted: number },
  local: { readonly modifiedMs: number; readonly found?: { readonly mode: number } | undefined },
): boolean {
  if (ifRevision !== undefined || expiresMs !== undefined) return false;
  if (force !== true) return true;
  const isAlike = there.mode === local.found?.mode && isSameTime(there.modifiedMs, local.modifiedMs);
  return isAlike && (copies === undefined || copies === there.copiesWanted);
}

function mayReplace({ force, ifRevision }: PutRequest): boolean {
  return force === true || ifRevision !== undefined;
}

function alreadyThere(difference: "content" | "expiry", path: DfsPath): DfsError {
  return new DfsError("exists", `exists with other ${difference}; use -f to put a new revision`, { path });
}

function isSameTime(oneMs: number, otherMs: number): boolean {
  return Math.abs(oneMs - otherMs) < 1;
}
