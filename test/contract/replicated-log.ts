/** The rules that every ReplicatedLog keeps, run against each implementation. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Catalogue } from "../../src/catalogue/catalogue.ts";
import type { ReplicatedLog } from "../../src/catalogue/replicated-log.ts";
import { decodeResult, resultOrThrow } from "../../src/catalogue/result.ts";
import { founding, makeDirectory, peerSession, putFile, root, shared, token, userSession } from "../catalogue/world.ts";

/** A log under test, started and without entries of commands, and the catalogue that it applies to where proposals are made. */
export interface LogUnderTest {
  readonly log: ReplicatedLog;
  readonly catalogue: Pick<Catalogue, "appliedIndex" | "counts" | "entry">;
  /** The clock that the log stamps entries with. */
  setTime(timeMs: number): void;
  /** Ends everything as a crash would, without stopping, and starts it again from the disk. */
  restart(): Promise<LogUnderTest>;
  close(): Promise<void>;
}

export function replicatedLogContract(name: string, make: () => Promise<LogUnderTest>): void {
  const options = { signal: new AbortController().signal };
  let subject: LogUnderTest;

  beforeEach(async () => {
    subject = await make();
  });
  afterEach(() => subject.close());

  describe(`${name} as a replicated log`, () => {
    it("LOG-1 a proposal resolves with its index and result once it is applied", async () => {
      const { index, result } = await subject.log.propose(peerSession().next(founding), options);
      expect(resultOrThrow(result)).toEqual([{ op: "initNetwork" }]);
      expect(subject.catalogue.appliedIndex()).toBeGreaterThanOrEqual(index);
      const refused = await subject.log.propose(
        userSession().next(putFile("a", { parent: makeDirectory("d").node })),
        options,
      );
      expect(refused.index).toBeGreaterThan(index);
      expect(decodeResult(refused.result)).toMatchObject({ error: { kind: "not-found" } });
    });

    it("LOG-2 proposals made at once are each applied once, in an order of which the indexes tell", async () => {
      await subject.log.propose(peerSession().next(founding), options);
      const commands = Array.from({ length: 300 }, (_, place) =>
        userSession(`client ${place}`).next(putFile(`file ${place}`)),
      );
      const committed = await Promise.all(commands.map((command) => subject.log.propose(command, options)));
      expect(new Set(committed.map(({ index }) => index)).size).toBe(commands.length);
      for (const { result } of committed) expect(resultOrThrow(result)).toMatchObject([{ revision: 1 }]);
      expect(subject.catalogue.counts().files).toBe(commands.length);
    });

    it("LOG-3 a barrier is not older than any command acknowledged before it", async () => {
      const { index } = await subject.log.propose(peerSession().next(founding), options);
      expect(await subject.log.readBarrier(options)).toBeGreaterThanOrEqual(index);
      expect(subject.catalogue.appliedIndex()).toBeGreaterThanOrEqual(index);
    });

    it("LOG-4 what was acknowledged is there after a crash, and a retry is the same command", async () => {
      await subject.log.propose(peerSession().next(founding), options);
      const command = userSession().next(putFile("a"));
      const { index, result } = await subject.log.propose(command, options);
      subject = await subject.restart();
      expect(await subject.log.readBarrier(options)).toBeGreaterThanOrEqual(index);
      expect(subject.catalogue.entry(shared.userId, root, token("a"))).toMatchObject({ revision: 1 });
      const retried = await subject.log.propose(command, options);
      expect(retried.result).toEqual(result);
      expect(subject.catalogue.counts().files).toBe(1);
    });

    it("LOG-5 an aborted call ends as its signal says, and the log goes on", async () => {
      const command = peerSession().next(founding);
      const interrupted = expect.objectContaining({ kind: "interrupted" });
      await expect(subject.log.propose(command, { signal: AbortSignal.abort() })).rejects.toThrow(interrupted);
      await expect(subject.log.readBarrier({ signal: AbortSignal.abort() })).rejects.toThrow(interrupted);
      const controller = new AbortController();
      const waiting = subject.log.propose(command, { signal: controller.signal });
      controller.abort();
      await expect(waiting).rejects.toThrow(interrupted);
      expect(resultOrThrow((await subject.log.propose(command, options)).result)).toEqual([{ op: "initNetwork" }]);
    });

    it("LOG-6 a command longer than the limit, or empty, is refused", async () => {
      const usage = expect.objectContaining({ kind: "usage" });
      await expect(subject.log.propose(new Uint8Array(10_000_000), options)).rejects.toThrow(usage);
      await expect(subject.log.propose(new Uint8Array(0), options)).rejects.toThrow(usage);
    });

    it("LOG-7 a stopped log refuses calls and ends the waiting ones", async () => {
      const unreachable = expect.objectContaining({ kind: "unreachable" });
      const waiting = subject.log.propose(peerSession().next(founding), options);
      const [outcome] = await Promise.allSettled([waiting, subject.log.stop()]);
      expect(outcome).toMatchObject({ status: "rejected", reason: { kind: "unreachable" } });
      await expect(subject.log.propose(peerSession().next(founding), options)).rejects.toThrow(unreachable);
      await expect(subject.log.readBarrier(options)).rejects.toThrow(unreachable);
    });

    it("LOG-8 the time of entries never goes back, whatever the clock does", async () => {
      subject.setTime(2_000_000);
      await subject.log.propose(peerSession().next(founding), options);
      subject.setTime(1_000_000);
      const user = userSession();
      await subject.log.propose(user.next(putFile("a")), options);
      subject = await subject.restart();
      subject.setTime(1_000_000);
      await subject.log.propose(user.next(putFile("b")), options);
      const times = ["a", "b"].map(
        (name) => subject.catalogue.entry(shared.userId, root, token(name))?.committedMs ?? 0,
      );
      expect(Math.min(...times)).toBeGreaterThanOrEqual(2_000_000);
    });
  });
}
