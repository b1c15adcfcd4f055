/** Everything that this peer answers to other members. */
import { DfsError } from "../core/errors.ts";
import type { PeerId } from "../core/ids.ts";
import {
  catalogueReadWaitMsMax,
  catalogueReadsRunningMax,
  catalogueReadsWaitingMax,
  chunkReadWaitMsMax,
  chunkReadsRunningMax,
  chunkReadsWaitingMax,
  chunkWriteWaitMsMax,
  chunkWritesRunningMax,
  chunkWritesWaitingBytesMax,
  memberCallsBurst,
  memberCallsInFlightMax,
  memberCallsPerSecondMax,
  peersMax,
  workRunMsMax,
} from "../core/limits.ts";
import type { FingerTableService } from "../dht/finger-table-service.ts";
import type { ChunkStore } from "../store/chunk-store.ts";
import { type ServedChunks, serveChunks } from "./chunk-server.ts";
import { CheckHelp } from "./checks/check-methods.ts";
import { dialAsStranger } from "./checks/dial-back.ts";
import { coordinatorRoutes } from "./coordination/coordinator-routes.ts";
import { departureMethod } from "./coordination/departure-news.ts";
import type { Seat } from "./coordination/seat.ts";
import type { FrameBuffers } from "./frame-buffers.ts";
import { fingerRoutes } from "./finger-transport.ts";
import { openLaneMethod } from "./lane-method.ts";
import { LaneServer } from "./lane-server.ts";
import { WorkQueue } from "./load/work-queue.ts";
import type { Members } from "./members.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { ShelfHost } from "./shelves/shelf-host.ts";
import { shelfRoutes } from "./shelves/shelf-routes.ts";
import type { Upkeep } from "./shelves/upkeep.ts";
import type { UserPacer } from "./shelves/user-pacer.ts";
import { CallBudgets, type CallLimits } from "./wire/call-budget.ts";
import type { FrameChannel } from "./wire/frame-channel.ts";
import { route } from "./wire/rpc-method.ts";
import { routeTable, serveRpc } from "./wire/rpc-server.ts";

export interface ServingParts {
  readonly links: PeerLinks;
  /** The multiaddr that the libp2p host listens on: lanes listen on the same address. */
  readonly listen: string;
  readonly members: Members;
  /** Where the coordinator of this peer is, while it is one. */
  readonly seat: Seat;
  readonly shelves: ShelfHost;
  readonly upkeep: Upkeep;
  readonly pacer: UserPacer;
  readonly store: ChunkStore;
  readonly fingers: FingerTableService;
  readonly buffers: FrameBuffers;
  /** Of the program. */
  readonly version: string;
}

const memberCalls: CallLimits = {
  rate: { perSecond: memberCallsPerSecondMax, burst: memberCallsBurst },
  inFlightMax: memberCallsInFlightMax,
};

const chunkReads = {
  name: "chunks to read",
  runningMax: chunkReadsRunningMax,
  runMsMax: workRunMsMax,
  waitMsMax: chunkReadWaitMsMax,
  waitingMax: chunkReadsWaitingMax,
};

const chunkWrites = {
  name: "chunks to store",
  runningMax: chunkWritesRunningMax,
  runMsMax: Number.POSITIVE_INFINITY, // many share a flush
  waitMsMax: chunkWriteWaitMsMax,
  waitingMax: chunkWritesWaitingBytesMax,
};

const catalogueReads = {
  name: "reads of the catalogue",
  runningMax: catalogueReadsRunningMax,
  runMsMax: workRunMsMax,
  waitMsMax: catalogueReadWaitMsMax,
  waitingMax: catalogueReadsWaitingMax,
};

/** What was begun for another peer is finished, whether it still waits for the answer or not. */
const neverAborted = new AbortController().signal;

/** Registers the RPC and chunk protocols, and opens the door for lanes; returns what to stop in the end. */
export async function servePeer(parts: ServingParts): Promise<LaneServer> {
  const { links, listen, members, seat, shelves, upkeep, pacer, store, fingers, buffers } = parts;
  const chunks: ServedChunks = {
    put: (lease, chunks) => shelves.putChunks(lease, chunks, neverAborted),
    get: async (digest) => {
      pacer.noteUse();
      try {
        return await store.get(digest, { allocate: (bytes) => buffers.take(bytes) });
      } catch (error) {
        if (error instanceof DfsError && error.kind === "integrity") upkeep.mendSoon();
        throw error;
      }
    },
    getMany: async (digests, place) => {
      pacer.noteUse();
      let lengths: readonly number[] = [];
      const found = await store.getMany(digests, (known) => place((lengths = known)));
      if (found.some((chunk, at) => chunk === undefined && lengths[at] !== 0)) upkeep.mendSoon();
      return found;
    },
  };
  const [reads, writes] = [new WorkQueue<PeerId>(chunkReads), new WorkQueue<PeerId>(chunkWrites)];
  const onChunkChannel = (channel: FrameChannel, from: PeerId): void =>
    serveChunks(channel, from, { chunks, buffers, reads, writes });
  const questions = new WorkQueue<PeerId>(catalogueReads);
  const budgets = new CallBudgets<PeerId>(memberCalls, peersMax);
  const help = new CheckHelp({
    version: parts.version,
    nowMs: Date.now,
    dial: (peer, signal) => dialAsStranger(members.peer(peer)?.addresses ?? [], signal),
  });
  const lanes = new LaneServer(hostOf(listen), (protocol) => links.handlerOf(protocol));
  await lanes.start();
  await links.serve({
    onRpcChannel: (channel, from) => {
      const routes = [
        ...shelfRoutes(shelves, store, from),
        ...upkeep.routes(),
        ...fingerRoutes(fingers, from),
        ...help.routes(from),
        route(openLaneMethod, ({ protocol }) => Promise.resolve(lanes.offer(from, protocol) ?? null)),
        route(departureMethod, async ({ version }, { signal }) => {
          await members.hearOfDeparture(from, version, signal);
          return null;
        }),
        ...seat.routes(from),
        ...coordinatorRoutes(() => seat.coordinator, from, questions),
      ];
      void serveRpc(channel, routeTable(routes), budgets.of(from));
    },
    onChunkChannel,
  });
  return lanes;
}

/** The local address in a multiaddr to listen on; every address where it is a name. */
function hostOf(listen: string): string {
  return /^\/ip[46]\/([^/]+)/.exec(listen)?.[1] ?? "0.0.0.0";
}
