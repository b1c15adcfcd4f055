/**
 * The names in a directory for one user: in their order by the index of names where it is up to date, or soon will be;
 * otherwise as the catalogue has them, whose order is that of their tokens.
 */
import type { ChildName, NamedEntries, NamesOptions, NamesPage } from "../../core/directory-names.ts";
import { DfsError } from "../../core/errors.ts";
import { namesGatheredMax, namesPageMax, pageRowsMax, refusedNamesMax } from "../../core/limits.ts";
import { FirstNames, compareNames } from "../../core/name-order.ts";
import type { DfsPath } from "../../core/names.ts";
import type { ReadCallOptions } from "../coordination/catalogue-access.ts";
import { atOneMoment } from "../coordination/read-moment.ts";
import type { Located, RefusedChild } from "../located.ts";
import type { Namespace } from "../namespace.ts";
import type { OwnNames } from "./name-finder.ts";
import type { NamesIndex } from "./names-index.ts";
import type { NamesIn } from "./names-messages.ts";

interface Parts {
  readonly namespace: Namespace;
  readonly names?: OwnNames | undefined;
}

/** Where a page begins: after a name, or after a token. */
type Start = { readonly afterName: string } | { readonly afterToken: Uint8Array };

interface Wanted extends ReadCallOptions {
  readonly directory: Located;
  readonly prefix: string;
  readonly limit: number;
}

/** As DirectoryClient.names. */
export async function namesOf(parts: Parts, path: DfsPath, options: NamesOptions): Promise<NamesPage> {
  const { cursor, limit = namesPageMax, prefix = "", ...given } = options;
  const reading = atOneMoment<ReadCallOptions>(given);
  const start = startAt(cursor);
  const directory = await parts.namespace.requireDirectory(path, reading);
  const wanted = { ...reading, directory, prefix, limit: Math.min(limit, namesPageMax) };
  if (start !== undefined && "afterToken" in start) return unsortedPage(parts, wanted, start.afterToken);
  return sortedPage(parts, wanted, start?.afterName);
}

/** As DirectoryClient.entries. */
export async function namedEntries(
  { namespace }: Parts,
  path: DfsPath,
  names: readonly string[],
  given: ReadCallOptions,
): Promise<NamedEntries> {
  const options = atOneMoment(given);
  if (names.length > pageRowsMax) throw new DfsError("usage", `more than ${pageRowsMax} names in one call`);
  const directory = await namespace.requireDirectory(path, options);
  const { children, refused } = await namespace.namedChildren(directory, names, options);
  return { entries: children.map(({ entry }) => entry), refused: errorsOf(refused) };
}

/** Few names are sorted here; the index has those of larger directories, if need be after a while. */
async function sortedPage(parts: Parts, wanted: Wanted, after: string | undefined): Promise<NamesPage> {
  const { names, namespace } = parts;
  const { directory } = wanted;
  const ready = await names?.readyAt(directory);
  if (ready !== undefined) {
    const page = await indexedPage(parts, ready, wanted, after ?? "");
    if (page !== undefined) return page;
  }
  const some = await somePages(namespace, wanted);
  if (some.at(-1)?.next === undefined) return selected(wanted, after ?? "", some);
  const index = ready === undefined ? await names?.at(directory) : undefined;
  if (index !== undefined && (await index.isSoonReady(wanted))) {
    const page = await indexedPage(parts, index, wanted, after ?? "");
    if (page !== undefined) return page;
  }
  if (after !== undefined) return selected(wanted, after, allPages(namespace, wanted));
  return unsortedPage(parts, wanted, undefined);
}

/** The first pages of a directory: all of them, where it is small. */
async function somePages(namespace: Namespace, wanted: Wanted): Promise<readonly Rows[]> {
  const pages: Rows[] = [];
  for await (const page of allPages(namespace, wanted)) {
    pages.push(page);
    if (pages.length * pageRowsMax >= namesGatheredMax) break;
  }
  return pages;
}

