/** What every DfsClient does with changes that are taken back. */
import { expect, it } from "vitest";
import type { DfsClient } from "../../src/core/client.ts";
import { toDfsError } from "../../src/core/errors.ts";
import { type DfsPath, resolvePath } from "../../src/core/names.ts";
import type { ChangeTag, UndoOptions } from "../../src/core/undo.ts";

const at = (path: string): DfsPath => resolvePath(path);
let tags = 0;

/** A change that no other call is part of. */
function newTag(command = "step"): ChangeTag {
  tags += 1;
  return { id: `contract${tags}`, command };
}

async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return "ok";
  } catch (error) {
    const { kind, path } = toDfsError(error);
    return path === undefined ? kind : [kind, path];
  }
}

async function text(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

/** Everything below a directory, by its path there: contents of files, and `/` for directories. */
async function treeOf(client: DfsClient, top: DfsPath): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for await (const { path, kind } of client.walk(top))
    seen[path.slice(top.length)] = kind === "file" ? await text(client.read(path)) : "/";
  return seen;
}

async function putText(client: DfsClient, path: DfsPath, content: string, change?: ChangeTag): Promise<void> {
  const bytes = (async function* () {
    yield Buffer.from(content);
  })();
  const source = { kind: "stream", bytes, name: "stream" } as const;
  await client.put({ sources: [source], target: path, force: true }, { change });
}

