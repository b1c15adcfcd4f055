import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BurnFiles } from "../faults/burn-files.ts";
import { shortTimers } from "../faults/burn-network.ts";
import { type PeerProcess, Processes } from "./processes.ts";

const minutes = 60_000;

interface Space {
  readonly own: { readonly diskBytes: number; readonly liveBytes: number };
}

describe("two peers", () => {
  const processes = new Processes();
  let files: BurnFiles;
  let work = "";
  let ann: PeerProcess;
  let ben: PeerProcess;
  const space = async ({ folder }: PeerProcess): Promise<Space["own"]> =>
    (JSON.parse((await processes.run(folder, "df --json")).trim().split("\n").at(-1) ?? "") as Space).own;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "dfs-backup-"));
    files = new BurnFiles(work, 1);
    const [first, second] = await processes.network([
      { name: "ann", args: shortTimers },
      { name: "ben", args: shortTimers },
    ]);
    if (first === undefined || second === undefined) throw new Error("two peers");
    [ann, ben] = [first, second];
  }, minutes);
  afterAll(async () => {
    await processes.clean();
    await rm(work, { recursive: true, force: true });
  });

  it("BURN-1 keep everything on both disks, and backup, why and status say so", { timeout: minutes }, async () => {
    await files.make("tree", 100, 4 << 20);
    const [two, full] = [/on 2 of 2 disks/, /ben +up +full/];
    await expect.poll(() => processes.run(ann.folder, "backup"), { timeout: minutes }).toMatch(full);
    expect(await processes.run(ann.folder, `put -R ${work}/tree /tree`)).toBe("");
    expect(await processes.run(ben.folder, "backup")).toMatch(two);
    expect(await processes.run(ben.folder, "why /tree/big")).toContain(
      "2 of 2 wanted disks have it: any one of them may be lost",
    );
    const status = (): Promise<string> => processes.run(ben.folder, "status");
    await expect.poll(status, { timeout: minutes }).toMatch(/^healthy: all 2 peers are up; each file is on 2 disks/);
    const [one, other] = [await space(ann), await space(ben)];
    expect(other.liveBytes).toBe(one.liveBytes);
  });

  it("BURN-2 give back the space of what was removed and is not to be retained", { timeout: 2 * minutes }, async () => {
    const fullBytes = (await space(ben)).diskBytes;
    expect(fullBytes).toBeGreaterThan(4 << 20);
    await processes.run(ann.folder, "retain --revisions 1 --days 0; rm -r /tree");
    for (const peer of [ann, ben])
      await expect
        .poll(async () => (await space(peer)).diskBytes, { timeout: minutes, interval: 500 })
        .toBeLessThan(fullBytes / 10);
  });

  it(
    "BURN-3 refuse a put while one of them is gone, soon and clearly, unless it wants one copy",
    { timeout: minutes },
    async () => {
      await files.make("later", 3, 0);
      const three = await processes.shell(["--data", ann.folder, "-c", `put --copies 3 ${work}/later/file-0 /three`]);
      expect(three).toMatchObject({ code: 0, stderr: "put: note: on 2 disks for now; see backup\n" });
      expect(await processes.run(ann.folder, `put -v --copies 1 ${work}/later/file-1 /one`)).toContain("; 1 copies");
      ben.kill("SIGKILL");
      await ben.ended;
      const startedMs = Date.now();
      const refused = await processes.shell(["--data", ann.folder, "-c", `put ${work}/later/file-2 /two`]);
      expect(refused).toMatchObject({ code: 5, stderr: expect.stringMatching(/disk/) as string });
      expect(Date.now() - startedMs).toBeLessThan(20_000);
      await processes.run(ann.folder, `put --copies 1 ${work}/later/file-2 /two; cat /two`);
    },
  );
});
