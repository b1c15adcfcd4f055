/** One large file: to another peer, again, onto the own shelf, and back from another peer. */
import { join } from "node:path";
import { writeBigFile } from "./content.ts";
import type { Bench, Contestant } from "./contest.ts";
import { type Peer, Network } from "./peers.ts";
import { cp, cpAndSync, restic, rsync, scp } from "./rivals.ts";
import { runProgram } from "./run-program.ts";
import { type SshServer, startSshServer } from "./ssh-server.ts";

const megabytesFull = 1024;

/** The files of one job, all of different content, and the amount that each of them is. */
class BigFiles {
  readonly #bench: Bench;
  readonly #job: string;

  constructor(bench: Bench, job: string) {
    this.#bench = bench;
    this.#job = job;
  }

  get amounts(): Readonly<Record<string, number>> {
    return { MB: (this.#bench.scaled(megabytesFull) * 1024 * 1024) / 1e6 };
  }

  /** A path of this job in the temporary folder. */
  path(name: string): string {
    return join(this.#bench.program.folder, `${this.#job}-${name}`);
  }

  readonly source = (repetition: number): string => this.path(`source-${repetition}`);

  async write(count: number): Promise<void> {
    for (let seed = 0; seed < count; seed++)
      await writeBigFile(this.source(seed), seed + 1, this.#bench.scaled(megabytesFull));
  }
}

/** 1 GiB, new each time, from a peer without a shelf to the one that has one. */
export async function putBig(bench: Bench): Promise<void> {
  const files = new BigFiles(bench, "put-big");
  await files.write(bench.repetitions);
  await withTwoPeers(bench, async (network, writer) => {
    await withScp(bench, async (server) =>
      bench.contest({
        name: "put-big",
        amounts: files.amounts,
        ours: (at) =>
          network.measured(async () => (await network.shell(writer, `put ${files.source(at)} /${at}`)).usage),
        others: [
          ...cpAndSync(bench, files.source, (at) => files.path(`cp-${at}`)),
          ...(server === undefined
            ? []
            : scp(bench, server, files.source, (at) => server.remote(files.path(`scp-${at}`)))),
          ...rsync(bench, files.source, (at) => files.path(`rsync-${at}`)),
          ...(await restic(bench, files.source)),
        ],
      }),
    );
  });
}

/** The same 1 GiB once more: it is read and recognised, and nothing travels. */
export async function putBigAgain(bench: Bench): Promise<void> {
  const files = new BigFiles(bench, "put-big-again");
  await files.write(1);
  const source = (): string => files.source(0);
  const backup = await restic(bench, source);
  for (const { run } of backup) await run(0);
  await withTwoPeers(bench, async (network, writer) => {
    await network.shell(writer, `put ${source()} /file`);
    await bench.contest({
      name: "put-big-again",
      amounts: files.amounts,
      ours: () => network.measured(async () => (await network.shell(writer, `put -f ${source()} /file`)).usage),
      others: [...hashing(bench, source), ...backup],
    });
  });
}

/** 1 GiB, new each time, onto the shelf of the peer that puts it. */
export async function putLocal(bench: Bench): Promise<void> {
  const files = new BigFiles(bench, "put-local");
  await files.write(bench.repetitions);
  const network = new Network(bench.program);
  try {
    const peer = await network.add("peer");
    await bench.contest({
      name: "put-local",
      amounts: files.amounts,
      ours: (at) => network.measured(async () => (await network.shell(peer, `put ${files.source(at)} /${at}`)).usage),
      others: [
        ...cpAndSync(bench, files.source, (at) => files.path(`cp-${at}`)),
        ...(await restic(bench, files.source)),
      ],
    });
  } finally {
    await network.stop();
  }
}

/** 1 GiB from the peer that has it to a file of the machine of the one that has not. */
export async function getBig(bench: Bench): Promise<void> {
  const files = new BigFiles(bench, "get-big");
  await files.write(1);
  const source = (): string => files.source(0);
  await withTwoPeers(bench, async (network, reader) => {
    await network.shell(reader, `put ${source()} /file`);
    await withScp(bench, (server) =>
      bench.contest({
        name: "get-big",
        amounts: files.amounts,
        ours: (at) =>
          network.measured(async () => (await network.shell(reader, `get /file ${files.path(`got-${at}`)}`)).usage),
        others: [
          ...cp(bench, source, (at) => files.path(`cp-${at}`)),
          ...(server === undefined
            ? []
            : scp(
                bench,
                server,
                () => server.remote(source()),
                (at) => files.path(`scp-${at}`),
              )),
        ],
      }),
    );
  });
}

/** What reading and hashing alone takes. */
function hashing(bench: Bench, source: () => string): Contestant[] {
  return bench.other("sha256sum", ["sha256sum"], async () => (await runProgram("sha256sum", [source()])).usage);
}

/** A peer with a shelf, and one without, which `work` gets. */
export async function withTwoPeers(bench: Bench, work: (network: Network, peer: Peer) => Promise<void>): Promise<void> {
  const network = new Network(bench.program);
  try {
    await network.add("holder");
    await work(network, await network.add("client", ["--capacity", "0"]));
  } finally {
    await network.stop();
  }
}

async function withScp(bench: Bench, work: (server: SshServer | undefined) => Promise<void>): Promise<void> {
  const server = await startSshServer(bench);
  try {
    await work(server);
  } finally {
    server?.stop();
  }
}
