/** The names in a directory by the index: the same as without it, for a bounded price, and never what is not so. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { DfsError } from "../../../src/core/errors.ts";
import type { NodeId } from "../../../src/core/ids.ts";
import { namesGatheredMax, namesPatienceMs } from "../../../src/core/limits.ts";
import { Keyring } from "../../../src/identity/keyring.ts";
import { sealName } from "../../../src/identity/name-token.ts";
import { sealWrap } from "../../../src/identity/wrap.ts";
import { ChangeApplier } from "../../../src/peer/names/change-applier.ts";
import { NamePages } from "../../../src/peer/names/name-pages.ts";
import { NamesDatabase } from "../../../src/peer/names/names-database.ts";
import type { NameChange } from "../../../src/peer/names/names-messages.ts";
import { randomId } from "../../../src/peer/random-ids.ts";
import { id, shared } from "../../catalogue/world.ts";
import { inOrder, namePages, namesOn } from "../../contract/directory-names.ts";
import { NameSpace, at } from "./name-space.ts";

const spaces: NameSpace[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  for (const space of spaces.splice(0)) await space.stop();
});

const beginnings = ["", ".", "a", "img_", "Z", "é", "e\u0301", "\uffee", "\u{1f600}", "\u{10000}", "猫"];
/** More than a peer gathers without an index. */
const many = inOrder(Array.from({ length: namesGatheredMax + 100 }, (_, place) => `${beginnings[place % 11]}${place}`));

/** A space with a large directory, and one of another user's size. */
async function filled(): Promise<NameSpace> {
  const space = new NameSpace();
  spaces.push(space);
  await space.client.mkdir(at("/large"));
  await space.client.mkdir(at("/small"));
  await space.files(many.toReversed().map((name) => `/large/${name}`));
  await space.file("/small/one");
  return space;
}

const timeout = 60_000;

it("DIR-1 the index gives the names in the order of their code points", { timeout }, async () => {
  const space = await filled();
  expect(namesOn(await namePages(space.client, "/large"))).toEqual(many);
  for (const limit of [100, 999, 1_000])
    for (const prefix of beginnings) {
      const pages = await namePages(space.client, "/large", { limit, prefix });
      expect(namesOn(pages)).toEqual(many.filter((name) => name.startsWith(prefix)));
      expect(pages.every(({ isSorted, names }) => isSorted && names.length <= limit)).toBe(true);
    }
  expect(namesOn(await namePages(space.client, "/large", { prefix: "nothing" }))).toEqual([]);
  expect((await space.client.names(at("/"))).names).toEqual([
    { name: "large", kind: "directory" },
    { name: "small", kind: "directory" },
  ]);
});

it("DIR-2 a name is seen as soon as the change that made it was acknowledged, on any page", { timeout }, async () => {
  const space = await filled();
  await namePages(space.client, "/large");
  const work = [
    () => space.file("/large/\u{10ffff} at the end"),
    () => space.client.remove(at(`/large/${many[1400]}`)),
    () => space.client.move(at(`/large/${many[1500]}`), at("/small/moved")),
    () => space.rekey("/large"),
    () => space.file("/large/\u{10fffe} by the new key"),
  ];
  const pages = await namePages(space.client, "/large", { limit: 300 }, async () => work.shift()?.());
  expect(work).toHaveLength(0);
  const gone = new Set([many[1400], many[1500]]);
  const left = [...many.filter((name) => !gone.has(name)), "\u{10fffe} by the new key", "\u{10ffff} at the end"];
  expect(namesOn(pages)).toEqual(inOrder(left));
  expect(namesOn(await namePages(space.client, "/small"))).toEqual(["moved", "one"]);
});

it("DIR-3 entries are found under whichever key named them", { timeout }, async () => {
  const space = await filled();
  await space.rekey("/small");
  await space.file("/small/two", { sizeBytes: 77 });
  const { entries } = await space.client.entries(at("/small"), ["two", "three", "one"]);
  expect(entries).toEqual([await space.client.stat(at("/small/two")), await space.client.stat(at("/small/one"))]);
});

it("DIR-4 a page reads no directory of the catalogue, and of the changes only what is new", { timeout }, async () => {
  const space = await filled();
  await namePages(space.client, "/large");
  const list = vi.spyOn(space.world.catalogue, "list");
  const entry = vi.spyOn(space.world.catalogue, "entry");
  space.pages = 0;
  const pages = await namePages(space.client, "/large", { limit: 350 });
  expect(pages).toHaveLength(6);
  expect(list).not.toHaveBeenCalled();
  expect(entry.mock.calls.length).toBeLessThanOrEqual(pages.length); // the way to the directory
  expect(space.pages).toBe(pages.length);
  list.mockClear();
  await space.client.entries(at("/large"), many.slice(0, 100));
  expect(list).not.toHaveBeenCalled();
});

