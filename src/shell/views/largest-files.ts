/** The files of one directory, in bounded memory: the largest of them, and what the others come to. */
import type { DfsClient } from "../../core/client.ts";
import type { DfsPath } from "../../core/names.ts";
import { printable } from "../../core/names.ts";
import type { ReadCalls } from "../command.ts";
import type { Sums } from "../sums.ts";
import { type Totals, addTotals, noTotals, ownTotals } from "./du-tree.ts";

interface ListedFile {
  readonly name: string;
  readonly totals: Totals;
}

export interface LargestFiles {
  readonly files: readonly ListedFile[];
  /** Files that were too many to list, and too small. */
  readonly rest: Totals;
  /** Why entries were left out, where some were. */
  readonly refused: string | undefined;
}

/** Reads a directory page by page, and keeps its `most` largest files by one of their sums. Fails as DfsClient.list does. */
export async function largestFiles(
  client: DfsClient,
  path: DfsPath,
  measure: keyof Sums,
  most: number,
  reads: ReadCalls,
): Promise<LargestFiles> {
  let files: ListedFile[] = [];
  const rest = noTotals();
  let refused: string | undefined;
  let cursor: string | undefined;
  const cut = (): void => {
    files.sort((one, other) => other.totals.sums[measure] - one.totals.sums[measure]);
    for (const { totals } of files.slice(most)) addTotals(rest, totals);
    files = files.slice(0, most);
  };
  do {
    const page = await client.list(path, { ...reads, cursor });
    for (const entry of page.entries)
      if (entry.kind === "file") files.push({ name: entry.name, totals: ownTotals(entry) });
    const [first] = page.refused ?? [];
    if (first !== undefined) refused ??= printable(first.message);
    if (files.length >= 2 * most) cut();
    cursor = page.next;
  } while (cursor !== undefined);
  cut();
  return { files, rest, refused };
}
