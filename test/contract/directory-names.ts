/** What every DfsClient tells of the names in a directory. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { DfsClient } from "../../src/core/client.ts";
import type { NamesOptions, NamesPage } from "../../src/core/directory-names.ts";
import { toDfsError } from "../../src/core/errors.ts";
import { type DfsPath, childPath, nameFault, resolvePath } from "../../src/core/names.ts";

const at = (path: string): DfsPath => resolvePath(path);

/** The same text begins many of them; bytes of UTF-8, units of UTF-16 and letters of a language order them differently. */
const pieces = ["a", "ab", "Z", "é", "e\u0301", "\uffee", "\u{1f600}", "\u{10000}", "猫", "1", "-", " "];
const anyName = fc
  .array(
    fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...pieces) }, fc.string({ unit: "grapheme", maxLength: 3 })),
    { maxLength: 5 },
  )
  .map((pieces) => pieces.join(""))
  .filter((name) => nameFault(name) === undefined);

/** In the order of their UTF-8. */
export function inOrder(names: readonly string[]): string[] {
  return names.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
}

/** All pages of the names in a directory; `between` is done after each but the last. */
export async function namePages(
  client: Pick<DfsClient, "names">,
  path: string,
  options: NamesOptions = {},
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<NamesPage[]> {
  const pages: NamesPage[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await client.names(at(path), { ...options, cursor });
    pages.push(page);
    cursor = page.next;
    if (cursor === undefined) return pages;
    await between();
  }
}

/** The names of pages, as they came. */
export function namesOn(pages: readonly NamesPage[]): string[] {
  return pages.flatMap(({ names }) => names.map(({ name }) => name));
}

async function kindOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (error) {
    return toDfsError(error).kind;
  }
}

/** Adds the suite for the names in a directory to that of a client. */
export function directoryNamesContract(opened: () => DfsClient): void {
  it("DIR-1 names come page by page, each once, in the order of their code points", { timeout: 60_000 }, async () => {
    const client = opened();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(anyName, { maxLength: 12 }),
        fc.array(fc.record({ limit: fc.integer({ min: 1, max: 13 }), prefix: fc.constantFrom("", ...pieces) })),
        async (names, looks) => {
          const path = at(`/names-${(runs += 1)}`);
          await client.mkdir(path);
          for (const name of names) await client.mkdir(childPath(path, name));
          const all: NamesOptions = {};
          for (const look of [all, ...looks]) {
            const pages = await namePages(client, path, look);
            const { limit = Infinity, prefix = "" } = look;
            expect(namesOn(pages)).toEqual(inOrder(names.filter((name) => name.startsWith(prefix))));
            expect(pages.every(({ isSorted }) => isSorted)).toBe(true);
            for (const page of pages) expect(page.names.length).toBeLessThanOrEqual(limit);
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it("DIR-2 what stays comes once, whatever changes between two pages", async () => {
    const client = opened();
    const staying = ["b", "d", "f", "h", "\u{1f600}"];
    await client.mkdir(at("/moving/in"), { parents: true });
    for (const name of [...staying, "a", "e", "g"]) await client.mkdir(at(`/moving/${name}`));
    // Two names a page: a b, d e, f h, and then what came behind.
    const work = [
      () => client.move(at("/moving/a"), at("/moving/z")),
      () => client.rmdir(at("/moving/e")),
      () => client.mkdir(at("/moving/\uffee")),
      () => client.move(at("/moving/g"), at("/moving/in/g")),
    ];
    const pages = await namePages(client, "/moving", { limit: 2 }, async () => work.shift()?.());
    expect(work).toHaveLength(0);
    const names = namesOn(pages);
    expect(names.filter((name) => staying.includes(name))).toEqual(inOrder(staying));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(["z", "\uffee"]));
    expect(namesOn(await namePages(client, "/moving"))).toEqual(inOrder([...staying, "in", "z", "\uffee"]));
  });

  it("DIR-3 the entries of names are what stat tells of them, without those that are not there", async () => {
    const client = opened();
    await client.mkdir(at("/some/directory"), { parents: true });
    const bytes = (async function* () {
      yield Buffer.from("content");
    })();
    await client.put({ sources: [{ kind: "stream", bytes, name: "s" }], target: at("/some/file") });
    const { entries, refused } = await client.entries(at("/some"), ["file", "gone", "directory"]);
    expect(entries).toEqual([await client.stat(at("/some/file")), await client.stat(at("/some/directory"))]);
    expect(refused).toBeUndefined();
    expect((await client.names(at("/some"))).names).toEqual([
      { name: "directory", kind: "directory" },
      { name: "file", kind: "file" },
    ]);
    expect(await client.entries(at("/some"), [])).toMatchObject({ entries: [] });
  });

  it("DIR-3 a path that is no directory and a cursor that is none are refused", async () => {
    const client = opened();
    const bytes = (async function* () {
      yield Buffer.from("content");
    })();
    await client.put({ sources: [{ kind: "stream", bytes, name: "s" }], target: at("/no-directory") });
    expect(await kindOf(client.names(at("/no-directory")))).toBe("not-directory");
    expect(await kindOf(client.names(at("/nowhere")))).toBe("not-found");
    expect(await kindOf(client.entries(at("/no-directory"), ["a"]))).toBe("not-directory");
    expect(await kindOf(client.entries(at("/nowhere"), ["a"]))).toBe("not-found");
    for (const cursor of ["x", "", "nowhere", "t-1"])
      expect(await kindOf(client.names(at("/"), { cursor })), cursor).toBe("usage");
  });

  it("DIR-2 a transaction sees the names that it changed", async () => {
    const client = opened();
    await client.mkdir(at("/in-transaction/a"), { parents: true });
    await client.mkdir(at("/in-transaction/b"));
    const transaction = await client.begin();
    await transaction.mkdir(at("/in-transaction/c"));
    await transaction.rmdir(at("/in-transaction/a"));
    expect(namesOn(await namePages(transaction, "/in-transaction", { limit: 1 }))).toEqual(["b", "c"]);
    const { entries } = await transaction.entries(at("/in-transaction"), ["a", "b", "c"]);
    expect(entries.map(({ name }) => name)).toEqual(["b", "c"]);
    await transaction.close();
    expect(namesOn(await namePages(client, "/in-transaction"))).toEqual(["a", "b"]);
  });
}