/** A page of the index; undefined where it does not know the directory. */
async function indexedPage(
  { namespace }: Parts,
  index: NamesIndex,
  wanted: Wanted,
  after: string,
): Promise<NamesPage | undefined> {
  const { directory, prefix, limit, ...reading } = wanted;
  const found = await lookedUp(index, { directory: directory.node, prefix, after, limit }, reading);
  if (found === null) return undefined;
  const texts = found.names === "" ? [] : found.names.split("/");
  const names = texts.map((name, at): ChildName => ({ name, kind: found.kinds[at] === "d" ? "directory" : "file" }));
  if (!found.isLast) return { names, isSorted: true, next: nameCursor(names) };
  return { names, isSorted: true, refused: found.hasRefused ? await refusedIn(namespace, wanted) : undefined };
}

/** Of an index that is up to date, and made anew where its file turns out to be damaged. */
async function lookedUp(
  index: NamesIndex,
  request: Parameters<NamesIndex["namesIn"]>[0],
  reading: ReadCallOptions,
): Promise<NamesIn | null> {
  await index.catchUp(reading);
  try {
    return await index.namesIn(request);
  } catch (error) {
    if (!(error instanceof DfsError) || error.kind !== "integrity") throw error;
    await index.catchUp(reading);
    return index.namesIn(request);
  }
}

type Rows = Awaited<ReturnType<Namespace["namesPage"]>>;

/** Looks through a directory of which something cannot be opened, to tell what. */
async function refusedIn(namespace: Namespace, wanted: Wanted): Promise<NamesPage["refused"]> {
  const refused: RefusedChild[] = [];
  for await (const page of allPages(namespace, wanted))
    refused.push(...page.refused.slice(0, refusedNamesMax - refused.length));
  return errorsOf(refused);
}

/** The first names after another one among all in a directory, in memory for one page. */
async function selected(
  { prefix, limit }: Wanted,
  after: string,
  pages: AsyncIterable<Rows> | Iterable<Rows>,
): Promise<NamesPage> {
  const first = new FirstNames<ChildName>(limit + 1);
  const refused: RefusedChild[] = [];
  for await (const page of pages) {
    for (const child of page.names)
      if (child.name.startsWith(prefix) && (after === "" || compareNames(child.name, after) > 0)) first.add(child);
    refused.push(...page.refused.slice(0, refusedNamesMax - refused.length));
  }
  const names = first.items.slice(0, limit);
  if (first.items.length > limit) return { names, isSorted: true, next: nameCursor(names) };
  return { names, isSorted: true, refused: errorsOf(refused) };
}

async function* allPages(namespace: Namespace, { directory, ...reading }: Wanted): AsyncGenerator<Rows> {
  let after: Uint8Array | undefined;
  do {
    const page = await namespace.namesPage(directory, after, pageRowsMax, reading);
    yield page;
    after = page.next;
  } while (after !== undefined);
}

async function unsortedPage(
  { namespace }: Parts,
  { directory, limit, prefix, ...reading }: Wanted,
  after: Uint8Array | undefined,
): Promise<NamesPage> {
  const { names, refused, next } = await namespace.namesPage(directory, after, Math.min(limit, pageRowsMax), reading);
  return {
    names: names.filter(({ name }) => name.startsWith(prefix)),
    isSorted: false,
    refused: errorsOf(refused),
    next: next === undefined ? undefined : `t${Buffer.from(next).toString("hex")}`,
  };
}

function errorsOf(refused: readonly RefusedChild[]): readonly DfsError[] | undefined {
  return refused.length === 0 ? undefined : refused.map(({ error }) => error);
}

function nameCursor(names: readonly ChildName[]): string {
  return `n${Buffer.from(names.at(-1)?.name ?? "").toString("hex")}`;
}

/** Where a cursor says that the next page starts. Fails with `usage` on anything that was not a cursor. */
function startAt(cursor: string | undefined): Start | undefined {
  if (cursor === undefined) return undefined;
  if (!/^[nt]([0-9a-f]{2})+$/.test(cursor)) throw new DfsError("usage", "not the cursor of names");
  const bytes = Buffer.from(cursor.slice(1), "hex");
  return cursor.startsWith("n") ? { afterName: bytes.toString("utf8") } : { afterToken: bytes };
}
