/** The names in a directory in memory, page by page. */
import type { NamesOptions, NamesPage } from "../../src/core/directory-names.ts";
import { DfsError } from "../../src/core/errors.ts";
import { compareNames } from "../../src/core/name-order.ts";
import type { DirectoryNode } from "./memory-tree.ts";

interface PageOptions {
  readonly pageEntries?: number | undefined;
  readonly isUnsorted?: boolean | undefined;
}

const usualEntries = 500;

/** As DirectoryClient.names: a sorted page goes on after a name, another one after so many names. */
export function namesPage(
  { children }: DirectoryNode,
  { cursor, limit = usualEntries, prefix = "" }: NamesOptions,
  { pageEntries = usualEntries, isUnsorted = false }: PageOptions,
): NamesPage {
  if (cursor !== undefined && !/^(n\/.+|t\d+)$/su.test(cursor)) throw new DfsError("usage", "not the cursor of names");
  const size = Math.min(limit, pageEntries);
  const isSorted = cursor === undefined ? !isUnsorted || children.size <= pageEntries : cursor.startsWith("n");
  const all = isSorted ? [...children.keys()].sort(compareNames) : [...children.keys()].reverse();
  const rest = isSorted
    ? all.filter((name) => name.startsWith(prefix) && compareNames(name, cursor?.slice(2) ?? "") > 0)
    : all.slice(Number(cursor?.slice(1) ?? 0));
  const page = rest.slice(0, size);
  const next = isSorted ? `n/${page.at(-1)}` : `t${all.length - rest.length + size}`;
  return {
    names: page
      .filter((name) => name.startsWith(prefix))
      .map((name) => ({ name, kind: children.get(name)?.kind ?? "file" })),
    isSorted,
    next: rest.length > size ? next : undefined,
  };
}
