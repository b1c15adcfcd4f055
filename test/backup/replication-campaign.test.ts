import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Campaign, campaigns } from "./replication-campaign.ts";

/** Set it for more; some 30 run in a second. */
const runs = Number(process.env["REPLICATION_CAMPAIGNS"] ?? 40);
const timeoutMs = 60_000 + runs * 1_000;

async function holds(watched: "claims" | "savepoints"): Promise<number> {
  let checks = 0;
  const property = fc.asyncProperty(campaigns(80), async (steps) => {
    const campaign = new Campaign(watched);
    await campaign.run(steps);
    ({ checks } = campaign);
  });
  await fc.assert(property, { numRuns: runs });
  return checks;
}

describe("a chain in bad times", () => {
  it(
    "COPY-37 whoever claims to be full has every committed file at every moment, and in the end all links are equal",
    async () => {
      expect(await holds("claims")).toBeGreaterThan(0);
    },
    timeoutMs,
  );

  it(
    "COPY-38 a savepoint never claims more than what is on the disk",
    async () => {
      expect(await holds("savepoints")).toBeGreaterThan(0);
    },
    timeoutMs,
  );
});
