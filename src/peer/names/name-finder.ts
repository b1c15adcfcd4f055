/** `find` for one user: by the index of names where there is one, and by a walk where not. */
import { type Entry, type FindOptions, type Found } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import { type FindQuery, asksForTime, compileQuery } from "../../core/find-query.ts";
import type { UserId } from "../../core/ids.ts";
import { findLookupsAtOnce } from "../../core/limits.ts";
import { type DfsPath, childPath, parentPath } from "../../core/names.ts";
import type { UserKeys } from "../../identity/user-keys.ts";
import type { Located } from "../located.ts";
import type { Namespace, ReadManyOptions } from "../namespace.ts";
import { RefusedEntries } from "../refused-entries.ts";
import type { Hit, HitPage } from "./names-messages.ts";
import type { NamesIndex } from "./names-index.ts";
import type { NamesIndexes } from "./names-indexes.ts";

type Query = FindQuery;
type Test = ReturnType<typeof compileQuery>;

/** The indexes that one login may use. */
export class OwnNames {
  readonly #indexes: NamesIndexes;
  readonly #users: readonly UserKeys[];
  readonly #held = new Set<UserId>();
  #isReleased = false;

  /** `users` are those whose root keys are known: the user, and the shared one. */
  constructor(indexes: NamesIndexes, users: readonly UserKeys[]) {
    this.#indexes = indexes;
    this.#users = users;
  }

  /** The index of a user's names; undefined for a user whose keys are not known. */
  async of(owner: UserId): Promise<NamesIndex | undefined> {
    const keys = this.#users.find(({ userId }) => userId === owner);
    if (keys === undefined || this.#isReleased) return undefined;
    this.#held.add(owner);
    return this.#indexes.acquire(keys, this);
  }

  /** The index that has what is in a directory; undefined for a door, in the past, and where the owner's keys are not known. */
  async at({ door, space }: Located): Promise<NamesIndex | undefined> {
    return door === undefined && space.past === undefined ? this.of(space.owner) : undefined;
  }

  /** The same, but undefined while it would have to be opened or made first. */
  async readyAt(directory: Located): Promise<NamesIndex | undefined> {
    return this.#indexes.isReady(directory.space.owner) ? this.at(directory) : undefined;
  }

  /** Lets go of the indexes; there are none any more. */
  async release(): Promise<void> {
    this.#isReleased = true;
    await Promise.all(Array.from(this.#held, (owner) => this.#indexes.release(owner, this)));
  }
}

/** What is at `path` and below it, as far as it passes the query. */
export async function* findNames(
  { namespace, names }: { readonly namespace: Namespace; readonly names?: OwnNames | undefined },
  path: DfsPath,
  query: Query,
  options: FindOptions,
): AsyncGenerator<Found> {
  const base = await namespace.require(path, options);
  const test = compileQuery(query);
  if (test(base.entry, 0)) yield found(base.entry, options);
  if (base.entry.kind === "file") return;
  const index = isBetterWalked(query) ? undefined : await names?.at(base);
  if (index === undefined) yield* walkAll(namespace, base, query, options, test);
  else yield* new IndexedFind({ namespace, index, base, query, options, test }).run();
}

/** Whether an index helps: not where only one directory is listed, nor where all that it could tell is not asked for. */
function isBetterWalked({ names = [], sizeMinBytes, kinds = [], depthMax = Infinity, ...query }: Query): boolean {
  const isAboutNames = names.length > 0 || sizeMinBytes !== undefined || kinds.includes("directory");
  return depthMax <= 1 || (asksForTime(query) && !isAboutNames);
}

/** Goes on where something cannot be read, and fails with the first of it in the end. */
async function* walkAll(
  namespace: Namespace,
  base: Located,
  query: Query,
  options: FindOptions,
  test: Test,
): AsyncGenerator<Found> {
  const refused = new RefusedEntries();
  yield* walk(namespace, base, query, { ...options, onRefused: refused.note }, test, 1);
  refused.end(base.path);
}

async function* walk(
  namespace: Namespace,
  directory: Located,
  query: Query,
  options: FindOptions & ReadManyOptions,
  test: Test,
  depth: number,
): AsyncGenerator<Found> {
  if (depth > (query.depthMax ?? Infinity)) return;
  for await (const child of namespace.children(directory, options)) {
    if (test(child.entry, depth)) yield found(child.entry, options);
    if (child.entry.kind === "directory") yield* walk(namespace, child, query, options, test, depth + 1);
  }
}

function found(entry: Entry, { whole }: FindOptions): Found {
  const { kind, path } = entry;
  return whole === true ? { kind, path, entry } : { kind, path };
}

interface IndexedParts {
  readonly namespace: Namespace;
  readonly index: NamesIndex;
  readonly base: Located;
  readonly query: Query;
  readonly options: FindOptions;
  readonly test: Test;
}

class IndexedFind {
  readonly #parts: IndexedParts;
  /** The directory that was looked into last. */
  #directory: Promise<Located | undefined> = Promise.resolve(undefined);
  #directoryPath: DfsPath | undefined;

  constructor(parts: IndexedParts) {
    this.#parts = parts;
  }

  async *run(): AsyncGenerator<Found> {
    const { options } = this.#parts;
    let after: number | null = 0;
    let refused: HitPage["refused"] = [];
    while (after !== null) {
      options.signal?.throwIfAborted();
      const page: HitPage = after === 0 ? await this.#firstPage() : await this.#page(after);
      yield* this.#found(page.hits);
      after = page.next;
      refused = page.refused;
    }
    await this.#tellRefused(refused);
  }

  /** Of an index that is up to date, and made anew where its file turns out to be damaged. */
  async #firstPage(): Promise<HitPage> {
    const { index, options } = this.#parts;
    await index.catchUp(options);
    try {
      return await this.#page(0);
    } catch (error) {
      if (!(error instanceof DfsError) || error.kind !== "integrity") throw error;
      await index.catchUp(options);
      return this.#page(0);
    }
  }

  /** Looks into the directories where something could not be opened, to tell what. */
  async #tellRefused(directories: HitPage["refused"]): Promise<void> {
    const { base, namespace, options } = this.#parts;
    const refused = new RefusedEntries();
    for (const names of directories) {
      const directory = await namespace.locate(below(base.path, names), options);
      if (directory === undefined || directory.content !== undefined) continue;
      for await (const _ of namespace.children(directory, { ...options, onRefused: refused.note }));
    }
    refused.end(base.path);
  }

  #page(after: number): Promise<HitPage> {
    const { index, base, query } = this.#parts;
    return index.search({ base: base.node, query, after });
  }

