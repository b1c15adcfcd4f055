import { type Server, createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DfsError } from "../../src/core/errors.ts";
import type { PeerId, PeerName } from "../../src/core/ids.ts";
import { joinPatienceMs } from "../../src/core/limits.ts";
import { deriveNetwork } from "../../src/identity/network-keys.ts";
import { encodePeerKey, generatePeerKey } from "../../src/identity/peer-identity.ts";
import { type Host, guardProtocols, startHost } from "../../src/peer/host.ts";
import { type JoinAnswer, type JoinServiceOptions, requestJoin, serveJoins } from "../../src/peer/join.ts";
import { MemberGate } from "../../src/peer/member-gate.ts";

vi.mock("../../src/core/limits.ts", async (original) => ({
  ...(await original<object>()),
  dialTimeoutMs: 300,
  handshakeMs: 600,
  joinPatienceMs: 4_000,
  joinPauseMsMin: 50,
  joinPauseMsMax: 400,
  joinTimeoutMs: 1_500,
}));

const networkSecret = new Uint8Array(32).fill(7);
const { networkId } = deriveNetwork(networkSecret);
const list = {
  version: 1,
  peers: [],
  shelves: [],
  policy: { copies: 2, minCopies: 2, retainRevisions: 10, retainMs: 1_000 },
  roster: { group: "0".repeat(32), generation: 1, members: [] },
};

describe("joining a peer that has much to do", () => {
  const stops: (() => Promise<unknown>)[] = [];
  let retries: DfsError[] = [];
  beforeEach(() => {
    retries = [];
  });
  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop();
  });

  /** A host that takes machines in by `execute`. */
  async function inviting(execute: () => Promise<unknown>, member?: object): Promise<{ host: Host; gate: MemberGate }> {
    const gate = new MemberGate({ refresh: () => Promise.resolve(), nowMs: Date.now });
    const privateKey = await generatePeerKey();
    const host = await startHost({
      privateKey,
      networkId,
      listen: ["/ip4/127.0.0.1/tcp/0"],
      gate,
    });
    stops.push(async () => host.stop());
    const members = { list, refresh: () => Promise.resolve(), peer: () => member, peers: [] };
    const catalogue = { presence: () => Promise.resolve([]) };
    await serveJoins(host, {
      networkSecret,
      members,
      catalogue,
      commands: { execute },
    } as unknown as JoinServiceOptions);
    return { host, gate };
  }

  async function join(addresses: readonly string[], restore?: { readonly as: null }): Promise<JoinAnswer> {
    const invite = { networkId, addresses, secret: new Uint8Array(32), expiresMs: Date.now() + 60_000 };
    const request = { name: "new" as PeerName, zone: "", capacityBytes: 0, shelf: null, mayCoordinate: false, restore };
    const identity = encodePeerKey(await generatePeerKey());
    const onRetry = (error: DfsError): void => void retries.push(error);
    return requestJoin(invite, identity, request, {
      nowMs: Date.now(),
      onRetry,
    });
  }

  const admitted = [{ op: "admitPeer", name: "new", role: "storage", alreadyMember: false }];
  const addressesOf = (host: Host): string[] => host.getMultiaddrs().map(String);

  it("JOIN-6 is tried again while the other peer does not take it in, and says why", async () => {
    const { host, gate } = await inviting(() => Promise.resolve(admitted));
    const joining = join(addressesOf(host));
    await expect.poll(() => retries.length, { timeout: joinPatienceMs }).toBeGreaterThan(0);
    await guardProtocols(host, gate, () => undefined);
    expect((await joining).name).toBe("new");
    expect(retries.every(({ kind }) => kind === "unreachable")).toBe(true);
  });

  it("JOIN-6 is asked again with the same key where the answer was lost, also where a peer takes another's place", async () => {
    let asked = 0;
    const seen = { id: "12D3KooWnew" as PeerId, shelf: null };
    const execute = (): Promise<unknown> => {
      asked += 1;
      return asked === 1 ? new Promise(() => undefined) : Promise.resolve(admitted);
    };
    const { host, gate } = await inviting(execute, seen);
    await guardProtocols(host, gate, () => undefined);
    // Nobody is down any more: without the earlier try that would be refused.
    expect((await join(addressesOf(host), { as: null })).name).toBe("new");
    expect([asked, retries.map(({ kind }) => kind)]).toEqual([2, ["timeout"]]);
  });

  it("JOIN-6 waits for a machine that is silent, but not for longer than its patience", async () => {
    const server: Server = createServer((socket) => {
      socket.on("error", () => undefined);
      stops.push(() => Promise.resolve(socket.destroy()));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stops.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as { port: number };
    const startedMs = performance.now();
    await expect(join([`/ip4/127.0.0.1/tcp/${port}`])).rejects.toMatchObject({ kind: "unreachable" });
    expect(performance.now() - startedMs).toBeGreaterThan(joinPatienceMs / 2);
    expect(retries.length).toBeGreaterThan(0);
  }, 60_000);

  it("JOIN-7 fails at once where no peer runs", async () => {
    const { host } = await inviting(() => Promise.reject(new Error("not asked")));
    const addresses = addressesOf(host);
    await host.stop();
    await expect(join(addresses)).rejects.toMatchObject({ kind: "unreachable" });
    expect(retries).toEqual([]);
  });
});
