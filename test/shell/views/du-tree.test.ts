import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entry } from "../../../src/core/client.ts";
import { type DfsPath, childPath, pathParts, resolvePath, rootPath } from "../../../src/core/names.ts";
import { type DirectoryNode, DuTree } from "../../../src/shell/views/du-tree.ts";
import { largestFiles } from "../../../src/shell/views/largest-files.ts";
import { MemoryClient } from "../memory-client.ts";

const entry = (path: string, sizeBytes?: number): Entry => ({
  kind: sizeBytes === undefined ? "directory" : "file",
  path: resolvePath(path),
  name: path.split("/").at(-1) ?? "",
  sizeBytes: sizeBytes ?? 0,
  mode: 0,
  modifiedMs: 0,
  committedMs: 0,
  revision: 1,
  copies: 2,
  addedBytes: (sizeBytes ?? 0) / 2,
  historyBytes: sizeBytes === undefined ? 0 : 1,
});

function treeOf(entries: readonly Entry[], directoriesMax = 1_000, path: DfsPath = rootPath): DuTree {
  const tree = new DuTree(path, directoriesMax);
  for (const each of entries) tree.add(each);
  return tree;
}

const small = [
  entry("/"),
  entry("/a"),
  entry("/a/x", 100),
  entry("/a/deep"),
  entry("/a/deep/y", 10),
  entry("/b", 1),
  entry("/c"),
];

function kept(node: DirectoryNode): number {
  return [...(node.children?.values() ?? [])].reduce((sum, child) => sum + kept(child), 1);
}

describe("the tree of ncdu", () => {
  it("VIEW-16 sums directories up as du does", () => {
    const tree = treeOf(small);
    expect(tree.root.totals).toEqual({
      files: 3,
      directories: 3,
      sums: { logical: 111, unique: 55.5, history: 3, replicated: 117 },
    });
    expect(tree.nodeAt(resolvePath("/a"))?.totals).toMatchObject({ files: 2, directories: 1, sums: { logical: 110 } });
    expect(tree.nodeAt(resolvePath("/a/deep"))?.totals).toMatchObject({
      files: 1,
      directories: 0,
      sums: { logical: 10 },
    });
    expect(tree.nodeAt(resolvePath("/b"))).toBeUndefined();
    expect(tree.entries).toBe(small.length);
  });

  it("VIEW-16 takes away what was removed, and takes in what a later walk found", () => {
    const tree = treeOf(small);
    const a = resolvePath("/a");
    tree.subtract(
      a,
      { files: 1, directories: 1, sums: { logical: 10, unique: 5, history: 1, replicated: 12 } },
      "deep",
    );
    expect(tree.nodeAt(resolvePath("/a/deep"))).toBeUndefined();
    expect(tree.nodeAt(a)?.totals).toMatchObject({ files: 1, directories: 0, sums: { logical: 100 } });
    expect(tree.root.totals).toMatchObject({ files: 2, directories: 2, sums: { logical: 101 } });
    tree.replace(a, { files: 9, directories: 4, sums: { logical: 1_000, unique: 0, history: 0, replicated: 0 } });
    expect(tree.root.totals).toMatchObject({ files: 10, directories: 6, sums: { logical: 1_001 } });
    expect(tree.nodeAt(a)?.children).toBeUndefined();
  });

  it("VIEW-17 however deep or wide a tree is, no more directories are kept than are allowed, and no byte is lost", () => {
    const shape = fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(100)), { maxLength: 200 });
    fc.assert(
      fc.property(shape, fc.integer({ min: 2, max: 40 }), (files, most) => {
        const walk = walkOf(
          files.map(([a, b, c, d, size], index) => [`/${a}/${b}/${c}/${d}/f${index}`, size] as const),
        );
        const tree = treeOf(walk, most);
        const bytes = files.reduce((sum, [, , , , size]) => sum + size, 0);
        expect(tree.root.totals.sums.logical).toBe(bytes);
        expect(tree.root.totals.files).toBe(files.length);
        expect(kept(tree.root)).toBeLessThanOrEqual(most + 1);
        for (const [name, { totals }] of tree.root.children ?? [])
          expect(totals.sums.logical, name).toBe(
            files.reduce((sum, [a, , , , size]) => sum + (String(a) === name ? size : 0), 0),
          );
      }),
    );
  });

  it("VIEW-17 of too many directories in one the largest are kept, and the others summed up", () => {
    const files = Array.from({ length: 100 }, (_, index) => [`/d${String(index).padStart(3, "0")}/f`, index] as const);
    const { root } = treeOf(walkOf(files), 20);
    const names = [...(root.children?.keys() ?? [])];
    expect(names.length).toBeLessThanOrEqual(20);
    expect(names).toContain("d099");
    expect(names).toContain("d098");
    expect(root.rest.directories).toBe(100 - names.length);
    const inChildren = [...(root.children?.values() ?? [])].reduce((sum, { totals }) => sum + totals.sums.logical, 0);
    expect(inChildren + root.rest.sums.logical).toBe(root.totals.sums.logical);
  });

  it("VIEW-17 a tree of half a million directories takes no more memory than a small one", () => {
    const tree = new DuTree(rootPath, 1_000);
    tree.add(entry("/"));
    const before = process.memoryUsage().heapUsed;
    for (let a = 0; a < 100; a += 1) {
      tree.add(entry(`/a${a}`));
      for (let b = 0; b < 5_000; b += 1) tree.add(entry(`/a${a}/b${b}`));
    }
    expect(kept(tree.root)).toBeLessThanOrEqual(1_001);
    expect(tree.root.totals.directories).toBe(500_100);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 1024 * 1024);
  });

  it("VIEW-17 of too many files in a directory the largest are listed, and the others summed up", async () => {
    const client = new MemoryClient({ pageEntries: 7 });
    for (let index = 0; index < 40; index += 1) client.add(`/f${index}`, "x".repeat(index));
    client.add("/dir/inside", "not here");
    const reads = { signal: new AbortController().signal };
    const { files, rest, refused } = await largestFiles(client, rootPath, "logical", 5, reads);
    expect(files.map(({ name }) => name)).toEqual(["f39", "f38", "f37", "f36", "f35"]);
    expect(rest).toMatchObject({ files: 35, sums: { logical: (34 * 35) / 2 } });
    expect(refused).toBeUndefined();
  });
});

/** A walk of a tree with these files: each directory before what is in it, depth first. */
function walkOf(files: readonly (readonly [path: string, size: number])[]): readonly Entry[] {
  const entries: Entry[] = [entry("/")];
  const seen = new Set<string>();
  for (const [path, size] of files.toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    let way: DfsPath = rootPath;
    for (const part of pathParts(resolvePath(path)).slice(0, -1)) {
      way = childPath(way, part);
      if (!seen.has(way)) entries.push(entry(way));
      seen.add(way);
    }
    entries.push(entry(path, size));
  }
  return entries;
}
