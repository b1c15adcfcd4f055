import { cp, open, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Processes } from "./processes.ts";

const minutes = 60_000;

describe("the only coordinator, with a damaged file", () => {
  const processes = new Processes();
  let sound = "";
  let segment = "";
  beforeAll(async () => {
    sound = await processes.folder();
    const peer = await processes.peer(sound, ["--name", "ann"]);
    await processes.run(sound, "mkdir /one; mkdir /two; mkdir /three");
    peer.kill("SIGTERM");
    await peer.ended;
    const segments = (await readdir(join(sound, "raft/log"))).filter((name) => name.endsWith(".log"));
    segment = join("raft/log", segments.toSorted().at(-1) ?? "");
  }, minutes);
  afterAll(() => processes.clean());

  /** A copy of the sound data folder whose file `path` `damage` has changed. */
  async function damaged(path: string, damage: (file: string) => Promise<void>): Promise<string> {
    const folder = await processes.folder();
    await cp(sound, folder, { recursive: true });
    await rm(join(folder, "control.sock"), { force: true });
    await damage(join(folder, path));
    return folder;
  }

  const refusal = (folder: string) =>
    processes.peerFailure(["--data", folder, "--listen", "/ip4/127.0.0.1/tcp/0", "--log-level", "silent"]);

  it.each([
    ["the log", () => segment, 0.02],
    ["the database", () => "catalogue.db", 0.5],
    ["the sums of its pages", () => "catalogue.db-sums", 0.5],
    ["the record of its seat", () => "raft/member.json", 0.5],
  ])("DAMAGE-1 refuses to start with a flipped bit in %s, says where, and names the way out", async (_, path, part) => {
    const folder = await damaged(path(), (file) => flipBit(file, part));
    const { code, stdout, stderr } = await refusal(folder);
    expect({ code, stdout }).toEqual({ code: 7, stdout: "" });
    expect(stderr).toContain(folder);
    expect(stderr).toContain("--recover-as-new-group");
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it(
    "DAMAGE-2 loses nothing when the log is cut and the catalogue is whole, but asks first",
    { timeout: minutes },
    async () => {
      const folder = await damaged(segment, (file) => truncate(file, 400));
      expect(await refusal(folder)).toMatchObject({ code: 7 });
      const asked = await processes.peerFailure(["--data", folder, "--recover-as-new-group"]);
      expect(asked).toMatchObject({ code: 2, stdout: expect.stringContaining("as a new group") as string });
      await processes.peer(folder, ["--recover-as-new-group", "--yes"]);
      expect(await processes.run(folder, "ls /")).toBe("one\nthree\ntwo\n");
      await processes.run(folder, "mkdir /four");
    },
  );

  it(
    "DAMAGE-3 takes what can be read of a damaged catalogue, and says that it is damaged",
    { timeout: minutes },
    async () => {
      const folder = await damaged("catalogue.db-sums", (file) => writeFile(file, "not what it was"));
      expect(await refusal(folder)).toMatchObject({ code: 7 });
      const asked = await processes.peerFailure(["--data", folder, "--recover-as-new-group"]);
      expect(asked.stdout).toContain("IT IS DAMAGED");
      await processes.peer(folder, ["--recover-as-new-group", "--yes"]);
      expect(await processes.run(folder, "ls /")).toBe("one\nthree\ntwo\n");
    },
  );
});

/** Flips one bit at this part of the file's length. */
async function flipBit(path: string, part: number): Promise<void> {
  const file = await open(path, "r+");
  try {
    const at = Math.floor((await file.stat()).size * part);
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ 0x10;
    await file.write(byte, 0, 1, at);
  } finally {
    await file.close();
  }
}
