import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LeaseId } from "../../src/core/ids.ts";
import { chunkFloorBytes, chunkFloorMs, chunkSilenceMs } from "../../src/core/limits.ts";
import { chunkFrameHeader, frameTypes } from "../../src/peer/chunk-frames.ts";
import { ChunkLink } from "../../src/peer/chunk-link.ts";
import type { FrameChannel, FrameHandlers } from "../../src/peer/wire/frame-channel.ts";

const never = new AbortController().signal;
const digest = new Uint8Array(32);
const lease = "00112233445566778899aabbccddeeff" as LeaseId;

/** A channel whose other end is the test. */
class HeldChannel implements FrameChannel {
  receivedBytes = 0;
  sentBytes = 0;
  sentFrames = 0;
  error: Error | undefined;
  #handlers: FrameHandlers | undefined;

  send(): Promise<void> {
    this.sentFrames += 1;
    return Promise.resolve();
  }

  receive(handlers: FrameHandlers): void {
    this.#handlers = handlers;
  }

  answer(type: number, request: number, body: Uint8Array = new Uint8Array()): void {
    this.receivedBytes += body.length;
    this.#handlers?.onFrame(new Uint8Array(Buffer.concat([chunkFrameHeader(type, request), body])));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  abort(error: Error): void {
    this.error = error;
  }
}

describe("a stream of the chunk protocol", () => {
  const opened: HeldChannel[] = [];
  let link: ChunkLink;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    opened.length = 0;
    link = new ChunkLink(() => {
      const channel = new HeldChannel();
      opened.push(channel);
      return Promise.resolve(channel);
    });
  });
  afterEach(() => void vi.useRealTimers());

  /** What a request came to, as soon as it did. */
  function watched(work: Promise<unknown>): { outcome: () => unknown } {
    let outcome: unknown;
    work.then(
      () => (outcome = "answered"),
      (error: unknown) => (outcome = error),
    );
    return { outcome: () => outcome };
  }

  it("HOST-2 that owes a chunk and sends less than the floor is ended within two looks, and the next one is new", async () => {
    const { outcome } = watched(link.get(digest, never));
    await vi.advanceTimersByTimeAsync(0);
    const [slow] = opened;
    for (let looks = 0; looks < 2; looks += 1) {
      expect(outcome()).toBeUndefined();
      if (slow !== undefined) slow.receivedBytes += chunkFloorBytes - 1;
      await vi.advanceTimersByTimeAsync(chunkFloorMs);
    }
    expect(outcome()).toMatchObject({ kind: "timeout" });
    expect(slow?.error).toMatchObject({ kind: "timeout" });
    void link.get(digest, never).catch(() => undefined);
    void link.get(digest, never).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    expect(opened.length).toBe(3); // both places have a stream again
  });

  it("HOST-2 goes on for as long as it sends what the slowest line carries", async () => {
    const { outcome } = watched(link.get(digest, never));
    await vi.advanceTimersByTimeAsync(0);
    for (let looks = 0; looks < 10; looks += 1) {
      for (const channel of opened) channel.receivedBytes += chunkFloorBytes;
      await vi.advanceTimersByTimeAsync(chunkFloorMs);
    }
    expect(outcome()).toBeUndefined();
    opened[0]?.answer(frameTypes.chunk, 1, new Uint8Array(10));
    await vi.advanceTimersByTimeAsync(0);
    expect(outcome()).toBe("answered");
  });

  it("HOST-2 that rests between requests is not slow", async () => {
    for (let request = 1; request <= 3; request += 1) {
      const { outcome } = watched(link.get(digest, never));
      watched(link.get(digest, never));
      await vi.advanceTimersByTimeAsync(chunkFloorMs - 1);
      for (const channel of opened) channel.answer(frameTypes.chunk, request, new Uint8Array(10));
      await vi.advanceTimersByTimeAsync(10 * chunkFloorMs);
      expect(outcome()).toBe("answered");
    }
    expect(opened.length).toBe(2);
  });

  it("HOST-2 to which chunks were sent may be slow to answer, but not silent", async () => {
    const { outcome } = watched(link.put(lease, [{ digest, bytes: new Uint8Array(100) }], never));
    await vi.advanceTimersByTimeAsync(chunkSilenceMs - 1);
    expect(outcome()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(chunkFloorMs + 1);
    expect(outcome()).toMatchObject({ kind: "timeout" });
  });

  it("HOST-2 that takes more and more of the chunks that it is sent is not silent, and is once it takes nothing more", async () => {
    const { outcome } = watched(link.put(lease, [{ digest, bytes: new Uint8Array(100) }], never));
    await vi.advanceTimersByTimeAsync(0);
    for (let waitedMs = 0; waitedMs < 3 * chunkSilenceMs; waitedMs += chunkFloorMs) {
      for (const channel of opened) channel.sentBytes += 1;
      await vi.advanceTimersByTimeAsync(chunkFloorMs);
    }
    expect(outcome()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(chunkSilenceMs + chunkFloorMs);
    expect(outcome()).toMatchObject({ kind: "timeout" });
  });

  it.each([
    ["an answer of another kind", frameTypes.stored, new Uint8Array()],
    ["a failure that is none", frameTypes.failed, Uint8Array.of(0x9f, 0x9f)],
  ])("HOST-3 that gives %s fails its requests at once", async (_, type, body) => {
    const { outcome } = watched(link.get(digest, never));
    await vi.advanceTimersByTimeAsync(0);
    opened[0]?.answer(type, 1, body);
    await vi.advanceTimersByTimeAsync(0);
    expect(outcome()).toMatchObject({ kind: "protocol" });
    expect(opened[0]?.error).toMatchObject({ kind: "protocol" });
  });
});
