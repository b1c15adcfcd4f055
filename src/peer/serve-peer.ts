/** Everything that this peer answers to other members. */
import type { FingerTableService } from "../dht/finger-table-service.ts";
import type { ChunkStore } from "../store/chunk-store.ts";
import { serveChunks } from "./chunk-server.ts";
import { coordinatorRoutes } from "./coordination/coordinator-routes.ts";
import type { Seat } from "./coordination/seat.ts";
import type { FrameBuffers } from "./frame-buffers.ts";
import { fingerRoutes } from "./finger-transport.ts";
import { openLaneMethod } from "./lane-method.ts";
import { LaneServer } from "./lane-server.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { ShelfKeeper } from "./shelf-keeper.ts";
import { shelfRoutes } from "./shelf-routes.ts";
import type { FrameChannel } from "./wire/frame-channel.ts";
import { route } from "./wire/rpc-method.ts";
import { routeTable, serveRpc } from "./wire/rpc-server.ts";

export interface ServingParts {
  readonly links: PeerLinks;
  /** The local address that lanes listen on: that of the libp2p host. */
  readonly listenHost: string;
  /** Where the coordinator of this peer is, while it is one. */
  readonly seat: Seat;
  /** Absent on a peer without a shelf. */
  readonly keeper: ShelfKeeper | undefined;
  readonly store: ChunkStore;
  readonly fingers: FingerTableService;
  readonly buffers: FrameBuffers;
}

/** Registers the RPC and chunk protocols, and opens the door for lanes; returns what to stop in the end. */
export async function servePeer(parts: ServingParts): Promise<LaneServer> {
  const { links, listenHost, seat, keeper, store, fingers, buffers } = parts;
  const onChunkChannel = (channel: FrameChannel): void => serveChunks(channel, { store, buffers });
  const lanes = new LaneServer(listenHost, (protocol) => links.handlerOf(protocol));
  await lanes.start();
  await links.serve({
    onRpcChannel: (channel, from) => {
      const routes = [
        ...shelfRoutes(keeper, store),
        ...fingerRoutes(fingers, from),
        route(openLaneMethod, ({ protocol }) => Promise.resolve(lanes.offer(from, protocol) ?? null)),
        ...seat.routes(from),
        ...coordinatorRoutes(() => seat.coordinator, from),
      ];
      void serveRpc(channel, routeTable(routes));
    },
    onChunkChannel,
  });
  return lanes;
}