it("DIR-4 a page opens one row more than it gives", () => {
  const space = new NameSpace();
  spaces.push(space);
  const root = id<NodeId>("root of pages");
  const rootKeyring = Keyring.generate();
  const path = join(space.world.folder, "pages.db");
  const names = new NamesDatabase({
    path,
    fileKey: randomBytes(32),
    root,
    rootKeyring: rootKeyring.bytes,
    bytesMax: 1e8,
  });
  const change = (name: string): NameChange => {
    const node = randomId<NodeId>();
    const token = sealName(rootKeyring, root, name);
    const wrap = sealWrap(rootKeyring, { parent: root, token, node }, Keyring.generate(), undefined);
    return { node, kind: "file", sizeBytes: 1, generation: 1, parent: root, token, wrap };
  };
  new ChangeApplier(names, root, rootKeyring.bytes).apply(many.map(change));
  names.setFollowed({ group: "g", index: 1 });
  const prepare = vi.spyOn(names.sql, "prepare");
  const pages = new NamePages(names, root);
  const given = pages.page({ directory: root, prefix: "img_", after: "img_2", limit: 10 });
  const queries = prepare.mock.calls.map(([sql]) => sql).filter((sql) => sql.includes("FROM entries"));
  expect(queries).toHaveLength(1);
  const rows = names.sql.prepare(queries[0] ?? "").all(0, "img_", "img_2", 11);
  expect(given?.names.split("/")).toEqual(rows.slice(0, 10).map(({ name }) => name));
  expect(given?.isLast).toBe(false);
  const plan = names.sql.prepare(`EXPLAIN QUERY PLAN ${queries[0]}`).all(0, "img_", "img_2", 11);
  const steps = plan.map(({ detail }) => String(detail));
  expect(steps).toEqual([expect.stringContaining("USING PRIMARY KEY (parent=? AND name>?)")]);
  names.sql.close();
});

it("DIR-5 a directory of some pages needs no index", { timeout }, async () => {
  const space = await filled();
  expect((await space.client.names(at("/small"))).isSorted).toBe(true);
  expect(namesOn(await namePages(space.client, "/", { limit: 1 }))).toEqual(["large", "small"]);
  await space.client.mkdir(at("/medium"));
  const names = many.slice(0, namesGatheredMax - 10);
  await space.files(names.toReversed().map((name) => `/medium/${name}`));
  const pages = await namePages(space.client, "/medium", { limit: 700 });
  expect(namesOn(pages)).toEqual(names);
  expect(pages.every(({ isSorted }) => isSorted)).toBe(true);
  expect(space.pages).toBe(0);
});

it("DIR-5 without an index a large directory comes unsorted, and every name once", { timeout }, async () => {
  const space = await filled();
  space.alter = () => {
    throw new DfsError("no-space", "the disk is full");
  };
  for (const client of [space.client, space.clientWith(undefined)])
    for (const prefix of ["", "img_", "nothing"]) {
      const pages = await namePages(client, "/large", { limit: 290, prefix });
      expect(inOrder(namesOn(pages))).toEqual(many.filter((name) => name.startsWith(prefix)));
      expect(pages.every(({ isSorted, names }) => !isSorted && names.length <= 290)).toBe(true);
    }
});

it("DIR-5 an index that is long in the making is waited for once", { timeout }, async () => {
  const space = await filled();
  const asked = new Promise<void>((resolve) => {
    space.alter = (page) => {
      resolve();
      return new Promise(() => undefined) as unknown as typeof page;
    };
  });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const first = space.client.names(at("/large"));
  await asked;
  await vi.advanceTimersByTimeAsync(namesPatienceMs - 1);
  expect(await Promise.race([first, Promise.resolve("waits")])).toBe("waits");
  await vi.advanceTimersByTimeAsync(1);
  expect((await first).isSorted).toBe(false);
  expect((await space.client.names(at("/large"))).isSorted).toBe(false);
});

it("DIR-5 an index that is lost between two pages changes nothing about the order", { timeout }, async () => {
  const space = await filled();
  await namePages(space.client, "/large");
  let isLost = false;
  const between = async (): Promise<void> => {
    if (isLost) return;
    isLost = true;
    await space.names.release();
  };
  expect(namesOn(await namePages(space.client, "/large", { limit: 750 }, between))).toEqual(many);
  expect(isLost).toBe(true);
});

it("DIR-5 an index that is damaged between two pages is made anew", { timeout }, async () => {
  const space = await filled();
  await namePages(space.client, "/large");
  let isDamaged = false;
  const pages = await namePages(space.client, "/large", { limit: 750 }, async () => {
    if (isDamaged) return;
    isDamaged = true;
    await space.indexes.stop();
    await writeFile(join(space.folder, `${shared.userId}.db`), randomBytes(20_000));
  });
  expect(namesOn(pages)).toEqual(many);
});

it.each(["by the index", "without one"])(
  "DIR-6 what cannot be opened is left out and told, %s",
  { timeout },
  async (how) => {
    const space = await filled();
    const client = how === "without one" ? space.clientWith(undefined) : space.client;
    const large = await space.namespace.require(at("/large"));
    const token = new Uint8Array(40).fill(9);
    const made = {
      op: "makeDirectory",
      parent: large.node,
      token,
      node: randomId<NodeId>(),
      parentGeneration: 1,
    } as const;
    space.world.asUser({ ...made, attributes: new Uint8Array(60), pastWrap: new Uint8Array(0) });
    const pages = await namePages(client, "/large");
    expect(inOrder(namesOn(pages))).toEqual(many);
    const refused = pages.flatMap((page) => page.refused ?? []);
    expect(refused).toEqual([expect.objectContaining({ kind: "integrity", path: "/large/?" })]);
    expect((await client.names(at("/small"))).refused).toBeUndefined();
  },
);
