import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PeerProcess, Processes } from "./processes.ts";

describe("a file on two holders", () => {
  const processes = new Processes();
  let ann: PeerProcess;
  let bob: PeerProcess;
  let reader: PeerProcess;

  beforeAll(async () => {
    const started = await processes.network([
      { name: "ann" },
      { name: "bob", args: ["--coordinator", "never"] },
      { name: "ben", args: ["--coordinator", "never", "--capacity", "0"] },
    ]);
    [ann, bob, reader] = started as [PeerProcess, PeerProcess, PeerProcess];
  }, 60_000);
  afterAll(() => processes.clean());

  it("HOLD-2 a get from two holders, of which one stands still, takes about what it takes from both", async () => {
    const folder = await processes.folder();
    const source = join(folder, "source");
    await writeFile(source, randomBytes(48 * 1024 * 1024));
    await processes.run(ann.folder, `put ${source} /big`);
    const get = async (name: string): Promise<number> => {
      const startMs = performance.now();
      await processes.run(reader.folder, `get /big ${join(folder, name)}`);
      const tookMs = performance.now() - startMs;
      expect((await readFile(join(folder, name))).equals(await readFile(source))).toBe(true);
      return tookMs;
    };
    const bothMs = await get("both");
    bob.kill("SIGSTOP");
    try {
      expect(await get("one")).toBeLessThan(2 * bothMs + 2_000);
    } finally {
      bob.kill("SIGCONT");
    }
  }, 60_000);
});
