/** One large file: to two disks, again, changed, and back at another peer. */
import { join } from "node:path";
import type { Bench } from "./contest.ts";
import type { Corpus } from "./corpora.ts";
import { type Pair, type PairAndGuest, withBackupPair, withPairAndGuest } from "./networks.ts";
import type { Network, Peer } from "./peers.ts";
import type { ProcessUsage } from "./process-usage.ts";
import type { Target } from "./result.ts";
import {
  backupAgain,
  borgTool,
  casyncGrowth,
  copiesFrom,
  firstBackup,
  newPath,
  repositoryGrowth,
  resticTool,
  restoring,
  rsyncSent,
  scpTo,
} from "./rivals.ts";
import { fromRegistry } from "./registry-rivals.ts";
import { withSshServer } from "./ssh-server.ts";
import { syncthing, syncthingSent } from "./syncthing.ts";
import { onTheWire } from "./wire.ts";

/** What peers say to each other meanwhile, and the list of chunks that are there already. */
const wireMegabytesMax = 1;

const amountsOf = ({ bytes }: Corpus): { MB: number } => ({ MB: bytes / 1e6 });

/** 1 GiB, new each time, to the own disk and to the backup peer's. */
export function putBig(bench: Bench): Promise<void> {
  return withBackupPair(bench, ({ network, owner }: Pair) =>
    putNew(bench, network, owner, "put big: own disk and backup peer", [
      { factor: 1, of: "restic" },
      { factor: 1, of: "borg", isStretch: true },
    ]),
  );
}

/** 1 GiB, new each time, from a peer without a shelf to the disks of two others. */
export function putBigFromGuest(bench: Bench): Promise<void> {
  return withPairAndGuest(bench, ({ network, guest }: PairAndGuest) =>
    putNew(bench, network, guest, "put big without a shelf: to two other peers", [
      { factor: 0.7, of: "restic" },
      { factor: 1, of: "restic", isStretch: true },
    ]),
  );
}

async function putNew(
  bench: Bench,
  network: Network,
  peer: Peer,
  name: string,
  targets: readonly Target[],
): Promise<void> {
  const corpora = await inTurn(bench.repetitions, (at) => bench.corpora.big(at));
  const source = pathIn(corpora);
  await withSshServer(bench, (server) =>
    syncthing(bench, corpora, async (synced) =>
      bench.contest({
        name,
        amounts: amountsOf(corpora[0] as Corpus),
        ours: (at) => network.measured(async () => (await network.shell(peer, `put -q ${source(at)} /${at}`)).usage),
        others: [
          ...firstBackup(bench, [...resticTool(bench), ...borgTool(bench)], source),
          ...synced,
          ...scpTo(bench, server, source),
        ],
        targets,
      }),
    ),
  );
}

/** The same 1 GiB once more, beside a first put: it is recognised, and nothing travels. */
export async function putBigAgain(bench: Bench): Promise<void> {
  const corpora = await inTurn(bench.repetitions + 1, (at) => bench.corpora.big(at));
  const source = pathIn(corpora);
  await withBackupPair(bench, async ({ network, owner }) => {
    const put = (at: number): Promise<readonly ProcessUsage[]> =>
      network.measured(async () => (await network.shell(owner, `put -q -f ${source(at)} /${at}`)).usage);
    const sent: number[] = [];
    await put(0);
    await bench.contest({
      name: "put big again",
      amounts: amountsOf(corpora[0] as Corpus),
      ours: async (at) => {
        const { megabytes, result } = await onTheWire(() => put(at));
        sent.push(megabytes);
        return result;
      },
      others: [
        {
          name: "our first put",
          isOurs: true,
          how: "the file that is put again in the next turn",
          run: (at) => put(at + 1),
        },
        ...backupAgain(bench, [...resticTool(bench), ...borgTool(bench)], source),
      ],
      targets: [{ factor: 5, of: "our first put" }],
    });
    bench.add({
      job: "put big again: bytes on the wire",
      unit: "MB",
      better: "less",
      ours: { name: "ours", values: sent, processes: [] },
      others: [],
      targets: [{ value: wireMegabytesMax }],
    });
  });
}

/** A file that was put before and has changed in 21 places: what travels. */
export async function putBigChanged(bench: Bench): Promise<void> {
  const originals = await inTurn(bench.repetitions, (at) => bench.corpora.big(at));
  const changed = await inTurn(bench.repetitions, (at) => bench.corpora.changedBig(at));
  const [before, after] = [pathIn(originals), pathIn(changed)];
  const tools = [...resticTool(bench), ...borgTool(bench)];
  await withBackupPair(bench, async ({ network, owner }) =>
    syncthingSent(bench, originals, changed, async (synced) =>
      bench.compare({
        job: "put big2 after big: bytes sent",
        unit: "MB",
        better: "less",
        ours: {
          how: "put -f; all bytes on loopback, both directions",
          prepare: (at) => network.shell(owner, `put -q ${before(at)} /${at}`),
          run: async (at) => {
            const { megabytes, result } = await onTheWire(() =>
              network.measured(async () => (await network.shell(owner, `put -q -f ${after(at)} /${at}`)).usage),
            );
            return { value: megabytes, processes: result };
          },
        },
        others: [
          ...repositoryGrowth(bench, tools, before, after),
          ...casyncGrowth(bench, before, after),
          ...rsyncSent(bench, before, after),
          ...synced,
        ],
        targets: [{ value: 10 }, { value: 3, isStretch: true }],
      }),
    ),
  );
}

/** 1 GiB from the disks of two peers to a file of a third one's machine. */
export async function getBig(bench: Bench): Promise<void> {
  const corpus = await bench.corpora.big(0);
  await withPairAndGuest(bench, async ({ network, owner, guest }) => {
    await network.shell(owner, `put -q ${corpus.path} /big`);
    let target = "";
    await withSshServer(bench, (server) =>
      fromRegistry(bench, corpus.path, async (registry) =>
        bench.contest({
          name: "get big to another peer's shell",
          amounts: amountsOf(corpus),
          beforeOurs: async () => (target = await newPath(bench, "got")),
          ours: () =>
            network.measured(async () => (await network.shell(guest, `get -q /big ${join(target, "big")}`)).usage),
          others: [
            ...restoring(bench, [...resticTool(bench), ...borgTool(bench)], corpus.path),
            ...copiesFrom(bench, server, corpus.path),
            ...registry,
          ],
          targets: [
            { factor: 8, of: "Helia" },
            { factor: 3, of: "Hyperdrive" },
            { factor: 0.9, of: "sftp" },
            { factor: 1, of: "scp", isStretch: true },
          ],
        }),
      ),
    );
  });
}

/** Makes corpora one after the other: together they would only wait for the same disk. */
export async function inTurn(count: number, make: (at: number) => Promise<Corpus>): Promise<Corpus[]> {
  const corpora: Corpus[] = [];
  for (let at = 0; at < count; at++) corpora.push(await make(at));
  return corpora;
}

/** The path of the corpus of each repetition. */
export function pathIn(corpora: readonly Corpus[]): (repetition: number) => string {
  return (repetition) => (corpora[repetition] as Corpus).path;
}
