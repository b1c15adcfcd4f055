import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { type Socket, connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type TLSSocket, connect as connectTls } from "node:tls";
import type { Connection } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WhyReport } from "../../src/core/client.ts";
import { digestOf } from "../../src/core/ids.ts";
import {
  connectionsMax,
  connectionsPerPeerMax,
  holderKeysPerMessageMax,
  pendingConnectionsMax,
} from "../../src/core/limits.ts";
import { chunkFrameHeader, frameTypes } from "../../src/peer/chunk-frames.ts";
import { chunkProtocol, rpcProtocol } from "../../src/peer/protocols.ts";
import { encodeCbor } from "../../src/peer/wire/cbor.ts";
import { frameHeader } from "../../src/peer/wire/frame-channel.ts";
import { pskClientTls } from "../../src/peer/wire/psk-tls.ts";
import { HostilePeer } from "../hostile/hostile-peer.ts";
import { peakResidentBytes, peerMemoryBytesMax } from "../hostile/memory.ts";
import { type PeerProcess, Processes } from "./processes.ts";

const socketsInAll = 10_000;
const socketsAtOnce = 500;
/** A connection that the system turned away is tried again by it much later: that is not waited for. */
const batchMs = 250;

interface LaneOffer {
  readonly port: number;
  readonly identity: string;
  readonly key: Uint8Array;
}

/** How many files and sockets a process has open. */
async function openFiles({ pid }: PeerProcess): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

