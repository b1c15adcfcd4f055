import { open } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { openSegmentsMax } from "../../src/core/limits.ts";
import { InFlight } from "../../src/store/in-flight.ts";
import { KeyedLocks } from "../../src/store/keyed-locks.ts";
import { SegmentFiles } from "../../src/store/segment-files.ts";
import { WaitingRoom } from "../../src/store/waiting-room.ts";
import { temporaryFolder } from "./store-fixtures.ts";

/** Lets everything run that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

describe("WaitingRoom", () => {
  it("lets in what fits, in order, and one that is larger than the room when it is empty", async () => {
    const room = new WaitingRoom(10);
    const entered: string[] = [];
    const enter = async (name: string, amount: number): Promise<void> => {
      await room.enter(amount);
      entered.push(name);
    };
    void enter("a", 6);
    void enter("b", 6);
    void enter("c", 1);
    await settle();
    expect(entered).toEqual(["a"]);
    room.leave(6);
    await settle();
    expect(entered).toEqual(["a", "b", "c"]);
    void enter("huge", 100);
    room.leave(6);
    room.leave(1);
    await settle();
    expect(entered.at(-1)).toBe("huge");
  });

  it("one that gives up makes way for those behind", async () => {
    const room = new WaitingRoom(10);
    await room.enter(8);
    const giving = new AbortController();
    const large = room.enter(9, giving.signal);
    let isIn = false;
    const small = room.enter(2).then(() => (isIn = true));
    await settle();
    expect(isIn).toBe(false);
    giving.abort(new Error("no patience"));
    await expect(large).rejects.toThrow("no patience");
    await small;
    await expect(room.enter(1, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("KeyedLocks", () => {
  it("holders of a common key take turns, others do not wait", async () => {
    const locks = new KeyedLocks();
    const events: string[] = [];
    let finish = (): void => undefined;
    const first = locks.holding(["b", "a", "a"], async () => {
      events.push("first");
      await new Promise<void>((resolve) => (finish = resolve));
    });
    const second = locks.holding(["b", "c"], async () => events.push("second"));
    const other = locks.holding(["d"], async () => events.push("other"));
    await other;
    await settle();
    expect(events).toEqual(["first", "other"]);
    finish();
    await Promise.all([first, second]);
    expect(events).toEqual(["first", "other", "second"]);
  });

  it("a failure lets go", async () => {
    const locks = new KeyedLocks();
    await expect(locks.holding(["a"], () => Promise.reject(new Error("x")))).rejects.toThrow("x");
    expect(await locks.holding(["a"], async () => 1)).toBe(1);
  });
});

describe("InFlight", () => {
  it("is idle when the last call for a key has ended, however it ended", async () => {
    const calls = new InFlight();
    let fail = (error: Error): void => {
      throw error;
    };
    const call = calls.during("a", () => new Promise<void>((_, reject) => (fail = reject)));
    let isIdle = false;
    const idle = calls.idle("a").then(() => (isIdle = true));
    await calls.idle("b");
    await calls.during("a", async () => undefined);
    await settle();
    expect(isIdle).toBe(false);
    fail(new Error("x"));
    await expect(call).rejects.toThrow("x");
    await idle;
  });
});

describe("SegmentFiles", () => {
  it("keeps a bounded number of files open, and never closes one in use", async () => {
    const files = new SegmentFiles(await temporaryFolder());
    for (let number = 1; number <= openSegmentsMax + 2; number += 1) await (await files.create(number)).handle.close();
    const opened = new Set<number>();
    await files.use(1, async (first) => {
      for (let number = 2; number <= openSegmentsMax + 2; number += 1) {
        await files.use(number, async (handle) => opened.add(handle.fd));
      }
      expect((await first.stat()).size).toBeGreaterThan(0);
    });
    await files.use(2, async (handle) => expect(handle.fd).toBeGreaterThan(0));
    expect(await files.numbers()).toHaveLength(openSegmentsMax + 2);
    await files.remove(5);
    await expect(files.use(5, async () => undefined)).rejects.toMatchObject({ code: "ENOENT" });
    await files.close();
    const probe = await open(files.path(1), "r");
    await probe.close();
  });
});
