import { randomBytes } from "node:crypto";
import { readFile, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, expect, it } from "vitest";
import { namesFilesMax } from "../../../src/core/limits.ts";
import type { FindQuery } from "../../../src/core/find-query.ts";
import type { NodeId } from "../../../src/core/ids.ts";
import { Keyring } from "../../../src/identity/keyring.ts";
import { sealName } from "../../../src/identity/name-token.ts";
import { deriveUser } from "../../../src/identity/user-keys.ts";
import { sealWrap } from "../../../src/identity/wrap.ts";
import { ChangeApplier } from "../../../src/peer/names/change-applier.ts";
import { OwnNames } from "../../../src/peer/names/name-finder.ts";
import { NameSearch } from "../../../src/peer/names/name-search.ts";
import { NamesDatabase } from "../../../src/peer/names/names-database.ts";
import { type NameChange, packChanges, unpackChanges } from "../../../src/peer/names/names-messages.ts";
import { id, shared } from "../../catalogue/world.ts";
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

const everything: FindQuery = { names: [{ glob: "*", ignoreCase: false }] };
const file = (space: NameSpace): string => join(space.folder, `${shared.userId}.db`);

/** A tree with telling names. */
async function filled(): Promise<NameSpace> {
  const space = newSpace();
  await space.client.mkdir(at("/tax-returns"));
  for (let number = 0; number < 30; number += 1) await space.file(`/tax-returns/letter-${number}.pdf`);
  return space;
}

const root = id<NodeId>("root of changes");
const rootKeyring = Keyring.generate();

/** Changes that make directories in one another, each with a file, some with keys that came later. */
function chainOfChanges(generations: readonly number[]): { changes: NameChange[]; paths: string[] } {
  const changes: NameChange[] = [];
  const paths: string[] = [];
  let parent = { node: root, keyring: rootKeyring, path: "" };
  generations.forEach((generation, depth) => {
    const node = id<NodeId>(`directory ${depth}`);
    let keyring = Keyring.generate();
    while (keyring.generation < generation) keyring = keyring.withNewKey();
    const named = (name: string, of: NodeId, own: Keyring, kind: "file" | "directory"): NameChange => {
      const token = sealName(parent.keyring, parent.node, name);
      const attributes = kind === "file" ? undefined : { mode: 0o755, modifiedMs: 1 };
      const wrap = sealWrap(parent.keyring, { parent: parent.node, token, node: of }, own, attributes);
      paths.push(`${parent.path}/${name}`);
      return { node: of, kind, sizeBytes: depth, generation: own.generation, parent: parent.node, token, wrap };
    };
    changes.push(named(`file-${depth}`, id<NodeId>(`file ${depth}`), Keyring.generate(), "file"));
    changes.push(named(`directory-${depth}`, node, keyring, "directory"));
    parent = { node, keyring, path: `${parent.path}/directory-${depth}` };
  });
  return { changes, paths: paths.toSorted() };
}

function search(names: NamesDatabase): string[] {
  const { hits, next } = new NameSearch(names, root).page({ base: root, query: everything, after: 0 });
  expect(next).toBeNull();
  return hits.map((hit) => `/${hit.names.join("/")}`).toSorted();
}

it("FIND-3 takes changes in any order, while the index is made and later", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }).chain((generations) => {
        const made = chainOfChanges(generations);
        const all = made.changes.map((_, place) => place);
        return fc.record({
          made: fc.constant(made),
          order: fc.shuffledSubarray(all, { minLength: all.length }),
          again: fc.shuffledSubarray(all),
        });
      }),
      fc.boolean(),
      fc.nat(12),
      ({ made, order, again }, isBuilt, cut) => {
        const space = newSpace();
        const path = join(space.world.folder, `${randomBytes(4).toString("hex")}.db`);
        const names = new NamesDatabase({
          path,
          fileKey: randomBytes(32),
          root,
          rootKeyring: rootKeyring.bytes,
          bytesMax: 1e8,
        });
        const applier = new ChangeApplier(names, root, rootKeyring.bytes);
        if (isBuilt) names.setFollowed({ group: "g", index: 1 });
        const changes = order.flatMap((place) => made.changes[place] ?? []);
        applier.apply(unpackChanges(packChanges(changes.slice(0, cut))));
        applier.apply(unpackChanges(packChanges(changes.slice(cut))));
        names.setFollowed({ group: "g", index: 2 });
        expect(search(names)).toEqual(made.paths);
        applier.apply(again.flatMap((place) => made.changes[place] ?? []));
        expect(search(names)).toEqual(made.paths);
        names.sql.close();
      },
    ),
    { numRuns: 60 },
  );
});

it("FIND-4 leaves no name and no key on the disk, in whatever file", { timeout: 60_000 }, async () => {
  const space = await filled();
  expect(await space.find({ names: [{ glob: "*letter-1?.pdf", ignoreCase: false }] })).toHaveLength(10);
  const { keyring } = await space.namespace.require(at("/tax-returns"));
  const contents = async (): Promise<Buffer[]> =>
    Promise.all((await readdir(space.folder)).map((name) => readFile(join(space.folder, name))));
  const open = await contents();
  expect(open.length).toBeGreaterThan(1); // its write-ahead log too
  await space.names.release();
  for (const bytes of [...open, ...(await contents())]) {
    expect(bytes.length === 0 || bytes.includes("letter")).toBe(bytes.length === 0);
    expect(bytes.length > 0 && bytes.includes("SQLite format")).toBe(false);
    expect(bytes.length > 0 && bytes.includes("tax-returns")).toBe(false);
    expect(bytes.length > 0 && bytes.includes(Buffer.from(keyring.bytes))).toBe(false);
  }
});

