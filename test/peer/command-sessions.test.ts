import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Operation } from "../../src/catalogue/operation.ts";
import type { OperationResult } from "../../src/catalogue/result.ts";
import { aloneCommandsMax, sharedGatherMsMax, sharingCallersMin, sharedOperationsMax } from "../../src/core/limits.ts";
import { DfsError } from "../../src/core/errors.ts";
import { type ChangeRecorder, CommandRefused, type CommandTarget } from "../../src/peer/command-session.ts";
import { CommandSessions } from "../../src/peer/command-sessions.ts";
import { makeDirectory, putFile } from "../catalogue/world.ts";

/** Commands that wait until they are let go, and refuse operations on names that are taken. */
class Held {
  readonly commands: (readonly Operation[])[] = [];
  readonly #release: (() => void)[] = [];
  readonly taken = new Set<string>();
  failure: DfsError | undefined;

  open(): CommandTarget {
    return {
      execute: async (operations) => {
        this.commands.push(operations);
        await new Promise<void>((resolve) => this.#release.push(resolve));
        if (this.failure !== undefined) throw this.failure;
        const at = operations.findIndex((operation) => this.taken.has(nameOf(operation)));
        if (at >= 0) throw new CommandRefused({ kind: "exists", message: "is there", operation: at, revision: null });
        for (const operation of operations) this.taken.add(nameOf(operation));
        return operations.map((operation): OperationResult => ({ op: operation.op as "makeDirectory" }));
      },
    };
  }

  /** Lets go what is under way; resolves when its callers have heard of it. */
  async release(): Promise<void> {
    for (const release of this.#release.splice(0)) release();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets everything go that is under way or begins. */
  async finish(): Promise<void> {
    for (let round = 0; round < 200; round += 1) {
      await this.release();
      vi.advanceTimersByTime(sharedGatherMsMax);
    }
  }

  get sizes(): readonly number[] {
    return this.commands.map((command) => command.length);
  }
}

function nameOf(operation: Operation): string {
  return "token" in operation ? Buffer.from(operation.token).toString() : "";
}

describe("changes at the same time", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  it("TXN-30 share a command once some are under way, up to its size, in the order of their calls", async () => {
    const held = new Held();
    const sessions = new CommandSessions(() => held.open());
    const count = sharingCallersMin + sharedOperationsMax + 5;
    const all = Array.from({ length: count }, (_, place) => sessions.execute([makeDirectory(`d${place}`)]));
    await held.finish();
    await Promise.all(all);
    expect(held.commands.map((command) => command.length)).toEqual([
      ...Array.from({ length: sharingCallersMin }, () => 1),
      sharedOperationsMax,
      5,
    ]);
    expect(held.commands.flat().map(nameOf)).toEqual(Array.from({ length: count }, (_, place) => `d${place}`));
  });

  it("TXN-31 each have their own outcome: one that is refused takes no other with it", async () => {
    const held = new Held();
    held.taken.add("taken");
    const sessions = new CommandSessions(() => held.open());
    const first = Array.from({ length: sharingCallersMin }, (_, place) => sessions.execute([putFile(`f${place}`)]));
    const shared = ["a", "taken", "b"].map((name) => sessions.execute([makeDirectory(name), putFile(`${name}-f`)]));
    const outcomes = Promise.allSettled([...first, ...shared]);
    await held.finish();
    const [a, taken, b] = (await outcomes).slice(-3);
    expect(a).toMatchObject({ status: "fulfilled", value: [{ op: "makeDirectory" }, { op: "putFile" }] });
    expect(taken).toMatchObject({ status: "rejected", reason: { kind: "exists", operation: 0 } });
    expect(b).toMatchObject({ status: "fulfilled" });
    expect(held.taken.has("taken-f")).toBe(false);
  });

  it("TXN-32 all learn of a failure that is nobody's own, and one that was abandoned is not sent", async () => {
    const held = new Held();
    held.failure = new DfsError("no-quorum", "nobody there");
    const sessions = new CommandSessions(() => held.open());
    const controller = new AbortController();
    const first = Array.from({ length: sharingCallersMin }, (_, place) => sessions.execute([putFile(`f${place}`)]));
    const abandoned = sessions.execute([makeDirectory("abandoned")], controller.signal);
    const shared = ["a", "b"].map((name) => sessions.execute([makeDirectory(name)]));
    controller.abort();
    await expect(abandoned).rejects.toMatchObject({ kind: "interrupted" });
    const outcomes = Promise.allSettled([...first, ...shared]);
    await held.finish();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: "rejected", reason: { kind: "no-quorum" } });
    expect(held.commands.flat().map(nameOf)).not.toContain("abandoned");
  });

  it("TXN-36 wait for the callers of the shared command before, but no longer than that one took", async () => {
    const held = new Held();
    const sessions = new CommandSessions(() => held.open());
    let made = 0;
    const add = (count: number): void => {
      for (let place = 0; place < count; place += 1) void sessions.execute([makeDirectory(`d${made++}`)]);
    };
    const singles = Array.from({ length: sharingCallersMin }, () => 1);
    add(sharingCallersMin + 6);
    await held.release();
    expect(held.sizes).toEqual([...singles, 6]);
    vi.advanceTimersByTime(8); // as long as it is under way
    add(2);
    await held.release();
    add(5);
    await held.release();
    expect(held.sizes).toEqual([...singles, 6]); // one of eight is not back yet
    add(1);
    await held.release();
    expect(held.sizes).toEqual([...singles, 6, 8]); // which was over at once
    add(3);
    await held.release();
    expect(held.sizes).toEqual([...singles, 6, 8]);
    vi.advanceTimersByTime(1);
    expect(held.sizes).toEqual([...singles, 6, 8, 3]);
  });

  it("TXN-37 do not wait for each other where each is recorded by itself", async () => {
    const held = new Held();
    const sessions = new CommandSessions(() => held.open());
    const recorder = (): ChangeRecorder => ({
      noteSent: () => undefined,
      noteSettled: () => undefined,
      noteCommitted: () => undefined,
      noteUnknown: () => undefined,
    });
    const count = aloneCommandsMax + 3;
    const all = Array.from({ length: count }, (_, place) =>
      sessions.execute([makeDirectory(`d${place}`)], undefined, recorder()),
    );
    expect(held.sizes.length).toBe(aloneCommandsMax);
    await held.release();
    expect(held.sizes).toEqual(Array.from({ length: count }, () => 1));
    const shared = recorder();
    for (const name of ["a", "b", "c"]) all.push(sessions.execute([makeDirectory(name)], undefined, shared));
    await held.finish();
    await Promise.all(all);
    expect(held.sizes.slice(count)).toEqual([1, 2]);
  });
});
