import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parsePeerName } from "../../src/core/ids.ts";
import { flipBits } from "../faults/bit-flips.ts";
import { BurnFiles } from "../faults/burn-files.ts";
import { BurnNetwork, healMs } from "../faults/burn-network.ts";
import type { FaultPeer } from "../faults/fault-peer.ts";
import { Prng } from "../sim/prng.ts";

const minutes = 60_000;
const MiB = 1024 * 1024;
/** What is put while a machine is away: much less than it has. */
const awayBytes = 8 * MiB;
const seed = Number(process.env["DFS_BURN_SEED"] ?? Date.now() % 1_000_000);

describe(`three machines that store files, and one that only writes (DFS_BURN_SEED=${seed})`, () => {
  const random = new Prng(seed);
  let folder = "";
  let files: BurnFiles;
  let network: BurnNetwork;
  const writer = (): FaultPeer => network.at(3);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "dfs-burn-"));
    files = new BurnFiles(folder, seed);
    network = new BurnNetwork({ folder, peers: 4, args: (place) => (place === 3 ? ["--capacity", "0"] : []) });
    await network.start();
    await network.safe();
  }, 2 * minutes);
  afterAll(async () => {
    await network.stop();
    await rm(folder, { recursive: true, force: true });
  }, minutes);

  const faults = async (): Promise<readonly string[]> =>
    (await Promise.all(network.alive.map((peer) => files.faults(peer)))).flat();
  const store = (peer: FaultPeer) => peer.with(async (client) => (await client.status()).store);
  /** Waits until a disk has all the files of the chains that its peer is in. */
  const requireRecords = async (peer: FaultPeer): Promise<void> => {
    const lacking = async (): Promise<number> => {
      const shelves = (await network.shelves()).filter(({ links }) => links.some(({ name }) => name === peer.name));
      expect(shelves).not.toEqual([]);
      return shelves.reduce((sum, { revisions }) => sum + revisions, 0) - (await store(peer)).records;
    };
    await expect.poll(lacking, { timeout: minutes, interval: 200 }).toBeLessThanOrEqual(0);
  };

  it(
    "BURN-4 lose nothing when one burns in the middle of a put, which ends well",
    { timeout: 3 * minutes },
    async () => {
      await network.whole();
      await files.make("burning", 150, 24 * MiB);
      const at = random.below(120);
      const victim = random.below(3);
      let burning: Promise<void> | undefined;
      const summary = await writer().with((client) =>
        files.put(client, "burning", (done) => {
          if (done >= at) burning ??= network.burn(victim);
        }),
      );
      await burning;
      expect(burning).toBeDefined();
      expect(summary).toMatchObject({ files: 151, failed: 0 });
      expect(await faults()).toEqual([]);
      await network.safe(healMs);
    },
  );

  it(
    "BURN-5 a machine takes the place of a lost one, and has everything that was there",
    { timeout: 3 * minutes },
    async () => {
      const lost = network.peers.findIndex(({ isAlive }) => !isAlive);
      await network.replace(lost, "restore");
      expect(await faults()).toEqual([]);
      await network.safe();
      await network.whole();
      const peers = await network.ask((client) => client.peers());
      expect(peers.map(({ name }) => name).toSorted()).toEqual(["p0", "p1", "p2", "p3"]);
    },
  );

  it("BURN-6 an empty disk under a known peer is noticed and filled again", { timeout: 2 * minutes }, async () => {
    const peer = network.at(random.below(3));
    await peer.kill();
    await rm(join(peer.folder, "chunks"), { recursive: true });
    await peer.start();
    await requireRecords(peer);
    await network.safe();
    expect(await faults()).toEqual([]);
  });

  it("BURN-7 a machine that was away is sent what it lacks, and nothing else", { timeout: 2 * minutes }, async () => {
    const peer = network.at(random.below(3));
    await peer.kill();
    await peer.start();
    await network.safe();
    const baseline = bytesRead(peer.pid);
    await peer.kill();
    await files.make("away", 20, awayBytes);
    await writer().with((client) => files.put(client, "away"));
    await peer.start();
    await network.safe();
    expect(bytesRead(peer.pid)).toBeLessThan(baseline + 2 * awayBytes);
    expect(await faults()).toEqual([]);
  });

  it("BURN-8 flipped bits are never served, and fsck mends them all", { timeout: 2 * minutes }, async () => {
    const stores = network.alive.slice(0, 3);
    expect(
      await flipBits(
        stores.map((peer) => peer.folder),
        30,
        random,
      ),
    ).toBe(30);
    expect(await faults()).toEqual([]);
    const first = await network.ask((client) => client.fsck());
    for (const { damaged, mended, error } of first)
      expect({ damaged, error }).toEqual({ damaged: mended, error: undefined });
    for (const { damaged } of await network.ask((client) => client.fsck())) expect(damaged).toBe(0);
    for (const peer of stores) expect(await store(peer)).toMatchObject({ missing: 0 });
    expect(await faults()).toEqual([]);
  });

  it(
    "BURN-9 everything moves off a peer that is drained, and one that is removed is gone",
    { timeout: 3 * minutes },
    async () => {
      const drained = network.at(1);
      const name = parsePeerName(drained.name);
      const progress = () => network.ask((client) => client.drainProgress(name));
      await network.ask((client) => client.orderStorage(name, "drain"));
      await expect.poll(async () => (await progress()).isDone, { timeout: minutes, interval: 200 }).toBe(true);
      const chains = (await network.shelves()).flatMap(({ links }) => links.map((link) => link.name));
      expect(chains).not.toContain(name);
      await network.ask((client) => client.orderStorage(name, "remove"));
      await expect.poll(async () => (await progress()).isDone, { timeout: minutes, interval: 200 }).toBe(true);
      await drained.kill();
      expect((await network.ask((client) => client.peers())).map((peer) => peer.name)).not.toContain(name);
      expect(await faults()).toEqual([]);
      await network.safe();
    },
  );
});

/** Bytes that a process has read from files and sockets so far. */
function bytesRead(pid: number): number {
  return Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}
