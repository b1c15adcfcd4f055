/**
 * Machines that burn, as real processes: `kill -9`, and the data folder is gone. DFS_BURN_ROUNDS is at how many random
 * moments of a put and of a repair that happens (20), DFS_BURN_FILES and DFS_BURN_BYTES what is there (2,000 files and one
 * of 1 GiB), DFS_BURN_FLIPS how many bits flip (100), DFS_BURN_SEED what chance does.
 */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Prng } from "../sim/prng.ts";
import { flipBits } from "./bit-flips.ts";
import { BurnFiles } from "./burn-files.ts";
import { BurnNetwork, healMs, type Replacement } from "./burn-network.ts";
import { until } from "./until.ts";

const setting = (name: string, usual: number): number => Number(process.env[name] ?? usual);
const rounds = setting("DFS_BURN_ROUNDS", 20);
const filesCount = setting("DFS_BURN_FILES", 2_000);
const bigBytes = setting("DFS_BURN_BYTES", 2 ** 30);
const flips = setting("DFS_BURN_FLIPS", 100);
const seed = setting("DFS_BURN_SEED", Date.now() % 1_000_000);
const MiB = 1024 * 1024;
const minutes = 60_000;
const peers = 5;
const sample = 40;
/** What each put of a round brings. */
const [roundFiles, roundBytes] = [60, Math.min(64 * MiB, bigBytes)];

describe(`five machines that store files, and burn (DFS_BURN_SEED=${seed})`, () => {
  const random = new Prng(seed);
  const healedMs: number[] = [];
  let folder = "";
  let files: BurnFiles;
  let network: BurnNetwork;
  let replaced = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "dfs-burn-"));
    files = new BurnFiles(folder, seed);
    network = new BurnNetwork({ folder, peers });
    await network.start();
    await network.safe();
    await network.whole();
    for (let place = 0; place < peers; place += 1) {
      const name = `base-${place}`;
      await files.make(name, Math.ceil(filesCount / peers), place === 0 ? bigBytes : 0);
      const { copies, failed } = await network.at(place).with((client) => files.put(client, name));
      if (failed > 0 || copies < 2) throw new Error(`${failed} files failed, and some are on ${copies} disks`);
    }
    await network.safe();
  }, 20 * minutes);

  afterAll(async () => {
    const sorted = healedMs.toSorted((left, right) => left - right);
    const seconds = (ms = 0): string => (ms / 1000).toFixed(1);
    process.stdout.write(
      `two copies again ${sorted.length} times: median ${seconds(sorted[sorted.length >> 1])} s, most ${seconds(sorted.at(-1))} s; ` +
        `${files.passing.length} reads failed for a while${files.passing
          .slice(0, 3)
          .map((text) => `; ${text}`)
          .join("")}; seed ${seed}\n`,
    );
    await network.stop();
    await rm(folder, { recursive: true, force: true });
  }, minutes);

  /** Reads a sample of what was acknowledged through every peer that is there, or all of it through one of them. */
  async function faults(what: "sample" | "all" = "sample"): Promise<readonly string[]> {
    if (what === "all") return files.faults(random.pick(network.alive));
    return (await Promise.all(network.alive.map((peer) => files.faults(peer, sample)))).flat();
  }

  async function requireHealed(): Promise<void> {
    healedMs.push(await network.safe(healMs));
  }

  /** Alternately by the two ways that there are. */
  async function replaceBurnt(): Promise<void> {
    for (const [place, peer] of network.peers.entries()) {
      if (peer.isAlive) continue;
      const how: Replacement = replaced % 2 === 0 ? "join" : "restore";
      replaced += 1;
      await network.replace(place, how);
    }
    await network.safe();
    await network.whole();
  }

  it.each([0, 1, 2, 3, 4])(
    "BURN-10 nothing acknowledged is lost when machine %i burns, and soon there are two copies again",
    { timeout: 10 * minutes },
    async (place) => {
      await network.burn(place);
      const [found] = await Promise.all([faults(), requireHealed()]);
      expect(found).toEqual([]);
      await replaceBurnt();
      expect(await faults("all")).toEqual([]);
    },
  );

  it.each(Array.from({ length: rounds }, (_, round) => round))(
    "BURN-11 nothing acknowledged is lost when a machine burns in the middle of a put (%i)",
    { timeout: 10 * minutes },
    async (round) => {
      const name = `put-${round}`;
      await files.make(name, roundFiles, roundBytes);
      const [writer, victim, afterFiles] = [random.below(peers), random.below(peers), random.below(roundFiles)];
      let burning: Promise<void> | undefined;
      const burn = (): void => void (burning ??= network.burn(victim));
      const put = network.at(writer).with((client) =>
        files.put(client, name, (done) => {
          if (done > afterFiles) burn();
        }),
      );
      const summary = await put.catch((error: unknown) => error as Error);
      burn();
      await burning;
      if (writer !== victim) {
        expect(files.refusals).toEqual([]);
        expect(summary).toMatchObject({ files: roundFiles + 1, failed: 0 });
      }
      files.refusals.length = 0;
      const [found] = await Promise.all([faults(), requireHealed()]);
      expect(found).toEqual([]);
      await replaceBurnt();
      expect(await faults(round === rounds - 1 ? "all" : "sample")).toEqual([]);
    },
  );

  it.each(Array.from({ length: rounds }, (_, round) => round))(
    "BURN-12 nothing acknowledged is lost when another machine burns in the middle of the repair (%i)",
    { timeout: 10 * minutes },
    async (round) => {
      const first = random.below(peers);
      await network.burn(first);
      if (random.chance(0.5)) await network.replace(first, "restore");
      await network.filling(random.below(1_500));
      // Whoever has something alone may not burn: that would be a loss that two failures explain.
      const spare = (await network.spare()).filter((place) => network.at(place).isAlive);
      if (spare.length > 0) await network.burn(random.pick(spare));
      expect(await faults()).toEqual([]);
      await Promise.all([replaceBurnt(), requireHealed()]);
      expect(await faults(round === rounds - 1 ? "all" : "sample")).toEqual([]);
    },
  );

  it(
    "BURN-15 a machine that slept while others took its place does no harm when it wakes",
    { timeout: 5 * minutes },
    async () => {
      const [sleeper, other] = [0, 1];
      await files.make("asleep", roundFiles, 0);
      await files.make("awake", roundFiles, 0);
      network.at(sleeper).signal("SIGSTOP");
      const { name } = network.at(sleeper);
      await until(`nothing is owned by ${name}`, healMs, async () => {
        const shelves = await network.at(other).with((client) => client.backup());
        return shelves.every(({ links }) => links[0]?.name !== name) || undefined;
      });
      expect(await network.at(other).with((client) => files.put(client, "asleep"))).toMatchObject({
        failed: 0,
        copies: 2,
      });
      network.at(sleeper).signal("SIGCONT");
      expect(await network.at(sleeper).with((client) => files.put(client, "awake"))).toMatchObject({
        failed: 0,
        copies: 2,
      });
      expect(await faults()).toEqual([]);
      await requireHealed();
      await network.whole();
    },
  );

  it(
    "BURN-16 nothing acknowledged is lost when all machines lose power in the middle of a put",
    { timeout: 5 * minutes },
    async () => {
      await files.make("dark", roundFiles, 0);
      let killing: Promise<unknown> | undefined;
      await network
        .at(0)
        .with((client) =>
          files.put(client, "dark", (done) => {
            if (done > roundFiles / 2) killing ??= Promise.all(network.peers.map((peer) => peer.kill()));
          }),
        )
        .catch(() => undefined); // its own peer is gone
      await killing;
      await Promise.all(network.peers.map((peer) => peer.start()));
      await network.whole();
      await requireHealed();
      expect(await faults("all")).toEqual([]);
    },
  );

  it("BURN-13 no flipped bit is ever served, and fsck mends every one", { timeout: 20 * minutes }, async () => {
    const folders = network.peers.map((peer) => peer.folder);
    const reading = Promise.all(network.peers.map((peer) => files.faults(peer, 10 * sample)));
    await flipBits(folders, flips, random);
    expect((await reading).flat()).toEqual([]);
    const found = await network.ask((client) => client.fsck());
    for (const { damaged, mended, error } of found)
      expect({ error, mended }).toEqual({ error: undefined, mended: damaged });
    for (const { damaged } of await network.ask((client) => client.fsck())) expect(damaged).toBe(0);
    expect(await faults("all")).toEqual([]);
  });
});

