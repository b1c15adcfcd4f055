import { randomBytes } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WhyReport } from "../../src/core/client.ts";
import { chunkProtocol } from "../../src/peer/protocols.ts";
import { HostilePeer } from "../hostile/hostile-peer.ts";
import { peakResidentBytes, peerMemoryBytesMax } from "../hostile/memory.ts";
import { type Misdeed, serveMisdeeds, silences, wrongs } from "../hostile/misdeeds.ts";
import { type PeerProcess, Processes } from "./processes.ts";

const fileCount = 24;
const fileBytesMin = 150_000;

async function contents(folder: string): Promise<Map<string, string>> {
  const names = (await readdir(folder)).toSorted();
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[string, string]> => [name, await readFile(join(folder, name), "base64")]),
    ),
  );
}

describe("a holder that means harm", () => {
  const processes = new Processes();
  const readerArgs = ["--coordinator", "never", "--capacity", "0"];
  let ann: PeerProcess;
  let bob: PeerProcess;
  let reader: PeerProcess;
  let hostile: HostilePeer;
  let source: string;
  let asked = 0;
  let turn = 0;
  let misdeeds: readonly Misdeed[] = [];

  beforeAll(async () => {
    // In these zones eve keeps her own shelf, with bob behind her, and no part of another.
    const [first, second, eve, last] = await processes.network([
      { name: "ann", args: ["--zone", "near"] },
      { name: "bob", args: ["--zone", "far"] },
      { name: "eve", args: ["--zone", "near", "--coordinator", "never"] },
      { name: "ben", args: readerArgs },
    ]);
    if (first === undefined || second === undefined || eve === undefined || last === undefined)
      throw new Error("no network");
    [ann, bob, reader] = [first, second, last];
    source = await processes.folder();
    for (let file = 0; file < fileCount; file += 1)
      await writeFile(join(source, `file-${file}`), randomBytes(fileBytesMin * (1 + (file % 4))));
    await processes.run(eve.folder, `put -R ${source} /files`);
    const { chain } = JSON.parse(await processes.run(eve.folder, "why --json /files/file-1")) as WhyReport;
    if (chain[0]?.name !== "eve") throw new Error("the files are not on the shelf that they are meant for");
    eve.kill("SIGTERM");
    await eve.ended;
    hostile = await HostilePeer.ofFolder(eve.folder);
    await hostile.refuseCalls();
    await hostile.handle(chunkProtocol, (stream) => {
      serveMisdeeds(stream, () => {
        asked += 1;
        turn += 1;
        return misdeeds[turn % misdeeds.length] as Misdeed;
      });
    });
    hostile.keepUp(ann.address);
  }, 60_000);

  afterAll(async () => {
    await hostile.stop();
    await processes.clean();
  });

  /** A reader that has not met the hostile holder yet. */
  async function freshReader(): Promise<void> {
    reader.kill("SIGTERM");
    await reader.ended;
    reader = await processes.peer(reader.folder, readerArgs);
    asked = 0;
  }

  /** Gets the files, compares them, and returns how long it took. */
  async function readAll(): Promise<number> {
    const target = join(await processes.folder(), "files");
    const startMs = performance.now();
    await processes.run(reader.folder, `get -R /files ${target}`);
    const tookMs = performance.now() - startMs;
    expect(await contents(target)).toEqual(await contents(source));
    return tookMs;
  }

  /** Does `work` with fresh readers until each misdeed was done, for they take turns; a reader soon asks others first. */
  async function untilEach(all: Readonly<Record<string, Misdeed>>, work: () => Promise<void>): Promise<void> {
    misdeeds = Object.values(all);
    for (let left = misdeeds.length; left > 0; left -= asked) {
      await freshReader();
      await work();
      expect(asked).toBeGreaterThan(0);
    }
  }

  async function expectSound(...peers: readonly PeerProcess[]): Promise<void> {
    for (const { pid } of peers) {
      const bytes = await peakResidentBytes(pid);
      expect(bytes).toBeGreaterThan(0);
      expect(bytes).toBeLessThan(peerMemoryBytesMax);
    }
  }

  it("HOST-1 files read back right whatever it answers", async () => {
    await untilEach(wrongs, async () => expect(await readAll()).toBeLessThan(20_000));
    await expectSound(reader);
  });

  it("HOST-2 one file waits for a holder that is silent or drips, and the next ones do not", async () => {
    await untilEach(silences, async () => {
      expect(await readAll()).toBeLessThan(20_000);
      expect(await readAll()).toBeLessThan(4_000);
    });
    await expectSound(reader);
  });

  it("HOST-6 puts succeed meanwhile, also where they could have gone to its shelf", async () => {
    for (const [place, { folder }] of [reader, reader, ann, bob].entries()) {
      await processes.run(folder, `put -R ${source} /put-${place}`);
      const target = join(await processes.folder(), "files");
      await processes.run(folder, `get -R /put-${place} ${target}`);
      expect(await contents(target)).toEqual(await contents(source));
    }
    await expectSound(ann, bob, reader);
  });
});
