/** The past between real machines: what one changed, moved and removed, the other reads as it was, also after a restart. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type PeerProcess, Processes } from "./processes.ts";

const minutes = 60_000;

/** The time now, once it is over, as paths of the past have it. */
async function moment(): Promise<string> {
  const nowMs = Date.now();
  await vi.waitUntil(() => Date.now() > nowMs);
  return new Date(nowMs).toISOString();
}

describe("the past of two machines", () => {
  const processes = new Processes();
  let peers: PeerProcess[] = [];
  let before = "";
  let between = "";
  const on = (index: number, commands: string, env?: NodeJS.ProcessEnv) =>
    processes.shell(["--data", peers[index]?.folder ?? "", "-c", commands], env === undefined ? {} : { env });
  const done = async (index: number, commands: string, env?: NodeJS.ProcessEnv): Promise<string> => {
    const { code, stdout, stderr } = await on(index, commands, env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  };

  beforeAll(async () => {
    peers = await processes.network([{ name: "ann" }, { name: "ben" }]);
    const work = await processes.folder();
    const write = (name: string, text: string): Promise<void> => writeFile(join(work, name), text);
    await write("plan.md", "first\n");
    await write("note.txt", "remember\n");
    await write("cat.jpg", "c".repeat(300_000));
    await done(0, `lcd ${work}; mkdir -p /docs/deep; put -q plan.md note.txt /docs; put -q cat.jpg /docs/deep`);
    before = await moment();
    await write("plan.md", "second\n");
    await done(0, `lcd ${work}; put -qf plan.md /docs; mv /docs/deep/cat.jpg /docs/cat.jpg; rm /docs/note.txt`);
    await done(0, "mv /docs/deep /docs/shallow");
    between = await moment();
    await done(1, "rm -rf /docs; mkdir /docs");
    await rm(work, { recursive: true });
  }, 2 * minutes);
  afterAll(() => processes.clean(), minutes);

  async function checkAll(index: number): Promise<void> {
    const work = await processes.folder();
    expect(await done(index, "ls /docs")).toBe("");
    expect(await done(index, `find /docs --at ${before}`)).toSatisfy((out: string) => {
      const lines = out.trimEnd().split("\n").toSorted();
      return lines.join(" ") === "/docs /docs/deep /docs/deep/cat.jpg /docs/note.txt /docs/plan.md";
    });
    expect(await done(index, `cd /@${before}/docs; cat plan.md note.txt; ls deep`)).toBe("first\nremember\ncat.jpg\n");
    expect(await done(index, `cat --at ${between} /docs/plan.md; ls --at ${between} /docs`)).toBe(
      "second\ncat.jpg\nplan.md\nshallow\n",
    );
    expect(await done(index, `lcd ${work}; get -q --at ${before} /docs/deep/cat.jpg; !wc -c < cat.jpg`)).toMatch(
      /300000/,
    );
    const { code, stderr } = await on(index, `rm /@${before}/docs/plan.md`);
    expect([code, stderr]).toEqual([4, expect.stringContaining("the past cannot be changed")]);
  }

  it(
    "PAST-30 what one machine changed, moved and removed is read as it was from the other",
    { timeout: minutes },
    async () => {
      await checkAll(1);
      await checkAll(0);
      expect(await done(1, `revisions --at ${between} /docs/plan.md`)).toMatch(/\n +2 +7 .*\n +1 +6 /);
    },
  );

  it(
    "PAST-30 so it is after both machines were killed at once and came up again",
    { timeout: 4 * minutes },
    async () => {
      for (const peer of peers) peer.kill("SIGKILL");
      for (const [place, peer] of peers.entries()) {
        await peer.ended;
        peers[place] = await processes.peer(peer.folder, ["--listen", peer.address.replace(/\/p2p\/.*/, "")]);
      }
      const isUp = async (): Promise<boolean> => (await on(1, "cat --at 0s /docs/none")).code === 3;
      await vi.waitUntil(isUp, { timeout: minutes, interval: 500 });
      expect(await done(1, `cat --at ${before} /docs/plan.md`)).toBe("first\n");
      await checkAll(1);
    },
  );

  it(
    "PAST-30 a time without a zone is that of who types it, and what was comes back",
    { timeout: minutes },
    async () => {
      const local = new Date(Date.parse(before) - 5 * 3_600_000).toISOString().slice(0, -1);
      const env = { TZ: "America/Panama" };
      expect(await done(1, `cat --at ${local} /docs/plan.md`, env)).toBe("first\n");
      expect(await done(1, `cat /@${local}/docs/plan.md`, env)).toBe("first\n");
      expect(await done(1, `restore -r --at ${before} /docs; cat /docs/note.txt`)).toContain(
        "/docs/note.txt: is back\n",
      );
      expect(await done(0, "cat /docs/plan.md; ls /docs/deep")).toBe("first\ncat.jpg\n");
    },
  );
});
