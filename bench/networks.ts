/** Networks that the jobs of the table share: who stores what. */
import { setTimeout as delay } from "node:timers/promises";
import type { Bench } from "./contest.ts";
import { type Peer, Network } from "./peers.ts";

const lookMs = 200;
const patienceMs = 10 * 60_000;

/** A peer that stores files, and the one that mirrors its shelf. */
export interface Pair {
  readonly network: Network;
  readonly owner: Peer;
  readonly backup: Peer;
}

/** A pair, and a peer that stores nothing. */
export interface PairAndGuest extends Pair {
  readonly guest: Peer;
}

/** Two peers, each the other's backup peer: what is put at the owner is on its disk and on the other's when put returns. */
export async function withBackupPair(
  bench: Bench,
  work: (pair: Pair) => Promise<void>,
  args: readonly string[] = [],
): Promise<void> {
  const network = new Network(bench.program);
  try {
    const owner = await network.add("owner", args);
    const backup = await network.add("backup", args);
    await network.shell(owner, "put -q package.json /seed");
    await untilFull(network, owner);
    await work({ network, owner, backup });
  } finally {
    await network.stop();
  }
}

/** The same with a third peer without a shelf: what is put there goes to the disks of the two others. */
export async function withPairAndGuest(
  bench: Bench,
  work: (peers: PairAndGuest) => Promise<void>,
  args: readonly string[] = [],
): Promise<void> {
  await withBackupPair(
    bench,
    async (pair) => work({ ...pair, guest: await pair.network.add("guest", [...args, "--capacity", "0"]) }),
    args,
  );
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

/** Resolves once every shelf is complete on every disk that it should be on. */
export async function untilFull(network: Network, peer: Peer): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (performance.now() < endMs) {
    const { stdout } = await network.shell(peer, "backup --json");
    const shelves = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as ShelfLine);
    if (shelves.every(({ links, wanted }) => links.filter(isComplete).length >= wanted)) return;
    await delay(lookMs);
  }
  throw new Error("the backup peer did not catch up");
}

interface ShelfLine {
  readonly wanted: number;
  readonly links: readonly { readonly standing: string }[];
}

function isComplete({ standing }: ShelfLine["links"][number]): boolean {
  return standing === "owner" || standing === "full";
}
