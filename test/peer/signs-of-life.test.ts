import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { NetworkId, PeerId } from "../../src/core/ids.ts";
import {
  peersMax,
  pingIntervalMs,
  pingIntervalMsMax,
  pingLookMs,
  pingTimeoutMs,
  pingsPerLookMax,
} from "../../src/core/limits.ts";
import { generatePeerKey } from "../../src/identity/peer-identity.ts";
import { type Host, guardProtocols, startHost } from "../../src/peer/host.ts";
import { FrameBuffers } from "../../src/peer/frame-buffers.ts";
import { PeerLinks } from "../../src/peer/peer-links.ts";
import { MemberGate } from "../../src/peer/member-gate.ts";
import { pingProtocol, rpcProtocol } from "../../src/peer/protocols.ts";
import { defineMethod } from "../../src/peer/wire/rpc-method.ts";
import { SignsOfLife, type WatchedConnection, ping } from "../../src/peer/signs-of-life.ts";

class FakeConnection implements WatchedConnection {
  readonly remotePeer: string;
  readonly direction: "inbound" | "outbound";
  received = 0;
  asked = 0;
  isUrgent = false;
  isFrozen = false;
  error: Error | undefined;

  constructor(remotePeer: string, direction: "inbound" | "outbound" = "outbound") {
    this.remotePeer = remotePeer;
    this.direction = direction;
  }

  abort(error: Error): void {
    this.error = error;
  }
}

/** The signs of life over these connections, on a clock that is advanced by hand. */
function watch(connections: readonly FakeConnection[]) {
  const of = (peer: PeerId): FakeConnection => connections.find(({ remotePeer }) => remotePeer === peer)!;
  const signs = new SignsOfLife<FakeConnection>({
    connections: () => connections.filter(({ error }) => error === undefined),
    receivedBytes: (peer) => of(peer).received,
    isUrgent: (peer) => of(peer).isUrgent,
    ask: (connection) => {
      connection.asked += 1;
      return connection.isFrozen ? new Promise(() => undefined) : Promise.resolve();
    },
    nowMs: () => Date.now(),
  });
  signs.start();
  return signs;
}

const total = (connections: readonly FakeConnection[]): number =>
  connections.reduce((sum, { asked }) => sum + asked, 0);

describe("signs of life", () => {
  const signs: SignsOfLife<FakeConnection>[] = [];
  const watched = (connections: readonly FakeConnection[]): SignsOfLife<FakeConnection> => {
    const made = watch(connections);
    signs.push(made);
    return made;
  };
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    for (const one of signs.splice(0)) one.stop();
    vi.useRealTimers();
  });

  it.each([3, 10, 30, peersMax])(
    "LIFE-1 among %i peers at rest one asks so many a second, and every one in turn",
    async (peers) => {
      const connections = Array.from({ length: peers - 1 }, (_, at) => new FakeConnection(`peer-${at}`));
      watched(connections);
      const rounds = Math.max(pingIntervalMs, Math.ceil(connections.length / pingsPerLookMax) * pingLookMs);
      await vi.advanceTimersByTimeAsync(pingIntervalMs + 4 * rounds);
      expect(total(connections)).toBeLessThanOrEqual((pingsPerLookMax * (pingIntervalMs + 4 * rounds)) / pingLookMs);
      expect(Math.min(...connections.map(({ asked }) => asked))).toBeGreaterThanOrEqual(3);
    },
  );

  it("LIFE-2 a peer from which anything comes is not asked, but for its connection itself from time to time", async () => {
    const [busy, quiet] = [new FakeConnection("busy"), new FakeConnection("quiet")];
    watched([busy, quiet]);
    for (let passedMs = 0; passedMs < pingIntervalMsMax; passedMs += pingLookMs) {
      busy.received += 1;
      await vi.advanceTimersByTimeAsync(pingLookMs);
    }
    expect(busy.asked).toBe(0);
    expect(quiet.asked).toBeGreaterThan(10);
    await vi.advanceTimersByTimeAsync(2 * pingLookMs);
    expect(busy.asked).toBe(1);
  });

  it("LIFE-2 of both ends of a connection the one that dialled asks, which the other one hears", async () => {
    const [dialled, taken] = [new FakeConnection("one"), new FakeConnection("other", "inbound")];
    watched([dialled]);
    const other = watched([taken]);
    for (let passedMs = 0; passedMs < 10 * pingIntervalMs; passedMs += pingLookMs) {
      const before = dialled.asked;
      await vi.advanceTimersByTimeAsync(pingLookMs);
      if (dialled.asked > before) other.heard(taken);
    }
    expect([dialled.asked > 5, taken.asked]).toEqual([true, 0]);
  });

  it("LIFE-3 whoever owes an answer or keeps a shelf with this peer is asked at once, however many there are", async () => {
    const connections = Array.from({ length: peersMax - 1 }, (_, at) => new FakeConnection(`peer-${at}`));
    const [owing] = connections.slice(-1) as [FakeConnection];
    watched(connections);
    await vi.advanceTimersByTimeAsync(pingIntervalMs);
    owing.isUrgent = true;
    const before = owing.asked;
    await vi.advanceTimersByTimeAsync(pingLookMs + 1);
    expect(owing.asked).toBe(before + 1);
  });

  it("LIFE-3 when a peer connects anew its other connections are asked next", async () => {
    const connections = Array.from({ length: peersMax - 1 }, (_, at) => new FakeConnection(`peer-${at}`));
    const [left] = connections.slice(-1) as [FakeConnection];
    const made = watched(connections);
    await vi.advanceTimersByTimeAsync(pingLookMs);
    made.opened(new FakeConnection(left.remotePeer));
    await vi.advanceTimersByTimeAsync(pingLookMs);
    expect(left.asked).toBe(1);
  });

  it("LIFE-4 a connection whose other end does not answer is given up, and others stay", async () => {
    const [frozen, alive] = [new FakeConnection("frozen"), new FakeConnection("alive")];
    frozen.isFrozen = true;
    watched([frozen, alive]);
    await vi.advanceTimersByTimeAsync(pingIntervalMs + pingLookMs + pingTimeoutMs);
    expect([frozen.error?.message, frozen.asked]).toEqual([`no answer within ${pingTimeoutMs / 1000} s`, 1]);
    expect(alive.error).toBeUndefined();
  });
});

