import { type AddressInfo, connect } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import type { PeerId } from "../../src/core/ids.ts";
import { chunkFrameBytesMax, laneOffersMax } from "../../src/core/limits.ts";
import { LaneClient } from "../../src/peer/lane-client.ts";
import type { LaneOffer } from "../../src/peer/lane-method.ts";
import { LaneServer } from "../../src/peer/lane-server.ts";
import { chunkProtocol } from "../../src/peer/protocols.ts";
import type { FrameChannel } from "../../src/peer/wire/frame-channel.ts";
import { pskClientTls, pskTls } from "../../src/peer/wire/psk-tls.ts";
import { trustedByNobody } from "./wire/certificate.ts";

const peer = "12D3KooW9tJMax94Lrqw7Y5Qw36viGQAS2gTEPQ5Wg1vTk7xPfQs" as PeerId;
const never = new AbortController().signal;

describe("data lanes", () => {
  const servers: LaneServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map(async (server) => server.stop()));
  });

  async function start(): Promise<{ server: LaneServer; lanes: { channel: FrameChannel; from: PeerId }[] }> {
    const lanes: { channel: FrameChannel; from: PeerId }[] = [];
    const handler = {
      frameBytesMax: chunkFrameBytesMax,
      onChannel: (channel: FrameChannel, from: PeerId) => void lanes.push({ channel, from }),
    };
    const server = new LaneServer("127.0.0.1", (protocol) => (protocol === chunkProtocol ? handler : undefined));
    servers.push(server);
    await server.start();
    return { server, lanes };
  }

  function client(offer: LaneOffer | null, host: string | null = "127.0.0.1"): LaneClient {
    return new LaneClient({
      ask: () => Promise.resolve(offer),
      frameBytesMax: chunkFrameBytesMax,
      remoteHost: () => host ?? undefined,
      nowMs: () => 1_000_000,
    });
  }

  function offered(server: LaneServer): LaneOffer {
    const offer = server.offer(peer, chunkProtocol);
    if (offer === undefined) throw new Error("no offer");
    return offer;
  }

  it("LANE-1 carries frames both ways between the peer that was offered it and this one", async () => {
    const { server, lanes } = await start();
    const near = await client(offered(server)).open(never);
    await expect.poll(() => lanes.length).toBe(1);
    expect(lanes[0]?.from).toBe(peer);
    const far = lanes[0]?.channel;
    far?.receive({ onFrame: (frame) => void far.send([frame.slice().reverse()]), onEnd: () => undefined });
    const answer = new Promise<Uint8Array>((resolve) =>
      near?.receive({ onFrame: (frame) => resolve(frame.slice()), onEnd: () => undefined }),
    );
    await near?.send([Uint8Array.of(1, 2), Uint8Array.of(3)]);
    expect(await answer).toEqual(Uint8Array.of(3, 2, 1));
  });

  it("LANE-2 an offer opens one lane, once, and only with its key", async () => {
    const { server, lanes } = await start();
    const offer = offered(server);
    expect(await client({ ...offer, key: new Uint8Array(32) }).open(never)).toBeUndefined();
    expect(await client(offer).open(never)).toBeUndefined();
    expect(await client({ ...offered(server), identity: "0".repeat(32) }).open(never)).toBeUndefined();
    const good = offered(server);
    expect(await client(good).open(never)).toBeDefined();
    expect(await client(good).open(never)).toBeUndefined();
    expect(lanes).toHaveLength(1);
  });

  it("LANE-3 offers are bounded, and used or old ones make room", async () => {
    const { server } = await start();
    const peers = Array.from({ length: laneOffersMax }, (_, index) => `peer-${index}` as PeerId);
    const offers = peers.map((one) => server.offer(one, chunkProtocol));
    expect(offers).not.toContain(undefined);
    expect(server.offer(peer, chunkProtocol)).toBeUndefined();
    expect(await client(offers[0] ?? null).open(never)).toBeDefined();
    expect(server.offer(peer, chunkProtocol)).toBeDefined();
    expect(server.offer(peer, "/dfs-shell/join/1")).toBeUndefined();
  });

  it("LANE-4 where no lane can be opened the answer is none, and none is tried for a while", async () => {
    const { server } = await start();
    const dead = { ...offered(server), port: 1 };
    let asked = 0;
    let nowMs = 1_000_000;
    const lanes = new LaneClient({
      ask: () => {
        asked += 1;
        return Promise.resolve(dead);
      },
      frameBytesMax: chunkFrameBytesMax,
      remoteHost: () => "127.0.0.1",
      nowMs: () => nowMs,
    });
    expect([await lanes.open(never), await lanes.open(never)]).toEqual([undefined, undefined]);
    expect(asked).toBe(1);
    nowMs += 61_000;
    expect(await lanes.open(never)).toBeUndefined();
    expect(asked).toBe(2);
    expect(await client(null).open(never)).toBeUndefined();
    expect(await client(offered(server), null).open(never)).toBeUndefined();
  });

  it("LANE-5 whoever talks to the port without a key is let go and does no harm", async () => {
    const { server, lanes } = await start();
    const { port } = offered(server);
    for (const bytes of [Buffer.from("GET / HTTP/1.1\r\n\r\n"), Buffer.alloc(5000, 0xff)]) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, "127.0.0.1", () => socket.end(bytes));
        socket.on("error", () => undefined);
        socket.on("close", () => resolve());
        socket.resume();
      });
    }
    expect(lanes).toHaveLength(0);
    expect(await client(offered(server)).open(never)).toBeDefined();
  });

  it("LANE-6 a certificate does not stand in for the key, whoever vouches for it", async () => {
    const impostor = createTlsServer({ ...pskTls, ...trustedByNobody }).on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => impostor.listen(0, "127.0.0.1", resolve));
    const { port } = impostor.address() as AddressInfo;
    const offer = { port, identity: "0".repeat(32), key: new Uint8Array(32) };
    expect(await client(offer).open(never)).toBeUndefined();
    const trusting = { ...pskClientTls, ca: [trustedByNobody.cert], host: "127.0.0.1", port };
    const refused = await new Promise<Error>((resolve, reject) => {
      const socket = connectTls({ ...trusting, pskCallback: () => ({ psk: offer.key, identity: offer.identity }) });
      socket.once("secureConnect", () => reject(new Error("the certificate was believed")));
      socket.once("error", resolve);
    });
    expect(refused).toMatchObject({ kind: "permission" });
    await new Promise((resolve) => impostor.close(resolve));
  });
});
