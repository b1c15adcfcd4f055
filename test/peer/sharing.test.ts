/** Sharing files and directories with other users, and taking them back. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EntryRow, RevisionRow } from "../../src/catalogue/rows.ts";
import type { DfsError } from "../../src/core/errors.ts";
import type { NodeId, UserName } from "../../src/core/ids.ts";
import type { Keyring } from "../../src/identity/keyring.ts";
import { openName } from "../../src/identity/name-token.ts";
import { openWrap } from "../../src/identity/wrap.ts";
import { openRevision } from "../../src/peer/attributes.ts";
import { Person, ok } from "../catalogue/world.ts";
import { FileSpace, type SpaceUser, at, putText, textOf } from "./file-space.ts";

let space: FileSpace;
let ann: SpaceUser;
let bob: SpaceUser;
let cleo: SpaceUser;

beforeEach(async () => {
  space = new FileSpace();
  await space.start();
  [ann, bob, cleo] = space.withUsers("ann", "bob", "cleo") as [SpaceUser, SpaceUser, SpaceUser];
});
afterEach(() => space.stop());

const read = ({ client }: SpaceUser, path: string): Promise<string> => textOf(client.read(at(path)));
const kind = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "ok",
    (error: unknown) => (error as DfsError).kind,
  );
const share = (owner: SpaceUser, path: string, { name }: SpaceUser, write = false) =>
  owner.sharing.share(at(path), name, { write });
const unshare = (owner: SpaceUser, path: string, { name }: SpaceUser) => owner.sharing.unshare(at(path), name);

async function names({ client }: SpaceUser, path: string): Promise<readonly string[]> {
  return (await client.list(at(path))).entries.map(({ name }) => name).sort();
}

/** Who asks the catalogue by itself, and not through a client. */
const personOf = ({ name, keys }: SpaceUser): Person => new Person(name, keys, "by itself");

/** Everything that a keyring opens of a node's children, as whoever kept it would: rows of the catalogue are no secret. */
function opened(owner: SpaceUser, directory: NodeId, keyring: Keyring): readonly string[] {
  const { rows } = space.world.catalogue.list(owner.keys.userId, directory);
  return rows.flatMap((row) => {
    try {
      const name = openName(keyring, directory, row.token);
      const { keyring: own } = openWrap(keyring, { parent: directory, token: row.token, node: row.node }, row);
      return [name, ...contentsOf(row, own).map(() => `content of ${name}`), ...opened(owner, row.node, own)];
    } catch {
      return [];
    }
  });
}

/** The revisions of a file that a keyring opens. */
function contentsOf(row: EntryRow, keyring: Keyring): readonly number[] {
  const found: number[] = [];
  for (let number = 1; number <= row.revision; number += 1) {
    const revision = space.world.catalogue.revision(row.node, number) as RevisionRow;
    try {
      openRevision(keyring, { ...revision, node: row.node }, revision.attributes);
      found.push(number);
    } catch {
      // Sealed by a newer key.
    }
  }
  return found;
}

