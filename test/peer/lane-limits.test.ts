import { type Socket, connect } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { PeerId } from "../../src/core/ids.ts";
import {
  chunkFrameBytesMax,
  laneHandshakeMs,
  channelIdleMs,
  laneOffersPerPeerMax,
  lanePendingPerAddressMax,
  lanesPerPeerMax,
} from "../../src/core/limits.ts";
import { LaneClient } from "../../src/peer/lane-client.ts";
import type { LaneOffer } from "../../src/peer/lane-method.ts";
import { LaneServer } from "../../src/peer/lane-server.ts";
import { chunkProtocol } from "../../src/peer/protocols.ts";
import type { FrameChannel } from "../../src/peer/wire/frame-channel.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({
  ...(await original<object>()),
  laneHandshakeMs: 600,
  channelIdleMs: 300,
  laneOffersPerPeerMax: 4,
  lanePendingPerAddressMax: 3,
  lanePendingMax: 5,
  lanesPerPeerMax: 6,
}));

const [ann, ben] = ["ann", "ben"] as PeerId[] as [PeerId, PeerId];
const never = new AbortController().signal;
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function start() {
  const channels: FrameChannel[] = [];
  const server = new LaneServer("127.0.0.1", () => ({
    frameBytesMax: chunkFrameBytesMax,
    onChannel: (channel) => void channels.push(channel),
  }));
  await server.start();
  stops.push(() => server.stop());
  return { server, channels };
}

const offers = (server: LaneServer, peer: PeerId, count: number): LaneOffer[] =>
  Array.from({ length: count }, () => server.offer(peer, chunkProtocol)).filter((offer) => offer !== undefined);

async function open(offer: LaneOffer | null): Promise<FrameChannel | undefined> {
  const options = { ask: () => Promise.resolve(offer), remoteHost: () => "127.0.0.1", nowMs: () => 0 };
  return new LaneClient({ ...options, frameBytesMax: chunkFrameBytesMax }).open(never);
}

async function silent(port: number, localAddress: string) {
  const seen: { endedMs?: number } = {};
  const openedMs = performance.now();
  const socket: Socket = connect({ port, host: "127.0.0.1", localAddress });
  socket.on("error", () => undefined);
  socket.on("close", () => (seen.endedMs = performance.now() - openedMs));
  socket.resume();
  stops.push(async () => void socket.destroy());
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  return seen;
}

describe("limits of lanes", () => {
  it("GATE-13 whoever shows no key holds few places, and not for long", async () => {
    const { server } = await start();
    const port = offers(server, ann, 1)[0]?.port ?? 0;
    const ofOne = await Promise.all(
      Array.from({ length: lanePendingPerAddressMax + 2 }, () => silent(port, "127.0.0.1")),
    );
    const refused = (): number => ofOne.filter(({ endedMs = Infinity }) => endedMs < laneHandshakeMs / 2).length;
    await expect.poll(refused).toBe(2);
    const others = await Promise.all(Array.from({ length: 3 }, () => silent(port, "127.0.0.2")));
    await expect.poll(() => others.filter(({ endedMs }) => endedMs !== undefined).length).toBe(1);
    await expect.poll(() => [...ofOne, ...others].every(({ endedMs }) => endedMs !== undefined)).toBe(true);
    expect(await open(offers(server, ann, 1)[0] ?? null)).toBeDefined();
  });

  it("GATE-13 one peer has so many offers and so many lanes, and others still get theirs", async () => {
    const { server, channels } = await start();
    const first = offers(server, ann, 9);
    expect(first).toHaveLength(laneOffersPerPeerMax);
    expect(offers(server, ben, 1)).toHaveLength(1);
    for (const offer of first) await open(offer);
    for (const offer of offers(server, ann, 9)) await open(offer);
    expect(offers(server, ann, 1)).toEqual([]);
    await expect.poll(() => channels.length).toBe(lanesPerPeerMax);
    expect(offers(server, ben, 1)).toHaveLength(1);
    channels[0]?.abort(new Error("done"));
    await expect.poll(() => offers(server, ann, 1).length).toBe(1);
  });

  it("GATE-13 a lane over which nothing goes ends, one in use does not", async () => {
    const { server, channels } = await start();
    const ends: string[] = [];
    for (const name of ["idle", "used"]) {
      const lane = await open(offers(server, ann, 1)[0] ?? null);
      lane?.receive({ onFrame: () => undefined, onEnd: () => void ends.push(name) });
    }
    await expect.poll(() => channels.length).toBe(2);
    for (const channel of channels) channel.receive({ onFrame: () => undefined, onEnd: () => undefined });
    const using = setInterval(() => void channels[1]?.send([Uint8Array.of(1)]), channelIdleMs / 6);
    stops.push(async () => clearInterval(using));
    await expect.poll(() => ends, { timeout: 5 * channelIdleMs }).toEqual(["idle"]);
    await new Promise((resolve) => void setTimeout(resolve, 2 * channelIdleMs));
    expect(ends).toEqual(["idle"]);
  });

  it("GATE-1 what was offered to a peer that left opens nothing", async () => {
    const { server, channels } = await start();
    const [offer] = offers(server, ann, 1);
    server.withdraw(ann);
    expect(await open(offer ?? null)).toBeUndefined();
    expect(channels).toEqual([]);
  });
});
