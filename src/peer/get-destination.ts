/** Where a source of a get goes. */
import type { GetRequest } from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import { checkLocalName } from "../core/local-names.ts";
import { type DfsPath, baseName, rootPath } from "../core/names.ts";
import { timeAndPath } from "../core/past-path.ts";
import { localStatus } from "./local-target.ts";
import { type TargetEntry, TargetFolder } from "./target-folder.ts";

/** To an entry of a folder, or (the root of the file space) into a folder that is there. */
export type Destination = TargetEntry | { readonly folder: TargetFolder; readonly name: undefined };

/**
 * As with `cp`: into an existing directory under the source's own name, else the one source becomes the target. Fails with
 * `not-found` and `not-directory` where several sources have no directory to go into, with `invalid-name`, and as
 * `TargetFolder.open` does.
 */
export async function destinationOf(
  source: DfsPath,
  { target, sources }: Pick<GetRequest, "target" | "sources">,
  platform: NodeJS.Platform,
): Promise<Destination> {
  const options = { platform };
  const status = await localStatus(target);
  if (status?.kind === "directory") {
    if (timeAndPath(source).path === rootPath)
      return { folder: await TargetFolder.open(target, options), name: undefined };
    const name = checkLocalName(baseName(source), platform);
    return { folder: await TargetFolder.open(target, options), name };
  }
  if (sources.length > 1) {
    const why = status === undefined ? "no such directory" : "not a directory";
    throw new DfsError(
      status === undefined ? "not-found" : "not-directory",
      `${why}; several sources need a directory to go into`,
      { path: target },
    );
  }
  return TargetFolder.around(target, options);
}