describe("a ping between two hosts", () => {
  const hosts: Host[] = [];
  const heard: string[] = [];
  afterEach(async () => {
    await Promise.all(hosts.splice(0).map(async (host) => host.stop()));
  });

  async function twoHosts(): Promise<readonly [Host, Host]> {
    const gate = new MemberGate({ refresh: () => Promise.resolve(), nowMs: Date.now });
    for (let count = 0; count < 2; count += 1) {
      const privateKey = await generatePeerKey();
      const networkId = "0".repeat(64) as NetworkId;
      hosts.push(await startHost({ privateKey, networkId, listen: ["/ip4/127.0.0.1/tcp/0"], gate }));
    }
    gate.setMembers(hosts.map(({ peerId }) => peerId.toString()));
    return hosts as unknown as [Host, Host];
  }

  it("LIFE-3 a peer owes an answer from when it is asked until it has answered or nobody waits any more", async () => {
    const [asking, asked] = await twoHosts();
    await asked.handle(rpcProtocol, () => undefined);
    await asking.dial(asked.getMultiaddrs());
    const links = new PeerLinks(asking, new FrameBuffers(), () => true);
    const peer = asked.peerId.toString() as PeerId;
    const waiting = new AbortController();
    const method = defineMethod({ name: "silence", params: v.any(), result: v.any() });
    const call = links.call(peer, method, {}, { signal: waiting.signal });
    expect(links.owes(peer)).toBe(true);
    waiting.abort();
    await expect(call).rejects.toThrow(/abort|timeout/i);
    expect(links.owes(peer)).toBe(false);
  });

  it("LIFE-4 is answered by a peer that runs, which hears it, and not by one that stands still", async () => {
    const [asking, asked] = await twoHosts();
    const gate = new MemberGate({ refresh: () => Promise.resolve(), nowMs: Date.now });
    gate.setMembers([asking.peerId.toString()]);
    await guardProtocols(asked, gate, ({ remotePeer }) => heard.push(remotePeer.toString()));
    const connection = await asking.dial(asked.getMultiaddrs());
    heard.length = 0;
    await ping(connection, AbortSignal.timeout(5_000));
    expect(heard).toContain(asking.peerId.toString());
    await asked.unhandle(pingProtocol);
    await ping(connection, AbortSignal.timeout(5_000)); // it says that it does not know pings: an answer as well
    await asked.handle(pingProtocol, () => undefined);
    await expect(ping(connection, AbortSignal.timeout(300))).rejects.toThrow(/abort|timeout/i);
  });
});
