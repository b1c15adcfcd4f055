/** Directories as the commands want them: page after page, or sorted by name. */
import type { DfsClient, Entry } from "../core/client.ts";
import type { DfsError } from "../core/errors.ts";
import type { ChildName, NamesOptions, NamesPage } from "../core/directory-names.ts";
import { namesPageMax, pageRowsMax } from "../core/limits.ts";
import { FirstNames } from "../core/name-order.ts";
import type { DfsPath } from "../core/names.ts";
import type { CommandContext, ReadCalls } from "./command.ts";

export { compareNames } from "../core/name-order.ts";

/** Hears why an entry of a directory is left out. */
type OnRefused = (error: DfsError) => void;

/** The entries of a directory, page after page, in no particular order. Fails as `client.list` does. */
export async function* listPages(
  client: DfsClient,
  path: DfsPath,
  reads: ReadCalls,
  onRefused?: OnRefused,
): AsyncGenerator<Entry> {
  let cursor: string | undefined;
  do {
    const page = await client.list(path, { cursor, ...reads });
    for (const error of page.refused ?? []) onRefused?.(error);
    yield* page.entries;
    cursor = page.next;
  } while (cursor !== undefined);
}

/**
 * The names in a directory, sorted, in batches as they come. Memory holds one batch where the peer sorts them, and
 * otherwise all names. Fails as `client.names` does.
 */
export async function* sortedNames(
  client: DfsClient,
  path: DfsPath,
  reads: ReadCalls,
  { onRefused, prefix }: { readonly onRefused?: OnRefused; readonly prefix?: string } = {},
): AsyncGenerator<readonly ChildName[]> {
  const unsorted: ChildName[] = [];
  for await (const page of namesPages(client, path, { ...reads, prefix }, onRefused)) {
    if (!page.isSorted) unsorted.push(...page.names);
    else if (page.names.length > 0) yield page.names;
  }
  const sorted = new FirstNames<ChildName>(unsorted.length);
  for (const child of unsorted) sorted.add(child);
  const { items } = sorted;
  for (let at = 0; at < items.length; at += namesPageMax) yield items.slice(at, at + namesPageMax);
}

/**
 * The first names in a directory, sorted, that start with the prefix, but with an empty one none that start with a dot.
 * Memory holds as many as are wanted. Fails as `client.names` does.
 */
export async function firstNames(
  client: DfsClient,
  path: DfsPath,
  { prefix, namesMax }: { readonly prefix: string; readonly namesMax: number },
  reads: ReadCalls,
): Promise<readonly ChildName[]> {
  const first = new FirstNames<ChildName>(namesMax);
  for await (const { names, isSorted } of namesPages(client, path, { ...reads, prefix, limit: namesMax })) {
    for (const child of names) if (prefix !== "" || !child.name.startsWith(".")) first.add(child);
    if (isSorted && first.items.length === namesMax) break;
  }
  return first.items;
}

async function* namesPages(
  client: DfsClient,
  path: DfsPath,
  options: NamesOptions,
  onRefused?: OnRefused,
): AsyncGenerator<NamesPage> {
  let cursor: string | undefined;
  do {
    const page = await client.names(path, { ...options, cursor });
    for (const error of page.refused ?? []) onRefused?.(error);
    yield page;
    cursor = page.next;
  } while (cursor !== undefined);
}

/** The entries of some names in a directory, in their order. Fails as `client.entries` does. */
export async function* namedEntries(
  client: DfsClient,
  path: DfsPath,
  names: readonly ChildName[],
  reads: ReadCalls,
  onRefused?: OnRefused,
): AsyncGenerator<readonly Entry[]> {
  for (let at = 0; at < names.length; at += pageRowsMax) {
    const some = names.slice(at, at + pageRowsMax).map(({ name }) => name);
    const { entries, refused } = await client.entries(path, some, reads);
    for (const error of refused ?? []) onRefused?.(error);
    yield entries;
  }
}

/** Tells what was left out of what was shown, each on a line. Returns the exit code: 1 where anything was. */
export async function reportRefused(refused: readonly DfsError[], context: CommandContext): Promise<number> {
  for (const error of refused) await context.report(error);
  return refused.length > 0 ? 1 : 0;
}
