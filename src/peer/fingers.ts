/** This peer's finger table: the service, on libp2p's routing table and this peer's links. */
import type { NetworkId, PeerId } from "../core/ids.ts";
import { FingerTableService } from "../dht/finger-table-service.ts";
import { Libp2pFingerTable } from "../dht/libp2p-finger-table.ts";
import { systemClock } from "../dht/system-clock.ts";
import { fingerTransport } from "./finger-transport.ts";
import type { Host } from "./host.ts";
import type { Log } from "./log.ts";
import type { PeerLinks } from "./peer-links.ts";

export interface FingersOptions {
  /** Of the database of holder records. */
  readonly path: string;
  readonly self: PeerId;
  readonly networkId: NetworkId;
  readonly host: Host;
  readonly links: PeerLinks;
  readonly log: Log;
}

/** Starts it; the caller stops it. */
export function startFingers({ path, self, networkId, host, links, log }: FingersOptions): FingerTableService {
  const fingers = new FingerTableService({
    path,
    self,
    table: new Libp2pFingerTable({ self, networkId, dht: host.services.dht, node: host }),
    transport: fingerTransport(links),
    clock: systemClock,
    random: Math.random,
    onError: (error) => log.warn(`finger table: ${error.message}`),
  });
  fingers.start();
  return fingers;
}