/** Adds the suite for undo to that of a client. */
export function undoContract(opened: () => DfsClient): void {
  let places = 0;

  /** A new directory that no recorded change made. */
  async function newPlace(): Promise<{ readonly client: DfsClient; readonly here: (path: string) => DfsPath }> {
    const client = opened();
    places += 1;
    const top = `/undo-${places}`;
    await client.mkdir(at(top));
    return { client, here: (path) => at(path === "" ? top : `${top}/${path}`) };
  }

  /** A change of its own. */
  const apart = async (work: (change: ChangeTag) => Promise<unknown>): Promise<void> => void (await work(newTag()));

  it("UNDO-2 takes back every kind of change, the last first, and makes each again", { timeout: 60_000 }, async () => {
    const { client, here } = await newPlace();
    const top = here("");
    const seen = [await treeOf(client, top)];
    const steps: readonly ((change: ChangeTag) => Promise<unknown>)[] = [
      (change) => client.mkdir(here("a/b/c"), { parents: true, change }),
      (change) => putText(client, here("a/f"), "one", change),
      (change) => putText(client, here("a/f"), "two", change),
      (change) => client.copy(here("a"), here("copied"), { recursive: true, change }),
      (change) => client.move(here("a/f"), here("a/b/g"), { change }),
      (change) => client.move(here("copied/f"), here("a/b/g"), { force: true, change }),
      (change) => client.rmdir(here("a/b/c"), { change }),
      (change) => client.move(here("a"), here("copied/a"), { change }),
      (change) => client.remove(here("copied"), { recursive: true, change }),
    ];
    for (const step of steps) {
      await apart(step);
      seen.push(await treeOf(client, top));
    }
    const walk = async (states: readonly unknown[], options: UndoOptions): Promise<void> => {
      for (const state of states) {
        await client.undo(options);
        expect(await treeOf(client, top)).toEqual(state);
      }
    };
    await walk(seen.slice(0, -1).toReversed(), {});
    await walk(seen.slice(1), { redo: true });
    await walk(seen.slice(0, -1).toReversed(), {});
  });

  it("UNDO-3 what was removed has its revisions again, and what was changed back has one more", async () => {
    const { client, here } = await newPlace();
    for (const content of ["one", "two"]) await putText(client, here("f"), content);
    await apart((change) => client.remove(here("f"), { change }));
    await client.undo();
    expect(await client.stat(here("f"))).toMatchObject({ revision: 2 });
    expect(await text(client.read(here("f"), { revision: 1 }))).toBe("one");
    await apart((change) => putText(client, here("f"), "three", change));
    await client.undo();
    expect(await client.stat(here("f"))).toMatchObject({ revision: 4 });
    expect(await text(client.read(here("f")))).toBe("two");
    expect(await text(client.read(here("f"), { revision: 3 }))).toBe("three");
  });

  it("UNDO-4 calls with one tag are one change; those without are none", async () => {
    const { client, here } = await newPlace();
    const change = newTag("rm");
    for (const name of ["a", "b", "c"]) await putText(client, here(name), name);
    for (const name of ["a", "c"]) await client.remove(here(name), { change });
    await client.remove(here("b"));
    const [recorded] = await client.recordedChanges();
    expect(recorded).toMatchObject({ command: "rm", entries: 2, state: "done", isWhole: true });
    expect(await client.undo({ dryRun: true })).toMatchObject({ steps: 2, change: { command: "rm", state: "done" } });
    expect(await client.undo()).toMatchObject({ steps: 2, change: { command: "rm", state: "undone" } });
    expect(Object.keys(await treeOf(client, here(""))).sort()).toEqual(["", "/a", "/c"]);
    expect((await client.recordedChanges())[0]).toMatchObject({ command: "rm", state: "undone" });
  });

  it("UNDO-4 a change that changed nothing is none", async () => {
    const { client, here } = await newPlace();
    const before = await client.recordedChanges();
    await putText(client, here("f"), "one");
    expect(await outcome(client.mkdir(here("f"), { change: newTag() }))).not.toBe("ok");
    expect(await outcome(client.remove(here("nothing"), { change: newTag() }))).not.toBe("ok");
    expect(await client.recordedChanges()).toEqual(before);
  });

  it("UNDO-5 says what it would do, and does nothing", async () => {
    const { client, here } = await newPlace();
    for (const name of ["f", "g", "h"]) await putText(client, here(name), name);
    const change = newTag();
    await putText(client, here("new"), "new", change);
    await putText(client, here("f"), "other", change);
    await client.move(here("g"), here("moved"), { change });
    await client.remove(here("h"), { change });
    const before = await treeOf(client, here(""));
    const { shown, steps } = await client.undo({ dryRun: true });
    expect(steps).toBe(4);
    expect(shown.toSorted((one, other) => (one.path < other.path ? -1 : 1))).toMatchObject([
      { action: "change-back", path: here("f"), revision: 1 },
      { action: "move-back", path: here("g"), from: here("moved") },
      { action: "bring-back", path: here("h") },
      { action: "remove", path: here("new") },
    ]);
    expect(await treeOf(client, here(""))).toEqual(before);
    await client.undo();
    expect(await treeOf(client, here(""))).toEqual({ "": "/", "/f": "f", "/g": "g", "/h": "h" });
  });

  it("UNDO-6 refuses where somebody else changed the same thing since, names it, and changes nothing", async () => {
    const { client, here } = await newPlace();
    const refused = async (
      work: (change: ChangeTag) => Promise<unknown>,
      since: () => Promise<unknown>,
      path: string,
    ) => {
      await apart(work);
      await since();
      const before = await treeOf(client, here(""));
      expect(await outcome(client.undo())).toEqual(["conflict", here(path)]);
      expect(await treeOf(client, here(""))).toEqual(before);
      await apart((change) => client.mkdir(here(`next-${newTag().id}`), { change }));
    };
    await putText(client, here("f"), "one");
    await refused(
      (change) => putText(client, here("f"), "two", change),
      () => putText(client, here("f"), "three"),
      "f",
    );
    await refused(
      (change) => putText(client, here("made"), "one", change),
      () => putText(client, here("made"), "two"),
      "made",
    );
    await refused(
      (change) => client.mkdir(here("d"), { change }),
      () => putText(client, here("d/in"), "theirs"),
      "d/in",
    );
    await refused(
      (change) => client.move(here("f"), here("d/f"), { change }),
      () => client.move(here("d/f"), here("elsewhere")),
      "elsewhere",
    );
    await refused(
      (change) => client.remove(here("made"), { change }),
      () => client.mkdir(here("made")),
      "made",
    );
    await putText(client, here("d/x"), "x");
    await refused(
      (change) => client.remove(here("d/x"), { change }),
      () => client.remove(here("d"), { recursive: true }),
      "d/x",
    );
  });

  it("UNDO-13 a change that cannot be taken back is skipped, and those before it can be", async () => {
    const { client, here } = await newPlace();
    await apart((change) => client.mkdir(here("first"), { change }));
    await apart((change) => client.mkdir(here("second"), { change }));
    await putText(client, here("second/theirs"), "theirs");
    expect(await outcome(client.undo())).toEqual(["conflict", here("second/theirs")]);
    expect(await client.undo({ skip: true, dryRun: true })).toMatchObject({ steps: 0 });
    expect(await outcome(client.undo())).toEqual(["conflict", here("second/theirs")]);
    expect(await client.undo({ skip: true })).toMatchObject({ steps: 0 });
    await client.undo();
    expect(await treeOf(client, here(""))).toEqual({ "": "/", "/second": "/", "/second/theirs": "theirs" });
  });

  it("UNDO-7 leaves alone what is as before already", async () => {
    const { client, here } = await newPlace();
    await putText(client, here("f"), "one");
    const change = newTag();
    await putText(client, here("f"), "two", change);
    await client.mkdir(here("d"), { change });
    await putText(client, here("f"), "one");
    await client.rmdir(here("d"));
    expect(await client.undo()).toMatchObject({ steps: 0 });
    expect(await client.stat(here("f"))).toMatchObject({ revision: 3 });
  });

  it("UNDO-8 a new change ends what could be made again, and not what can be taken back", async () => {
    const { client, here } = await newPlace();
    await apart((change) => client.mkdir(here("first"), { change }));
    await apart((change) => client.mkdir(here("second"), { change }));
    await client.undo();
    await apart((change) => client.mkdir(here("third"), { change }));
    expect(await outcome(client.undo({ redo: true }))).toBe("not-found");
    await client.undo();
    await client.undo();
    expect(await treeOf(client, here(""))).toEqual({ "": "/" });
  });

  it("UNDO-9 a transaction is one change, and has no undo inside", async () => {
    const { client, here } = await newPlace();
    await putText(client, here("a"), "a");
    await putText(client, here("b"), "b");
    const transaction = await client.begin();
    await transaction.mkdir(here("d/e"), { parents: true, change: newTag() });
    await transaction.move(here("a"), here("d/e/tmp"), { change: newTag() });
    await transaction.move(here("b"), here("a"));
    await transaction.move(here("d/e/tmp"), here("b"));
    await transaction.remove(here("d"), { recursive: true });
    expect(await outcome(transaction.undo())).toBe("usage");
    expect(await outcome(transaction.recordedChanges())).toBe("usage");
    await transaction.commit({ change: newTag("atomic") });
    await transaction.close();
    expect(await treeOf(client, here(""))).toEqual({ "": "/", "/a": "b", "/b": "a" });
    expect(await client.undo()).toMatchObject({ change: { command: "atomic" }, steps: 2 });
    expect(await treeOf(client, here(""))).toEqual({ "": "/", "/a": "a", "/b": "b" });
  });
}
