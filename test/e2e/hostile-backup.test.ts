import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PeerInfo, ShelfBackup } from "../../src/core/client.ts";
import { HostilePeer } from "../hostile/hostile-peer.ts";
import { type PeerProcess, Processes } from "./processes.ts";

describe("a backup peer that says that it is up, and does nothing else", () => {
  const processes = new Processes();
  let ann: PeerProcess;
  let bob: PeerProcess;
  let eve: PeerProcess;
  let hostile: HostilePeer | undefined;

  async function chainOf(home: string): Promise<string[]> {
    const lines = (await processes.run(ann.folder, "backup --json")).trim().split("\n");
    const shelves = lines.map((line) => JSON.parse(line) as ShelfBackup);
    return (shelves.find((shelf) => shelf.home === home)?.links ?? []).map(({ name }) => name);
  }

  beforeAll(async () => {
    // Another zone makes eve everybody's backup peer.
    const [first, third, second] = await processes.network([
      { name: "ann", args: ["--zone", "near"] },
      { name: "eve", args: ["--zone", "far", "--coordinator", "never"] },
      { name: "bob", args: ["--zone", "near"] },
    ]);
    if (first === undefined || second === undefined || third === undefined) throw new Error("no network");
    [ann, bob, eve] = [first, second, third];
  }, 60_000);

  afterAll(async () => {
    await hostile?.stop();
    await processes.clean();
  });

  it("HOST-7 is stood in for, and puts go on", { timeout: 60_000 }, async () => {
    await expect.poll(() => chainOf("bob"), { timeout: 20_000, interval: 250 }).toEqual(["bob", "eve"]);
    await processes.run(bob.folder, "mkdir /files");
    eve.kill("SIGTERM");
    await eve.ended;
    hostile = await HostilePeer.ofFolder(eve.folder);
    await hostile.refuseCalls();
    hostile.keepUp(ann.address);
    for (const { folder, name } of [bob, ann]) {
      const content = randomBytes(700_000);
      await writeFile(join(folder, "local"), content);
      const startMs = performance.now();
      await processes.run(folder, `put ${join(folder, "local")} /files/${name}`);
      expect(performance.now() - startMs).toBeLessThan(20_000);
      await processes.run(folder, `get /files/${name} ${join(folder, "got")}`);
      expect(content.equals(await readFile(join(folder, "got")))).toBe(true);
    }
    expect(await chainOf("bob")).toContain("ann");
    const peers = (await processes.run(ann.folder, "peers --json")).trim().split("\n");
    const states = peers.map((line) => JSON.parse(line) as PeerInfo);
    expect(states.find(({ name }) => name === "eve")?.state).toBe("up");
  });
});
