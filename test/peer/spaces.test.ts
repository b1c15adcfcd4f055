/** A user's own files, the shared ones, and the doors between them. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DfsError } from "../../src/core/errors.ts";
import { FileSpace, type SpaceUser, at, putText, textOf } from "./file-space.ts";

let space: FileSpace;
let ann: SpaceUser;
let bob: SpaceUser;

beforeEach(async () => {
  space = new FileSpace();
  await space.start();
  [ann, bob] = space.withUsers("ann", "bob") as [SpaceUser, SpaceUser];
});
afterEach(() => space.stop());

const read = ({ client }: Pick<SpaceUser, "client">, path: string): Promise<string> => textOf(client.read(at(path)));
const kind = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "ok",
    (error: unknown) => (error as DfsError).kind,
  );

async function names({ client }: Pick<SpaceUser, "client">, path: string): Promise<readonly string[]> {
  return (await client.list(at(path))).entries.map(({ name }) => name).sort();
}

async function walked({ client }: Pick<SpaceUser, "client">, path: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const entry of client.walk(at(path))) paths.push(entry.path);
  return paths.sort();
}

describe("spaces", () => {
  it("SPACE-1 each user has a root of its own, and /shared leads those who are logged in to everybody's", async () => {
    await putText(ann.client, "/a", "of ann");
    await putText(bob.client, "/a", "of bob");
    await putText(space.client, "/a", "of all");
    expect([await read(ann, "/a"), await read(bob, "/a"), await read(space, "/a")]).toEqual([
      "of ann",
      "of bob",
      "of all",
    ]);
    expect([await read(ann, "/shared/a"), await read(bob, "/shared/a")]).toEqual(["of all", "of all"]);
    await ann.client.mkdir(at("/shared/d"));
    await putText(ann.client, "/shared/d/b", "by ann");
    expect(await read(bob, "/shared/d/b")).toBe("by ann");
    await bob.client.move(at("/shared/d/b"), at("/shared/c"));
    await bob.client.remove(at("/shared/d"), { recursive: true });
    expect(await names(space, "/")).toEqual(["a", "c"]);
    expect(await ann.client.stat(at("/shared"))).toMatchObject({ kind: "directory", path: "/shared", name: "shared" });
  });

  it("SPACE-2 no listing, walk or removal of one's own root comes to a door, and none is in it", async () => {
    await putText(space.client, "/keep", "kept");
    await putText(ann.client, "/own", "own");
    expect(await names(ann, "/")).toEqual(["own"]);
    expect(await walked(ann, "/")).toEqual(["/", "/own"]);
    for (const name of await names(ann, "/")) await ann.client.remove(at(`/${name}`), { recursive: true });
    expect(await read(ann, "/shared/keep")).toBe("kept");
    expect(await walked(ann, "/shared")).toEqual(["/shared", "/shared/keep"]);
    for (const door of ["/shared", "/from"]) {
      expect(await kind(ann.client.remove(at(door), { recursive: true }))).toBe("permission");
      expect(await kind(ann.client.move(at(door), at("/x")))).toBe("permission");
    }
  });

  it("SPACE-3 nothing in the root of a user who is logged in takes the name of a door; others' roots have no such names", async () => {
    await putText(ann.client, "/a", "a");
    await ann.client.mkdir(at("/d"));
    for (const name of ["shared", "from"]) {
      expect(await kind(ann.client.mkdir(at(`/${name}`)))).not.toBe("ok");
      expect(await kind(ann.client.move(at("/a"), at(`/${name}`)))).not.toBe("ok");
      await ann.client.mkdir(at(`/d/${name}`));
      await space.client.mkdir(at(`/${name}`));
      await putText(space.client, `/${name}/x`, name);
      expect(await names(ann, `/shared/${name}`)).toEqual(["x"]);
    }
    const local = { kind: "stream", bytes: (async function* () {})(), name: "from" } as const;
    expect(await kind(ann.client.put({ sources: [local], target: at("/") }))).toBe("invalid-name");
    expect(await names(ann, "/")).toEqual(["a", "d"]);
    expect(await kind(ann.client.mkdir(at("/from/x"), { parents: true }))).toBe("permission");
    expect(await kind(putText(ann.client, "/from/x", "x"))).toBe("permission");
  });

  it("SPACE-4 a copy into another space is content of its own there, and a move into one is refused", async () => {
    await ann.client.mkdir(at("/d"));
    await putText(ann.client, "/d/one", "first");
    await ann.client.mkdir(at("/d/e"));
    await putText(ann.client, "/d/e/two", "second");
    expect(await ann.client.copy(at("/d"), at("/shared/d"), { recursive: true })).toBe(4);
    expect(await read(bob, "/shared/d/e/two")).toBe("second");
    const [own, copied] = [await ann.client.stat(at("/d/one")), await ann.client.stat(at("/shared/d/one"))];
    expect(copied).toMatchObject({ sizeBytes: 5, mode: own.mode, modifiedMs: own.modifiedMs });
    expect(copied.fileKey).not.toBe(own.fileKey);
    expect(await kind(ann.client.copy(at("/d/e/two"), at("/shared/d/one")))).toBe("exists");
    await ann.client.copy(at("/d/e/two"), at("/shared/d/one"), { force: true });
    expect(await read(space, "/d/one")).toBe("second");
    expect(await kind(ann.client.move(at("/d/one"), at("/shared/x")))).toBe("usage");
    expect(await kind(ann.client.move(at("/shared/d/one"), at("/x")))).toBe("usage");
    await ann.client.copy(at("/shared/d/e"), at("/back"), { recursive: true });
    expect(await read(ann, "/back/two")).toBe("second");
  });

  it("SPACE-5 two users who put the same share no chunk, one who puts it twice stores it once, and so do all in /shared", async () => {
    const content = "the same content ".repeat(20_000);
    const stored = async (): Promise<number> => (await space.store.stats()).chunks;
    const empty = await stored();
    await putText(ann.client, "/a", content);
    const once = (await stored()) - empty;
    expect(once).toBeGreaterThan(0);
    await putText(ann.client, "/b", content);
    expect((await stored()) - empty).toBe(once);
    await putText(bob.client, "/a", content);
    expect((await stored()) - empty).toBe(2 * once);
    const keys = await Promise.all([ann, bob].map(async ({ client }) => (await client.stat(at("/a"))).fileKey));
    expect(new Set(keys).size).toBe(2);
    await putText(space.client, "/a", content);
    await putText(ann.client, "/shared/b", content);
    await putText(bob.client, "/shared/c", content);
    expect((await stored()) - empty).toBe(3 * once);
  });

  it("SPACE-6 a transaction of a user who is logged in reaches through doors, and happens as a whole", async () => {
    await putText(space.client, "/a", "old");
    const transaction = await ann.client.begin();
    await putText(transaction, "/own", "own");
    await putText(transaction, "/shared/a", "new", { force: true });
    await transaction.mkdir(at("/shared/d"));
    expect(await textOf(transaction.read(at("/shared/a")))).toBe("new");
    expect(await read(bob, "/shared/a")).toBe("old");
    await transaction.commit();
    expect([await read(bob, "/shared/a"), await read(ann, "/own")]).toEqual(["new", "own"]);
  });
});
