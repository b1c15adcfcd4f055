import { describe, expect, it } from "vitest";
import { killUnderLoad } from "../faults/savepoint-kills.ts";

const seed = Number(process.env["DFS_SAVEPOINT_SEED"] ?? Date.now() % 1_000_000);
const kills = 6;

describe(`owners and backup peers that are killed under load (DFS_SAVEPOINT_SEED=${seed})`, () => {
  it("BURN-14 no savepoint claims more than the disk holds", { timeout: 180_000 }, async () => {
    const { faults, compared } = await killUnderLoad(kills, seed);
    expect(faults).toEqual([]);
    expect(compared).toBeGreaterThan(kills);
  });
});
