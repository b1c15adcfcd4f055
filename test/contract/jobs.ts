/** What every JobsClient does, whatever is behind it. */
import { mkdtempSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { DfsClient } from "../../src/core/client.ts";
import { toDfsError } from "../../src/core/errors.ts";
import { type JobId, parseUserName } from "../../src/core/ids.ts";
import type { Job, TransferRequest } from "../../src/core/jobs.ts";
import { resolvePath } from "../../src/core/names.ts";
import type { ContractNetwork } from "./accounts.ts";

const MiB = 1024 * 1024;
const password = "seven blue kites 7";

async function kindOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (error) {
    return toDfsError(error).kind;
  }
}

/** Bytes that no two chunks of are equal. */
function noise(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let state = seed >>> 0 || 1;
  for (let at = 0; at + 4 <= sizeBytes; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE((state ^ (at >>> 3)) >>> 0, at);
  }
  return bytes;
}

/** Runs the suite. */
export function jobsContract(name: string, open: () => Promise<ContractNetwork>): void {
  describe(`${name} as a JobsClient`, { timeout: 60_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), "jobs-"));
    const sessions: DfsClient[] = [];
    let network: ContractNetwork;
    let client: DfsClient;

    async function session(): Promise<DfsClient> {
      const opened = await network.session();
      sessions.push(opened);
      return opened;
    }

    async function local(path: string, content: string | Uint8Array): Promise<string> {
      const whole = join(folder, path);
      await mkdir(join(whole, ".."), { recursive: true });
      await writeFile(whole, content);
      return whole;
    }

    const putOf = (path: string, target: string, recursive = false): TransferRequest => ({
      kind: "put",
      sources: [{ kind: "path", path }],
      target: resolvePath(target),
      recursive,
    });

    const jobOf = async (id: JobId, of = client): Promise<Job | undefined> =>
      (await of.jobs()).find((job) => job.id === id);

    beforeAll(async () => {
      network = await open();
      client = await session();
    }, 60_000);
    afterAll(async () => {
      await Promise.all(sessions.map((each) => each.close()));
      await network.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it("JOB-1 a job does a put or a get by itself; whoever follows it hears how far it is, and what it came to", async () => {
      const path = await local("one/a.bin", noise(3 * MiB, 1));
      await local("one/b.txt", "b");
      const startedMs = Date.now();
      const id = await client.startTransfer(putOf(join(folder, "one"), "/one", true), "put -R one /one");
      const heard: Job[] = [];
      const ended = await client.followJob(id, { onProgress: (job) => heard.push(job) });
      expect(ended).toMatchObject({ id, kind: "put", label: "put -R one /one", state: "done", failures: [] });
      expect(ended.summary).toMatchObject({ files: 2, directories: 1, bytes: 3 * MiB + 1, failed: 0 });
      expect(ended.progress).toMatchObject({ foundFiles: 2, endedFiles: 2, foundBytes: 3 * MiB + 1, failedFiles: 0 });
      expect(ended.progress).toMatchObject({ bytes: 3 * MiB + 1, running: [] });
      expect(ended.startedMs).toBeGreaterThanOrEqual(startedMs - 1);
      expect(ended.endedMs).toBeGreaterThanOrEqual(ended.startedMs);
      expect(heard.length).toBeGreaterThan(0);
      expect(heard.every((job) => job.id === id && job.state === "running")).toBe(true);
      const get: TransferRequest = {
        kind: "get",
        sources: [resolvePath("/one/a.bin")],
        target: join(folder, "back.bin"),
      };
      const back = await client.followJob(await client.startTransfer(get, "get /one/a.bin back.bin"));
      expect(back).toMatchObject({ kind: "get", state: "done" });
      expect(await readFile(join(folder, "back.bin"))).toEqual(await readFile(path));
      expect((await client.jobs()).map(({ label }) => label)).toEqual(["put -R one /one", "get /one/a.bin back.bin"]);
    });

    it("JOB-2 a job goes on when the client that started it ends, and another one finds it", async () => {
      const path = await local("two.bin", noise(4 * MiB, 2));
      const starter = await network.session();
      const id = await starter.startTransfer(putOf(path, "/two.bin"), "put two.bin");
      await starter.close();
      expect(await client.followJob(id)).toMatchObject({ label: "put two.bin", state: "done" });
      expect((await client.stat(resolvePath("/two.bin"))).sizeBytes).toBe(4 * MiB);
    });

    it("JOB-3 what failed is told: why nothing could be tried, or which files, and that is no failure of the call", async () => {
      const gone = await client.startTransfer(putOf(join(folder, "gone"), "/gone"), "put gone");
      const refused = await client.followJob(gone);
      expect(refused.state).toBe("failed");
      expect([refused.summary, refused.error?.kind]).toEqual([undefined, "not-found"]);
      await local("some/a", "new a");
      await local("some/b", "b");
      const old = await local("old-a", "old a");
      await client.mkdir(resolvePath("/some"));
      await client.put({ sources: [{ kind: "path", path: old }], target: resolvePath("/some/a") });
      const some = await client.followJob(
        await client.startTransfer(putOf(join(folder, "some"), "/", true), "put -R some /"),
      );
      expect(some).toMatchObject({ state: "failed", progress: { endedFiles: 2, failedFiles: 1 } });
      expect(some.error).toBeUndefined();
      expect(some.summary).toMatchObject({ files: 1, failed: 1 });
      expect(some.failures.map(({ path, error }) => [path, error.kind])).toEqual([[join(folder, "some/a"), "exists"]]);
    });

    it("JOB-4 a paused job stands still until it is resumed, and sends nothing twice; a cancelled one leaves nothing half", async () => {
      const path = await local("four.bin", noise(24 * MiB, 4));
      const id = await client.startTransfer(putOf(path, "/four.bin"), "put four.bin");
      await client.steerJob(id, "pause");
      expect((await jobOf(id))?.state).toBe("paused");
      await client.steerJob(id, "pause");
      // A longer transfer from its beginning to its end.
      const other = await local("five.bin", noise(60 * MiB, 5));
      await client.followJob(await client.startTransfer(putOf(other, "/five.bin"), "put five.bin"));
      expect((await jobOf(id))?.state).toBe("paused");
      expect(await kindOf(client.stat(resolvePath("/four.bin")))).toBe("not-found");
      await client.steerJob(id, "resume");
      const ended = await client.followJob(id);
      expect(ended).toMatchObject({ state: "done", summary: { files: 1, bytes: 24 * MiB } });
      expect(ended.summary?.newChunks).toBe(ended.summary?.chunks);
      const again = await local("six.bin", noise(24 * MiB, 6));
      const cancelled = await client.startTransfer(putOf(again, "/six.bin"), "put six.bin");
      await client.steerJob(cancelled, "pause");
      await client.steerJob(cancelled, "cancel");
      const end = await client.followJob(cancelled);
      expect(end).toMatchObject({ state: "cancelled", error: { kind: "interrupted" } });
      expect(await kindOf(client.stat(resolvePath("/six.bin")))).toBe("not-found");
    });

    it("JOB-5 orders that make no sense are refused; a job that has ended can be forgotten", async () => {
      const path = await local("seven", "7");
      const id = await client.startTransfer(putOf(path, "/seven"), "put seven");
      await client.followJob(id);
      for (const order of ["pause", "resume", "cancel"] as const)
        expect(await kindOf(client.steerJob(id, order))).toBe("usage");
      await client.steerJob(id, "forget");
      expect(await jobOf(id)).toBeUndefined();
      expect(await kindOf(client.followJob(id))).toBe("not-found");
      expect(await kindOf(client.steerJob(id, "pause"))).toBe("not-found");
      const big = await local("eight.bin", noise(24 * MiB, 8));
      const running = await client.startTransfer(putOf(big, "/eight.bin"), "put eight.bin");
      await client.steerJob(running, "pause");
      expect(await kindOf(client.steerJob(running, "forget"))).toBe("usage");
      await client.steerJob(running, "cancel");
    });

    it("JOB-6 whoever stops following leaves the job alone", async () => {
      const path = await local("nine.bin", noise(24 * MiB, 9));
      const id = await client.startTransfer(putOf(path, "/nine.bin"), "put nine.bin");
      await client.steerJob(id, "pause");
      const leaving = new AbortController();
      const following = client.followJob(id, { signal: leaving.signal, onProgress: () => leaving.abort() });
      expect(await kindOf(following)).toBe("interrupted");
      expect((await jobOf(id))?.state).toBe("paused");
      await client.steerJob(id, "resume");
      expect(await client.followJob(id)).toMatchObject({ state: "done" });
    });

    it("JOB-7 no transaction has jobs", async () => {
      const transaction = await client.begin();
      const path = await local("ten", "10");
      expect(await kindOf(transaction.startTransfer(putOf(path, "/ten"), "put ten"))).toBe("usage");
      await transaction.close();
    });

    it("JOB-8 a job acts for its user and is that user's alone; it outlives the session, and logout stops it", async () => {
      const ann = parseUserName("ann");
      await client.addUser({ name: ann, password });
      const starter = await network.session();
      await starter.login({ name: ann, password });
      const path = await local("ann.bin", noise(24 * MiB, 11));
      const first = await starter.startTransfer(putOf(path, "/ann.bin"), "put ann.bin");
      await starter.steerJob(first, "pause");
      await starter.close();
      expect(await jobOf(first)).toBeUndefined();
      expect(await kindOf(client.steerJob(first, "cancel"))).toBe("not-found");
      const hers = await session();
      await hers.login({ name: ann, password });
      await hers.steerJob(first, "resume");
      expect(await hers.followJob(first)).toMatchObject({ state: "done", label: "put ann.bin" });
      expect((await hers.stat(resolvePath("/ann.bin"))).sizeBytes).toBe(24 * MiB);
      expect(await kindOf(client.stat(resolvePath("/ann.bin")))).toBe("not-found");
      const again = await local("more.bin", noise(24 * MiB, 12));
      const second = await hers.startTransfer(putOf(again, "/more.bin"), "put more.bin");
      await hers.steerJob(second, "pause");
      await hers.logout();
      await hers.login({ name: ann, password });
      await vi.waitFor(async () => expect((await jobOf(second, hers))?.endedMs).toBeDefined());
      expect(await hers.followJob(second)).toMatchObject({ state: "cancelled", error: { kind: "not-logged-in" } });
    });
  });
}