describe("a member that means harm, as a caller", () => {
  const processes = new Processes();
  let ann: PeerProcess;
  let bob: PeerProcess;
  let hostile: HostilePeer;
  let content: Buffer;
  let chunk: Uint8Array;
  let turn = 0;

  beforeAll(async () => {
    const [first, second, eve] = await processes.network([
      { name: "ann" },
      { name: "bob" },
      { name: "eve", args: ["--coordinator", "never", "--capacity", "0"] },
    ]);
    if (first === undefined || second === undefined || eve === undefined) throw new Error("no network");
    [ann, bob] = [first, second];
    content = randomBytes(3_000_000);
    await writeFile(join(ann.folder, "local"), content);
    await processes.run(ann.folder, `put ${join(ann.folder, "local")} /file`);
    const { firstChunks } = JSON.parse(await processes.run(ann.folder, "why --json /file")) as WhyReport;
    const [id] = firstChunks;
    if (id === undefined) throw new Error("the file has no chunk");
    chunk = digestOf(id);
    eve.kill("SIGTERM");
    await eve.ended;
    hostile = await HostilePeer.ofFolder(eve.folder);
  }, 60_000);

  afterAll(async () => {
    await hostile.stop();
    await processes.clean();
  });

  /** Another peer puts a file and gets it, and one from before, back; returns the most memory that a peer has had so far. */
  async function serviceBytes(): Promise<number> {
    turn += 1;
    const [source, got, first] = ["local", `got-${turn}`, `first-${turn}`].map((name) => join(bob.folder, name)) as [
      string,
      string,
      string,
    ];
    const fresh = randomBytes(500_000);
    await writeFile(source, fresh);
    await processes.run(bob.folder, `put ${source} /file-${turn}; get /file-${turn} ${got}; get /file ${first}`);
    if (!fresh.equals(await readFile(got))) throw new Error("a file is not what was put");
    if (!content.equals(await readFile(first))) throw new Error("a file from before is not what was put");
    const peaks = await Promise.all([ann, bob].map(({ pid }) => peakResidentBytes(pid)));
    if (peaks.includes(0)) throw new Error("a peer has ended");
    return Math.max(...peaks);
  }

  async function lane(protocol: string): Promise<TLSSocket | undefined> {
    const offer = (await hostile.call(ann.address, "lane.open", { protocol })) as LaneOffer | null;
    if (offer === null) return undefined;
    const { port, identity, key } = offer;
    const socket = connectTls({
      ...pskClientTls,
      host: "127.0.0.1",
      port,
      pskCallback: () => ({ psk: key, identity }),
    });
    socket.on("error", () => undefined);
    await Promise.race([once(socket, "secureConnect"), once(socket, "close")]);
    return socket;
  }

  it("HOST-8 10,000 connections leave room for the others, and few of them stay", { timeout: 60_000 }, async () => {
    const [, host = "", port = ""] = /\/ip4\/([^/]+)\/tcp\/(\d+)/.exec(ann.address) ?? [];
    const atRest = await openFiles(ann);
    const made: Socket[] = [];
    let opened = 0;
    let most = 0;
    const flood = async (): Promise<void> => {
      while (made.length < socketsInAll) {
        const batch = Array.from({ length: socketsAtOnce }, () => {
          const socket = connect(Number(port), host);
          made.push(socket);
          socket.on("error", () => undefined);
          socket.on("connect", () => (opened += 1));
          return new Promise((resolve) => socket.on("connect", resolve).on("close", resolve));
        });
        await Promise.race([Promise.all(batch), delay(batchMs)]);
        most = Math.max(most, await openFiles(ann));
      }
    };
    await Promise.all([flood(), serviceBytes()]);
    expect(opened).toBeGreaterThan(10 * pendingConnectionsMax);
    // What counts is what the peer holds: a refused connection may look open at this end.
    expect(most).toBeLessThan(atRest + pendingConnectionsMax + connectionsMax);
    expect(await serviceBytes()).toBeLessThan(peerMemoryBytesMax);
    for (const socket of made) socket.destroy();
    await expect.poll(() => openFiles(ann), { timeout: 15_000 }).toBeLessThan(atRest + connectionsPerPeerMax);
  });

  it("HOST-8 a member keeps only a few connections", async () => {
    const connections: Connection[] = [];
    for (let dials = 0; dials < 4 * connectionsPerPeerMax; dials += 1) {
      const made = await hostile.node.dial(multiaddr(ann.address), { force: true }).catch(() => undefined);
      if (made !== undefined) connections.push(made);
    }
    const open = (): number => connections.filter(({ status }) => status === "open").length;
    await expect.poll(open, { timeout: 15_000 }).toBeLessThanOrEqual(connectionsPerPeerMax);
    expect(await serviceBytes()).toBeLessThan(peerMemoryBytesMax);
  });

  it("HOST-8 a flood of holder records is bounded, and holders are found meanwhile", async () => {
    const announce = async (): Promise<void> => {
      for (let calls = 0; calls < 100; calls += 1) {
        const keys = Array.from({ length: holderKeysPerMessageMax }, () => new Uint8Array(randomBytes(32)));
        await hostile.call(ann.address, "holders.announce", { keys, lifetimeMs: 24 * 60 * 60_000 }, 30_000);
      }
    };
    const flooding = Promise.all([announce(), announce()]);
    await Promise.all([flooding, serviceBytes()]);
    expect(await serviceBytes()).toBeLessThan(peerMemoryBytesMax);
  });

  it("HOST-9 answers that are not read do not fill the memory", { timeout: 60_000 }, async () => {
    const get = (request: number): Buffer =>
      Buffer.concat([frameHeader(5 + chunk.length), chunkFrameHeader(frameTypes.get, request), chunk]);
    const list = (request: number): Buffer => {
      const call = encodeCbor([0, request, "catalogue.members", {}, 60_000]);
      return Buffer.concat([frameHeader(call.length), call]);
    };
    const lanes: TLSSocket[] = [];
    for (const [protocol, ask] of [
      [chunkProtocol, get],
      [rpcProtocol, list],
    ] as const)
      for (let count = 0; count < 16; count += 1) {
        const socket = await lane(protocol).catch(() => undefined);
        if (socket === undefined) continue;
        socket.pause();
        lanes.push(socket);
        for (let request = 1; request <= 2_000 && !socket.destroyed; request += 1) socket.write(ask(request));
      }
    expect(lanes.length).toBeGreaterThan(4);
    await serviceBytes();
    for (const socket of lanes) socket.destroy();
    expect(await serviceBytes()).toBeLessThan(peerMemoryBytesMax);
  });

  it("HOST-9 frames that do not end, and come in the smallest pieces, do not fill the memory", async () => {
    const streams = await Promise.all(Array.from({ length: 8 }, () => hostile.stream(ann.address, rpcProtocol)));
    for (const stream of streams) {
      stream.send(frameHeader(1024 * 1024));
      for (let sent = 0; sent < 20_000 && stream.writeStatus === "writable"; sent += 1) {
        stream.send(Uint8Array.of(0x81));
        if (sent % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    }
    expect(await serviceBytes()).toBeLessThan(peerMemoryBytesMax);
    for (const stream of streams) stream.abort(new Error("done"));
  });
});
