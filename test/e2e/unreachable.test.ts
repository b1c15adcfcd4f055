import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PeerProcess, Processes } from "./processes.ts";

const minutes = 60_000;

describe("a network of which a part is away", () => {
  const processes = new Processes();
  let peers: PeerProcess[] = [];
  let work = "";
  const folder = (index: number): string => peers[index]?.folder ?? "";

  beforeAll(async () => {
    work = await processes.folder();
    await writeFile(join(work, "file"), "content");
    peers = await processes.network([{ name: "ann" }, { name: "ben" }, { name: "cy", args: ["--capacity", "0"] }]);
    await writeFile(join(work, "other"), "elsewhere");
    await processes.run(folder(1), `put ${work}/other /on-ben`);
    await processes.run(folder(0), `put ${work}/file /on-ann`);
  }, minutes);
  afterAll(() => processes.clean());

  it(
    "AWAY-1 a file whose holder is away fails as temporary, the others are read on",
    { timeout: minutes },
    async () => {
      peers[1]?.kill("SIGKILL");
      await peers[1]?.ended;
      const gone = await processes.shell(["--data", folder(2), "-c", "cat /on-ben"]);
      expect(gone).toMatchObject({
        code: 5,
        stdout: "",
        stderr: expect.stringContaining("cat: /on-ben: it is on ben, which cannot be reached") as string,
      });
      expect(await processes.run(folder(2), "cat /on-ann")).toBe("content");
      const status = async (): Promise<string> => processes.run(folder(2), "status");
      await expect.poll(status, { timeout: 30_000, interval: 1000 }).toMatch(/^degraded: not up: ben \(down\)/);
      const why = await processes.run(folder(2), "why /on-ben");
      expect(why).toMatch(/chain: +ben \(down\)/);
    },
  );

  it("AWAY-2 a holder that is back is found again, at the address where it was", { timeout: minutes }, async () => {
    await processes.peer(folder(1));
    const read = async (): Promise<string> =>
      (await processes.shell(["--data", folder(2), "-c", "cat /on-ben"])).stdout;
    await expect.poll(read, { timeout: 30_000, interval: 500 }).toBe("elsewhere");
  });

  it(
    "AWAY-3 without the coordinator every call fails within seconds, and says who is missing",
    { timeout: minutes },
    async () => {
      peers[0]?.kill("SIGKILL");
      await peers[0]?.ended;
      for (const command of ["ls /", "mkdir /new", `put ${work}/file /new`, "cat /on-ben"]) {
        const startedMs = Date.now();
        const result = await processes.shell(["--data", folder(2), "-c", command]);
        expect(result, command).toMatchObject({
          code: 5,
          stderr: expect.stringContaining("ann, which keeps the catalogue, does not answer") as string,
        });
        expect(Date.now() - startedMs, command).toBeLessThan(25_000);
      }
      expect(await processes.run(folder(2), "status")).toMatch(
        /^unavailable: ann, which keeps the catalogue, does not answer/,
      );
    },
  );

  it(
    "AWAY-4 a coordinator that is frozen cannot hold a command beyond its time limit",
    { timeout: minutes },
    async () => {
      const ann = await processes.peer(folder(0));
      const listing = async (): Promise<string> => (await processes.shell(["--data", folder(2), "-c", "ls /"])).stdout;
      await expect.poll(listing, { timeout: 30_000, interval: 500 }).toBe("on-ann\non-ben\n");
      ann.kill("SIGSTOP");
      const startedMs = Date.now();
      expect(await processes.shell(["--data", folder(2), "--timeout", "2", "-c", "ls /"])).toMatchObject({ code: 5 });
      expect(Date.now() - startedMs).toBeLessThan(4_000);
      ann.kill("SIGCONT");
      await expect.poll(listing, { timeout: 30_000, interval: 500 }).toBe("on-ann\non-ben\n");
    },
  );
});
