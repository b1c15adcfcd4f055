import { decode, encode } from "cborg";
import { parse } from "valibot";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EntryRow } from "../../src/catalogue/rows.ts";
import { rowSchemas } from "../../src/catalogue/rows.ts";
import type { UserName } from "../../src/core/ids.ts";
import { attributesBytesMax, pageBytesMax, pageRowsMax } from "../../src/core/limits.ts";
import {
  type Person,
  World,
  fileKey,
  founder,
  founderShelf,
  id,
  makeDirectory,
  move,
  ok,
  putFile,
  removeEntry,
  root,
} from "./world.ts";
import { shared, startMs, token } from "./world.ts";

let world: World;
beforeEach(() => {
  world = World.founded();
});
afterEach(() => world[Symbol.dispose]());

/** All tokens of the root, gathered page by page, and how many rows each page had. */
function gather(limit: number | undefined, at?: number): { names: string[]; sizes: number[] } {
  const names: string[] = [];
  const sizes: number[] = [];
  let after: Uint8Array | undefined;
  do {
    const page = world.catalogue.list(shared.userId, root, {
      after,
      limit,
      at: at === undefined ? undefined : { index: at },
    });
    names.push(...page.rows.map((row) => Buffer.from(row.token).toString()));
    sizes.push(page.rows.length);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return { names, sizes };
}

describe("listing", () => {
  it("CAT-50 pages hold every name once, in the order of the tokens, and the last page says so", () => {
    const names = Array.from({ length: 10 }, (_, place) => `name ${place}`);
    ok(world.asUser(...names.toReversed().map((name) => putFile(name))));
    expect(gather(3)).toEqual({ names, sizes: [3, 3, 3, 1] });
    expect(gather(5)).toEqual({ names, sizes: [5, 5] });
    expect(gather(0).sizes).toHaveLength(10);
    expect(world.catalogue.list(shared.userId, id("nowhere"))).toEqual({ rows: [], next: null });
  });

  it("CAT-50 a page is no longer than a page may be, in rows and in bytes", () => {
    for (let batch = 0; batch < 6; batch += 1)
      ok(world.asUser(...Array.from({ length: 100 }, (_, place) => putFile(`${batch} ${place}`))));
    expect(gather(10_000).sizes).toEqual([pageRowsMax, 100]);
    const attributes = new Uint8Array(attributesBytesMax);
    for (let batch = 0; batch < 3; batch += 1)
      ok(
        world.asUser(...Array.from({ length: 100 }, (_, place) => putFile(`heavy ${batch} ${place}`, { attributes }))),
      );
    const { rows } = world.catalogue.list(shared.userId, root, { after: token("heavy ") });
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.length * attributesBytesMax).toBeLessThanOrEqual(pageBytesMax);
    expect(gather(undefined).names).toHaveLength(900);
  });

  it("DIR-7 some names are told at once, as many as an answer may hold", () => {
    const attributes = new Uint8Array(attributesBytesMax);
    const names = Array.from({ length: 100 }, (_, place) => `heavy ${place}`);
    for (let batch = 0; batch < 5; batch += 1)
      ok(world.asUser(...names.map((name) => putFile(`${name} of ${batch}`, { attributes }))));
    const asked = ["nothing", "heavy 3 of 2", "nor this", "heavy 7 of 1"].map(token);
    const rows = world.catalogue.entries(shared.userId, root, asked);
    expect(rows).toEqual(asked.map((each) => world.catalogue.entry(shared.userId, root, each) ?? null));
    expect(rows.map((row) => row !== null)).toEqual([false, true, false, true]);
    const all = Array.from({ length: 5 }, (_, batch) => names.map((name) => token(`${name} of ${batch}`))).flat();
    const most = world.catalogue.entries(shared.userId, root, all);
    expect(most.length).toBeGreaterThan(1);
    expect(most.length * attributesBytesMax).toBeLessThanOrEqual(pageBytesMax);
    const few = world.catalogue.entries(shared.userId, root, [...asked, ...all, ...all]);
    expect(few.length).toBeLessThanOrEqual(pageRowsMax);
  });

  it("CAT-51 the past is as it was, for names, moves, removals and revisions", () => {
    const at: number[] = [];
    const step = (...operations: Parameters<World["asUser"]>): void => {
      ok(world.asUser(...operations));
      at.push(world.catalogue.appliedIndex());
    };
    step(putFile("a"), makeDirectory("d"));
    step(putFile("a", { baseRevision: 1, sizeBytes: 7 }), putFile("a", { baseRevision: 2, sizeBytes: 8 }));
    step(move("a", "b", { toParent: id("d") }));
    step(removeEntry("a", "file", { parent: id("d"), token: token("b") }), removeEntry("d", "directory"));
    const look = (name: string, place: number, parent = root): EntryRow | undefined =>
      world.catalogue.entry(shared.userId, parent, token(name), { index: at[place] ?? 0 });
    expect([0, 1, 2, 3].map((place) => look("a", place)?.revision)).toEqual([1, 3, undefined, undefined]);
    expect([0, 1, 2, 3].map((place) => look("a", place)?.sizeBytes)).toEqual([100, 8, undefined, undefined]);
    expect([0, 1, 2, 3].map((place) => look("b", place, id("d"))?.revision)).toEqual([
      undefined,
      undefined,
      3,
      undefined,
    ]);
    expect([0, 1, 2, 3].map((place) => gather(1, at[place]).names)).toEqual([["a", "d"], ["a", "d"], ["d"], []]);
    expect(look("a", 1)).toMatchObject({ historyBytes: 232, addedBytes: 116 });
  });
});

