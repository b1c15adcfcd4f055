/**
 * A program of `npm run bench -- overload`: a member that asks for chunks or for pages of a directory, as often as it is
 * told and whatever comes of it, with the product's own links, choice of holders and waiting. Every question has a
 * deadline. It is told by messages of its parent, and answers each.
 */
import "../src/core/polyfill.ts";
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { identify } from "@libp2p/identify";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { tls } from "@libp2p/tls";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { withDeadline } from "../src/core/deadline.ts";
import { toDfsError } from "../src/core/errors.ts";
import type { FileKey, LeaseId, PeerId, ShelfId } from "../src/core/ids.ts";
import { streamWindowBytes, streamWindowBytesMax } from "../src/core/limits.ts";
import { decodePeerKey, peerIdOf } from "../src/identity/peer-identity.ts";
import { sharedUserKeys } from "../src/identity/user-keys.ts";
import { CatalogueClient } from "../src/peer/coordination/catalogue-client.ts";
import { FrameBuffers } from "../src/peer/frame-buffers.ts";
import { type HolderDirectory, HolderPicker } from "../src/peer/holder-picker.ts";
import type { Host } from "../src/peer/host.ts";
import { BusyGate } from "../src/peer/load/busy-gate.ts";
import { PeerSpeeds } from "../src/peer/load/peer-speeds.ts";
import { loadMembership } from "../src/peer/peer-config.ts";
import { PeerLinks } from "../src/peer/peer-links.ts";
import { randomId } from "../src/peer/random-ids.ts";
import { shelfMethods } from "../src/peer/shelves/shelf-methods.ts";
import type { MemberId } from "../src/raft/types.ts";
import type { LoadOrder, LoadOutcome, LoadSetup } from "./load-messages.ts";

const chunkBytes = 256 * 1024;
const chunksStored = 32;
const pageRows = 400;
/** How often questions that are due are sent. */
const tickMs = 4;

type Question = (signal: AbortSignal) => Promise<unknown>;

async function start({ folder, holders }: LoadSetup): Promise<Readonly<Record<LoadOrder["kind"], Question>>> {
  const membership = await loadMembership(folder);
  if (membership === undefined) throw new Error(`${folder} holds no member`);
  const key = decodePeerKey(membership.identity);
  const node = await createLibp2p({
    privateKey: key,
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [tls(), noise()],
    streamMuxers: [
      yamux({
        streamOptions: { initialStreamWindowSize: streamWindowBytes, maxStreamWindowSize: streamWindowBytesMax },
      }),
    ],
    services: { identify: identify(), ping: ping() },
  });
  const links = new PeerLinks(node as unknown as Host, new FrameBuffers(), () => true);
  const peers: PeerId[] = [];
  for (const address of holders) peers.push((await node.dial(multiaddr(address))).remotePeer.toString() as PeerId);
  const catalogue = new CatalogueClient({
    self: peerIdOf(key),
    links,
    own: () => undefined,
    roster: () => ({
      group: "",
      generation: 1,
      members: peers.slice(0, 1).map((peer, place) => ({ id: (place + 1) as MemberId, peer, isVoter: true })),
    }),
    nameOf: (peer) => peer,
  });
  const { userId, rootDirectory } = sharedUserKeys(membership.networkSecret);
  return {
    reads: (signal) => catalogue.list(userId, rootDirectory, undefined, pageRows, { signal }),
    chunks: await chunkQuestion(links, peers, catalogue),
  };
}

/** Stores chunks of its own on all holders, and asks for one of them each time. */
async function chunkQuestion(
  links: PeerLinks,
  holders: readonly PeerId[],
  catalogue: CatalogueClient,
): Promise<Question> {
  const { shelves } = await catalogue.members();
  const shelf = shelves.find((row) => row.links[0]?.peer === holders[0])?.shelf as ShelfId;
  const lease = randomId<LeaseId>();
  const { signal } = new AbortController();
  const digests: Uint8Array[] = [];
  for (const holder of holders.slice(0, 1))
    await links.call(holder, shelfMethods.holdLease, { shelf, lease, copies: holders.length }, { signal });
  for (let chunk = 0; chunk < chunksStored; chunk += 1) {
    const bytes = randomBytes(chunkBytes);
    const digest = createHash("sha256").update(bytes).digest();
    await links.putChunks(holders[0] as PeerId, lease, [{ digest, bytes }], signal);
    digests.push(digest);
  }
  const directory: HolderDirectory = {
    speeds: new PeerSpeeds(),
    busy: new BusyGate(),
    find: () => Promise.resolve({ holders, foundBy: "cache" }),
    foresee: () => Promise.resolve(),
    chainOf: () => Promise.resolve(holders),
    nameOf: (peer) => peer,
    forget: () => undefined,
    suspect: () => undefined,
    isSuspect: () => false,
  };
  let next = 0;
  return async (bounded) => {
    const digest = digests[next++ % digests.length] as Uint8Array;
    const picker = new HolderPicker(directory, "file" as FileKey, shelf);
    const wanted = {
      bytes: chunkBytes,
      endMs: performance.now() + deadlineMs,
      fetch: (peer: PeerId, stop: AbortSignal, waitMs: number): Promise<Uint8Array> =>
        links.getChunk(peer, digest, stop, waitMs),
    };
    await picker.withHolder(wanted, (sealed) => Promise.resolve(links.reclaim(sealed)), bounded);
  };
}

let deadlineMs = 0;

/** Asks so often a second whatever comes of it, or, without a rate, so many at once. */
async function ask(question: Question, order: LoadOrder): Promise<LoadOutcome> {
  deadlineMs = order.deadlineMs;
  const failures: Record<string, number> = {};
  const outcome = { asked: 0, inTime: 0, failures };
  const open = new Set<Promise<void>>();
  const one = (): Promise<void> => {
    outcome.asked += 1;
    const asking: Promise<void> = withDeadline(deadlineMs, undefined, question)
      .then(
        () => void (outcome.inTime += 1),
        (error: unknown) => {
          const { kind } = toDfsError(error);
          failures[kind] = (failures[kind] ?? 0) + 1;
        },
      )
      .finally(() => open.delete(asking));
    open.add(asking);
    return asking;
  };
  const startMs = performance.now();
  const endMs = startMs + order.forMs;
  if (order.perSecond === undefined) {
    const worker = async (): Promise<void> => {
      while (performance.now() < endMs) await one();
    };
    await Promise.all(Array.from({ length: order.atOnce }, worker));
    return outcome;
  }
  while (performance.now() < endMs) {
    const due = ((performance.now() - startMs) / 1_000) * order.perSecond;
    while (outcome.asked < due) void one();
    await delay(tickMs);
  }
  await Promise.all(open);
  return outcome;
}

process.once("message", (setup: LoadSetup) => {
  void start(setup).then((questions) => {
    process.on("message", (order: LoadOrder) => {
      void ask(questions[order.kind], order).then((outcome) => process.send?.(outcome));
    });
    process.send?.("ready");
  });
});
process.on("disconnect", () => process.exit());