it("FIND-5 follows on from where it was when it is opened again", { timeout: 60_000 }, async () => {
  const space = await filled();
  await space.find(everything);
  await space.names.release();
  await space.file("/later.txt");
  await space.client.remove(at("/tax-returns/letter-7.pdf"));
  let rows = 0;
  space.alter = (page) => {
    rows += page.rows.length;
    return page;
  };
  const names = new OwnNames(space.indexes, [shared]);
  const found = await space.find(everything, "/", space.clientWith(names));
  expect(found).toContain("/later.txt");
  expect(found).not.toContain("/tax-returns/letter-7.pdf");
  expect(rows).toBeLessThan(5);
  await names.release();
});

it.each([
  ["damaged at its beginning", async (space: NameSpace) => writeFile(file(space), randomBytes(20_000))],
  [
    "damaged further on",
    async (space: NameSpace) => {
      const bytes = await readFile(file(space));
      bytes.fill(1, 4096);
      await writeFile(file(space), bytes);
    },
  ],
  ["of another group", async (space: NameSpace) => void (space.roster = { group: "b".repeat(32) })],
  ["of a log that was longer", async (space: NameSpace) => shortenLog(space)],
  ["older than what was forgotten", async (space: NameSpace) => forgetOnce(space)],
])("FIND-6 makes an index anew that is %s", { timeout: 60_000 }, async (_, spoil) => {
  const space = await filled();
  await space.find(everything);
  await space.names.release();
  await spoil(space);
  const names = new OwnNames(space.indexes, [shared]);
  const found = await space.find({ names: [{ glob: "letter-*", ignoreCase: false }] }, "/", space.clientWith(names));
  expect(found).toHaveLength(30);
  await names.release();
});

/** The coordinators answer from a log that is far behind the one that was followed. */
function shortenLog(space: NameSpace): void {
  const { appliedIndex } = space.world.catalogue.changes(shared.userId, { sinceIndex: 0 });
  space.alter = (page) => ({
    ...page,
    appliedIndex: Math.min(page.appliedIndex, appliedIndex - 5),
    rows: page.rows.map((row) => ({ ...row, changedIndex: 1 })),
  });
}

function forgetOnce(space: NameSpace): void {
  let isForgotten = true;
  space.alter = (page) => {
    const isReset = isForgotten;
    isForgotten = false;
    return isReset ? { ...page, rows: [], next: null, isReset } : page;
  };
}

it("FIND-7 is kept once for all sessions of a user, and closed with the last", { timeout: 60_000 }, async () => {
  const space = await filled();
  const [one, other] = [new OwnNames(space.indexes, [shared]), new OwnNames(space.indexes, [shared])];
  const searching = [one, other].map((names) => space.find(everything, "/", space.clientWith(names)));
  for (const found of await Promise.all(searching)) expect(found).toHaveLength(32);
  expect(space.pages).toBeLessThan(6);
  const index = await other.of(shared.userId);
  await one.release();
  expect(index?.isAlive).toBe(true);
  await other.release();
  expect(index?.isAlive).toBe(false);
  expect(await readdir(space.folder)).toContain(`${shared.userId}.db`);
});

it(
  "FIND-8 removes the index of a user who is no more, and those that were unused for longest",
  { timeout: 60_000 },
  async () => {
    const space = await filled();
    await space.find(everything);
    await space.indexes.forget(shared.userId);
    expect(await readdir(space.folder)).toEqual([]);
    for (let number = 0; number < namesFilesMax + 2; number += 1) {
      const keys = deriveUser(new Uint8Array(32).fill(40 + number));
      const index = await space.indexes.acquire(keys, space);
      await index.catchUp({});
      await space.indexes.release(keys.userId, space);
      const path = join(space.folder, `${keys.userId}.db`);
      await utimes(path, 1_000_000 + number, 1_000_000 + number);
    }
    const kept = (await readdir(space.folder)).filter((name) => name.endsWith(".db"));
    expect(kept).toHaveLength(namesFilesMax);
    expect(kept).not.toContain(`${deriveUser(new Uint8Array(32).fill(40)).userId}.db`);
  },
);

it("FIND-5 the brief feed tells what names need, and no more", async () => {
  const space = await filled();
  const { rows } = space.world.catalogue.changes(shared.userId, { sinceIndex: 0 });
  const brief = space.world.catalogue.changes(shared.userId, { sinceIndex: 0, isBrief: true });
  const nothing = new Uint8Array(0);
  const none = { attributes: nothing, fileKey: null, copiesWanted: 0, expiresMs: null };
  expect(brief.rows).toEqual(rows.map((row) => ({ ...row, ...none, wrap: row.kind === "file" ? nothing : row.wrap })));
  expect(brief.rows.filter(({ wrap }) => wrap.length > 0)).toHaveLength(1);
});

it("FIND-7 opens the index again whose thread has died, for all who hold it", { timeout: 60_000 }, async () => {
  const space = await filled();
  const [one, other] = [new OwnNames(space.indexes, [shared]), new OwnNames(space.indexes, [shared])];
  const index = await one.of(shared.userId);
  expect(await other.of(shared.userId)).toBe(index);
  await index?.close();
  for (const names of [one, other]) expect(await space.find(everything, "/", space.clientWith(names))).toHaveLength(32);
  const again = await one.of(shared.userId);
  expect(await other.of(shared.userId)).toBe(again);
  await one.release();
  expect(again?.isAlive).toBe(true);
  await other.release();
  expect(again?.isAlive).toBe(false);
});
