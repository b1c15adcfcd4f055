/** Whether savepoints say the truth: DFS_SAVEPOINT_KILLS is how often somebody is killed (200), DFS_SAVEPOINT_SEED what chance does. */
import { describe, expect, it } from "vitest";
import { killUnderLoad } from "./savepoint-kills.ts";

const kills = Number(process.env["DFS_SAVEPOINT_KILLS"] ?? 200);
const seed = Number(process.env["DFS_SAVEPOINT_SEED"] ?? Date.now() % 1_000_000);

describe(`owners and backup peers that are killed under load (DFS_SAVEPOINT_SEED=${seed})`, () => {
  it("BURN-14 no savepoint claims more than the disk holds", { timeout: kills * 60_000 + 120_000 }, async () => {
    const { faults, ...counted } = await killUnderLoad(kills, seed);
    process.stdout.write(`${kills} kills: ${JSON.stringify(counted)}; seed ${seed}\n`);
    expect(faults).toEqual([]);
    expect(counted.compared).toBeGreaterThan(kills);
  });
});
