/**
 * The coordinator: the catalogue and its log on this peer's disk, and what is known of the peers' presence.
 *
 * Presence is soft state: it starts anew with the coordinator, so that a new one gives everybody their full time.
 */
import { Catalogue } from "../catalogue/catalogue.ts";
import { decodeCommand, verifyCommand } from "../catalogue/command.ts";
import type { ReplicatedLog } from "../catalogue/replicated-log.ts";
import type { DirectoryPage, EntryRow, RevisionRow } from "../catalogue/rows.ts";
import { SingleLog } from "../catalogue/single-log.ts";
import type { NodeId, PeerId, UserId } from "../core/ids.ts";
import { callTimeoutMs } from "../core/limits.ts";
import type { CatalogueAccess, CatalogueTotals, Heartbeat, MemberList, Presence } from "./catalogue-access.ts";
import { catalogueMethods } from "./catalogue-methods.ts";
import { type RpcRoute, route } from "./wire/rpc-method.ts";

interface Sighting extends Heartbeat {
  readonly atMs: number;
}

export class Coordinator implements CatalogueAccess {
  readonly isLocal = true;
  readonly #self: PeerId;
  readonly #catalogue: Catalogue;
  readonly #log: ReplicatedLog;
  readonly #nowMs: () => number;
  readonly #sightings = new Map<string, Sighting>();
  #startedMs = 0;

  /** Opens the catalogue at `path`. Fails with `version`, `integrity`, `locked`, `no-space`, `io`. */
  constructor(path: string, self: PeerId, nowMs: () => number) {
    this.#self = self;
    this.#nowMs = nowMs;
    this.#catalogue = Catalogue.open(path);
    this.#log = new SingleLog(this.#catalogue, nowMs);
  }

  async start(): Promise<void> {
    this.#startedMs = this.#nowMs();
    await this.#log.start();
  }

  async stop(): Promise<void> {
    await this.#log.stop();
    this.#catalogue.close();
  }

  entry(user: UserId, parent: NodeId, token: Uint8Array): Promise<EntryRow | undefined> {
    return this.#read(() => this.#catalogue.entry(user, parent, token));
  }

  list(user: UserId, parent: NodeId, after: Uint8Array | undefined, limit: number): Promise<DirectoryPage> {
    return this.#read(() => this.#catalogue.list(user, parent, { after, limit }));
  }

  revision(node: NodeId, revision: number): Promise<RevisionRow | undefined> {
    return this.#read(() => this.#catalogue.revision(node, revision));
  }

  members(): Promise<MemberList> {
    return this.#read(() => ({ version: this.#catalogue.membersVersion(), peers: this.#catalogue.peers() }));
  }

  totals(): Promise<CatalogueTotals> {
    return this.#read(() => ({ counts: this.#catalogue.counts(), appliedIndex: this.#catalogue.appliedIndex() }));
  }

  async presence(): Promise<readonly Presence[]> {
    const { peers } = await this.members();
    return peers.map(({ id }) => {
      const sighting = this.#sightings.get(id) ?? { atMs: this.#startedMs, usedBytes: 0, freeBytes: 0 };
      return {
        id,
        ageMs: Math.max(0, this.#nowMs() - sighting.atMs),
        usedBytes: sighting.usedBytes,
        freeBytes: sighting.freeBytes,
      };
    });
  }

  heartbeat(beat: Heartbeat): Promise<number> {
    return this.#sight(this.#self, beat);
  }

  async propose(command: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    verifyCommand(decodeCommand(command), (user) => this.#catalogue.user(user)?.publicKey);
    const { result } = await this.#log.propose(command, { signal });
    return result;
  }

  /** What members may ask of this coordinator; `from` is the member that the channel belongs to. */
  routes(from: PeerId): RpcRoute[] {
    return [
      route(catalogueMethods.entry, async ({ user, parent, token }) => (await this.entry(user, parent, token)) ?? null),
      route(catalogueMethods.list, ({ user, parent, after, limit }) => this.list(user, parent, after, limit)),
      route(catalogueMethods.revision, async ({ node, revision }) => (await this.revision(node, revision)) ?? null),
      route(catalogueMethods.members, async () => {
        const { version, peers } = await this.members();
        return { version, peers: [...peers] };
      }),
      route(catalogueMethods.totals, () => this.totals()),
      route(catalogueMethods.presence, async () => [...(await this.presence())]),
      route(catalogueMethods.heartbeat, (beat) => this.#sight(from, beat)),
      route(catalogueMethods.propose, ({ command }, { signal }) => this.propose(command, signal)),
    ];
  }

  #sight(peer: PeerId, { usedBytes, freeBytes }: Heartbeat): Promise<number> {
    this.#sightings.set(peer, { atMs: this.#nowMs(), usedBytes, freeBytes });
    return Promise.resolve(this.#catalogue.membersVersion());
  }

  /** Reads see every command that was acknowledged before. */
  async #read<Result>(query: () => Result): Promise<Result> {
    await this.#log.readBarrier({ signal: AbortSignal.timeout(callTimeoutMs) });
    return query();
  }
}