describe("two machines, of which one was away", () => {
  let folder = "";
  let network: BurnNetwork;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "dfs-burn-"));
    network = new BurnNetwork({ folder, peers: 2, args: () => ["--out-after", "10m"] });
    await network.start();
    await network.safe();
  }, minutes);
  afterAll(async () => {
    await network.stop();
    await rm(folder, { recursive: true, force: true });
  }, minutes);

  it("BURN-17 it is sent what it lacks, and nothing else", { timeout: 10 * minutes }, async () => {
    const files = new BurnFiles(folder, seed);
    const [owner, away] = [network.at(0), network.at(1)];
    const storedBytes = () => away.with(async (client) => (await client.status()).store.bytes);
    const restarted = async (): Promise<{ readonly bytesRead: number; readonly tookMs: number }> => {
      await away.start();
      const tookMs = await network.safe();
      return { bytesRead: bytesReadBy(away.pid), tookMs };
    };
    await owner.with((client) => client.setPolicy({ minCopies: 1 }));
    await files.make("before", 200, 256 * MiB);
    await owner.with((client) => files.put(client, "before"));
    await network.safe();
    await away.kill();
    const usual = await restarted();
    const beforeBytes = await storedBytes();
    await away.kill();
    await files.make("meanwhile", 200, bigBytes);
    expect(await owner.with((client) => files.put(client, "meanwhile"))).toMatchObject({ failed: 0, copies: 1 });
    const { bytesRead, tookMs } = await restarted();
    const lackedBytes = (await storedBytes()) - beforeBytes;
    const share = (bytesRead - usual.bytesRead) / lackedBytes;
    process.stdout.write(
      `caught up with ${(lackedBytes / MiB).toFixed(1)} MiB in ${(tookMs / 1000).toFixed(1)} s ` +
        `(${(lackedBytes / 1000 / tookMs).toFixed(0)} MB/s), reading ${(100 * share).toFixed(2)} % of that\n`,
    );
    expect(lackedBytes).toBeGreaterThanOrEqual(bigBytes);
    expect(share).toBeLessThan(1.02);
    expect(await files.faults(away)).toEqual([]);
  });
});

/** Bytes that a process has read from files and sockets so far. */
function bytesReadBy(pid: number): number {
  return Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}
