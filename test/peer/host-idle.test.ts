import { connect } from "node:net";
import type { Libp2p, Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import * as v from "valibot";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DfsError, toDfsError } from "../../src/core/errors.ts";
import type { NetworkId } from "../../src/core/ids.ts";
import {
  channelIdleMs,
  inboundConnectionsPerSecondMax,
  joinCallsBurst,
  joinFrameBytesMax,
  socketInactivityMs,
} from "../../src/core/limits.ts";
import { generatePeerKey } from "../../src/identity/peer-identity.ts";
import { type Host, startHost, startJoiningHost } from "../../src/peer/host.ts";
import { type JoinServiceOptions, serveJoins } from "../../src/peer/join.ts";
import { MemberGate } from "../../src/peer/member-gate.ts";
import { joinProtocol } from "../../src/peer/protocols.ts";
import { RpcClient } from "../../src/peer/wire/rpc-client.ts";
import { defineMethod } from "../../src/peer/wire/rpc-method.ts";
import { streamChannel } from "../../src/peer/wire/stream-channel.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({
  ...(await original<object>()),
  channelIdleMs: 400,
  handshakeMs: 60_000,
  inboundConnectionsPerSecondMax: 6,
  joinCallsBurst: 5,
  joinCallsPerSecondMax: 0.01,
  socketInactivityMs: 1_500,
}));

const echoProtocol = "/test/echo/1";
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function listen(): Promise<{ host: Host; address: string; port: number }> {
  const gate = new MemberGate({ refresh: () => Promise.resolve(), nowMs: Date.now });
  gate.openToStrangers();
  const host = await startHost({
    privateKey: await generatePeerKey(),
    networkId: "0".repeat(64) as NetworkId,
    listen: ["/ip4/127.0.0.1/tcp/0"],
    gate,
  });
  stops.push(async () => host.stop());
  const address = String(host.getMultiaddrs()[0]);
  return { host, address, port: Number(/tcp\/(\d+)/.exec(address)?.[1]) };
}

async function node(): Promise<Libp2p> {
  const dialler = await startJoiningHost(await generatePeerKey());
  stops.push(async () => dialler.stop());
  return dialler;
}

describe("what is idle, and what comes too often", () => {
  it("GATE-8 from one address come so many new connections a second", async () => {
    const { port } = await listen();
    let refused = 0;
    for (let count = 0; count < inboundConnectionsPerSecondMax + 3; count += 1) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.on("close", () => (refused += 1));
      socket.resume();
      stops.push(async () => void socket.destroy());
    }
    await expect.poll(() => refused, { timeout: socketInactivityMs - 300 }).toBe(3);
  });

  it("GATE-17 a stream over which nothing goes ends, one in use does not, and then so does the connection", async () => {
    const { host, address } = await listen();
    const streams: Stream[] = [];
    const onStream = (stream: Stream): void => {
      streams.push(stream);
      streamChannel(stream, 64).receive({ onFrame: () => undefined, onEnd: () => undefined });
    };
    await host.handle(echoProtocol, onStream, { maxInboundStreams: 4 });
    const one = await node();
    const connection = await one.dial(multiaddr(address));
    await connection.newStream(echoProtocol);
    const used = await connection.newStream(echoProtocol);
    const frame = Uint8Array.of(0, 0, 0, 1, 9);
    const using = setInterval(() => void (used.status === "open" && used.send(frame)), channelIdleMs / 8);
    stops.push(async () => clearInterval(using));
    await expect.poll(() => streams.length).toBe(2);
    await expect.poll(() => streams[0]?.status, { timeout: 10 * channelIdleMs }).not.toBe("open");
    expect(streams[1]?.status).toBe("open");
    clearInterval(using);
    await expect.poll(() => host.getConnections().length, { timeout: 5 * socketInactivityMs }).toBe(0);
  });

  it("GATE-10 strangers together may ask to join so often, whoever each of them says to be", async () => {
    const { host, address } = await listen();
    let asked = 0;
    const commands = {
      execute: () => {
        asked += 1;
        return Promise.reject(new DfsError("bad-invite", "unknown"));
      },
    };
    const members = { peer: () => undefined };
    await serveJoins(host, { networkSecret: new Uint8Array(32), commands, members } as unknown as JoinServiceOptions);
    const join = defineMethod({ name: "join", params: v.any(), result: v.any() });
    const request = { name: "eve", zone: "", capacityBytes: 0, mayCoordinate: false, shelf: null };
    const kinds: string[] = [];
    for (let stranger = 0; stranger < 3; stranger += 1) {
      const connection = await (await node()).dial(multiaddr(address));
      const rpc = new RpcClient(streamChannel(await connection.newStream(joinProtocol), joinFrameBytesMax));
      for (let call = 0; call < 3; call += 1)
        await rpc
          .call(join, { ...request, secret: new Uint8Array(32) })
          .catch((error: unknown) => kinds.push(toDfsError(error).kind));
    }
    expect(kinds.filter((kind) => kind === "bad-invite")).toHaveLength(joinCallsBurst);
    expect(kinds.filter((kind) => kind === "busy")).toHaveLength(9 - joinCallsBurst);
    expect(asked).toBe(joinCallsBurst);
  });
});
