import * as fc from "fast-check";
import { afterEach, expect, it } from "vitest";
import { type FindQuery, compileQuery } from "../../../src/core/find-query.ts";
import { findBelowMax } from "../../../src/core/limits.ts";
import { pathParts } from "../../../src/core/names.ts";
import type { NodeId } from "../../../src/core/ids.ts";
import { randomId } from "../../../src/peer/random-ids.ts";
import { startMs } from "../../catalogue/world.ts";
import { NameSpace, at } from "./name-space.ts";

const spaces: NameSpace[] = [];

function newSpace(): NameSpace {
  const space = new NameSpace();
  spaces.push(space);
  return space;
}

afterEach(async () => {
  for (const space of spaces.splice(0)) await space.stop();
});

/** What a walk of the tree finds. */
async function walked(space: NameSpace, query: FindQuery, path: string): Promise<string[]> {
  const passes = compileQuery(query);
  const found: string[] = [];
  for await (const entry of space.client.walk(at(path)))
    if (passes(entry, pathParts(entry.path).length - pathParts(at(path)).length)) found.push(entry.path);
  return found.toSorted();
}

async function pathsOf(space: NameSpace): Promise<{ path: string; kind: string }[]> {
  const found: { path: string; kind: string }[] = [];
  for await (const { path, kind } of space.client.walk(at("/"))) found.push({ path, kind });
  return found;
}

const anyAction = fc.record({
  action: fc.constantFrom(
    "mkdir",
    "mkdir",
    "file",
    "file",
    "file",
    "move",
    "copy",
    "remove",
    "rekey",
    "expire",
    "look",
  ),
  place: fc.nat(),
  otherPlace: fc.nat(),
  name: fc.constantFrom("a", "A", "b.txt", "Ä", "kİ", "*?[", ".c", "Résumé.TXT", 'a "bt" x', "x😀yz"),
  sizeBytes: fc.integer({ min: 1, max: 40 }),
  days: fc.integer({ min: 0, max: 3 }),
});
type Action = typeof anyAction extends fc.Arbitrary<infer Value> ? Value : never;

const dayMs = 24 * 60 * 60_000;
const anyQuery: fc.Arbitrary<FindQuery> = fc.record(
  {
    names: fc.array(
      fc.record({
        glob: fc.constantFrom(
          ..."* a ? *.TXT [a-b]* ä *i* K* % _ .* rÉs*.txt Résumé.* *😀yz ?*txt".split(" "),
          String.raw`\*\?\[`,
          '*"bt"*',
        ),
        ignoreCase: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
    kinds: fc.constantFrom([], ["file" as const], ["directory" as const]),
    sizeMinBytes: fc.nat(40),
    sizeMaxBytes: fc.nat(40),
    modifiedAfterMs: fc.nat(3).map((days) => startMs + days * dayMs),
    modifiedUntilMs: fc.nat(3).map((days) => startMs + days * dayMs),
    depthMin: fc.nat(3),
    depthMax: fc.nat(4),
  },
  { requiredKeys: [] },
);

/** Copies of copies double a tree; beyond this many entries it is not copied any more. */
const copiedPathsMax = 200;

async function act(space: NameSpace, { action, place, otherPlace, name, sizeBytes, days }: Action): Promise<void> {
  const paths = await pathsOf(space);
  const one = paths[place % paths.length]?.path ?? "/";
  const directories = paths.filter(({ kind }) => kind === "directory");
  const parent = directories[otherPlace % directories.length]?.path ?? "/";
  const target = `${parent === "/" ? "" : parent}/${name}`;
  const { client, world } = space;
  if (action === "mkdir") await client.mkdir(at(target));
  else if (action === "file")
    await space.file(target, {
      sizeBytes,
      modifiedMs: startMs + days * dayMs,
      expiresMs: days === 3 ? world.timeMs + dayMs : null,
    });
  else if (action === "move") await client.move(at(one), at(target));
  else if (action === "copy" && paths.length <= copiedPathsMax)
    await client.copy(at(one), at(target), { recursive: true });
  else if (action === "remove") await client.remove(at(one), { recursive: true });
  else if (action === "rekey") await space.rekey(one);
  else if (action === "expire") {
    world.timeMs += 2 * dayMs;
    world.asFounder({ op: "expire" });
  } else await space.find({ names: [{ glob: "a", ignoreCase: false }] });
}

it("FIND-1 finds what a walk finds, whatever was changed meanwhile", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyAction, { minLength: 5, maxLength: 40 }),
      fc.array(fc.tuple(anyQuery, fc.nat()), { minLength: 4, maxLength: 8 }),
      async (actions, queries) => {
        const space = new NameSpace();
        try {
          // What cannot be done is refused, and changes nothing.
          for (const action of actions) await act(space, action).catch(() => undefined);
          const paths = await pathsOf(space);
          for (const [query, place] of queries) {
            const path = paths[place % paths.length]?.path ?? "/";
            expect(await space.find(query, path)).toEqual(await walked(space, query, path));
          }
          const [last] = queries;
          expect(await space.find({ names: [{ glob: "*", ignoreCase: last !== undefined }] })).toEqual(
            await walked(space, {}, "/"),
          );
        } finally {
          await space.stop();
        }
      },
    ),
    { numRuns: 15 },
  );
});

it("FIND-9 tells which names cannot be opened, after those that can", { timeout: 60_000 }, async () => {
  const space = newSpace();
  await space.client.mkdir(at("/box/inner"), { parents: true });
  await space.file("/box/sound");
  const { node } = await space.namespace.require(at("/box"));
  const token = new Uint8Array(40).fill(9);
  const made = { op: "makeDirectory", parent: node, token, node: randomId<NodeId>(), parentGeneration: 1 } as const;
  space.world.asUser({ ...made, attributes: new Uint8Array(60), pastWrap: new Uint8Array(0) });
  const found: string[] = [];
  const reading = (async () => {
    for await (const { path } of space.client.find(at("/"), { depthMin: 1 })) found.push(path);
  })();
  await expect(reading).rejects.toMatchObject({ kind: "integrity", path: "/box/?" });
  expect(found.toSorted()).toEqual(["/box", "/box/inner", "/box/sound"]);
  expect(await space.find({}, "/box/inner")).toEqual(["/box/inner"]);
});

it(
  "FIND-1 finds all below a directory, however much that is, and nothing beside it",
  { timeout: 120_000 },
  async () => {
    const space = newSpace();
    for (const path of ["/some", "/some/below", "/many", "/many/below"]) await space.client.mkdir(at(path));
    const many = Array.from({ length: findBelowMax }, (_, place) => `/many/below/${place}`);
    await space.files([...many, "/some/below/1", "/some/1"]);
    const named = { names: [{ glob: "*", ignoreCase: false }] };
    expect(await space.find(named, "/some")).toEqual(["/some", "/some/1", "/some/below", "/some/below/1"]);
    expect(await space.find(named, "/many/below")).toEqual(["/many/below", ...many].toSorted());
    expect(await space.find(named, "/many")).toEqual(["/many", "/many/below", ...many].toSorted());
  },
);
