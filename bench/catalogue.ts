/** Durable commits: directories made one after the other by one client, and by 32 at once, here and from another peer. */
import { mkdir, mkdtemp, open } from "node:fs/promises";
import { join } from "node:path";
import { childPath, rootPath } from "../src/core/names.ts";
import { connectControl } from "../src/peer/control/control-client.ts";
import { controlAddress } from "../src/peer/data-folder-paths.ts";
import { withTwoPeers } from "./networks.ts";
import type { Bench, Contestant } from "./contest.ts";
import { Network, type Peer } from "./peers.ts";

const commitsFull = 1000;
const manyClients = 32;

/** Commits a second of a network of one, and of a peer whose coordinator is another. */
export async function catalogue(bench: Bench): Promise<void> {
  const network = new Network(bench.program);
  try {
    const peer = await network.add("coordinator");
    for (const clients of [1, manyClients]) await commits(bench, network, peer, clients, "here");
  } finally {
    await network.stop();
  }
  await withTwoPeers(bench, async (network, peer) => {
    for (const clients of [1, manyClients]) await commits(bench, network, peer, clients, "from another peer");
  });
}

async function commits(bench: Bench, network: Network, peer: Peer, clients: number, where: string): Promise<void> {
  const connections = await Promise.all(
    Array.from({ length: clients }, () => connectControl(controlAddress(peer.folder))),
  );
  const amount = bench.scaled(commitsFull);
  await bench.contest({
    name: `catalogue: ${clients} client${clients === 1 ? "" : "s"}, ${where}`,
    amounts: { commits: amount },
    ours: (repetition) =>
      network.measured(async () => {
        await makeAll(amount, connections, async (client, index) =>
          client.mkdir(childPath(rootPath, `${clients}-${repetition}-${index}`)),
        );
        return [];
      }),
    others: await durableFolders(bench, amount, clients),
  });
  await Promise.all(connections.map((client) => client.close()));
}

/** Numbers from 0 to `amount`, each taken by the next client that is free. */
async function makeAll<Client>(
  amount: number,
  clients: readonly Client[],
  make: (client: Client, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (client: Client): Promise<void> => {
    while (next < amount) await make(client, next++);
  };
  await Promise.all(clients.map(work));
}

/** What the file system itself does: make a folder, and flush the one that it is in. */
async function durableFolders(bench: Bench, amount: number, clients: number): Promise<Contestant[]> {
  const parent = await mkdtemp(join(bench.program.folder, "folders-"));
  const run = async (repetition: number) => {
    const handle = await open(parent);
    await makeAll(amount, Array.from({ length: clients }), async (_, index) => {
      await mkdir(join(parent, `${repetition}-${index}`));
      await handle.sync();
    });
    await handle.close();
    return [];
  };
  return [{ name: "mkdir and fsync", run }];
}
