/** Peers of one network in this process, with real disks, connections and control sockets. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parsePeerName } from "../../../src/core/ids.ts";
import { createLog } from "../../../src/peer/log.ts";
import type { Peer } from "../../../src/peer/peer.ts";
import { usualSettings } from "../../../src/peer/peer-settings.ts";
import type { Membership } from "../../../src/peer/peer-config.ts";
import { type RunningPeerOptions, joinOnly, startRunningPeer } from "../../../src/peer/running-peer.ts";

function optionsOf(folder: string, name: string, capacityBytes?: number): Omit<RunningPeerOptions, "invite"> {
  return {
    folder,
    setup: { name: parsePeerName(name), capacityBytes },
    listen: "/ip4/127.0.0.1/tcp/0",
    settings: usualSettings,
    isDaemon: true,
    onFault: (fault) => {
      throw fault;
    },
    log: createLog(() => undefined, { level: "silent", json: false }),
    program: "test",
    version: "0",
  };
}

/** Peers that end, with their folders, when the test does. */
export class PeerGroup {
  readonly #stops: (() => Promise<void>)[] = [];

  /** A new peer, which offers so many bytes; all that there are without `capacityBytes`. */
  async add(
    name: string,
    invite?: string,
    capacityBytes?: number,
  ): Promise<{ readonly folder: string; readonly peer: Peer }> {
    const folder = await mkdtemp(join(tmpdir(), "dfs-accounts-"));
    this.#stops.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    const peer = await this.restart(folder, name, invite, capacityBytes);
    return { folder, peer };
  }

  /** Starts the peer of a folder, again or for the first time. */
  async restart(folder: string, name: string, invite?: string, capacityBytes?: number): Promise<Peer> {
    const peer = await startRunningPeer({ ...optionsOf(folder, name, capacityBytes), invite });
    this.#stops.push(() => peer.stop());
    return peer;
  }

  /** Has a file removed in the end. */
  alsoRemove(path: string): void {
    this.#stops.push(() => rm(path, { force: true }));
  }

  /** Makes `folder` a member that does not run. */
  joinOnly(folder: string, name: string, invite: string): Promise<Membership> {
    return joinOnly({ ...optionsOf(folder, name), invite });
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).toReversed()) await stop();
  }
}