  async *#found(hits: readonly Hit[]): AsyncGenerator<Found> {
    const { base, options, query } = this.#parts;
    const needsEntry = options.whole === true || asksForTime(query);
    for (let from = 0; from < hits.length; from += findLookupsAtOnce) {
      const some = hits.slice(from, from + findLookupsAtOnce);
      if (needsEntry) {
        for (const result of await Promise.all(some.map((hit) => this.#look(hit))))
          if (result !== undefined) yield result;
      } else for (const { kind, names } of some) yield { kind, path: below(base.path, names) };
    }
  }

  /** The whole entry; undefined where it is there no more, or its time is another. */
  async #look({ names }: Hit): Promise<Found | undefined> {
    const { base, namespace, options, test } = this.#parts;
    const path = below(base.path, names);
    const directory = await this.#directoryAt(parentPath(path));
    const child = directory && (await namespace.child(directory, names.at(-1) ?? "", options));
    return child === undefined || !test(child.entry, names.length) ? undefined : found(child.entry, options);
  }

  #directoryAt(path: DfsPath): Promise<Located | undefined> {
    const { base, namespace, options } = this.#parts;
    if (path === base.path) return Promise.resolve(base);
    if (path !== this.#directoryPath) {
      this.#directoryPath = path;
      this.#directory = namespace
        .locate(path, options)
        .then((place) => (place?.content === undefined ? place : undefined));
    }
    return this.#directory;
  }
}

function below(path: DfsPath, names: readonly string[]): DfsPath {
  return names.reduce(childPath, path);
}
