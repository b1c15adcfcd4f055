/** What needs no root of the fault tests: three coordinators as real processes, killed and paused under load. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cluster } from "../faults/cluster.ts";
import type { Mishap } from "../faults/mishap.ts";
import { awayBeyondCompaction, killAll, killLeaderEvery, pauseLeader } from "../faults/mishaps.ts";
import { type ScenarioReport, runScenario } from "../faults/scenario.ts";

const minutes = 60_000;
const seconds = 5;
const seed = Date.now() % 1_000_000;
const timeout = 2 * minutes;

describe("three coordinators under load", () => {
  let folder = "";
  let cluster: Cluster;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "dfs-faults-"));
    const site = { listen: "/ip4/127.0.0.1/tcp/0", wrapper: [] };
    cluster = new Cluster({ folder, coordinators: 3, compactAfter: 100, site: () => site });
    await cluster.start();
  }, 2 * minutes);

  afterAll(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }, minutes);

  const run = (name: string, mishap: Mishap): Promise<ScenarioReport> =>
    runScenario({ cluster, name, mishap, seconds, seed, heal: () => undefined });

  it("FAULT-2 nothing acknowledged is lost when the leader is killed", { timeout }, async () => {
    const { acknowledged, terms } = await run("kill-leader", killLeaderEvery(seconds * 1000));
    expect(acknowledged).toBeGreaterThan(0);
    expect(terms[1]).toBeGreaterThan(terms[0]);
  });

  it("FAULT-3 nothing acknowledged is lost when all coordinators are killed at once", { timeout }, async () => {
    expect((await run("kill-all", killAll)).acknowledged).toBeGreaterThan(0);
  });

  it("FAULT-4 a leader that was paused for longer than an election misleads nobody", { timeout }, async () => {
    const { acknowledged, terms } = await run("pause-leader", pauseLeader);
    expect(acknowledged).toBeGreaterThan(0);
    expect(terms[1]).toBeGreaterThan(terms[0]);
  });

  it("FAULT-8 a coordinator that was away for longer than the log is kept catches up", { timeout }, async () => {
    expect((await run("away", awayBeyondCompaction)).acknowledged).toBeGreaterThan(0);
  });
});
