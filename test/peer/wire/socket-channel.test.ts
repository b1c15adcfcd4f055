import { randomBytes } from "node:crypto";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { FrameBuffers } from "../../../src/peer/frame-buffers.ts";
import { pskClientTls, pskTls } from "../../../src/peer/wire/psk-tls.ts";
import { socketChannel } from "../../../src/peer/wire/socket-channel.ts";

const frameBytesMax = 1024 * 1024;
const sizes = [0, 1, 40_000, 300_000, 5, 0, frameBytesMax, 64 * 1024, 2];

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** The end that was connected to, and the one that connected. */
async function pair(isTls: boolean): Promise<[Socket, Socket]> {
  const pskCallback = (): Buffer => Buffer.alloc(32, 1);
  const server = isTls ? createTlsServer({ ...pskTls, pskCallback }) : createServer();
  const port = await listen(server);
  const accepted = new Promise<Socket>((resolve) => server.once(isTls ? "secureConnection" : "connection", resolve));
  const psk = { psk: pskCallback(), identity: "lane" };
  const asking = isTls
    ? connectTls({ ...pskClientTls, host: "127.0.0.1", port, pskCallback: () => psk })
    : connect(port, "127.0.0.1");
  const sockets: [Socket, Socket] = [await accepted, asking];
  for (const socket of sockets) stops.push(() => socket.destroy());
  return sockets;
}

const ways = [true, false].flatMap((isTls) =>
  [0, 1].map((receiver) => ({ isTls, receiver, what: `${isTls ? "TLS" : "plain"}, end ${receiver}` })),
);

describe("socket channels", () => {
  it.each(ways)("WIRE-15 large frames arrive whole, and nothing is allocated to read them ($what)", async (way) => {
    const sockets = await pair(way.isTls);
    const [receiving, sending] = way.receiver === 0 ? sockets : [sockets[1], sockets[0]];
    const taken: Uint8Array[] = [];
    const bulkMemory = new (class extends FrameBuffers {
      override take(bytes: number): Uint8Array<ArrayBuffer> {
        const memory = super.take(bytes);
        taken.push(memory);
        return memory;
      }
    })();
    const far = socketChannel(sending, frameBytesMax, { bulkMemory: new FrameBuffers() });
    far.receive({ onFrame: () => undefined, onEnd: () => undefined });
    const sent = sizes.map((size) => randomBytes(size));
    let written = 0;
    // Some of it has come before anybody receives.
    const early = sent.slice(0, 3).map((frame) => far.send([frame], () => (written += 1)));
    await Promise.all(early);
    const near = socketChannel(receiving, frameBytesMax, { bulkMemory });
    const frames: Uint8Array[] = [];
    const ended = new Promise<Error | undefined>((resolve) =>
      near.receive({ onFrame: (frame) => void frames.push(frame), onEnd: resolve }),
    );
    expect(receiving.listenerCount("data")).toBe(0);
    for (const frame of sent.slice(3)) void far.send([frame.subarray(0, 1), frame.subarray(1)], () => (written += 1));
    await far.close();
    expect(await ended).toBeUndefined();
    expect(written).toBe(sizes.length);
    expect(frames.map((frame) => Buffer.from(frame).equals(sent[frames.indexOf(frame)] as Buffer))).toEqual(
      sizes.map(() => true),
    );
    expect(frames.map(({ buffer }) => buffer)).toEqual(taken.map(({ buffer }) => buffer));
    const allBytes = sizes.reduce((sum, size) => sum + 4 + size, 0);
    expect(near.receivedBytes).toBe(allBytes);
    expect(far.sentBytes).toBe(allBytes);
  });
});
