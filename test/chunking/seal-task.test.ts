import { setImmediate as turnOfEvents } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { ThreadReply } from "../../src/chunking/chunking-messages.ts";
import { SealTask, reclaimBatch } from "../../src/chunking/seal-task.ts";
import { collect } from "./samples.ts";

const MiB = 1024 * 1024;
/** Puts a chunk of so many sealed bytes, all of them the same. */
function put(task: SealTask, sealedBytes: number, byte = 0): Promise<void> {
  const sealed = task.room(sealedBytes).fill(byte);
  return task.put({ digest: new Uint8Array(32), key: new Uint8Array(32), plaintextBytes: sealedBytes - 16, sealed });
}

async function manyTurns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await turnOfEvents();
}

/** A task whose messages are kept. */
function startTask(): { task: SealTask; replies: ThreadReply[] } {
  const replies: ThreadReply[] = [];
  return { task: new SealTask(1, (reply) => replies.push(reply)), replies };
}

describe("seal task", () => {
  it("CHUNK-18 a thread seals at most 4 MiB ahead of its consumer", async () => {
    const { task, replies } = startTask();
    let sealed = 0;
    const work = async (): Promise<void> => {
      for (; sealed < 10; sealed++) await put(task, MiB);
      task.end();
    };
    const done = work();
    await manyTurns();
    expect(replies.length).toBe(3);
    expect(sealed).toBe(3);
    task.control({ type: "credit", sealedBytes: MiB });
    await manyTurns();
    expect(replies.length).toBe(4);
    expect(sealed).toBe(4);
    task.control({ type: "credit", sealedBytes: 9 * MiB });
    await done;
    expect(replies.at(-1)).toMatchObject({ type: "sealed", isEnd: true });
  });

  it("CHUNK-18 small chunks travel together, and a small file in one message", () => {
    const { task, replies } = startTask();
    task.describe({ sizeBytes: 3, mode: 0o644, modifiedMs: 1, stamp: { text: "1", changedMs: 1 } });
    void put(task, 17, 1);
    void put(task, 18, 2);
    expect(replies).toEqual([]);
    task.end();
    const chunks = [{ sealed: new Uint8Array(17).fill(1) }, { sealed: new Uint8Array(18).fill(2) }];
    expect(replies).toMatchObject([{ chunks, stat: { sizeBytes: 3 }, isEnd: true }]);
  });

  it("CHUNK-24 the chunks of a message lie in one memory, which is given away with them; it is used again when it is back", () => {
    const memories: ArrayBuffer[] = [];
    const task = new SealTask(1, (_, transfer) => memories.push(...transfer));
    for (let number = 0; number < 3; number += 1) void put(task, MiB - 16 * 1024);
    expect(memories.length).toBe(1);
    reclaimBatch(new Uint8Array(memories[0] as ArrayBuffer));
    task.end();
    void put(task, 100);
    task.end();
    expect(memories.length).toBe(3);
    expect(new Set(memories).size).toBe(2);
    expect(memories[2]).toBe(memories[0]);
  });

  it("CHUNK-18 slices are taken in order, and a cancelled task stops where it waits", async () => {
    const { task, replies } = startTask();
    const taken = collect(task.slices());
    task.control({ type: "slice", bytes: Uint8Array.of(1) });
    await manyTurns();
    expect(replies).toEqual([{ type: "taken", id: 1, plaintextBytes: 1 }]);
    task.control({ type: "slice", bytes: Uint8Array.of(2, 3) });
    task.control({ type: "slices-end" });
    expect(await taken).toEqual([Uint8Array.of(1), Uint8Array.of(2, 3)]);
    const idle = startTask().task;
    const never = collect(idle.slices());
    await manyTurns();
    idle.control({ type: "cancel" });
    await expect(never).rejects.toEqual(expect.objectContaining({ kind: "interrupted" }));
  });
});
