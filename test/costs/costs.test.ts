import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WorkDone } from "../../src/core/work-done.ts";
import { resolvePath } from "../../src/core/names.ts";
import { LocalNetwork } from "../peer/local-network.ts";
import { allowed, bounds } from "./bounds.ts";
import { type Costs, costNames } from "./cost-network.ts";
import { countJobs } from "./count-jobs.ts";
import { jobs } from "./jobs.ts";

describe("what fixed jobs cost", () => {
  let costs: ReadonlyMap<string, Partial<Costs>> = new Map();
  beforeAll(async () => {
    costs = await countJobs();
  }, 300_000);

  it.each(jobs.map(({ name }) => name))("COST-1 %s: no more than it may cost", (name) => {
    const [counted, bound] = [costs.get(name) ?? {}, bounds[name] ?? {}];
    expect(Object.keys(counted)).toEqual(Object.keys(bound));
    const exceeded = costNames.filter((cost) => (counted[cost] ?? 0) > allowed(cost, bound[cost] ?? 0));
    expect(exceeded.map((cost) => `${cost}: ${counted[cost]}, not ${bound[cost]}`)).toEqual([]);
  });
});

describe("the counters of a peer's process", () => {
  const network = new LocalNetwork();
  afterAll(() => network.stop());

  it("COST-2 status tells what was flushed, sent and asked", async () => {
    const ann = await network.start("ann");
    const shell = await network.start("shell", "shell");
    const work = async (): Promise<WorkDone> => (await ann.peer.client.status()).work;
    const proposed = ({ calls }: WorkDone): number =>
      calls.find(({ method }) => method === "catalogue.propose")?.count ?? 0;
    const sent = (done: WorkDone): number => done.sent.reduce((sum, { bytes }) => sum + bytes, 0);
    const before = await work();
    await shell.peer.client.mkdir(resolvePath("/made"));
    const after = await work();
    expect(proposed(after) - proposed(before)).toBe(1);
    expect(after.flushes).toBeGreaterThan(before.flushes);
    // The question alone carries a signature and a sealed name.
    expect(sent(after) - sent(before)).toBeGreaterThan(100);
  });
});
