import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { snapshot } from "../peer/hostile-space.ts";
import { type PeerProcess, Processes } from "./processes.ts";

/** A slow peer runs for so long … */
const runMs = 4;
/** … out of this: whatever it does takes it fifty times as long. */
const turnMs = 200;

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

  /** Makes a peer slow until the signal aborts. */
  async function slow(peer: PeerProcess, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      peer.kill("SIGSTOP");
      await delay(turnMs - runMs, undefined, { signal }).catch(() => undefined);
      peer.kill("SIGCONT");
      await delay(runMs);
    }
  }

  it("HOLD-5 a tree and a large file come about as fast when one of two holders is fifty times as slow", async () => {
    const folder = await processes.folder();
    const source = join(folder, "source");
    await mkdir(source);
    for (let file = 0; file < 400; file += 1)
      await writeFile(join(source, `file-${file}`), randomBytes(1 + file * 400));
    await writeFile(join(source, "large"), randomBytes(48 * 1024 * 1024));
    await processes.run(ann.folder, `put -R ${source} /tree`);
    const get = async (name: string): Promise<number> => {
      const startMs = performance.now();
      await processes.run(reader.folder, `get -R /tree ${join(folder, name)}`);
      const tookMs = performance.now() - startMs;
      expect(await snapshot(join(folder, name))).toEqual(await snapshot(source));
      return tookMs;
    };
    await get("first");
    const bothMs = await get("both");
    const over = new AbortController();
    const slowed = slow(bob, over.signal);
    try {
      expect(await get("slow")).toBeLessThan(2 * bothMs + 2_000);
    } finally {
      over.abort();
      await slowed;
    }
  }, 60_000);

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
