/** kill -9 of owners and backup peers under load, and after each the question whether every savepoint says the truth. */
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Prng } from "../sim/prng.ts";
import { BurnNetwork } from "./burn-network.ts";
import { type KnownOwner, type StoreCopy, checkSavepoints } from "./savepoint-check.ts";
import { SavepointLoad } from "./savepoint-load.ts";

export interface SavepointReport {
  readonly faults: readonly string[];
  readonly claimed: number;
  readonly compared: number;
  readonly puts: number;
  readonly removals: number;
  readonly failures: number;
}

const stores = 3;
const betweenMsMax = 1_500;

/** So many kills, at moments that the seed picks. Says what was wrong after each, and at the end of what is lost. */
export async function killUnderLoad(kills: number, seed: number): Promise<SavepointReport> {
  const random = new Prng(seed);
  const folder = await mkdtemp(join(tmpdir(), "dfs-savepoint-"));
  const network = new BurnNetwork({
    folder,
    peers: stores + 1,
    args: (place) => ["--lease", "3s", ...(place === stores ? ["--capacity", "0"] : [])],
  });
  let load: SavepointLoad | undefined;
  const faults: string[] = [];
  let [claimed, compared] = [0, 0];
  try {
    await network.start();
    await network.safe();
    await network.whole();
    await network.ask((client) => client.setPolicy({ retainRevisions: 1, retainMs: 0 }));
    load = new SavepointLoad(network.at(stores), new Prng(seed + 1));
    load.start();
    for (let kill = 0; kill < kills; kill += 1) {
      if (random.chance(0.5)) await network.safe();
      await delay(random.below(betweenMsMax));
      const victim = random.below(stores);
      const { copies, owners } = await killed(network, victim, join(folder, `copy-${kill}`));
      const found = await checkSavepoints(copies, owners);
      faults.push(...found.faults.map((fault) => `kill ${kill} of ${network.at(victim).name}: ${fault}`));
      claimed += found.claimed;
      compared += found.compared;
      await rm(join(folder, `copy-${kill}`), { recursive: true, force: true });
      await network.at(victim).start();
    }
    await load.stop();
    await network.safe();
    for (const peer of network.alive)
      faults.push(...(await load.faults(peer)).map((fault) => `${peer.name}: ${fault}`));
    return { faults, claimed, compared, puts: load.puts, removals: load.removals, failures: load.failures };
  } finally {
    await load?.stop();
    await network.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ends one peer, freezes the others for as long as it takes to copy all stores, and says who then owned what. */
async function killed(
  network: BurnNetwork,
  victim: number,
  folder: string,
): Promise<{ readonly copies: readonly StoreCopy[]; readonly owners: readonly KnownOwner[] }> {
  const peer = network.at(victim);
  const before = await ownersOf(network);
  const ending = peer.kill();
  const others = network.peers.filter((other) => other !== peer);
  for (const other of others) other.signal("SIGSTOP");
  await ending;
  const copies: StoreCopy[] = [];
  try {
    await mkdir(folder);
    for (const { folder: data, name } of network.peers.slice(0, stores)) {
      copies.push({ name, folder: join(folder, name) });
      await cp(join(data, "chunks"), join(folder, name), { recursive: true });
    }
  } finally {
    for (const other of others) other.signal("SIGCONT");
  }
  // Who owned a shelf before and after all this owned it when the stores were as they were copied.
  const after = await ownersOf(network);
  const owners = before.filter(({ owner, shelf }) => after.some((one) => one.shelf === shelf && one.owner === owner));
  return { copies, owners };
}

async function ownersOf(network: BurnNetwork): Promise<readonly KnownOwner[]> {
  return (await network.shelves()).map(({ links, shelf }) => ({ shelf, owner: links[0]?.name ?? "" }));
}
