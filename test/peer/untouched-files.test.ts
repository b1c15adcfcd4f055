import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, assert, beforeEach, describe, expect, it, vi } from "vitest";
import type { PutRequest, TransferSummary } from "../../src/core/client.ts";
import { treeChangesMax } from "../../src/core/limits.ts";
import { KnownFiles } from "../../src/peer/known-files/known-files.ts";
import { Namespace } from "../../src/peer/namespace.ts";
import { FileSpace, at, putText, textOf } from "./file-space.ts";

const names = ["a", "b", "c"];

describe("files that nobody has touched", () => {
  let space: FileSpace;
  let folder = "";
  let tree = "";

  const put = (request: Partial<PutRequest> = {}): Promise<TransferSummary> =>
    space.client.put({
      sources: [{ kind: "path", path: tree }],
      target: at("/"),
      recursive: true,
      force: true,
      ...request,
    });

  /** What a put came to, and the names that it looked up in the tree's directory. */
  async function lookedUp(request?: Partial<PutRequest>): Promise<{ summary: TransferSummary; looked: string[] }> {
    const many = vi.spyOn(Namespace.prototype, "namedChildren");
    try {
      const summary = await put(request);
      return { summary, looked: many.mock.calls.flatMap(([, wanted]) => wanted).sort() };
    } finally {
      many.mockRestore();
    }
  }

  beforeEach(async () => {
    space = new FileSpace();
    await space.start();
    folder = await mkdtemp(join(tmpdir(), "untouched-"));
    tree = join(folder, "tree");
    await mkdir(tree);
    for (const name of names) await writeFile(join(tree, name), `content ${name}`);
    const log = { warn: (text: string) => expect.fail(text) };
    space.known = new KnownFiles({ path: join(folder, "known.db"), nowMs: () => Date.now() + 60_000, log });
    await put();
    assert((await lookedUp()).looked.length === names.length);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    space.known?.stop();
    await space.stop();
    await rm(folder, { recursive: true });
  });

  it("KNOWN-11 that were seen unchanged are not looked up again while nothing has touched them", async () => {
    const changes = vi.spyOn(space.trees, "changes");
    for (const request of [{}, { force: false }, { dryRun: true }])
      expect(await lookedUp(request)).toMatchObject({ summary: { files: 3, unchanged: 3, copies: 1 }, looked: [] });
    expect(changes.mock.calls.length).toBe(3);
    await putText(space.client, "/another", "somewhere else");
    expect((await lookedUp()).looked).toEqual([]);
  });

  it.each([
    ["has another revision", () => putText(space.client, "/tree/b", "theirs", { force: true })],
    ["is gone", () => space.client.remove(at("/tree/b"))],
    ["has another name", () => space.client.move(at("/tree/b"), at("/tree/other"))],
    ["was replaced", () => space.client.move(at("/tree/a"), at("/tree/b"), { force: true })],
    [
      "is in another directory",
      () => space.client.move(at("/tree"), at("/moved")).then(() => space.client.mkdir(at("/tree"))),
    ],
  ])("KNOWN-12 one that %s in the network by now is looked up, and put", async (_, change) => {
    await change();
    const { summary, looked } = await lookedUp();
    expect(looked).toContain("b");
    expect(summary).toMatchObject({ files: 3, failed: 0 });
    expect(summary.unchanged).toBeLessThan(3);
    for (const name of names) expect(await textOf(space.client.read(at(`/tree/${name}`)))).toBe(`content ${name}`);
  });

  it("KNOWN-12 one that is asked for otherwise than it is there is looked up, and put as it is asked for", async () => {
    await chmod(join(tree, "b"), 0o600);
    expect((await lookedUp()).looked).toEqual(["b"]);
    expect(await space.client.stat(at("/tree/b"))).toMatchObject({ mode: 0o600, revision: 2 });
    const expiresMs = Date.now() + 60_000;
    expect((await lookedUp({ expiresMs })).summary).toMatchObject({ unchanged: 0 });
    expect((await lookedUp({ expiresMs })).looked).toEqual(names);
    expect((await lookedUp()).summary).toMatchObject({ unchanged: 0 });
    expect((await lookedUp({ copies: 2 })).summary).toMatchObject({ unchanged: 0 });
    expect((await lookedUp({ checksum: true })).looked).toEqual(names);
  });

  it("KNOWN-12 all are looked up where the log is another, or what was changed cannot be told", async () => {
    const real = space.trees.changes;
    const spy = vi.spyOn(space.trees, "changes");
    spy.mockRejectedValueOnce(new Error("away"));
    expect(await lookedUp()).toMatchObject({ summary: { unchanged: 3 }, looked: names });
    expect((await lookedUp()).looked).toEqual([]);
    spy.mockImplementation(async (owner, query) => ({ ...(await real(owner, query)), isReset: true }));
    expect((await lookedUp()).looked).toEqual(names);
    const row = { node: "", changedIndex: 1 };
    const rows = Array.from({ length: treeChangesMax + 1 }, (_, node) => ({ ...row, node: `${node}` })) as never[];
    spy.mockImplementation(async (owner, query) => ({ ...(await real(owner, query)), rows }));
    expect((await lookedUp()).looked).toEqual(names);
    spy.mockRestore();
    expect((await lookedUp()).looked).toEqual([]);
    space.trees.log = "another";
    expect((await lookedUp()).looked).toEqual(names);
    expect((await lookedUp()).looked).toEqual([]);
  });
});
