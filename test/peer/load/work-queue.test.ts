import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { DfsError } from "../../../src/core/errors.ts";
import { WorkQueue } from "../../../src/peer/load/work-queue.ts";
import { ServingPeer } from "./serving-peer.ts";

const limits = { name: "chunks to read", runningMax: 4, runMsMax: 1_000, waitMsMax: 100, waitingMax: 10_000 };

describe("the line of one kind of work", () => {
  it("LOAD-1 beyond what is done in time is refused at once, with when to come back, and that is when there is room", () => {
    const peer = new ServingPeer({ ...limits, msPerWork: 2 });
    peer.offer({ perMs: 1, forMs: 500, callers: ["ann"], patienceMs: 10_000 });
    peer.advance(1_000);
    const asked = Array.from({ length: 500 }, () => peer.ask("ann"));
    const refused = asked.filter(({ refusal }) => refusal !== undefined);
    // 50 pieces are 100 ms of work.
    expect(peer.waiting).toBeGreaterThan(40);
    expect(peer.waiting).toBeLessThanOrEqual(55);
    expect(refused.length).toBeGreaterThan(430);
    for (const { refusal } of refused) expect(refusal).toMatchObject({ kind: "busy" });
    const retryAfterMs = Math.max(...refused.map(({ refusal }) => refusal?.retryAfterMs ?? 0));
    peer.advance(retryAfterMs);
    expect(peer.ask("ann").refusal).toBeUndefined();
  });

  it("LOAD-1 the longest wait stays near its limit, whatever a piece of work costs", () => {
    for (const msPerWork of [0.1, 1, 10]) {
      const peer = new ServingPeer({ ...limits, msPerWork });
      const load = peer.offer({
        perMs: 10 / msPerWork,
        forMs: 500 + 500 * msPerWork,
        callers: ["ann"],
        patienceMs: 10_000,
      });
      const waits = load.answered.map(({ waitedMs }) => waitedMs).toSorted((a, b) => a - b);
      expect(waits.length).toBeGreaterThan(300);
      expect(waits[Math.floor(waits.length * 0.95)]).toBeLessThan(2 * limits.waitMsMax);
      expect(waits[Math.floor(waits.length / 2)]).toBeGreaterThan(limits.waitMsMax / 4);
    }
  });

  it("LOAD-2 goodput at ten times the load that can be served is above 80 % of its peak", () => {
    const goodput = [0.5, 1, 2, 5, 10].map((load) => {
      // A refusal costs a third of the work: that callers send nothing while the peer is busy keeps it from choking on them.
      const peer = new ServingPeer({ ...limits, msPerWork: 1, refusalMs: 0.3 });
      const callers = ["ann", "ben", "cat", "dan"];
      const { answered } = peer.offer({ perMs: load, forMs: 5_000, callers, patienceMs: 150, isPolite: true });
      return answered.filter(({ isInTime }) => isInTime).length / 5_000;
    });
    const peak = Math.max(...goodput);
    expect(peak).toBeGreaterThan(0.85);
    expect(goodput.at(-1)).toBeGreaterThan(0.8 * peak);
  });

  it("LOAD-2 a pause is not taken for slowness: after it as much is let in as before", () => {
    const peer = new ServingPeer({ ...limits, msPerWork: 2 });
    for (let round = 0; round < 20; round += 1) {
      for (let piece = 0; piece < 100; piece += 1) peer.ask("ann");
      expect(peer.waiting).toBeGreaterThan(40);
      peer.advance(1_000);
    }
  });

  it("LOAD-3 each caller has its turn: one that asks for little is served beside one that floods", () => {
    const peer = new ServingPeer({ ...limits, msPerWork: 1 });
    const flood = peer.offer({ perMs: 10, forMs: 1_000, callers: ["ann"], patienceMs: 1_000 });
    const before = flood.answered.length;
    const both = peer.offerAll(
      [
        { perMs: 10, callers: ["ann"], patienceMs: 1_000 },
        { perMs: 0.2, callers: ["ben"], patienceMs: 1_000 },
      ],
      2_000,
    );
    const ofBen = both.answered.filter(({ caller }) => caller === "ben");
    expect(before).toBeGreaterThan(800);
    expect(both.refused.filter(({ caller }) => caller === "ben")).toEqual([]);
    expect(ofBen.length).toBeGreaterThan(380);
    expect(Math.max(...ofBen.map(({ waitedMs }) => waitedMs))).toBeLessThan(limits.waitMsMax / 2);
    expect(both.answered.length).toBeGreaterThan(1_800);
  });

  it("LOAD-4 what its caller has given up, or cannot use any more, is not begun", async () => {
    const begun: string[] = [];
    let nowMs = 0;
    const ends: (() => void)[] = [];
    const queue = new WorkQueue<string>({ ...limits, runningMax: 1 }, { nowMs: () => nowMs });
    const refusals: DfsError[] = [];
    const enter = (name: string, deadlineMs?: number) =>
      queue.enter({
        caller: "ann",
        deadlineMs,
        start: (end) => {
          begun.push(name);
          ends.push(end);
        },
        refuse: (error) => void refusals.push(error),
      });
    enter("first");
    const leave = enter("given up");
    enter("too late", 50);
    enter("last", 1_000);
    leave();
    leave();
    expect(queue.waiting).toBe(2);
    nowMs = 60;
    ends.shift()?.();
    await expect.poll(() => begun).toEqual(["first", "last"]);
    expect(refusals).toEqual([expect.objectContaining({ kind: "timeout" })]);
    ends.shift()?.();
    await delay(0);
    expect(queue.waiting).toBe(0);
  });

  it("LOAD-4 what could not be done within its caller's time is refused at once, and what can is not", () => {
    const peer = new ServingPeer({ ...limits, msPerWork: 2 });
    peer.offer({ perMs: 5, forMs: 1_000, callers: ["ann"], patienceMs: 10_000 });
    expect(peer.ask("ann", 5).refusal).toMatchObject({ kind: "busy" });
    expect(peer.ask("ben", 50).refusal).toBeUndefined();
  });

  it("LOAD-5 what waits is bounded in its size, and whoever has most of it makes room", () => {
    const peer = new ServingPeer({ ...limits, runningMax: 1, waitMsMax: 1_000_000, waitingMax: 100, msPerWork: 1 });
    const asked = Array.from({ length: 20 }, () => peer.ask("ann", undefined, 30));
    expect(asked.filter(({ refusal }) => refusal === undefined).length).toBe(1 + 3);
    const [small, large] = [peer.ask("ben", undefined, 30), peer.ask("ben", undefined, 90)];
    expect([small.refusal, large.refusal]).toEqual([undefined, expect.objectContaining({ kind: "busy" })]);
    expect(asked.filter(({ refusal }) => refusal === undefined).length).toBe(1 + 2);
    peer.advance(50);
    expect(peer.ask("ann", undefined, 30).refusal).toBeUndefined();
  });

  it("LOAD-4 a call that its signal ends leaves the line, and others keep their places", async () => {
    const queue = new WorkQueue<string>({ ...limits, runningMax: 1 });
    const stop = new AbortController();
    const { signal } = new AbortController();
    let end = (): void => undefined;
    const first = queue.run(
      { caller: "ann", signal },
      () => new Promise<string>((resolve) => (end = () => resolve("1"))),
    );
    const second = queue.run({ caller: "ann", signal: stop.signal }, () => Promise.resolve("2"));
    const third = queue.run({ caller: "ann", signal }, () => Promise.reject(new Error("its own")));
    stop.abort(new Error("gone"));
    await expect(second).rejects.toThrow("gone");
    end();
    expect(await first).toBe("1");
    await expect(third).rejects.toThrow("its own");
  });

  it("LOAD-10 what is done keeps its place until its answer has left", async () => {
    const queue = new WorkQueue<string>({ ...limits, runningMax: 1 });
    const { signal } = new AbortController();
    let leave = (): void => undefined;
    const until = new Promise<void>((resolve) => (leave = resolve));
    const begun: string[] = [];
    expect(await queue.run({ caller: "ann", signal, until }, () => Promise.resolve("first"))).toBe("first");
    const second = queue.run({ caller: "ann", signal }, () => Promise.resolve(begun.push("second")));
    await delay(0);
    expect(begun).toEqual([]);
    leave();
    await second;
  });

  it("LOAD-10 what ends in vain took time and was not done: the line counts as so much slower", async () => {
    let nowMs = 0;
    const queue = new WorkQueue<string>({ ...limits, runningMax: 1, waitMsMax: 1_000 }, { nowMs: () => nowMs });
    const { signal } = new AbortController();
    const outcomes: string[] = [];
    const ask = async (error: DfsError | undefined): Promise<void> => {
      const work = async (): Promise<void> => {
        nowMs += 100;
        if (error !== undefined) throw error;
      };
      try {
        await queue.run({ caller: "ann", signal }, work);
        outcomes.push("done");
      } catch (failure) {
        outcomes.push((failure as DfsError).kind);
      }
    };
    await Promise.all(Array.from({ length: 9 }, () => ask(undefined)));
    expect(outcomes).toEqual(Array.from({ length: 9 }, () => "done"));
    for (let round = 0; round < 20; round += 1)
      await Promise.all(Array.from({ length: 3 }, () => ask(new DfsError("timeout", "too late"))));
    outcomes.length = 0;
    await Promise.all(Array.from({ length: 9 }, () => ask(undefined)));
    expect(outcomes.filter((outcome) => outcome === "busy").length).toBeGreaterThan(4);
  });
});
