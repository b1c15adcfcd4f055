import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toDfsError } from "../../src/core/errors.ts";
import { busyRetryMsMax, busyRetryMsMin } from "../../src/core/limits.ts";
import { sharedUserKeys } from "../../src/identity/user-keys.ts";
import { loadMembership } from "../../src/peer/peer-config.ts";
import { HostilePeer, anyMethod } from "../hostile/hostile-peer.ts";
import { type PeerProcess, Processes } from "./processes.ts";

const entries = 100;
const floodCalls = 200;

describe("a peer under load", () => {
  const processes = new Processes();
  let ann: PeerProcess;
  let eve: PeerProcess;
  let reader: PeerProcess;

  beforeAll(async () => {
    const guest = ["--coordinator", "never", "--capacity", "0"];
    const started = await processes.network([
      { name: "ann" },
      { name: "eve", args: guest },
      { name: "ben", args: guest },
    ]);
    [ann, eve, reader] = started as [PeerProcess, PeerProcess, PeerProcess];
  }, 60_000);
  afterAll(() => processes.clean());

  it("LOAD-6 answers a member that floods it that it is busy, and until when, and serves the others meanwhile", async () => {
    const names = Array.from({ length: entries }, (_, entry) => `/entry-${entry}`);
    await processes.run(ann.folder, `mkdir ${names.join(" ")}`);
    eve.kill("SIGTERM");
    await eve.ended;
    const membership = await loadMembership(eve.folder);
    const { userId, rootDirectory } = sharedUserKeys(membership?.networkSecret ?? new Uint8Array());
    const hostile = await HostilePeer.ofFolder(eve.folder);
    const counts = { answered: 0, busy: 0, others: 0 };
    const over = new AbortController();
    const flood = async (): Promise<void> => {
      const rpc = await hostile.rpc(ann.address);
      const params = { user: userId, parent: rootDirectory, limit: entries, stale: false };
      const call = (): Promise<unknown> =>
        rpc.call(anyMethod("catalogue.list"), params, { timeoutMs: 10_000 }).then(
          () => (counts.answered += 1),
          (error: unknown) => {
            const { kind, retryAfterMs = 0 } = toDfsError(error);
            const isRight = kind === "busy" && retryAfterMs >= busyRetryMsMin && retryAfterMs <= busyRetryMsMax;
            if (isRight) counts.busy += 1;
            else counts.others += 1;
          },
        );
      while (!over.signal.aborted && !rpc.hasEnded) await Promise.all(Array.from({ length: floodCalls }, call));
    };
    const flooding = Promise.all([flood(), flood()]);
    try {
      await expect.poll(() => Math.min(counts.answered, counts.busy), { timeout: 20_000 }).toBeGreaterThan(50);
      for (let look = 0; look < 3; look += 1)
        expect((await processes.run(reader.folder, "ls /")).split("\n").length).toBeGreaterThan(entries);
      expect(await processes.run(reader.folder, "mkdir /made && ls -d /made")).toContain("made");
      expect(counts.others).toBe(0);
    } finally {
      over.abort();
      await flooding;
      await hostile.stop();
    }
  }, 90_000);
});
