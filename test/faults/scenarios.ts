/**
 * `npm run test:faults`: five real coordinators under the load of 16 clients, and everything that befalls machines. Needs
 * Linux and root: namespaces, nft, tmpfs and strace. DFS_FAULTS_SECONDS is how long the clients work in each scenario
 * (15; with 50 all of them take ten minutes), DFS_FAULTS_SEED what they and the mishaps do; vitest's `-t FAULT-4` runs one scenario.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cluster } from "./cluster.ts";
import { brokenFlush, fullDisk } from "./disk-mishaps.ts";
import type { Mishap } from "./mishap.ts";
import { awayBeyondCompaction, killAll, killLeaderEvery, killTwo, pauseLeader } from "./mishaps.ts";
import { Namespaces } from "./namespaces.ts";
import { flappingPartition, majorityPartition, oneWayPartition } from "./network-mishaps.ts";
import { type ScenarioReport, runScenario } from "./scenario.ts";
import { SmallDisk } from "./small-disk.ts";

const seconds = Number(process.env["DFS_FAULTS_SECONDS"] ?? 15);
const seed = Number(process.env["DFS_FAULTS_SEED"] ?? Date.now() % 1_000_000);
const minutes = 60_000;
const coordinators = 5;
/** The coordinator whose disk is small enough to be filled. */
const smallDiskPlace = 1;
const leaderKilledEveryMs = Math.min(10_000, (seconds * 1000) / 3);
/** The clients are never without an acknowledged change for longer, unless all coordinators are gone. */
const gapMsMax = 15_000;
/** In every scenario the clients get more done than this, even on a machine that has other work. */
const changesMin = 20;

describe("five coordinators under load", () => {
  const namespaces = new Namespaces(coordinators + 1);
  const cleanUps: (() => Promise<void> | void)[] = [];
  let disk: SmallDisk;
  let cluster: Cluster;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "dfs-faults-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true }));
    cleanUps.push(() => namespaces.stop());
    namespaces.start();
    disk = new SmallDisk(join(folder, `c${smallDiskPlace}`));
    disk.start();
    cleanUps.push(() => disk.stop());
    cluster = new Cluster({ folder, coordinators, compactAfter: 300, site: namespaces.site });
    cleanUps.push(() => cluster.stop());
    await cluster.start();
  }, 3 * minutes);

  afterAll(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  }, minutes);

  const run = (name: string, mishap: Mishap): Promise<ScenarioReport> =>
    runScenario({
      cluster,
      name,
      mishap,
      seconds,
      seed,
      heal: () => {
        namespaces.heal();
        disk.free();
      },
    });
  const timeout = 5 * minutes + seconds * 2000;

  it("FAULT-1 nothing acknowledged is lost when any two of five are killed at once", { timeout }, async () => {
    expect(shortfalls(await run("kill-two", killTwo))).toEqual([]);
  });

  it("FAULT-2 nothing acknowledged is lost when the leader is killed again and again", { timeout }, async () => {
    const report = await run("kill-leader", killLeaderEvery(leaderKilledEveryMs));
    expect(shortfalls(report)).toEqual([]);
    expect(report.terms[1]).toBeGreaterThan(report.terms[0]);
  });

  it("FAULT-3 nothing acknowledged is lost when all coordinators are killed at once", { timeout }, async () => {
    expect((await run("kill-all", killAll)).acknowledged).toBeGreaterThan(changesMin);
  });

  it(
    "FAULT-4 a leader that was paused for longer than an election misleads nobody when it wakes",
    { timeout },
    async () => {
      const report = await run("pause-leader", pauseLeader);
      expect(shortfalls(report)).toEqual([]);
      expect(report.terms[1]).toBeGreaterThan(report.terms[0]);
    },
  );

  it("FAULT-5 a majority goes on without the others, and a minority refuses", { timeout }, async () => {
    expect(shortfalls(await run("majority-partition", majorityPartition(namespaces)))).toEqual([]);
  });

  it("FAULT-6 the network goes on when messages pass in one direction only", { timeout }, async () => {
    expect(shortfalls(await run("one-way-partition", oneWayPartition(namespaces)))).toEqual([]);
  });

  it("FAULT-7 nothing acknowledged is lost when partitions come and go", { timeout }, async () => {
    expect((await run("flapping-partition", flappingPartition(namespaces))).acknowledged).toBeGreaterThan(changesMin);
  });

  it("FAULT-8 a coordinator that was away for longer than the log is kept catches up", { timeout }, async () => {
    expect(shortfalls(await run("away", awayBeyondCompaction))).toEqual([]);
  });

  it(
    "FAULT-9 a coordinator with a full disk holds up nobody, and recovers when there is room",
    { timeout },
    async () => {
      expect(shortfalls(await run("full-disk", fullDisk(disk, smallDiskPlace)))).toEqual([]);
    },
  );

  it(
    "FAULT-10 a coordinator whose disk fails to flush stops at once, and recovers by its log",
    { timeout },
    async () => {
      expect(shortfalls(await run("broken-flush", brokenFlush))).toEqual([]);
    },
  );
});

/** Where a run fell behind what clients may expect; empty when it did not. */
function shortfalls({ acknowledged, longestGapMs }: ScenarioReport): readonly string[] {
  return [
    ...(acknowledged > changesMin ? [] : [`only ${acknowledged} changes were acknowledged`]),
    ...(longestGapMs < gapMsMax ? [] : [`for ${longestGapMs} ms no change was acknowledged`]),
  ];
}
