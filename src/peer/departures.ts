/** What becomes of peers that have left the network: everything between them and this peer ends at once. */
import { peerIdFromString } from "@libp2p/peer-id";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { PeerId } from "../core/ids.ts";
import type { FingerTableService } from "../dht/finger-table-service.ts";
import type { Host } from "./host.ts";
import type { LaneServer } from "./lane-server.ts";
import type { Log } from "./log.ts";
import type { PeerLinks } from "./peer-links.ts";

export interface DepartureParts {
  readonly self: PeerId;
  readonly host: Host;
  readonly links: PeerLinks;
  readonly lanes: LaneServer;
  readonly fingers: FingerTableService;
  readonly log: Log;
}

/** Ends connections, streams, lanes, offers of lanes and calls of these peers, and forgets where they are and what they announced. */
export function cutOff(peers: readonly PeerId[], { self, host, links, lanes, fingers, log }: DepartureParts): void {
  if (peers.includes(self))
    log.error("this peer is no longer a member of the network; join again with a new invite, in an empty data folder");
  for (const peer of peers.filter((one) => one !== self)) {
    log.info(`${peer} is no member any more: everything between it and this peer ends`);
    lanes.withdraw(peer);
    links.cut(peer, new DfsError("permission", "the peer is no member of the network any more", { peer }));
    Promise.all([fingers.dropPeer(peer), host.peerStore.delete(peerIdFromString(peer))]).catch((error: unknown) =>
      log.debug(`${peer} is not wholly forgotten: ${toDfsError(error).message}`),
    );
  }
}