describe("shares", () => {
  it("SHARE-1 what is shared for reading is read through the owner's door, and changed by nobody else", async () => {
    await ann.client.mkdir(at("/docs"));
    await putText(ann.client, "/docs/plan", "the plan");
    await putText(ann.client, "/note", "a note");
    const given = await share(ann, "/docs", bob);
    expect(given).toMatchObject({ owner: "ann", grantee: "bob", path: "/docs", kind: "directory", mayWrite: false });
    await share(ann, "/note", bob);
    expect(await names(bob, "/from")).toEqual(["ann"]);
    expect(await names(bob, "/from/ann")).toEqual(["docs", "note"]);
    expect(await read(bob, "/from/ann/docs/plan")).toBe("the plan");
    expect(await read(bob, "/from/ann/note")).toBe("a note");
    expect(await bob.client.stat(at("/from/ann/note"))).toMatchObject({ kind: "file", sizeBytes: 6, name: "note" });
    expect(await names(cleo, "/from")).toEqual([]);
    expect(await kind(cleo.client.stat(at("/from/ann/note")))).toBe("not-found");
    expect(await kind(bob.client.stat(at("/from/No such/note")))).toBe("not-found");
    for (const change of [
      () => putText(bob.client, "/from/ann/docs/new", "x"),
      () => putText(bob.client, "/from/ann/docs/plan", "x", { force: true }),
      () => putText(bob.client, "/from/ann/note", "x", { force: true }),
      () => bob.client.mkdir(at("/from/ann/docs/d")),
      () => bob.client.remove(at("/from/ann/docs/plan")),
      () => bob.client.remove(at("/from/ann/note")),
      () => bob.client.remove(at("/from/ann"), { recursive: true }),
      () => bob.client.move(at("/from/ann/docs/plan"), at("/from/ann/docs/other")),
    ])
      expect(await kind(change())).toBe("permission");
    await bob.client.copy(at("/from/ann/docs"), at("/mine"), { recursive: true });
    expect(await read(bob, "/mine/plan")).toBe("the plan");
  });

  it("SHARE-2 with a share for writing the other puts, edits, renames and removes inside, in the owner's tree", async () => {
    await ann.client.mkdir(at("/docs"));
    await putText(ann.client, "/docs/plan", "first");
    await putText(ann.client, "/note", "note 1");
    await share(ann, "/docs", bob, true);
    await share(ann, "/note", bob, true);
    await putText(bob.client, "/from/ann/docs/plan", "second", { force: true });
    await putText(bob.client, "/from/ann/note", "note 2", { force: true });
    await bob.client.mkdir(at("/from/ann/docs/d/e"), { parents: true });
    await putText(bob.client, "/from/ann/docs/d/e/new", "by bob");
    await bob.client.move(at("/from/ann/docs/d/e/new"), at("/from/ann/docs/new"));
    await bob.client.copy(at("/from/ann/docs/new"), at("/from/ann/docs/copy"));
    await bob.client.remove(at("/from/ann/docs/d"), { recursive: true });
    expect(await names(ann, "/docs")).toEqual(["copy", "new", "plan"]);
    expect([await read(ann, "/docs/plan"), await read(ann, "/note"), await read(ann, "/docs/copy")]).toEqual([
      "second",
      "note 2",
      "by bob",
    ]);
    for (const [change, why] of [
      [() => bob.client.remove(at("/from/ann/docs"), { recursive: true }), "permission"],
      [() => bob.client.move(at("/from/ann/docs"), at("/from/ann/other")), "permission"],
      [() => bob.client.remove(at("/from/ann/note")), "permission"],
      [() => bob.client.move(at("/from/ann/docs/plan"), at("/plan")), "usage"],
      [() => bob.client.move(at("/from/ann/docs/plan"), at("/from/ann/plan")), "permission"],
    ] as const)
      expect(await kind(change())).toMatch(new RegExp(`^(${why}|usage)$`));
    expect(await names(ann, "/")).toEqual(["docs", "note"]);
  });

  it("SHARE-3 shared again, a share is for writing from then on, or for reading only", async () => {
    await putText(ann.client, "/a", "1");
    await share(ann, "/a", bob);
    expect(await share(ann, "/a", bob, true)).toMatchObject({ mayWrite: true });
    await putText(bob.client, "/from/ann/a", "2", { force: true });
    await share(ann, "/a", bob);
    expect(await kind(putText(bob.client, "/from/ann/a", "3", { force: true }))).toBe("permission");
    expect(await ann.sharing.by()).toHaveLength(1);
  });

  it("SHARE-4 nobody shares a root, what is not its own, or with itself or everybody; an unknown user is not found", async () => {
    await ann.client.mkdir(at("/d"));
    await putText(space.client, "/x", "x");
    await share(ann, "/d", bob, true);
    expect(await kind(share(ann, "/", bob))).toBe("usage");
    expect(await kind(share(ann, "/d", ann))).toBe("usage");
    expect(await kind(ann.sharing.share(at("/d"), "shared" as UserName))).toBe("usage");
    expect(await kind(ann.sharing.share(at("/d"), "nobody" as UserName))).toBe("not-found");
    expect(await kind(share(ann, "/nothing", bob))).toBe("not-found");
    expect(await kind(share(ann, "/shared/x", bob))).toBe("usage");
    expect(await kind(share(bob, "/from/ann/d", cleo))).toBe("usage");
    expect(await kind(unshare(ann, "/d", cleo))).toBe("not-found");
  });

  it("SHARE-5 two shares of one name get numbers in a stable order, and both lists name what was given", async () => {
    await ann.client.mkdir(at("/one/two"), { parents: true });
    await putText(ann.client, "/one/plan", "in one");
    await putText(ann.client, "/one/two/plan", "in two");
    await share(ann, "/one/two/plan", bob);
    await share(ann, "/one/plan", bob);
    expect(await names(bob, "/from/ann")).toEqual(["plan", "plan (2)"]);
    expect([await read(bob, "/from/ann/plan"), await read(bob, "/from/ann/plan (2)")]).toEqual(["in two", "in one"]);
    await putText(ann.client, "/one/two/plan", "changed", { force: true });
    expect([await read(bob, "/from/ann/plan"), await read(bob, "/from/ann/plan (2)")]).toEqual(["changed", "in one"]);
    expect((await ann.sharing.by()).map(({ path }) => path)).toEqual(["/one/two/plan", "/one/plan"]);
    const received = await bob.sharing.to();
    expect(received.map(({ path, owner }) => [path, owner])).toEqual([
      ["/from/ann/plan", "ann"],
      ["/from/ann/plan (2)", "ann"],
    ]);
  });

  it("SHARE-6 a share follows what is shared wherever its owner moves it, and ends with it", async () => {
    await ann.client.mkdir(at("/a/b"), { parents: true });
    await putText(ann.client, "/a/b/c", "content");
    await share(ann, "/a/b", bob, true);
    await share(ann, "/a/b/c", cleo);
    await ann.client.move(at("/a/b"), at("/renamed"));
    await ann.client.move(at("/renamed/c"), at("/renamed/d"));
    expect(await read(bob, "/from/ann/b/d")).toBe("content");
    expect(await read(cleo, "/from/ann/c")).toBe("content");
    await putText(bob.client, "/from/ann/b/e", "by bob");
    expect(await read(ann, "/renamed/e")).toBe("by bob");
    expect((await ann.sharing.by()).map(({ path }) => path).sort()).toEqual(["/renamed", "/renamed/d"]);
    await bob.client.remove(at("/from/ann/b/d"));
    expect(await names(cleo, "/from")).toEqual([]);
    await ann.client.remove(at("/renamed"), { recursive: true });
    expect(await names(bob, "/from")).toEqual([]);
    expect(await ann.sharing.by()).toEqual([]);
  });

  it("SHARE-7 who lost a share cannot open what is written from then on, wherever below, with all keys that it had", async () => {
    await ann.client.mkdir(at("/docs/deep/down"), { parents: true });
    await putText(ann.client, "/docs/old", "old");
    await putText(ann.client, "/docs/deep/down/file", "old");
    await share(ann, "/docs", bob, true);
    await share(ann, "/docs", cleo, true);
    const kept = await bob.namespace.require(at("/from/ann/docs"));
    const known = opened(ann, kept.node, kept.keyring);
    await unshare(ann, "/docs", bob);
    expect(await names(bob, "/from")).toEqual([]);
    expect(await kind(bob.client.stat(at("/from/ann/docs/old")))).toBe("not-found");
    await putText(ann.client, "/docs/new", "secret");
    await putText(cleo.client, "/from/ann/docs/deep/down/new", "secret");
    await putText(cleo.client, "/from/ann/docs/deep/down/file", "secret", { force: true });
    await ann.client.copy(at("/docs/new"), at("/docs/deep/copy"));
    await ann.client.move(at("/docs/old"), at("/docs/deep/moved"));
    await putText(ann.client, "/docs/deep/moved", "secret", { force: true });
    const node = (await ann.namespace.require(at("/docs/deep/down/file"))).node;
    expect(opened(ann, kept.node, kept.keyring)).toEqual([]);
    expect(known).toContain("content of old");
    expect(space.world.catalogue.node(node)?.generation).toBe(2);
    for (const user of [ann, cleo]) {
      const top = user === ann ? "/docs" : "/from/ann/docs";
      expect(await read(user, `${top}/new`)).toBe("secret");
      expect(await read(user, `${top}/deep/down/file`)).toBe("secret");
      expect(await read(user, `${top}/deep/moved`)).toBe("secret");
      expect(await names(user, `${top}/deep/down`)).toEqual(["file", "new"]);
    }
    expect(await textOf(ann.client.read(at("/docs/deep/down/file"), { revision: 1 }))).toBe("old");
  });

  it("SHARE-7 the catalogue refuses whoever lost a share, and whatever was sealed by a key that somebody lost", async () => {
    await ann.client.mkdir(at("/docs/deep"), { parents: true });
    await share(ann, "/docs", bob, true);
    const { world } = space;
    await unshare(ann, "/docs", bob);
    const place = await ann.namespace.require(at("/docs/deep"));
    expect(place.isStale).toBe(true);
    const token = new Uint8Array(20);
    const sealed = { parent: place.node, token, node: "ab".repeat(16) as NodeId };
    const stale = {
      op: "makeDirectory",
      ...sealed,
      parentGeneration: 1,
      attributes: new Uint8Array(9),
      pastWrap: token,
    } as const;
    expect(world.as(personOf(ann), stale)).toMatchObject({ error: { kind: "rekeyed" } });
    expect(world.as(personOf(bob), stale)).toMatchObject({ error: { kind: "not-found" } });
  });

  it("SHARE-8 what is shared by itself below goes on for those who have it, with new keys at once", async () => {
    await ann.client.mkdir(at("/a/m/n"), { parents: true });
    await putText(ann.client, "/a/m/n/file", "1");
    await share(ann, "/a", bob);
    await share(ann, "/a/m/n", cleo, true);
    const kept = await bob.namespace.require(at("/from/ann/a"));
    await unshare(ann, "/a", bob);
    await putText(cleo.client, "/from/ann/n/new", "by cleo");
    await putText(cleo.client, "/from/ann/n/file", "by cleo", { force: true });
    expect(opened(ann, kept.node, kept.keyring)).toEqual([]);
    expect([await read(ann, "/a/m/n/new"), await read(cleo, "/from/ann/n/file")]).toEqual(["by cleo", "by cleo"]);
    expect(await names(ann, "/a/m")).toEqual(["n"]);
  });

  it("SHARE-8 what leaves a shared directory has a key that those who have the directory do not", async () => {
    await ann.client.mkdir(at("/a/d/e"), { parents: true });
    await ann.client.mkdir(at("/own"));
    await putText(ann.client, "/a/d/e/file", "1");
    await share(ann, "/a", bob, true);
    const kept = await bob.namespace.require(at("/from/ann/a/d"));
    await ann.client.move(at("/a/d"), at("/own/d"));
    await putText(ann.client, "/own/d/e/file", "secret", { force: true });
    await putText(ann.client, "/own/d/new", "secret");
    expect(opened(ann, kept.node, kept.keyring)).toEqual([]);
    expect([await read(ann, "/own/d/e/file"), await read(ann, "/own/d/new")]).toEqual(["secret", "secret"]);
    await ann.client.move(at("/own/d"), at("/a/d"));
    expect(await read(bob, "/from/ann/a/d/e/file")).toBe("secret");
    await ann.client.move(at("/a/d/e"), at("/a/e"));
    expect(space.world.catalogue.node((await ann.namespace.require(at("/a/e"))).node)?.generation).toBe(2);
  });

  it("SHARE-9 nothing but rows of the catalogue changes when something is shared or taken back", async () => {
    await ann.client.mkdir(at("/d"));
    await putText(ann.client, "/d/big", "content ".repeat(100_000));
    const before = await space.store.stats();
    const commands = space.proposed.length;
    await share(ann, "/d", bob);
    await share(ann, "/d", cleo);
    await unshare(ann, "/d", bob);
    expect(await space.store.stats()).toEqual(before);
    expect(space.proposed.length - commands).toBe(3);
  });

  it("SHARE-10 shares of a user who ends, and to one, end with it", async () => {
    await putText(ann.client, "/a", "a");
    await putText(bob.client, "/b", "b");
    await share(ann, "/a", bob);
    await share(ann, "/a", cleo);
    await share(bob, "/b", cleo);
    ok(space.world.as(personOf(ann), { op: "removeUser", user: bob.keys.userId }));
    expect(await names(cleo, "/from")).toEqual(["ann"]);
    expect((await ann.sharing.by()).map(({ grantee }) => grantee)).toEqual(["cleo"]);
    await unshare(ann, "/a", cleo);
    expect(await names(cleo, "/from")).toEqual([]);
  });
});
