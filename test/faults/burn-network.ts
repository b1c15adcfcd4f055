/**
 * A network of real peers that all store files, with short timers, so that machines can burn and be replaced in seconds.
 * A place is where a machine stands; whoever replaces a burnt one stands at its place.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { BackupLink, DfsClient, ShelfBackup } from "../../src/core/client.ts";
import { parsePeerName } from "../../src/core/ids.ts";
import { FaultPeer } from "./fault-peer.ts";
import { until } from "./until.ts";

export interface BurnNetworkOptions {
  /** The peers' data folders are made below this. */
  readonly folder: string;
  readonly peers: number;
  /** What the peer at a place is started with besides the timers. */
  readonly args?: (place: number) => readonly string[];
}

/** How a burnt machine is replaced: by one of a new name, or by one that takes its place. */
export type Replacement = "join" | "restore";

/** Suspect, down and out soon, so that whatever follows can be waited for. */
export const shortTimers = ["--suspect-after", "1s", "--down-after", "3s", "--out-after", "6s"];
const listen = ["--listen", "/ip4/127.0.0.1/tcp/0"];
/** Everything has two copies again within this, as issue and tests promise. */
export const healMs = 60_000;
/** A group of coordinators is whole again within this, on a busy machine. */
const wholeMs = 90_000;
const callMs = 5_000;
const logCharactersShown = 3_000;

export class BurnNetwork {
  /** By place. */
  readonly peers: FaultPeer[] = [];
  readonly #options: BurnNetworkOptions;
  #made = 0;

  constructor(options: BurnNetworkOptions) {
    this.#options = options;
  }

  /** Founds the network and has everybody join. */
  async start(): Promise<void> {
    for (let place = 0; place < this.#options.peers; place += 1) {
      const peer = this.#newPeer(`p${place}`, place);
      this.peers.push(peer);
      await peer.start(place === 0 ? undefined : await this.#invite());
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.kill()));
  }

  at(place: number): FaultPeer {
    const peer = this.peers[place];
    if (peer === undefined) throw new RangeError(`nothing stands at ${place}`);
    return peer;
  }

  /** The peers whose processes are there. */
  get alive(): readonly FaultPeer[] {
    return this.peers.filter(({ isAlive }) => isAlive);
  }

  /** Does `work` with a client of some peer that is there. */
  ask<Result>(work: (client: DfsClient) => Promise<Result>): Promise<Result> {
    const [peer] = this.alive;
    if (peer === undefined) throw new RangeError("nobody is there");
    return peer.with(work);
  }

  /** kill -9, and everything that the machine had is gone. */
  async burn(place: number): Promise<void> {
    const peer = this.at(place);
    await peer.kill();
    await rm(peer.folder, { recursive: true, force: true });
  }

