import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PeerProcess, Processes } from "./processes.ts";

const minutes = 60_000;

describe("a network of which a part is away", () => {
  const processes = new Processes();
  let peers: PeerProcess[] = [];
  let ben: PeerProcess;
  let work = "";
  const folder = (index: number): string => peers[index]?.folder ?? "";

  beforeAll(async () => {
    work = await processes.folder();
    await writeFile(join(work, "file"), "content");
    peers = await processes.network([{ name: "ann" }, { name: "ben" }, { name: "cy", args: ["--capacity", "0"] }]);
    await writeFile(join(work, "other"), "elsewhere");
    await processes.run(folder(1), `put --copies 1 ${work}/other /on-ben`);
    await processes.run(folder(0), `put --copies 1 ${work}/file /on-ann`);
  }, minutes);
  afterAll(() => processes.clean());

  it(
    "AWAY-1 a file whose holder is away fails as temporary, the others are read on",
    { timeout: minutes },
    async () => {
      const group = async (): Promise<string> => processes.run(folder(0), "coordinator");
      const allVote = /ann +leader[^]*ben +voter[^]*cy +voter/;
      await expect.poll(group, { timeout: 30_000, interval: 200 }).toMatch(allVote);
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
      await expect
        .poll(status, { timeout: 30_000, interval: 1000 })
        .toMatch(/^unavailable: a put needs 2 disks, and 1 answers; not up: ben/);
      const why = await processes.run(folder(2), "why /on-ben");
      expect(why).toMatch(/chain: .*ben \((away|owner), down\)/);
    },
  );

  it("AWAY-2 a holder that is back is found again, at the address where it was", { timeout: 2 * minutes }, async () => {
    ben = await processes.peer(folder(1));
    const read = async (): Promise<string> =>
      (await processes.shell(["--data", folder(2), "-c", "cat /on-ben"])).stdout;
    await expect.poll(read, { timeout: 30_000, interval: 500 }).toBe("elsewhere");
    // Another peer has led its shelf meanwhile, and has no copy of the file: making both equal must not lose it.
    const status = async (): Promise<string> => processes.run(folder(2), "status");
    await expect.poll(status, { timeout: 40_000, interval: 500 }).toMatch(/^healthy/);
    // Ann has never read it, so that it does not come out of her memory.
    expect(await processes.run(folder(0), "cat /on-ben")).toBe("elsewhere");
  });

  it("AWAY-3 without one of three coordinators everything but its files goes on", { timeout: minutes }, async () => {
    peers[0]?.kill("SIGKILL");
    await peers[0]?.ended;
    expect(await processes.run(folder(2), "ls /")).toBe("on-ann\non-ben\n");
    await processes.run(folder(2), `mkdir /new; put --copies 1 ${work}/other /new/file; cat /on-ben`);
    expect(await processes.run(folder(1), "cat /new/file")).toBe("elsewhere");
    // Ben has never read it, while cy has it in its memory.
    expect(await processes.shell(["--data", folder(1), "-c", "cat /on-ann"])).toMatchObject({ code: 5 });
    expect(await processes.run(folder(2), "cat /on-ann")).toBe("content");
  });

  it(
    "AWAY-4 without a majority of them every call fails, soon at once, and what is known can be read as such",
    { timeout: minutes },
    async () => {
      ben.kill("SIGKILL");
      await ben.ended;
      const attempt = (command: string) => processes.shell(["--data", folder(2), "-c", command]);
      const missing = expect.stringContaining("a majority of the coordinators does not answer") as string;
      for (const command of ["ls /", "mkdir /newer", `put ${work}/file /newer`, "cat /on-ben"])
        expect(await attempt(command), command).toMatchObject({ code: 5, stdout: "", stderr: missing });
      const startedMs = Date.now();
      expect(await attempt("mkdir /newer")).toMatchObject({ code: 5, stderr: missing });
      expect(Date.now() - startedMs).toBeLessThan(2_000);
      const stale = await attempt("ls --stale /");
      expect(stale).toMatchObject({ code: 0, stdout: "new\non-ann\non-ben\n" });
      expect(stale.stderr).toMatch(
        /^ls: stale: as of .* ago, from cy; a majority of the coordinators does not answer\n$/,
      );
      expect(await processes.run(folder(2), "status")).toMatch(/^unavailable: a majority of the 3 coordinators/);
    },
  );

  it(
    "AWAY-5 coordinators that are frozen cannot hold a command beyond its time limit",
    { timeout: minutes },
    async () => {
      const frozen = [await processes.peer(folder(0)), await processes.peer(folder(1))];
      const listing = async (): Promise<string> => (await processes.shell(["--data", folder(2), "-c", "ls /"])).stdout;
      await expect.poll(listing, { timeout: 30_000, interval: 500 }).toBe("new\non-ann\non-ben\n");
      for (const peer of frozen) peer.kill("SIGSTOP");
      const startedMs = Date.now();
      expect(await processes.shell(["--data", folder(2), "--timeout", "2", "-c", "mkdir /late"])).toMatchObject({
        code: 5,
      });
      expect(Date.now() - startedMs).toBeLessThan(4_000);
      for (const peer of frozen) peer.kill("SIGCONT");
      await expect.poll(listing, { timeout: 30_000, interval: 500 }).toMatch(/^(late\n)?new\non-ann\non-ben\n$/);
    },
  );
});