describe("rows on the wire", () => {
  it("CAT-52 every query's answer passes through CBOR and its schema unchanged", () => {
    ok(world.asUser(putFile("a"), makeDirectory("d"), putFile("gone"), removeEntry("gone")));
    const invite = {
      op: "addInvite",
      hash: new Uint8Array(32),
      expiresMs: startMs + 9,
      uses: 3,
      role: "client",
    } as const;
    ok(world.asFounder(invite));
    const [ann] = world.withUsers("ann") as [Person];
    ok(world.as(ann, { op: "setQuota", user: ann.keys.userId, quotaBytes: 5 }));
    const { catalogue } = world;
    const changes = catalogue.changes(shared.userId, { sinceIndex: 0, limit: 3 });
    const answers = [
      [rowSchemas.entry, catalogue.entry(shared.userId, root, token("a"))],
      [rowSchemas.entry, catalogue.entry(shared.userId, root, token("d"))],
      [rowSchemas.directoryPage, catalogue.list(shared.userId, root)],
      [rowSchemas.directoryPage, catalogue.list(shared.userId, root, { limit: 1 })],
      [rowSchemas.revision, catalogue.revision(id("a"), 1)],
      [rowSchemas.node, catalogue.node(id("a"))],
      [rowSchemas.node, catalogue.node(root)],
      [rowSchemas.peer, catalogue.peer(founder)],
      [rowSchemas.shelf, catalogue.shelves()[0]],
      [rowSchemas.shelf, catalogue.shelf(founderShelf)],
      [rowSchemas.policy, catalogue.policy()],
      [rowSchemas.referencedKey, catalogue.referencedKeys(founderShelf, undefined, 1)[0]],
      [rowSchemas.user, catalogue.user(shared.userId)],
      [rowSchemas.user, catalogue.userByName(ann.name)],
      [rowSchemas.userPage, catalogue.users()],
      [rowSchemas.userPage, catalogue.users({ limit: 1 })],
      [rowSchemas.invite, catalogue.invites()[0]],
      [rowSchemas.changePage, changes],
      [rowSchemas.changeCursor, changes.next],
      [rowSchemas.changePage, catalogue.changes(shared.userId, { sinceIndex: 2 })],
      [rowSchemas.network, catalogue.network()],
      [rowSchemas.counts, catalogue.counts()],
    ] as const;
    for (const [schema, answer] of answers) {
      expect(answer).toBeDefined();
      expect(parse(schema, decode(encode(answer)))).toEqual(answer);
    }
    expect(() => parse(rowSchemas.counts, { ...catalogue.counts(), files: -1 })).toThrow(/files|value/);
  });

  it("what is not there is undefined", () => {
    const { catalogue } = world;
    expect(catalogue.revision(id("a"), 1)).toBeUndefined();
    expect(catalogue.node(id("a"))).toBeUndefined();
    expect(catalogue.user(id("nobody"))).toBeUndefined();
    expect(catalogue.userByName("nobody" as UserName)).toBeUndefined();
    expect(catalogue.credential("nobody" as UserName)).toBeUndefined();
    expect(catalogue.invites()).toEqual([]);
    expect(catalogue.changes(id("nobody"), { sinceIndex: 0 }).rows).toEqual([]);
    expect(catalogue.fileKeyShelves(fileKey("a"))).toEqual([]);
    expect(catalogue.shelf(id("no shelf"))).toBeUndefined();
    expect(catalogue.references(id("no shelf"), [fileKey("a")])).toEqual([false]);
    expect(catalogue.referencedKeys(id("no shelf"), undefined, 5)).toEqual([]);
    expect(catalogue.drops(id("no shelf"), 5)).toEqual([]);
  });

  it("CAT-50 a page of names alone has each name, in the same order, with the keys of directories", () => {
    ok(world.asUser(makeDirectory("directory")));
    ok(world.asUser(putFile("file")));
    ok(world.asUser(putFile("gone")));
    ok(world.asUser(removeEntry("gone")));
    const full = world.catalogue.list(shared.userId, root);
    const brief = world.catalogue.list(shared.userId, root, { isBrief: true });
    expect(parse(rowSchemas.directoryPage, decode(encode(brief)))).toBeDefined();
    const needed = ({ token, node, kind, generation, wrap }: (typeof full.rows)[number]) =>
      [token, kind === "directory" ? wrap : []]
        .map((bytes) => Buffer.from(bytes).toString("hex"))
        .concat(node, kind, String(generation));
    expect(brief.rows.map(needed)).toEqual(full.rows.map(needed));
    expect(brief.rows.map(({ kind, wrap }) => kind === "file" && wrap.length)).toEqual(
      expect.arrayContaining([false, 0]),
    );
    const [first] = world.catalogue.list(shared.userId, root, { isBrief: true, limit: 1 }).rows;
    expect(world.catalogue.list(shared.userId, root, { isBrief: true, after: first?.token }).rows).toHaveLength(1);
  });
});
