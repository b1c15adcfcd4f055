import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import type { DfsClient, ShelfBackup } from "../../src/core/client.ts";
import { parsePeerName } from "../../src/core/ids.ts";
import { resolvePath } from "../../src/core/names.ts";
import { chunkProtocol, joinProtocol, rpcProtocol } from "../../src/peer/protocols.ts";
import { LocalNetwork, type LocalPeer } from "./local-network.ts";
import { StolenMachine } from "./stolen-machine.ts";

const cutWithinMs = 2_000;
const file = resolvePath("/report");
const readyWithin = { timeout: 40_000, interval: 100 };

async function put(client: DfsClient, bytes: Uint8Array): Promise<void> {
  const one = async function* (): AsyncIterable<Uint8Array> {
    yield await Promise.resolve(Uint8Array.from(bytes)); // what is yielded is given away
  };
  const sources = [{ kind: "stream" as const, bytes: one(), name: "report" }];
  expect((await client.put({ sources, target: file, force: true })).failed).toBe(0);
}

async function read(client: DfsClient): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of client.read(file)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const isFull = ({ links, wanted }: ShelfBackup): boolean =>
  links.filter(({ standing }) => standing === "owner" || standing === "full").length >= wanted;

async function untilCopied(client: DfsClient): Promise<void> {
  await expect.poll(async () => (await client.backup().catch(() => [])).every(isFull), readyWithin).toBe(true);
}

async function untilVoters(client: DfsClient, count: number): Promise<void> {
  const voters = async (): Promise<number> => (await client.peers()).filter(({ coordinator }) => coordinator).length;
  await expect.poll(voters, readyWithin).toBe(count);
}

describe("a peer whose membership ends", () => {
  let network = new LocalNetwork();
  let stolen: StolenMachine | undefined;
  afterEach(async () => {
    await stolen?.stop();
    stolen = undefined;
    await network.stop();
    network = new LocalNetwork();
  });

  it("GATE-1 is cut off by every other peer within 2 s, on streams and lanes alike, and let in nowhere again", async () => {
    const [ann, ben, cat, dan] = (await network.startAll("ann", "ben", "cat", "dan")) as [
      LocalPeer,
      LocalPeer,
      LocalPeer,
      LocalPeer,
    ];
    const content = randomBytes(3 * 1024 * 1024);
    await put(dan.peer.client, content);
    await untilVoters(ben.peer.client, 3);
    await untilCopied(ben.peer.client);
    const addresses = [ann, ben, cat].map(({ peer }) => peer.addresses[0] ?? "");
    await dan.peer.stop();
    const machine = await StolenMachine.of(dan.folder);
    stolen = machine;
    const holds = await Promise.all(addresses.map((address) => machine.hold(address)));

    const startedMs = performance.now();
    await ben.peer.client.revokePeer(parsePeerName("dan"));
    const lastMs = (): number =>
      Math.max(
        ...holds.flatMap((hold) => {
          const { connection, stream, lane } = hold.endedMs;
          return [connection, stream, lane].map((endedMs) => endedMs ?? Number.POSITIVE_INFINITY);
        }),
      );
    await expect.poll(lastMs, { timeout: cutWithinMs, interval: 5 }).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(lastMs() - startedMs).toBeLessThan(cutWithinMs);
    for (const address of addresses)
      expect(await machine.isLetIn(address, [rpcProtocol, chunkProtocol, joinProtocol])).toBe(false);
    expect(await read(ann.peer.client)).toEqual(content);
    await untilCopied(cat.peer.client);
  }, 120_000);

  it("GATE-2 that leads the coordinators is cut off as soon, and the others go on", async () => {
    const [founder, ben, cat] = (await network.startAll("founder", "ben", "cat")) as [LocalPeer, LocalPeer, LocalPeer];
    const content = randomBytes(1024 * 1024);
    await put(founder.peer.client, content);
    await untilVoters(ben.peer.client, 3);
    await untilCopied(ben.peer.client);
    const startedMs = performance.now();
    await cat.peer.client.revokePeer(parsePeerName("founder"));
    const cuts = (): number[] =>
      [ben, cat].map(
        ({ lines }) => lines.find(({ text }) => text.includes(`${founder.peer.self} is no member`))?.atMs ?? Infinity,
      );
    await expect.poll(() => Math.max(...cuts()), { timeout: cutWithinMs, interval: 5 }).toBeLessThan(Infinity);
    expect(Math.max(...cuts()) - startedMs).toBeLessThan(cutWithinMs);
    expect(await read(ben.peer.client)).toEqual(content);
    const later = randomBytes(1024);
    await expect
      .poll(
        () =>
          put(ben.peer.client, later).then(
            () => true,
            () => false,
          ),
        readyWithin,
      )
      .toBe(true);
    expect(await read(cat.peer.client)).toEqual(later);
  }, 120_000);
});
