import "../../src/core/polyfill.ts";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { controlFrameBytesMax } from "../../src/core/limits.ts";
import { dialAsStranger } from "../../src/peer/checks/dial-back.ts";
import { chunkProtocol, joinProtocol, rpcProtocol } from "../../src/peer/protocols.ts";
import { RpcClient } from "../../src/peer/wire/rpc-client.ts";
import { defineMethod } from "../../src/peer/wire/rpc-method.ts";
import { streamChannel } from "../../src/peer/wire/stream-channel.ts";
import { type PeerProcess, Processes } from "./processes.ts";

/** Fewer than may come from one address in a second. */
const hasty = 40;

/** A libp2p node with a valid identity that no network knows. */
async function stranger(): Promise<Libp2p> {
  return createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  });
}

/** Whether anything at all comes back when bytes are sent on a protocol. */
async function isAnswered(connection: Connection, protocol: string): Promise<boolean> {
  let stream: Stream;
  try {
    stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(5_000) });
  } catch {
    return false;
  }
  return new Promise((resolve) => {
    stream.addEventListener("message", () => resolve(true));
    stream.addEventListener("close", () => resolve(false));
    try {
      stream.send(new Uint8Array(32));
    } catch {
      resolve(false);
    }
  });
}

/** A stream of the join protocol, as soon as there is room for one more stranger. */
async function openJoin(node: Libp2p, address: string): Promise<{ connection: Connection; stream: Stream }> {
  const open = async () => {
    const connection = await node.dial(multiaddr(address), { force: true });
    return { connection, stream: await connection.newStream(joinProtocol) };
  };
  let opened: { connection: Connection; stream: Stream } | undefined;
  await expect
    .poll(async () => (opened = await open().catch(() => undefined)), { timeout: 20_000, interval: 200 })
    .toBeDefined();
  if (opened === undefined) throw new Error("no stream");
  return opened;
}

describe("a stranger", () => {
  const processes = new Processes();
  let peer: PeerProcess;
  let node: Libp2p;

  beforeAll(async () => {
    peer = await processes.peer(await processes.folder(), ["--name", "ann"]);
    await processes.run(peer.folder, "mkdir /secret");
    node = await stranger();
  });
  afterAll(async () => {
    await node.stop();
    await processes.clean();
  });

  it("JOIN-1 gets no protocol but join, whatever it tries", async () => {
    const status = JSON.parse(await processes.run(peer.folder, "status --json")) as { networkId: string };
    const kad = `/dfs-shell/${status.networkId.slice(0, 16)}/kad/1.0.0`;
    const answered: string[] = [];
    for (const protocol of [
      rpcProtocol,
      chunkProtocol,
      kad,
      "/ipfs/id/1.0.0",
      "/ipfs/id/push/1.0.0",
      "/ipfs/ping/1.0.0",
      "/ipfs/kad/1.0.0",
      "/no/such/1",
    ]) {
      const connection = await node.dial(multiaddr(peer.address));
      if (await isAnswered(connection, protocol)) answered.push(protocol);
      await connection.close();
    }
    expect(answered).toEqual([]);
  });

  it("JOIN-2 is refused by join without a valid secret, and cannot call anything else there", async () => {
    const connection = await node.dial(multiaddr(peer.address));
    const stream = await connection.newStream(joinProtocol);
    const rpc = new RpcClient(streamChannel(stream, controlFrameBytesMax));
    const join = defineMethod({ name: "join", params: v.any(), result: v.any() });
    const request = { name: "eve", zone: "", capacityBytes: 0, mayCoordinate: false, shelf: null };
    await expect(rpc.call(join, { ...request, secret: new Uint8Array(32) })).rejects.toMatchObject({
      kind: "bad-invite",
    });
    await expect(rpc.call(join, { ...request, secret: new Uint8Array(7) })).rejects.toMatchObject({ kind: "protocol" });
    for (const name of ["catalogue.members", "catalogue.propose", "shelf.pin", "holders.lookup", "heartbeat"]) {
      await expect(rpc.call(defineMethod({ name, params: v.any(), result: v.any() }), {})).rejects.toMatchObject({
        kind: "protocol",
      });
    }
    await rpc.close();
    expect(await processes.run(peer.folder, "peers --json")).not.toContain("eve");
  });

  it(
    "JOIN-3 is disconnected when it does not join, and there are only ever a few of them",
    { timeout: 60_000 },
    async () => {
      const nodes = await Promise.all(Array.from({ length: 20 }, () => stranger()));
      const connections = await Promise.allSettled(nodes.map(async (one) => one.dial(multiaddr(peer.address))));
      const open = (): number =>
        connections.filter((result) => result.status === "fulfilled" && result.value.status === "open").length;
      await expect.poll(open, { timeout: 10_000 }).toBeLessThanOrEqual(8);
      await expect.poll(open, { timeout: 30_000 }).toBe(0);
      await Promise.all(nodes.map(async (one) => one.stop()));
      expect(await processes.run(peer.folder, "ls /")).toBe("secret\n");
    },
  );

  it(
    "JOIN-3 that closes at once leaves nothing behind, then or when its time is over",
    { timeout: 60_000 },
    async () => {
      for (let count = 0; count < hasty; count += 1)
        await dialAsStranger([peer.address], AbortSignal.timeout(5_000)).catch(() => undefined);
      // The last one to come is the last one whose time is over.
      const { connection } = await openJoin(node, peer.address);
      await expect.poll(() => connection.status, { timeout: 30_000 }).not.toBe("open");
      expect(await processes.run(peer.folder, "ls /")).toBe("secret\n");
      await (await openJoin(node, peer.address)).connection.close();
      expect(peer.log()).not.toContain("internal error");
    },
  );

  it("JOIN-4 that sends oversized, endless or garbled frames does no harm", { timeout: 60_000 }, async () => {
    const floods: readonly Uint8Array[] = [
      Uint8Array.of(0xff, 0xff, 0xff, 0xff),
      new Uint8Array(2 * 1024 * 1024).fill(0x81),
      Uint8Array.of(0, 0, 0, 3, 0xff, 0xff, 0xff),
      new Uint8Array(64).fill(0x30),
    ];
    for (const bytes of floods) {
      const { connection, stream } = await openJoin(node, peer.address);
      const ended = new Promise<void>((resolve) => stream.addEventListener("close", () => resolve()));
      for (let i = 0; i < 20 && stream.writeStatus === "writable"; i += 1) stream.send(bytes);
      await stream.close().catch(() => undefined);
      await Promise.race([ended, connection.close()]);
    }
    expect(await processes.run(peer.folder, "ls /")).toBe("secret\n");
  });
});
