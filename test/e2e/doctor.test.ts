/** `doctor` beside real peers: each thing is broken for real, and is found with what to do about it. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, open, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { CheckOutcome, CheckResult } from "../../src/core/checks.ts";
import { openDataFolder } from "../../src/store/data-folder.ts";
import { SmallDisk } from "../faults/small-disk.ts";
import { type PeerProcess, Processes } from "./processes.ts";

const minutes = 60_000;
const answerMs = 10_000;

describe("doctor", () => {
  const processes = new Processes();
  afterAll(() => processes.clean());

  /** What it finds on a data folder: its exit code, and the results under their names. */
  async function doctor(folder: string, env: NodeJS.ProcessEnv = {}) {
    const { code, stdout, stderr } = await processes.shell(["--data", folder, "-c", "doctor --json"], { env });
    const results = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as CheckResult);
    const find = (name: string): CheckResult | undefined => results.find((result) => result.name === name);
    const bad = results.filter(({ outcome }) => outcome !== "ok").map(({ area, name }) => `${area}/${name}`);
    return { code, stderr, results, find, bad };
  }

  const finding = (outcome: CheckOutcome, found: RegExp, advice: RegExp): unknown =>
    expect.objectContaining({
      outcome,
      found: expect.stringMatching(found) as string,
      advice: expect.stringMatching(advice) as string,
    });

  describe("in a network of three", () => {
    let peers: PeerProcess[] = [];
    const folder = (index: number): string => peers[index]?.folder ?? "";

    beforeAll(async () => {
      peers = await processes.network([{ name: "ann" }, { name: "ben" }, { name: "cy" }]);
      const work = await processes.folder();
      await writeFile(join(work, "file"), "content");
      await processes.run(folder(0), `put ${work}/file /file`);
      const group = (): Promise<string> => processes.run(folder(0), "coordinator");
      const allVote = async (): Promise<void> =>
        expect(await group()).toMatch(/ann +leader[^]*ben +voter[^]*cy +voter/);
      await vi.waitFor(allVote, { timeout: 30_000, interval: 200 });
    }, minutes);

    it("DOCTOR-3 finds a clock that differs from the coordinators'", { timeout: minutes }, async () => {
      const skewed = await processes.folder();
      const preload = join(skewed, "skew.mjs");
      await writeFile(preload, "const now = Date.now; Date.now = () => now() + 300_000;\n");
      const invite = (await processes.run(folder(0), "invite")).trim();
      const env = { NODE_OPTIONS: `--import ${preload}` };
      const data = await processes.folder();
      // First of all: those who dial back for a check count among the few strangers that are let in at once.
      const args = ["--name", "dan", "--join", invite, "--coordinator", "never", "--capacity", "0"];
      const dan = await vi.waitFor(() => processes.peer(data, args, env), { timeout: 30_000, interval: 500 });
      const { code, find } = await doctor(data);
      expect(code).toBe(1);
      const ahead = /this clock is 5 min ahead of (ann|ben|cy)'s, 5 min ahead of /;
      expect(find("skew")).toEqual(finding("fault", ahead, /^set the clock here: .*timedatectl/));
      await processes.run(folder(0), "peer remove --now --yes dan");
      dan.kill("SIGKILL");
    });

    it("DOCTOR-1 finds nothing wrong where nothing is", { timeout: minutes }, async () => {
      const isWell = async (): Promise<readonly string[]> => (await doctor(folder(2))).bad;
      await expect.poll(isWell, { timeout: 40_000, interval: 500 }).toEqual([]);
      const { code, find, stderr } = await doctor(folder(0));
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(find("reachable")?.found).toMatch(/^(ben, cy|cy, ben) can reach this peer$/);
      expect(find("skew")?.found).toMatch(/within 2.0 s of the coordinators'/);
      expect(find("own-record")?.found).toMatch(/a file of this peer is found: \d+ holders?, \d hops?, \d+ questions?/);
      expect(find("versions")?.found).toMatch(/this peer and 2 others run version/);
    });

    it("DOCTOR-2 finds a data folder that others may enter", async () => {
      await chmod(folder(0), 0o755);
      const { code, find } = await doctor(folder(0));
      await chmod(folder(0), 0o700);
      expect(code).toBe(1);
      expect(find("data-folder")).toEqual(
        finding("fault", /others on this machine may enter .* \(mode 755\)/, /^chmod 700 /),
      );
    });

    it(
      "DOCTOR-4 finds that most coordinators are away, and answers in time all the same",
      { timeout: 3 * minutes },
      async () => {
        for (const index of [1, 2]) peers[index]?.kill("SIGKILL");
        const look = async () => {
          const startedMs = performance.now();
          return { ...(await doctor(folder(0))), elapsedMs: performance.now() - startedMs };
        };
        const quorum = async (): Promise<string | undefined> => (await look()).find("quorum")?.outcome;
        await expect.poll(quorum, { timeout: 40_000, interval: 200 }).toBe("fault");
        // A machine that is busy with other tests may take longer now and then.
        await expect.poll(async () => (await look()).elapsedMs, { timeout: 60_000 }).toBeLessThan(answerMs);
        const { code, find } = await look();
        expect(code).toBe(1);
        expect(find("quorum")).toEqual(
          finding("fault", /^no majority of 3 coordinators answers/, /start dfs-peer on ben, cy/),
        );
        expect(find("leader")).toEqual(finding("fault", /^no coordinator leads/, /quorum/));
        expect(find("round-trip")).toEqual(finding("fault", /^no other coordinator answers: .*ben/, /peers/));
        expect(find("reachable")?.outcome).toBe("warning");
        expect(find("chunks")?.outcome).toBe("ok");
      },
    );
  });

  it("DOCTOR-5 finds that the port of the last run is taken", { timeout: minutes }, async () => {
    const folder = await processes.folder();
    const peer = await processes.peer(folder, ["--name", "ann", "--listen", "/ip4/0.0.0.0/tcp/0"]);
    peer.kill("SIGTERM");
    await peer.ended;
    const { port } = JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as { port: number };
    const server = createServer().listen(port, "0.0.0.0");
    await new Promise((resolve) => server.once("listening", resolve));
    const { code, find } = await doctor(folder);
    server.close();
    expect(code).toBe(0);
    const advice = new RegExp(`end what listens on ${port}`);
    expect(find("port")).toEqual(finding("warning", new RegExp(`port ${port} of the last run is taken`), advice));
  });

  it.runIf(process.platform === "linux" && process.getuid?.() === 0)(
    "DOCTOR-6 finds a full disk, while a peer runs and when it cannot start",
    { timeout: minutes },
    async () => {
      const disk = new SmallDisk(join(await processes.folder(), "disk"));
      disk.start();
      let peer: PeerProcess | undefined;
      try {
        const folder = join(disk.folder, "data");
        peer = await processes.peer(folder, ["--name", "ann"]);
        await disk.fill();
        const running = await doctor(folder);
        expect(running.code).toBe(1);
        expect(running.find("free-space")).toEqual(
          finding("fault", /only .* free .*takes no more files/, /remove what/),
        );
        expect(running.find("write")).toEqual(finding("fault", /no space left on the disk/, /look at the disk/));
        expect(running.find("file-system")).toEqual(finding("warning", /in memory \(tmpfs\)/, /--data on a disk/));
        peer.kill("SIGKILL");
        await peer.ended;
        const stopped = await doctor(folder);
        expect(stopped.code).toBe(1);
        expect(stopped.find("free-space")?.outcome).toBe("fault");
      } finally {
        peer?.kill("SIGKILL");
        await peer?.ended;
        disk.stop();
      }
    },
  );

  it.each<readonly [what: string, damage: (folder: string) => Promise<unknown>, found: RegExp, advice: RegExp]>([
    [
      "of another version",
      (folder) => otherVersion(folder),
      /has format 99, and this program knows/,
      /install the version/,
    ],
    [
      "that is damaged",
      (folder) => writeFile(join(folder, "config.json"), "{"),
      /config\.json is damaged/,
      /restore what is damaged/,
    ],
    [
      "that is held",
      (folder) => openDataFolder(folder, { program: "backup-tool" }),
      /held by process \d+ \(backup-tool/,
      /end it/,
    ],
  ])(
    "DOCTOR-7 where no peer can start in a folder %s, it says so and checks the machine",
    async (_what, damage, found, advice) => {
      const folder = await processes.folder();
      await processes.run(folder, "status");
      const held = await damage(folder);
      const { code, results, find } = await doctor(folder);
      await (held as { release?: () => Promise<void> } | undefined)?.release?.();
      expect(code).toBe(1);
      expect(find("peer")).toEqual(finding("fault", found, advice));
      expect(results.map(({ name }) => name)).toEqual(
        expect.arrayContaining(["node", "data-folder", "free-space", "write"]),
      );
    },
  );

  it("DOCTOR-15 finds chunks that a bad disk has changed, as soon as that is known", { timeout: minutes }, async () => {
    const folder = await processes.folder();
    const work = await processes.folder();
    await writeFile(join(work, "file"), randomBytes(4 * 1024 ** 2));
    await processes.peer(folder, ["--name", "ann"]);
    await processes.run(folder, `put ${work}/file /file`);
    expect((await doctor(folder)).find("chunks")?.outcome).toBe("ok");
    await damageLargest(join(folder, "chunks"));
    expect(await processes.shell(["--data", folder, "-c", "fsck"])).toMatchObject({ code: 7 });
    const { code, find } = await doctor(folder);
    expect(code).toBe(1);
    expect(find("chunks")).toEqual(
      finding("fault", /^1 chunk of this disk is damaged or lost$/, /^fsck fetches them again/),
    );
  });

  it.runIf(process.getuid?.() === 0)("DOCTOR-7 so it is with a folder of another user", async () => {
    const folder = await processes.folder();
    await processes.run(folder, "status");
    execFileSync("chown", ["-R", "65534", folder]);
    const { code, find } = await doctor(folder);
    expect(code).toBe(1);
    expect(find("peer")).toEqual(finding("fault", /belongs to user 65534/, /account/));
    expect(find("data-folder")).toEqual(finding("fault", /belongs to user 65534/, /chown/));
  });
});

/** Turns a bit over in the middle of the largest file below a folder. */
async function damageLargest(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  const files = await Promise.all(
    names.map(async (name) => ({ path: join(folder, name), ...(await sizeOf(join(folder, name))) })),
  );
  const { path = "", size = 0 } = files.toSorted((one, other) => other.size - one.size)[0] ?? {};
  const file = await open(path, "r+");
  const middle = Math.floor(size / 2);
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, middle);
  await file.write(Buffer.of((buffer[0] ?? 0) ^ 1), 0, 1, middle);
  await file.close();
}

/** 0 for a folder. */
async function sizeOf(path: string): Promise<{ readonly size: number }> {
  const found = await stat(path);
  return { size: found.isFile() ? found.size : 0 };
}

async function otherVersion(folder: string): Promise<void> {
  const path = join(folder, "format");
  const format = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...format, version: 99 }));
}
