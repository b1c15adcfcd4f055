import { afterEach, describe, expect, it } from "vitest";
import type { LogEntry } from "../../src/catalogue/apply.ts";
import { SingleLog } from "../../src/catalogue/single-log.ts";
import { DfsError } from "../../src/core/errors.ts";
import {
  groupCommandBytesMax,
  groupCommandsMax,
  waitingCommandBytesMax,
  waitingCommandsMax,
} from "../../src/core/limits.ts";
import { type LogUnderTest, replicatedLogContract } from "../contract/replicated-log.ts";
import { World, founding, peerSession, startMs } from "./world.ts";

const options = { signal: new AbortController().signal };

async function subjectOf(world: World): Promise<LogUnderTest> {
  let timeMs = startMs - 1_699_999_000_000;
  const log = new SingleLog(world.catalogue, () => timeMs);
  await log.start();
  return {
    log,
    catalogue: world.catalogue,
    setTime: (next) => {
      timeMs = next;
    },
    restart: () => {
      world.reopen();
      return subjectOf(world);
    },
    close: () => Promise.resolve(world[Symbol.dispose]()),
  };
}

replicatedLogContract("SingleLog", () => subjectOf(new World("disk")));

/** A catalogue that only notes what it is asked to commit, and fails when told to. */
class NotingCatalogue {
  readonly batches: LogEntry[][] = [];
  error: Error | undefined;
  appliedIndex(): number {
    return this.batches.flat().length;
  }
  lastTimeMs(): number {
    return 0;
  }
  applyBatch(entries: readonly LogEntry[]): readonly Uint8Array[] {
    if (this.error !== undefined) throw this.error;
    this.batches.push([...entries]);
    return entries.map(() => new Uint8Array(0));
  }
}

async function started(catalogue: NotingCatalogue): Promise<SingleLog> {
  const log = new SingleLog(catalogue, () => 5.5);
  await log.start();
  return log;
}

describe("SingleLog", () => {
  const catalogue = new NotingCatalogue();
  afterEach(() => {
    catalogue.batches.length = 0;
    catalogue.error = undefined;
  });

  it("CAT-80 commands that wait together share one transaction, up to its size", async () => {
    const log = await started(catalogue);
    await Promise.all(Array.from({ length: groupCommandsMax + 10 }, () => log.propose(new Uint8Array(1), options)));
    expect(catalogue.batches.map((batch) => batch.length)).toEqual([groupCommandsMax, 10]);
    expect(catalogue.batches[0]?.[0]).toMatchObject({ index: 1, timeMs: 5 });
    const heavy = new Uint8Array(groupCommandBytesMax / 2);
    await Promise.all([heavy, heavy, heavy].map((command) => log.propose(command, options)));
    expect(catalogue.batches.slice(2).map((batch) => batch.length)).toEqual([2, 1]);
  });

  it("CAT-81 a full queue answers busy and says when to come back", async () => {
    const log = await started(catalogue);
    const busy = expect.objectContaining({ kind: "busy", retryAfterMs: expect.any(Number) as number });
    const many = Array.from({ length: waitingCommandsMax }, () => log.propose(new Uint8Array(1), options));
    await expect(log.propose(new Uint8Array(1), options)).rejects.toThrow(busy);
    await Promise.all(many);
    const heavy = new Uint8Array(groupCommandBytesMax / 2);
    const heavies = Array.from({ length: waitingCommandBytesMax / heavy.length }, () => log.propose(heavy, options));
    await expect(log.propose(new Uint8Array(1), options)).rejects.toThrow(busy);
    await Promise.all(heavies);
    await expect(log.propose(new Uint8Array(1), options)).resolves.toBeDefined();
  });

  it("CAT-82 after a failure of the disk nothing is acknowledged any more, not even after another start", async () => {
    const log = await started(catalogue);
    catalogue.error = new DfsError("no-space", "no space left on the disk");
    const noSpace = expect.objectContaining({ kind: "no-space" });
    const waiting = Array.from({ length: groupCommandsMax + 1 }, () => log.propose(new Uint8Array(1), options));
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.every((outcome) => outcome.status === "rejected")).toBe(true);
    catalogue.error = undefined;
    await expect(log.propose(new Uint8Array(1), options)).rejects.toThrow(noSpace);
    await expect(log.readBarrier(options)).rejects.toThrow(noSpace);
    await log.stop();
    await expect(log.start()).rejects.toThrow(noSpace);
    expect(catalogue.batches).toEqual([]);
  });

  it("CAT-82 a transaction that fails leaves the catalogue as it was", () => {
    using world = new World();
    const digest = world.catalogue.digest();
    const entries = [1, 3].map((index) => ({ index, timeMs: startMs, command: peerSession().next(founding) }));
    expect(() => world.catalogue.applyBatch(entries)).toThrow(expect.objectContaining({ kind: "internal" }));
    expect(world.catalogue.digest()).toEqual(digest);
    expect(world.catalogue.appliedIndex()).toBe(0);
  });

  it("CAT-83 an abandoned command that has not been committed never happens", async () => {
    const log = await started(catalogue);
    const controller = new AbortController();
    const kept = log.propose(Uint8Array.of(1), options);
    const dropped = log.propose(Uint8Array.of(2), { signal: controller.signal });
    controller.abort();
    await expect(dropped).rejects.toThrow(expect.objectContaining({ kind: "interrupted" }));
    await kept;
    expect(catalogue.batches.flat().map(({ command }) => [...command])).toEqual([[1]]);
  });
});
