/** Whole peers in this process, on loopback and in folders of their own: a network to measure on. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parsePeerName } from "../../src/core/ids.ts";
import type { Log } from "../../src/peer/log.ts";
import type { Peer } from "../../src/peer/peer.ts";
import { usualSettings } from "../../src/peer/peer-settings.ts";
import { startRunningPeer } from "../../src/peer/running-peer.ts";

/** A line of a peer's log, and when it was written, by `performance.now()`. */
interface LoggedLine {
  readonly atMs: number;
  readonly text: string;
}

/** What a peer does: it keeps files and may coordinate, may only coordinate, or is one that a shell starts for itself. */
export type LocalRole = "storage" | "coordinator" | "shell";

export interface LocalPeer {
  readonly peer: Peer;
  readonly folder: string;
  readonly lines: readonly LoggedLine[];
}

/** The peers of one test; `stop()` ends and removes them all. */
export class LocalNetwork {
  readonly #peers: LocalPeer[] = [];
  readonly #folders: string[] = [];

  /** A peer that founds the network, or joins the one of those that were started before. */
  async start(name: string, role: LocalRole = "storage"): Promise<LocalPeer> {
    const folder = await mkdtemp(join(tmpdir(), "dfs-local-"));
    this.#folders.push(folder);
    const invite = (await this.#peers[0]?.peer.client.invite())?.text;
    const started = await startIn(folder, name, invite, role);
    this.#peers.push(started);
    return started;
  }

  /** These peers, in this order. */
  async startAll(...names: string[]): Promise<LocalPeer[]> {
    const started: LocalPeer[] = [];
    for (const name of names) started.push(await this.start(name));
    return started;
  }

  /** Stops a peer, has `between` change its data folder, and starts it anew. */
  async restart({ peer, folder }: LocalPeer, between: (folder: string) => Promise<void>): Promise<LocalPeer> {
    const place = this.#peers.findIndex((one) => one.peer === peer);
    await peer.stop();
    await between(folder);
    const started = await startIn(folder, peer.name, undefined, "storage");
    this.#peers[place] = started;
    return started;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#peers.map(({ peer }) => peer.stop()));
    await Promise.all(this.#folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

async function startIn(folder: string, name: string, invite: string | undefined, role: LocalRole): Promise<LocalPeer> {
  const lines: LoggedLine[] = [];
  const note = (text: string): void => void lines.push({ atMs: performance.now(), text });
  const log: Log = { error: note, warn: note, info: note, debug: () => undefined };
  const peer = await startRunningPeer({
    folder,
    setup: { name: parsePeerName(name), ...(role === "storage" ? {} : { capacityBytes: 0 }) },
    listen: "/ip4/127.0.0.1/tcp/0",
    invite,
    settings: usualSettings,
    isDaemon: role !== "shell",
    onFault: (fault) => {
      throw fault;
    },
    log,
    program: "test",
    version: "0",
  });
  return { peer, folder, lines };
}