  /** Puts a new machine in the place of a burnt one; where it joins under a new name, the burnt one is given up. */
  async replace(place: number, how: Replacement): Promise<void> {
    const burnt = this.at(place);
    await until(`${burnt.name} is known to be down`, wholeMs, async () => {
      const peers = await this.ask((client) => client.peers({ signal: AbortSignal.timeout(callMs) }));
      const state = peers.find(({ name }) => name === burnt.name)?.state;
      return state === "down" || state === "out" || undefined;
    });
    this.#made += 1;
    const name = how === "restore" ? burnt.name : `${burnt.name.split("-")[0] ?? ""}-${this.#made}`;
    const peer = this.#newPeer(name, place);
    await peer.start(await this.#invite(), how === "restore" ? "--restore" : "--join");
    this.peers[place] = peer;
    if (how === "join") await this.ask((client) => client.orderStorage(parsePeerName(burnt.name), "abandon"));
  }

  /** Every shelf and its chain, as a peer that is there sees them. */
  shelves(): Promise<readonly ShelfBackup[]> {
    return this.ask((client) => client.backup({ signal: AbortSignal.timeout(callMs) }));
  }

  /** The places that may burn without any loss: every shelf with files has a complete disk elsewhere. */
  async spare(): Promise<readonly number[]> {
    const shelves = (await this.shelves()).filter(({ revisions }) => revisions > 0);
    return this.peers.flatMap(({ name }, place) => {
      const others = shelves.map(({ links }) => links.filter((link) => link.name !== name && this.#isLive(link)));
      return others.every((links) => links.length > 0) ? [place] : [];
    });
  }

  /** Resolves so many milliseconds after some link was seen being filled, or when everything is safe already. */
  async filling(afterMs: number): Promise<void> {
    let sinceMs: number | undefined;
    await until("a filling", healMs, async () => {
      const shelves = await this.shelves();
      const isFilling = shelves.some(({ links }) => links.some(({ standing }) => standing === "filling"));
      if (isFilling) sinceMs ??= performance.now();
      const isOver = sinceMs !== undefined && performance.now() - sinceMs >= afterMs;
      return isOver || shelves.every((shelf) => this.#isSafe(shelf, 2)) || undefined;
    });
  }

  /**
   * Resolves, with the milliseconds that it took, when every shelf is on so many complete disks of peers that are there,
   * and none of them lacks anything. Fails, with what it last saw, when that takes longer than `withinMs`.
   */
  async safe(withinMs = healMs, copies = 2): Promise<number> {
    const startMs = performance.now();
    let seen = "nothing";
    await until(`everything is on ${copies} disks`, withinMs, async () => {
      const shelves = await this.shelves();
      seen = shelves.map(shelfText).join("; ");
      return shelves.every((shelf) => this.#isSafe(shelf, copies)) || undefined;
    }).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; last seen: ${seen}\n${this.logs()}`, { cause: error });
    });
    return performance.now() - startMs;
  }

  /** Resolves when three or five coordinators vote, all of them are there, and no other member is left. */
  async whole(): Promise<void> {
    let seen = "nothing";
    await until("the coordinators are whole", wholeMs, async () => {
      const { group } = await this.ask((client) => client.status({ signal: AbortSignal.timeout(callMs) }));
      seen = JSON.stringify(group);
      const names = new Set<string>(this.alive.map(({ name }) => name));
      const voters = group.members.filter(({ role }) => role === "voter");
      const isWhole = voters.length % 2 === 1 && voters.every(({ name, isActive }) => isActive && names.has(name));
      return (group.hasQuorum && isWhole && voters.length >= Math.min(3, this.peers.length)) || undefined;
    }).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; last seen: ${seen}\n${this.logs()}`, { cause: error });
    });
  }

  /** The end of what each peer has logged. */
  logs(): string {
    return this.peers.map(({ name, log }) => `--- ${name}\n${log.slice(-logCharactersShown)}`).join("\n");
  }

  async #invite(): Promise<string> {
    return (await this.ask((client) => client.invite())).text;
  }

  #newPeer(name: string, place: number): FaultPeer {
    const { args, folder } = this.#options;
    return new FaultPeer({
      name,
      folder: join(folder, `${name}-${this.#made}`),
      args: [...listen, ...shortTimers, ...(args?.(place) ?? [])],
      wrapper: [],
    });
  }

  #isSafe({ links }: ShelfBackup, copies: number): boolean {
    return links.filter((link) => this.#isLive(link)).length >= copies;
  }

  #isLive({ name, standing, lagChanges }: BackupLink): boolean {
    if (!this.alive.some((peer) => peer.name === name)) return false;
    return standing === "owner" || (standing === "full" && lagChanges === 0);
  }
}

function shelfText({ home, epoch, links }: ShelfBackup): string {
  const chain = links.map(
    ({ name, state, standing, sequence, lagChanges }) =>
      `${name} ${state} ${standing} ${sequence ?? "?"} -${lagChanges ?? "?"}`,
  );
  return `${home ?? "nobody"}@${epoch}: ${chain.join(", ")}`;
}
