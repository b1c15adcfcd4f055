import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeBigFile } from "./files.ts";
import { type PeerProcess, Processes } from "./processes.ts";

const minutes = 60_000;
const megabytes = 256;
/** Short enough that a test can wait for it to run out. */
const lease = ["--lease", "3s"];

interface Status {
  readonly store: { readonly chunks: number; readonly records: number; readonly bytes: number };
}

describe("a peer that is killed in the middle of a put", () => {
  const processes = new Processes();
  let work = "";
  beforeAll(async () => {
    work = await processes.folder();
    await writeBigFile(join(work, "old"), 1, 8);
    await writeBigFile(join(work, "new"), 2, megabytes);
  });
  afterAll(() => processes.clean(), minutes);

  async function storeOf(folder: string): Promise<Status["store"]> {
    const { chunks, records, bytes } = (JSON.parse(await processes.run(folder, "status --json")) as Status).store;
    return { chunks, records, bytes };
  }

  /** Puts a new revision, and kills `victim` when its process has written about `afterMegabytes`. */
  async function killDuringPut(folder: string, victim: PeerProcess, afterMegabytes: number): Promise<void> {
    const before = bytesWritten(victim.pid);
    const put = processes.shell(["--data", folder, "-c", `put -f ${work}/new /file`]);
    await expect
      .poll(() => bytesWritten(victim.pid) - before, { timeout: minutes, interval: 2 })
      .toBeGreaterThan(afterMegabytes * 1024 * 1024);
    victim.kill("SIGKILL");
    await victim.ended;
    expect((await put).code).not.toBe(0);
  }

  it.each([1, 60, 200])(
    "CRASH-1 shows the old revision or the new one, whole, and keeps no orphan (killed after %i MiB)",
    { timeout: 4 * minutes },
    async (afterMegabytes) => {
      const folder = await processes.folder();
      const victim = await processes.peer(folder, lease);
      await processes.run(folder, `put ${work}/old /file`);
      const before = await storeOf(folder);
      await killDuringPut(folder, victim, afterMegabytes);

      await processes.peer(folder, lease);
      const { revision } = JSON.parse(await processes.run(folder, "stat --json /file")) as { revision: number };
      expect([1, 2]).toContain(revision);
      await processes.run(folder, `get -f /file ${work}/got`);
      execFileSync("cmp", [join(work, revision === 1 ? "old" : "new"), join(work, "got")]);
      if (revision === 1)
        await expect.poll(() => storeOf(folder), { timeout: minutes, interval: 500 }).toMatchObject(before);
    },
  );

  it("CRASH-2 the owner of the shelf may be another peer than the writer", { timeout: 4 * minutes }, async () => {
    const [owner, writer] = await processes.network([
      { name: "owner", args: lease },
      { name: "writer", args: ["--capacity", "0", ...lease] },
    ]);
    if (owner === undefined || writer === undefined) throw new Error("two peers");
    await processes.run(writer.folder, `put ${work}/old /file`);
    const before = await storeOf(owner.folder);
    await killDuringPut(writer.folder, writer, 40);
    await expect.poll(() => storeOf(owner.folder), { timeout: minutes, interval: 500 }).toMatchObject(before);
    expect(await processes.run(owner.folder, "stat --json /file")).toContain('"revision":1');
    await processes.run(owner.folder, `get -f /file ${work}/got2`);
    execFileSync("cmp", [join(work, "old"), join(work, "got2")]);
  });

  it(
    "CRASH-3 a file that was acknowledged is there after its peer was killed at once",
    { timeout: 2 * minutes },
    async () => {
      const folder = await processes.folder();
      for (let i = 0; i < 4; i += 1) {
        const victim = await processes.peer(folder);
        await processes.run(folder, `put ${work}/old /copy-${i}; mkdir /dir-${i}`);
        victim.kill("SIGKILL");
        await victim.ended;
      }
      await processes.peer(folder);
      expect(await processes.run(folder, "ls /")).toBe("copy-0\ncopy-1\ncopy-2\ncopy-3\ndir-0\ndir-1\ndir-2\ndir-3\n");
      await processes.run(folder, `get /copy-3 ${work}/copy`);
      execFileSync("cmp", [join(work, "old"), join(work, "copy")]);
    },
  );
});

/** Bytes that a process has written to files and sockets so far; 0 when it is gone. */
function bytesWritten(pid: number): number {
  try {
    return Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
  } catch {
    return 0;
  }
}
