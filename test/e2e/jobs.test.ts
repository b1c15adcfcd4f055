import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { DfsClient } from "../../src/core/client.ts";
import type { JobId } from "../../src/core/ids.ts";
import type { Job } from "../../src/core/jobs.ts";
import { resolvePath } from "../../src/core/names.ts";
import { connectControl } from "../../src/peer/control/control-client.ts";
import { controlAddress } from "../../src/peer/data-folder-paths.ts";
import { writeBigFile } from "./files.ts";
import { type PeerProcess, Processes } from "./processes.ts";
import { RealScreen } from "./real-screen.ts";

const minutes = 60_000;
const MiB = 1024 * 1024;
const megabytes = 192;
const leaseMs = 3_000;
const lease = ["--lease", `${leaseMs / 1000}s`];
/** What a peer reads and writes that does nothing in particular: heartbeats, the catalogue, questions. */
const idleBytes = MiB;

describe("a transfer between real peers", () => {
  const processes = new Processes();
  let work = "";
  let owner: PeerProcess;
  let writer: PeerProcess;
  let client: DfsClient;
  beforeAll(async () => {
    work = await processes.folder();
    await writeBigFile(join(work, "big"), 1, megabytes);
    const [first, second] = await processes.network([
      { name: "owner", args: lease },
      { name: "writer", args: ["--capacity", "0", ...lease] },
    ]);
    if (first === undefined || second === undefined) throw new Error("two peers");
    [owner, writer] = [first, second];
    client = await connectControl(controlAddress(writer.folder));
  }, minutes);
  afterAll(async () => {
    await client.close();
    await processes.clean();
  }, minutes);

  /** Bytes that a process has read and written so far, files and sockets together. */
  function bytesMoved(pid: number): number {
    const text = readFileSync(`/proc/${pid}/io`, "utf8");
    return Number(/rchar: (\d+)/.exec(text)?.[1]) + Number(/wchar: (\d+)/.exec(text)?.[1]);
  }

  const jobOf = async (id: JobId): Promise<Job> => (await client.jobs()).find((job) => job.id === id) as Job;

  /** Follows a job until so many bytes are through, then has it paused. */
  async function pauseAt(id: JobId, bytes: number): Promise<void> {
    await expect
      .poll(async () => (await jobOf(id)).progress.bytes, { timeout: minutes, interval: 1 })
      .toBeGreaterThan(bytes);
    await client.steerJob(id, "pause");
  }

  /** Resolves when a peer moves next to nothing for a second; fails when that takes longer than another one. */
  async function expectQuiet(pid: number): Promise<void> {
    let before = bytesMoved(pid);
    const moved = (): number => {
      const now = bytesMoved(pid);
      const difference = now - before;
      before = now;
      return difference;
    };
    await expect.poll(moved, { timeout: 2_900, interval: 1_000 }).toBeLessThan(idleBytes);
  }

  /** The job once what was on its way has arrived: when a second brings nothing new. */
  async function settled(id: JobId): Promise<Job> {
    let beforeBytes = -1;
    const look = async (): Promise<number> => {
      const { bytes } = (await jobOf(id)).progress;
      const newBytes = bytes - beforeBytes;
      beforeBytes = bytes;
      return newBytes;
    };
    await expect.poll(look, { timeout: minutes, interval: 1_000 }).toBe(0);
    return jobOf(id);
  }

  it(
    "JOB-22 a paused put reads and sends nothing, its leases hold for as long as it takes, and nothing is sent twice",
    { timeout: 4 * minutes },
    async () => {
      const before = bytesMoved(owner.pid);
      const source = { kind: "path", path: join(work, "big") } as const;
      const id = await client.startTransfer(
        { kind: "put", sources: [source], target: resolvePath("/big") },
        "put big /big",
      );
      await pauseAt(id, 0.3 * megabytes * MiB);
      await expectQuiet(writer.pid);
      const paused = await settled(id);
      expect(paused.state).toBe("paused");
      expect(paused.progress.bytes).toBeLessThan(megabytes * MiB);
      const held = (await shelfStatus()).store.chunks;
      expect(held).toBeGreaterThan(0);
      // Longer than a lease, and the time that one is spared after its end.
      const overMs = performance.now() + 3 * leaseMs;
      await expect.poll(() => performance.now(), { timeout: minutes, interval: 250 }).toBeGreaterThan(overMs);
      expect((await shelfStatus()).store.chunks).toBe(held);
      expect((await jobOf(id)).progress.bytes).toBe(paused.progress.bytes);

      await client.steerJob(id, "resume");
      const ended = await client.followJob(id);
      expect(ended).toMatchObject({ state: "done", summary: { files: 1, bytes: megabytes * MiB } });
      const { chunks, newChunks, newBytes, sentBytes } = ended.summary ?? {
        chunks: 0,
        newChunks: 0,
        newBytes: 0,
        sentBytes: 0,
      };
      expect([newChunks, sentBytes]).toEqual([chunks, newBytes]);
      expect(newBytes).toBeLessThan(megabytes * MiB * 1.01);
      // The owner read each byte once from the wire and wrote it once to its disk, and next to nothing else.
      expect(bytesMoved(owner.pid) - before).toBeLessThan(2.3 * megabytes * MiB);
      expect((await shelfStatus()).store.chunks).toBe(chunks);
      await processes.run(owner.folder, `get /big ${work}/back`);
      execFileSync("cmp", [join(work, "big"), join(work, "back")]);
      // What it costs is what was stored before the pause and after it.
      expect((await client.stat(resolvePath("/big"))).addedBytes).toBe(newBytes);
    },
  );

  it("JOB-22 a paused get is as quiet, and goes on where it was", { timeout: 4 * minutes }, async () => {
    const target = join(work, "fetched");
    const before = bytesMoved(owner.pid);
    const id = await client.startTransfer({ kind: "get", sources: [resolvePath("/big")], target }, "get /big");
    await pauseAt(id, 0.3 * megabytes * MiB);
    await expectQuiet(writer.pid);
    await client.steerJob(id, "resume");
    const ended = await client.followJob(id);
    expect(ended).toMatchObject({ state: "done", summary: { files: 1 } });
    expect(ended.summary?.sentChunks).toBe((ended.summary?.chunks ?? 0) + 1); // and the page that lists them
    expect(bytesMoved(owner.pid) - before).toBeLessThan(2.3 * megabytes * MiB);
    execFileSync("cmp", [join(work, "big"), target]);
  });

  it("JOB-22 a paused put that is cancelled gives its space back", { timeout: 2 * minutes }, async () => {
    await writeBigFile(join(work, "other"), 2, megabytes);
    const { chunks, records } = (await shelfStatus()).store;
    const source = { kind: "path", path: join(work, "other") } as const;
    const id = await client.startTransfer(
      { kind: "put", sources: [source], target: resolvePath("/other") },
      "put other",
    );
    await pauseAt(id, 0.2 * megabytes * MiB);
    await client.steerJob(id, "cancel");
    expect((await jobOf(id)).state).toBe("cancelled");
    await expect
      .poll(async () => (await shelfStatus()).store, { timeout: minutes, interval: 100 })
      .toMatchObject({ chunks, records });
  });

  async function shelfStatus(): Promise<{ readonly store: { readonly chunks: number; readonly records: number } }> {
    return JSON.parse(await processes.run(owner.folder, "status --json")) as Awaited<ReturnType<typeof shelfStatus>>;
  }
});

