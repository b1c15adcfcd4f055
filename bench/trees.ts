/** Many files: a tree of mixed sizes to two disks and back, and very many very small files, once and again. */
import { join } from "node:path";
import { inTurn, pathIn } from "./big-files.ts";
import type { Bench } from "./contest.ts";
import type { Corpus } from "./corpora.ts";
import { withBackupPair, withPairAndGuest } from "./networks.ts";
import type { Target } from "./result.ts";
import {
  backupAgain,
  borgTool,
  copiesFrom,
  firstBackup,
  newPath,
  resticTool,
  restoring,
  rsync,
  scpTo,
} from "./rivals.ts";
import { withSshServer } from "./ssh-server.ts";
import { syncthing } from "./syncthing.ts";

const amountsOf = ({ files, bytes }: Corpus): Record<string, number> => ({ files, MB: bytes / 1e6 });

/** 2,000 files of 1 KiB to 1 MiB, about 200 MB, new each time, to the own disk and to the backup peer's. */
export async function putTree(bench: Bench): Promise<void> {
  const corpora = await inTurn(bench.repetitions, (at) => bench.corpora.tree(at));
  await putFiles(bench, "put tree: own disk and backup peer", corpora, [{ factor: 1, of: "restic" }]);
}

/** 10,000 files of 1 KiB, new each time, to the own disk and to the backup peer's. */
export async function putSmall(bench: Bench): Promise<void> {
  const corpora = await inTurn(bench.repetitions, (at) => bench.corpora.small(at));
  await putFiles(bench, "put small: own disk and backup peer", corpora, [
    { factor: 2, of: "scp" },
    { factor: 0.7, of: "restic", isStretch: true },
  ]);
}

async function putFiles(
  bench: Bench,
  name: string,
  corpora: readonly Corpus[],
  targets: readonly Target[],
): Promise<void> {
  const source = pathIn(corpora);
  await withBackupPair(bench, ({ network, owner }) =>
    withSshServer(bench, (server) =>
      syncthing(bench, corpora, async (synced) =>
        bench.contest({
          name,
          amounts: amountsOf(corpora[0] as Corpus),
          ours: (at) =>
            network.measured(async () => (await network.shell(owner, `put -q -R ${source(at)} /${at}`)).usage),
          others: [
            ...firstBackup(bench, [...resticTool(bench), ...borgTool(bench)], source),
            ...synced,
            ...scpTo(bench, server, source),
            ...rsync(bench, source),
          ],
          targets,
        }),
      ),
    ),
  );
}

/** 10,000 files of 1 KiB that are there already. */
export async function putSmallAgain(bench: Bench): Promise<void> {
  const corpus = await bench.corpora.small(0);
  const source = (): string => corpus.path;
  await withBackupPair(bench, async ({ network, owner }) => {
    await network.shell(owner, `put -q -R ${corpus.path} /`);
    await bench.contest({
      name: "put small again",
      amounts: amountsOf(corpus),
      ours: () => network.measured(async () => (await network.shell(owner, `put -q -f -R ${corpus.path} /`)).usage),
      others: backupAgain(bench, [...resticTool(bench), ...borgTool(bench)], source),
      targets: [{ factor: 1, of: "restic" }],
    });
  });
}

/** The tree, from the disks of two peers to a folder of a third one's machine. */
export async function getTree(bench: Bench): Promise<void> {
  const corpus = await bench.corpora.tree(0);
  await withPairAndGuest(bench, async ({ network, owner, guest }) => {
    await network.shell(owner, `put -q -R ${corpus.path} /tree`);
    let target = "";
    await withSshServer(bench, async (server) =>
      bench.contest({
        name: "get tree to another peer's shell",
        amounts: amountsOf(corpus),
        beforeOurs: async () => (target = await newPath(bench, "got")),
        ours: () =>
          network.measured(async () => (await network.shell(guest, `get -q -R /tree ${join(target, "tree")}`)).usage),
        others: [
          ...restoring(bench, [...resticTool(bench), ...borgTool(bench)], corpus.path),
          ...copiesFrom(bench, server, corpus.path),
        ],
        targets: [{ factor: 1, of: "restic" }],
      }),
    );
  });
}
