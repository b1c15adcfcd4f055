/** Many files: a tree of mixed sizes to another peer and back, and very many very small files. */
import { join } from "node:path";
import { withTwoPeers } from "./big-files.ts";
import { mixedSizes, smallSizes, writeTree } from "./content.ts";
import type { Bench } from "./contest.ts";
import { cp, cpAndSync, restic, rsync } from "./rivals.ts";

const treeFilesFull = 2000;
const smallFilesFull = 10_000;

/** 2,000 files of 1 KiB to 1 MiB, about 200 MB, new each time, to another peer. */
export function putTree(bench: Bench): Promise<void> {
  return putFiles(bench, "put-tree", mixedSizes(bench.scaled(treeFilesFull)));
}

/** 10,000 files of 1 KiB, new each time, to another peer. */
export function putSmall(bench: Bench): Promise<void> {
  return putFiles(bench, "put-small", smallSizes(bench.scaled(smallFilesFull)));
}

/** The tree of `put-tree` from another peer. */
export function getTree(bench: Bench): Promise<void> {
  return getFiles(bench, "get-tree", mixedSizes(bench.scaled(treeFilesFull)));
}

async function putFiles(bench: Bench, name: string, sizes: readonly number[]): Promise<void> {
  const path = (part: string): string => join(bench.program.folder, `${name}-${part}`);
  const source = (repetition: number): string => path(`source-${repetition}`);
  let bytes = 0;
  for (let at = 0; at < bench.repetitions; at++) ({ bytes } = await writeTree(source(at), at + 1, sizes));
  await withTwoPeers(bench, async (network, writer) =>
    bench.contest({
      name,
      amounts: { files: sizes.length, MB: bytes / 1e6 },
      ours: (at) => network.measured(async () => (await network.shell(writer, `put -R ${source(at)} /${at}`)).usage),
      others: [
        ...cpAndSync(bench, source, (at) => path(`cp-${at}`)),
        ...rsync(bench, source, (at) => path(`rsync-${at}`)),
        ...(await restic(bench, source)),
      ],
    }),
  );
}

async function getFiles(bench: Bench, name: string, sizes: readonly number[]): Promise<void> {
  const path = (part: string): string => join(bench.program.folder, `${name}-${part}`);
  const { bytes } = await writeTree(path("source"), 1, sizes);
  await withTwoPeers(bench, async (network, reader) => {
    await network.shell(reader, `put -R ${path("source")} /tree`);
    await bench.contest({
      name,
      amounts: { files: sizes.length, MB: bytes / 1e6 },
      ours: (at) =>
        network.measured(async () => (await network.shell(reader, `get -R /tree ${path(`got-${at}`)}`)).usage),
      others: cp(
        bench,
        () => path("source"),
        (at) => path(`cp-${at}`),
      ),
    });
  });
}
