/** Peers in this process, as a shell without a daemon starts one: members that neither vote nor store. */
import { parsePeerName } from "../src/core/ids.ts";
import { createLog } from "../src/peer/log.ts";
import type { Peer } from "../src/peer/peer.ts";
import { usualSettings } from "../src/peer/peer-settings.ts";
import { startRunningPeer } from "../src/peer/running-peer.ts";
import type { Network } from "./peers.ts";

/** Has `name` join the network; the caller stops it. */
export async function startEmbedded(network: Network, name: string): Promise<Peer> {
  const invite = await network.invite();
  return startRunningPeer({
    folder: await network.folder(name),
    setup: { name: parsePeerName(name), capacityBytes: 0 },
    listen: "/ip4/127.0.0.1/tcp/0",
    invite,
    isDaemon: false,
    settings: usualSettings,
    onFault: (fault) => {
      throw fault;
    },
    log: createLog(() => undefined, { level: "silent", json: false }),
    program: "bench",
    version: "0",
  });
}
