import { type Socket, connect } from "node:net";
import type { Ed25519PrivateKey, Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import type { NetworkId } from "../../src/core/ids.ts";
import {
  connectionsMax,
  connectionsPerPeerMax,
  handshakeMs,
  inboundChannelsPerProtocolMax,
  pendingConnectionsMax,
  pendingConnectionsPerAddressMax,
  strangersPerAddressMax,
} from "../../src/core/limits.ts";
import { generatePeerKey, peerIdOf } from "../../src/identity/peer-identity.ts";
import { FrameBuffers } from "../../src/peer/frame-buffers.ts";
import { type Host, startHost, startJoiningHost } from "../../src/peer/host.ts";
import { MemberGate } from "../../src/peer/member-gate.ts";
import { PeerLinks } from "../../src/peer/peer-links.ts";
import { rpcProtocol } from "../../src/peer/protocols.ts";
import { watchStrangers } from "../../src/peer/strangers.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({
  ...(await original<object>()),
  connectionsMax: 12,
  connectionsPerPeerMax: 3,
  handshakeMs: 700,
  pendingConnectionsMax: 6,
  pendingConnectionsPerAddressMax: 4,
  strangersPerAddressMax: 2,
}));

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

interface Listening {
  readonly host: Host;
  readonly gate: MemberGate;
  readonly address: string;
  readonly port: number;
}

async function listen(members: readonly string[] = [], at = "/ip4/127.0.0.1/tcp/0"): Promise<Listening> {
  const gate = new MemberGate({ refresh: () => Promise.resolve(), nowMs: Date.now });
  gate.setMembers(members);
  gate.openToStrangers();
  const host = await startHost({
    privateKey: await generatePeerKey(),
    networkId: "0".repeat(64) as NetworkId,
    listen: [at],
    gate,
  });
  stops.push(async () => host.stop());
  watchStrangers(host, gate);
  const address = String(host.getMultiaddrs()[0]);
  return { host, gate, address, port: Number(/tcp\/(\d+)/.exec(address)?.[1]) };
}

async function node(key?: Ed25519PrivateKey): Promise<Libp2p> {
  const dialler = await startJoiningHost(key ?? (await generatePeerKey()));
  stops.push(async () => dialler.stop());
  return dialler;
}

/** A connection that never says a word; `endedMs` after how long it was ended. */
async function silent(port: number, localAddress = "127.0.0.1") {
  const socket: Socket = connect({ port, host: "127.0.0.1", localAddress });
  const openedMs = performance.now();
  const seen: { endedMs?: number } = {};
  socket.on("error", () => undefined);
  socket.on("close", () => (seen.endedMs = performance.now() - openedMs));
  socket.resume();
  stops.push(async () => void socket.destroy());
  await new Promise<void>((resolve) => {
    socket.once("connect", () => resolve());
    socket.once("close", () => resolve());
  });
  return seen;
}

const open = (nodes: readonly Libp2p[]): number => nodes.reduce((sum, one) => sum + one.getConnections().length, 0);

/** Dials by hand, as often as it says. */
async function dial(one: Libp2p, address: string): Promise<void> {
  await one.dial(multiaddr(address), { force: true, signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
}

describe("limits at the door of a peer", () => {
  it("GATE-8 a connection that does not authenticate ends in time, and so many wait at once from one address and in all", async () => {
    const { port, address } = await listen();
    const ofOne = await Promise.all(Array.from({ length: pendingConnectionsPerAddressMax + 2 }, () => silent(port)));
    const refused = (): number => ofOne.filter(({ endedMs = Infinity }) => endedMs < handshakeMs / 2).length;
    await expect.poll(refused).toBe(2);
    // Another address still gets in, until all places are taken.
    const others = await Promise.all(Array.from({ length: 3 }, () => silent(port, "127.0.0.2")));
    await expect
      .poll(() => others.filter(({ endedMs }) => endedMs !== undefined).length)
      .toBe(3 - (pendingConnectionsMax - pendingConnectionsPerAddressMax));
    await expect.poll(() => ofOne.every(({ endedMs }) => endedMs !== undefined), { timeout: 3_000 }).toBe(true);
    const lastMs = Math.max(...ofOne.map(({ endedMs = Infinity }) => endedMs));
    expect(lastMs).toBeGreaterThan(handshakeMs / 2);
    expect(lastMs).toBeLessThan(2 * handshakeMs);
    const late = await node();
    await dial(late, address);
    expect(open([late])).toBe(1);
  });

  it("GATE-9 one peer has so many connections, and one that ends makes room", async () => {
    const key = await generatePeerKey();
    const { address, host } = await listen([peerIdOf(key)]);
    const one = await node(key);
    for (let count = 0; count < connectionsPerPeerMax + 2; count += 1) await dial(one, address);
    await expect.poll(() => host.getConnections().length).toBe(connectionsPerPeerMax);
    await one.getConnections()[0]?.close();
    await expect.poll(() => host.getConnections().length).toBe(connectionsPerPeerMax - 1);
    await dial(one, address);
    await expect.poll(() => host.getConnections().length).toBe(connectionsPerPeerMax);
  });

  it("GATE-9 strangers of one address have a part of the places for strangers", async () => {
    const { address, host } = await listen();
    const nodes = await Promise.all(Array.from({ length: strangersPerAddressMax + 2 }, () => node()));
    for (const one of nodes) await dial(one, address);
    await expect.poll(() => open(nodes)).toBe(strangersPerAddressMax);
    expect(host.getConnections()).toHaveLength(strangersPerAddressMax);
    await nodes[0]?.stop();
    await expect.poll(() => host.getConnections().length).toBe(strangersPerAddressMax - 1);
    await dial(nodes.at(-1) as Libp2p, address);
    await expect.poll(() => host.getConnections().length).toBe(strangersPerAddressMax);
  });

  it("GATE-9 there are so many connections in all", async () => {
    const keys = await Promise.all(Array.from({ length: 6 }, () => generatePeerKey()));
    const { address, host } = await listen(keys.map((key) => peerIdOf(key)));
    const nodes = await Promise.all(keys.map((key) => node(key)));
    for (const one of nodes) for (let count = 0; count < connectionsPerPeerMax; count += 1) await dial(one, address);
    expect(6 * connectionsPerPeerMax).toBeGreaterThan(connectionsMax);
    expect(host.getConnections().length).toBeLessThanOrEqual(connectionsMax);
    expect(host.getConnections().length).toBeGreaterThanOrEqual(connectionsMax - 2);
  });

  it("GATE-7 over all connections of a peer no more than so many streams of one protocol are served", async () => {
    const key = await generatePeerKey();
    const { address, gate, host } = await listen([peerIdOf(key)]);
    const links = new PeerLinks(host, new FrameBuffers(), (peer) => gate.isMember(peer));
    let served = 0;
    await links.handle(rpcProtocol, 1024, (channel) => {
      served += 1;
      channel.receive({ onFrame: () => undefined, onEnd: () => (served -= 1) });
    });
    const one = await node(key);
    for (let count = 0; count < 2; count += 1) await dial(one, address);
    const [first, second] = one.getConnections();
    for (let count = 0; count < inboundChannelsPerProtocolMax; count += 1)
      for (const connection of [first, second])
        await connection?.newStream(rpcProtocol, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
    await expect.poll(() => served).toBe(inboundChannelsPerProtocolMax);
    gate.setMembers([]);
    links.cut(peerIdOf(key), new DfsError("permission", "gone"));
    await expect.poll(() => served).toBe(0);
  });
});
