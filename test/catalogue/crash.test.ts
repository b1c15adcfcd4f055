import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { Catalogue } from "../../src/catalogue/catalogue.ts";
import { applyNextBatch, fixedLog, markAt } from "./fixed-log.ts";
import { World } from "./world.ts";

/** Runs the loop until it has told this many batches, kills it, and returns the last index that it told. */
async function applyAndKill(path: string, batches: number): Promise<number> {
  const loop = join(import.meta.dirname, "apply-loop.ts");
  const child = spawn(process.execPath, ["--import", "tsx", loop, path], { stdio: ["ignore", "pipe", "inherit"] });
  let told = 0;
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    told = Number(line);
    lines += 1;
    if (lines === batches) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");
  return told;
}

describe("a killed process", () => {
  it("CAT-70 loses nothing that it told, and its state and mark are those of its applied index", async () => {
    using world = new World();
    const entries = fixedLog();
    const path = join(world.folder, "killed.db");
    for (const batches of [1, 25]) {
      const told = await applyAndKill(path, batches);
      const recovered = Catalogue.open(path);
      const applied = recovered.appliedIndex();
      expect(applied).toBeGreaterThanOrEqual(told);
      expect(recovered.logMark()).toEqual(markAt(applied).bytes);
      while (world.catalogue.appliedIndex() < applied) applyNextBatch(world.catalogue, entries);
      expect(recovered.digest()).toEqual(world.catalogue.digest());
      recovered.close();
    }
  }, 120_000);
});
