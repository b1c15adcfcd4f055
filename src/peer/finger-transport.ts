/** Holder announcements and lookups over the RPC streams between members. */
import type { PeerId } from "../core/ids.ts";
import type { FingerTableService } from "../dht/finger-table-service.ts";
import { announceReplySchema, announceRequestSchema, lookupReplySchema, lookupRequestSchema } from "../dht/messages.ts";
import type { HolderTransport } from "../dht/ports.ts";
import type { PeerLinks } from "./peer-links.ts";
import { type RpcRoute, defineMethod, route } from "./wire/rpc-method.ts";

const holderMethods = {
  announce: defineMethod({ name: "holders.announce", params: announceRequestSchema, result: announceReplySchema }),
  lookup: defineMethod({ name: "holders.lookup", params: lookupRequestSchema, result: lookupReplySchema }),
};

/** Carries the finger table's messages to other members. */
export function fingerTransport(links: PeerLinks): HolderTransport {
  return {
    announce: (peer, request, { signal }) => links.call(peer, holderMethods.announce, request, { signal }),
    lookup: async (peer, keys, { signal }) =>
      (await links.call(peer, holderMethods.lookup, { keys: [...keys] }, { signal })).holders,
  };
}

/** What the member `from` may ask of this peer's finger table. */
export function fingerRoutes(fingers: FingerTableService, from: PeerId): RpcRoute[] {
  return [
    route(holderMethods.announce, (message) => Promise.resolve(fingers.onAnnounce(from, message))),
    route(holderMethods.lookup, (message) => Promise.resolve(fingers.onLookup(message))),
  ];
}
