/** Operands as paths: of the network's files, and as the user wants to see them again. */
import type { DfsClient, Entry } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import { childPath, resolvePath } from "../core/names.ts";
import type { DfsPath } from "../core/names.ts";
import { pastPath, withZone } from "../core/past-path.ts";
import type { CommandContext } from "./command.ts";

/** The path that an operand names, from where the shell stands and at the time that is looked at. Fails with `invalid-name`, and `usage` for an empty one. */
export function remotePath(operand: string, context: Pick<CommandContext, "state" | "pastMs">): DfsPath {
  if (operand === "") throw new DfsError("usage", "a path cannot be empty");
  return pathIn(operand, context);
}

/** The same for a part of a pattern, which may be empty. */
export function pathIn(text: string, { state, pastMs }: Pick<CommandContext, "state" | "pastMs">): DfsPath {
  const path = typedPath(text, state.cwd);
  return pastMs === undefined ? path : pastPath(pastMs, path);
}

/** A path as it is typed; a time of the past that names no zone is that of the shell, wherever the peer runs. */
export function typedPath(text: string, cwd: DfsPath): DfsPath {
  return withZone(resolvePath(text, cwd));
}

/** How an entry below an operand is shown: the operand as typed, then the way down, as `find` does. */
export function shownPath(operand: string, operandPath: DfsPath, path: DfsPath): string {
  if (path === operandPath) return operand;
  const below = operandPath === "/" ? path.slice(1) : path.slice(operandPath.length + 1);
  return operand.endsWith("/") ? operand + below : `${operand}/${below}`;
}

/** The entry at `path`; `undefined` where there is none. */
export async function statIfThere(client: DfsClient, path: DfsPath, signal: AbortSignal): Promise<Entry | undefined> {
  try {
    return await client.stat(path, { signal });
  } catch (error) {
    if (toDfsError(error).kind === "not-found") return undefined;
    throw error;
  }
}

/** Gives the path that a source called `name` goes to, as `cp` decides: into an existing directory, else to the target itself. */
export type TargetRule = (name: string) => DfsPath;

/**
 * The rule for a target operand. Fails with `not-directory` (or `not-found`) when there are several sources or a
 * trailing slash, and the target is not a directory.
 */
export async function targetRule(target: string, sources: number, context: CommandContext): Promise<TargetRule> {
  const path = remotePath(target, context);
  const entry = await statIfThere(await context.client(), path, context.signal);
  if (entry?.kind === "directory") return (name) => childPath(path, name);
  if (sources > 1 || target.endsWith("/")) {
    const kind = entry === undefined ? "not-found" : "not-directory";
    throw new DfsError(kind, entry === undefined ? "no such directory" : "not a directory", { path: target });
  }
  return () => path;
}
