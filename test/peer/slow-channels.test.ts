import { type Server, type Socket, connect, createServer } from "node:net";
import { type AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { frameStallMs, socketBufferBytesMax } from "../../src/core/limits.ts";
import { frameHeader } from "../../src/peer/wire/frame-channel.ts";
import { socketChannel } from "../../src/peer/wire/socket-channel.ts";
import { streamChannel } from "../../src/peer/wire/stream-channel.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({ ...(await original<object>()), frameStallMs: 600 }));

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function socketPair(): Promise<{ near: Socket; far: Socket }> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const far = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const near = await accepted;
  for (const socket of [near, far]) socket.on("error", () => undefined);
  stops.push(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

/** What a channel over `near` sees. */
function watch(near: Socket) {
  const seen: { frames: number; end?: Error | undefined; hasEnded: boolean } = { frames: 0, hasEnded: false };
  const channel = socketChannel(near, 1_000);
  channel.receive({
    onFrame: () => (seen.frames += 1),
    onEnd: (end) => Object.assign(seen, { end, hasEnded: true }),
  });
  return { channel, seen };
}

const after = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

describe("channels to slow ends", () => {
  it("GATE-11 a message that drips in is not waited for, however often a byte comes", async () => {
    const { near, far } = await socketPair();
    const { seen } = watch(near);
    far.write(frameHeader(1_000));
    const dripping = setInterval(() => far.write(Uint8Array.of(1)), 10);
    stops.push(() => clearInterval(dripping));
    const startedMs = performance.now();
    await expect.poll(() => seen.hasEnded, { timeout: 5 * frameStallMs, interval: 5 }).toBe(true);
    expect(performance.now() - startedMs).toBeGreaterThan(frameStallMs / 2);
    expect(seen.end).toMatchObject({ kind: "timeout" });
  });

  it("GATE-11 messages that end in time, one into the next, and pauses between them are fine", async () => {
    const { near, far } = await socketPair();
    const { seen } = watch(near);
    far.write(frameHeader(4));
    for (let round = 0; round < 8; round += 1) {
      await after(frameStallMs / 4);
      // Ends one message and begins another.
      far.write(Buffer.concat([Buffer.alloc(4), frameHeader(4)]));
    }
    far.write(Buffer.alloc(4));
    await expect.poll(() => seen.frames).toBe(9);
    await after(2 * frameStallMs);
    expect(seen.hasEnded).toBe(false);
  });

  it("GATE-11 the same holds for a stream", async () => {
    const listeners = new Map<string, (event: unknown) => void>();
    const aborts: Error[] = [];
    const stream = {
      addEventListener: (type: string, listener: (event: unknown) => void) => listeners.set(type, listener),
      abort: (error: Error) => void aborts.push(error),
    };
    const ends: unknown[] = [];
    streamChannel(stream as never, 1_000).receive({
      onFrame: () => undefined,
      onEnd: (error) => void ends.push(error),
    });
    listeners.get("message")?.({ data: frameHeader(9) });
    await expect.poll(() => aborts, { timeout: 5 * frameStallMs }).toMatchObject([{ kind: "timeout" }]);
    expect(ends).toMatchObject([{ kind: "timeout" }]);
  });

  it("GATE-12 an end that does not read costs no more memory than a bound", async () => {
    const { near, far } = await socketPair();
    far.pause();
    const { channel, seen } = watch(near);
    const answer = new Uint8Array(256 * 1024);
    let sent = 0;
    const failures: unknown[] = [];
    for (; sent < 2 * socketBufferBytesMax; sent += answer.length)
      channel.send([answer]).catch((error: unknown) => void failures.push(error));
    await expect.poll(() => failures[0]).toMatchObject({ kind: "busy" });
    await expect.poll(() => seen.hasEnded).toBe(true);
    expect(near.writableLength).toBeLessThan(socketBufferBytesMax + 2 * answer.length);
    expect(near.destroyed).toBe(true);
  });
});
