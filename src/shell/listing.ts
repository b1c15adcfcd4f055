/** Directories as the commands want them: all pages, sorted by name. */
import type { DfsClient, Entry } from "../core/client.ts";
import type { DfsError } from "../core/errors.ts";
import type { DfsPath } from "../core/names.ts";
import type { CommandContext, ReadCalls } from "./command.ts";

const surrogateMin = 0xd800;
const surrogateMax = 0xdfff;

/** Orders names by their code points, whatever the locale. */
export function compareNames(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const leftUnit = left.charCodeAt(at);
    const rightUnit = right.charCodeAt(at);
    if (leftUnit !== rightUnit) return codePointRank(leftUnit) - codePointRank(rightUnit);
  }
  return left.length - right.length;
}

/** UTF-16 puts surrogates below U+E000 to U+FFFF; what they encode stands above. */
function codePointRank(unit: number): number {
  return unit >= surrogateMin && unit <= surrogateMax ? unit + 0x10000 : unit;
}

/** The first of many names in their order, as many as wanted; memory is bounded by that. */
export class FirstNames {
  readonly #namesMax: number;
  #kept: Pick<Entry, "name" | "kind">[] = [];

  constructor(namesMax: number) {
    this.#namesMax = namesMax;
  }

  add(name: string, kind: Entry["kind"]): void {
    this.#kept.push({ name, kind });
    if (this.#kept.length >= 2 * this.#namesMax) this.#kept = this.#first();
  }

  get names(): readonly Pick<Entry, "name" | "kind">[] {
    return this.#first();
  }

  #first(): Pick<Entry, "name" | "kind">[] {
    return this.#kept.sort((left, right) => compareNames(left.name, right.name)).slice(0, this.#namesMax);
  }
}

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

/** All entries of a directory, sorted by name. Holds one directory in memory. Fails as `client.list` does. */
export async function sortedEntries(
  client: DfsClient,
  path: DfsPath,
  reads: ReadCalls,
  onRefused?: OnRefused,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of listPages(client, path, reads, onRefused)) entries.push(entry);
  return entries.sort((left, right) => compareNames(left.name, right.name));
}

/** Tells what was left out of what was shown, each on a line. Returns the exit code: 1 where anything was. */
export async function reportRefused(refused: readonly DfsError[], context: CommandContext): Promise<number> {
  for (const error of refused) await context.report(error);
  return refused.length > 0 ? 1 : 0;
}
