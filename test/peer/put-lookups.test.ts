import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { PutRequest, TransferEvent } from "../../src/core/client.ts";
import { lookedUpAtOnce, lookupFreshMs } from "../../src/core/limits.ts";
import { KnownFiles } from "../../src/peer/known-files/known-files.ts";
import { Namespace } from "../../src/peer/namespace.ts";
import { shared } from "../catalogue/world.ts";
import { FileSpace, at, putText, readerOf, textOf } from "./file-space.ts";

const files = lookedUpAtOnce + 10;

describe("a put of many files that are there", () => {
  const space = new FileSpace();
  let folder = "";
  let tree = "";
  const events: TransferEvent[] = [];
  const put = (request: Partial<PutRequest> = {}) =>
    space.client.put(
      { sources: [{ kind: "path", path: tree }], target: at("/"), recursive: true, ...request },
      { onEvent: (event) => void events.push(event) },
    );

  beforeAll(async () => {
    await space.start();
    folder = await mkdtemp(join(tmpdir(), "lookups-"));
    tree = join(folder, "tree");
    await mkdir(tree);
    for (let file = 0; file < files; file += 1) await writeFile(join(tree, `file-${file}`), `content ${file}`);
    const known = {
      path: join(folder, "known.db"),
      nowMs: () => Date.now() + 60_000,
      log: { warn: (text: string) => expect.fail(text) },
    };
    space.known = new KnownFiles(known);
    space.trees.log = undefined; // each has to be looked up
    await put();
  });
  afterAll(async () => {
    space.known?.stop();
    await space.stop();
    await rm(folder, { recursive: true });
  });

  it("PUT-1 asks for the names of a directory together, commits nothing, and tells of them in few events", async () => {
    events.length = 0;
    const one = vi.spyOn(Namespace.prototype, "child");
    const many = vi.spyOn(Namespace.prototype, "namedChildren");
    const commands = space.proposed.length;
    for (const request of [{}, { force: true }, { resume: true }]) {
      expect(await put(request)).toMatchObject({ files, unchanged: files, failed: 0, chunks: 0 });
      expect(many.mock.calls.length).toBe(Math.ceil(files / lookedUpAtOnce));
      expect(one.mock.calls.length).toBeLessThanOrEqual(3); // the way to the tree
      one.mockClear();
      many.mockClear();
    }
    vi.restoreAllMocks();
    expect(space.proposed.length).toBe(commands);
    expect(events.length).toBeLessThan(files / 4);
    const told = events.filter((event) => event.type === "passed");
    expect(told.reduce((sum, event) => sum + event.files, 0)).toBe(3 * files);
    expect(events.filter(({ type }) => type === "found").at(-1)).toMatchObject({ files });
  });

  it("PUT-2 a name that is taken while a group of files waits for its turn is looked up again", async () => {
    const later = join(folder, "later");
    await mkdir(later);
    await writeFile(join(later, "f"), "mine");
    await space.client.mkdir(at("/later"));
    const lookups = new Namespace(shared, readerOf(space.world));
    vi.spyOn(Namespace.prototype, "namedChildren").mockImplementationOnce(async (...args) => {
      const seen = await lookups.namedChildren(...args);
      await putText(space.client, "/later/f", "theirs");
      const now = performance.now();
      vi.spyOn(performance, "now").mockImplementation(() => now + lookupFreshMs);
      return seen;
    });
    const source = { kind: "path", path: later } as const;
    await expect(
      space.client.put({ sources: [source], target: at("/"), recursive: true, force: true }),
    ).resolves.toMatchObject({ files: 1, failed: 0 });
    vi.restoreAllMocks();
    expect(await textOf(space.client.read(at("/later/f")))).toBe("mine");
    expect(await space.client.stat(at("/later/f"))).toMatchObject({ revision: 2 });
  });
});