describe("a drawn prompt that is killed", () => {
  const processes = new Processes();
  const screens: RealScreen[] = [];
  afterEach(() => {
    for (const screen of screens.splice(0)) screen.close();
  });
  afterAll(() => processes.clean(), minutes);

  function screen(folder: string): RealScreen {
    const program = resolve(import.meta.dirname, "../../bin/dfs-shell.js");
    const opened = new RealScreen([process.execPath, program, "--data", folder]);
    screens.push(opened);
    return opened;
  }

  it("JOB-19 the next shell finds its transfer, joins in and sees it through", { timeout: 2 * minutes }, async () => {
    const folder = await processes.folder();
    const work = await processes.folder();
    await writeBigFile(join(work, "big"), 3, 1024);
    await processes.peer(folder);
    const first = screen(folder);
    await first.shows(/\/>$/);
    first.type(`put ${work}/big /big\r`);
    await first.shows(/█.* {2}\d+%/);
    await first.kill();

    const second = screen(folder);
    await second.shows(/1 transfer goes on in the background: see jobs\n\/>$/);
    second.type("jobs\r");
    await second.shows(/\[1\] {2}running {2}put .* {2}0\/1 file, \d+% of 1\.0 GiB/);
    second.type("fg\r");
    await second.shows(/ fg\nput .*\n.*█.*\d+% +\d+\.\d MiB\n\d+\.\d MiB/);
    await second.shows(/1 file, 1\.0 GiB in [^\n]*\n\/>$/);
    second.type("ls -l\r");
    await second.shows(/1073741824 .* big\n\/>$/);
    second.type("\u0004");
    await second.ended;
    expect(second.text()).not.toMatch(/█/);
  });
});
