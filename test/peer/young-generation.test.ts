import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";

/** Makes more objects than fit while many of them are in use, before and after a thread starts; prints how large the memory for new ones has become, in MiB. */
const program = (hold: string): string => `
  import { getHeapSpaceStatistics } from "node:v8";
  import { Worker } from "node:worker_threads";
  import { holdYoungGeneration } from ${JSON.stringify(new URL("../../src/peer/young-generation.ts", import.meta.url))};
  const churn = () => {
    let kept = [];
    for (let made = 0; made < 2e6; made += 1) {
      kept.push({ made, list: [made] });
      if (kept.length > 60_000) kept = [];
    }
    return getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space").space_size / 2 ** 20;
  };
  ${hold}
  const sizes = [churn()];
  const thread = new Worker("", { eval: true });
  await new Promise((resolve) => thread.once("exit", resolve));
  console.log(JSON.stringify([...sizes, churn()]));
`;

function sizes(hold: string): number[] {
  const args = ["--import", "tsx", "--input-type=module", "-e", program(hold)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 })) as number[];
}

describe("the memory for new objects", () => {
  it("COST-3 does not grow while it is held, nor after a thread has started", () => {
    expect(Math.min(...sizes(""))).toBeGreaterThanOrEqual(30);
    expect(Math.max(...sizes("holdYoungGeneration();"))).toBeLessThanOrEqual(16);
  });
});
