/**
 * What a peer does for its disk and its shelves by itself: collecting what nothing needs any more, giving space back,
 * hashing every chunk anew, mending, challenging the other links, forgetting shelves that it has no part in any more.
 *
 * The work itself is in src/backup; this puts it together with the disk, the catalogue and the other peers.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { Challenger } from "../../backup/upkeep/challenger.ts";
import { answerChallenge } from "../../backup/upkeep/challenge.ts";
import { Collector } from "../../backup/upkeep/collector.ts";
import { Compactor } from "../../backup/upkeep/compactor.ts";
import { DropGuard } from "../../backup/upkeep/drop-guard.ts";
import { Mender } from "../../backup/upkeep/mender.ts";
import type { ChallengedLinks, CollectorCatalogue } from "../../backup/upkeep/ports.ts";
import { Scrubber } from "../../backup/upkeep/scrubber.ts";
import type { ReplicationClock } from "../../backup/replication/ports.ts";
import type { ShelfOwner } from "../../backup/replication/shelf-owner.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { FileKey, LeaseId, PeerId, ShelfId } from "../../core/ids.ts";
import { linkCallMs } from "../../core/limits.ts";
import { writeFileAtomic } from "../../store/atomic-file.ts";
import type { ChunkStore } from "../../store/chunk-store.ts";
import type { CommandTarget } from "../command-session.ts";
import type { CatalogueAccess } from "../coordination/catalogue-access.ts";
import type { HolderDirectory } from "../holder-picker.ts";
import type { Log } from "../log.ts";
import type { Members } from "../members.ts";
import type { PeerLinks } from "../peer-links.ts";
import { randomId } from "../random-ids.ts";
import { type RpcRoute, route } from "../wire/rpc-method.ts";
import { ChallengeFailures } from "./challenge-failures.ts";
import { fetchFromLinks } from "./fetch-from-links.ts";
import { FillWatch } from "./fill-watch.ts";
import { LostRecords } from "./lost-records.ts";
import { Rescue } from "./rescue.ts";
import { bytesToFlags, flagsToBytes, joinDigests, splitDigests } from "./shelf-methods.ts";
import type { ShelfHost } from "./shelf-host.ts";
import { ShelfTrimmer } from "./shelf-trimmer.ts";
import { type CheckProgress, upkeepMethods } from "./upkeep-methods.ts";
import type { UserPacer } from "./user-pacer.ts";

export interface UpkeepOptions {
  readonly self: PeerId;
  readonly store: ChunkStore;
  readonly members: Members;
  readonly links: PeerLinks;
  readonly catalogue: CatalogueAccess;
  /** Commits as this peer. */
  readonly commands: CommandTarget;
  readonly holders: HolderDirectory;
  readonly clock: ReplicationClock;
  readonly pacer: UserPacer;
  /** The file that keeps how far the scrub is. */
  readonly scrubStatePath: string;
  readonly scrubIntervalMs: number;
  readonly refresh: (signal?: AbortSignal) => Promise<void>;
  readonly log: Log;
}

export class Upkeep {
  readonly rescue: Rescue;
  readonly #options: UpkeepOptions;
  readonly #collectors = new Map<ShelfId, Collector>();
  /** One for each shelf that was ever owned, for as long as this runs: an adding may outlive a collector. */
  readonly #guards = new Map<ShelfId, DropGuard>();
  readonly #compactor: Compactor;
  readonly #mender: Mender;
  readonly #scrubber: Scrubber;
  readonly #challenger: Challenger;
  readonly #failures: ChallengeFailures;
  readonly #lost: LostRecords;
  readonly #trimmer: ShelfTrimmer;
  readonly #fillWatch: FillWatch;
  readonly #stopping = new AbortController();
  #copies: number | undefined;
  #host: ShelfHost | undefined;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    const { clock, log, pacer, self, store } = options;
    const shared = { clock, log, store, pacer };
    this.#compactor = new Compactor(shared);
    this.#mender = new Mender({
      ...shared,
      newLease: () => randomId<LeaseId>(),
      fetch: (digest, shelves, signal) => fetchFromLinks(options, digest, shelves, signal),
    });
    this.#scrubber = new Scrubber({
      ...shared,
      mender: this.#mender,
      scrubIntervalMs: options.scrubIntervalMs,
      state: {
        load: () => readFile(options.scrubStatePath, "utf8").catch(() => undefined),
        save: (text) => writeFileAtomic(options.scrubStatePath, Buffer.from(text)),
      },
    });
    this.#failures = new ChallengeFailures({
      ...options,
      challenged: this.#challengedLinks,
      ownerOf: (shelf) => this.#host?.owned.get(shelf),
    });
    this.#challenger = new Challenger({
      ...shared,
      self,
      catalogue: {
        chains: () => Promise.resolve(options.members.shelves.filter(({ links }) => hasLink(links, self))),
        references: (shelf, fileKeys, signal) => options.catalogue.references(shelf, fileKeys, signal),
      },
      links: this.#challengedLinks,
      onFailure: (failure) => this.#failures.handle(failure),
      onOwnDamage: () => this.#mender.mendSoon(),
      randomBytes: (count) => randomBytes(count),
    });
    this.#lost = new LostRecords(options);
    this.#fillWatch = new FillWatch(options);
    this.rescue = new Rescue({ ...options, lost: this.#lost });
    this.#trimmer = new ShelfTrimmer({ ...options, mirror: () => this.#host?.mirror });
  }

  /** `host` keeps the shelves; it is made with this upkeep's `touching` and `takeUp`. */
  start(host: ShelfHost): void {
    this.#host = host;
    for (const part of this.#parts) part.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#parts, ...this.#collectors.values()].map((part) => part.stop()));
    await this.#failures.stop();
  }

  get #parts(): readonly { start(): void; stop(): Promise<void> }[] {
    return [this.#compactor, this.#mender, this.#scrubber, this.#challenger, this.#trimmer, this.#fillWatch];
  }

  /** Begins to collect a shelf that this peer owns now. */
  takeUp(shelf: ShelfId): void {
    if (this.#stopping.signal.aborted) return;
    void this.#collectors.get(shelf)?.stop();
    const collector = this.#collectorOf(shelf);
    this.#collectors.set(shelf, collector);
    collector.start();
  }

  /** Gives up the collecting of shelves that this peer does not own any more, and follows the policy. */
  review(): void {
    const { members, self } = this.#options;
    for (const [shelf, collector] of this.#collectors) {
      if (members.ownerOf(shelf) === self) continue;
      this.#collectors.delete(shelf);
      void collector.stop();
    }
    const copies = members.policy?.copies;
    if (this.#copies !== undefined && copies !== undefined && copies > this.#copies) this.#followPolicy();
    this.#copies = copies;
  }

  /** Runs what adds records to a shelf that this peer owns. */
  touching<Result>(shelf: ShelfId, fileKeys: readonly FileKey[], work: () => Promise<Result>): Promise<Result> {
    return this.#guard(shelf).touching(fileKeys, work);
  }

  /** A chunk turned out to be damaged while it was read. */
  mendSoon(): void {
    this.#mender.mendSoon();
  }

  /** What members may ask. */
  routes(): RpcRoute[] {
    const { store } = this.#options;
    return [
      route(upkeepMethods.challenge, (question, { signal }) => answerChallenge(store, question, signal)),
      route(upkeepMethods.hasChunks, async ({ digests }) => flagsToBytes(await store.has(splitDigests(digests)))),
      route(upkeepMethods.check, (_, call) =>
        this.check((progress) => void call.emit(progress).catch(() => undefined), call.signal),
      ),
    ];
  }

  /** Hashes every chunk here anew, now. Fails with `busy` while that is under way. */
  async check(onProgress: (progress: CheckProgress) => void, signal: AbortSignal): Promise<CheckProgress> {
    const { missingCount, ...report } = await this.#scrubber.runNow(onProgress, signal);
    const { chunks, bytes, damaged, mended } = report;
    // What was missing before counts as damaged: it is what this check has to report.
    return { chunks, bytes, totalBytes: bytes, damaged: Math.max(damaged, mended + missingCount), mended };
  }

  #guard(shelf: ShelfId): DropGuard {
    const known = this.#guards.get(shelf);
    if (known !== undefined) return known;
    const guard = new DropGuard();
    this.#guards.set(shelf, guard);
    return guard;
  }

  #collectorOf(shelf: ShelfId): Collector {
    const { clock, log, store } = this.#options;
    return new Collector({
      clock,
      log,
      store,
      shelf,
      guard: this.#guard(shelf),
      catalogue: this.#catalogueOf(shelf),
      owner: {
        epoch: () => this.#host?.owned.get(shelf)?.epoch(),
        drop: (epoch, fileKeys, signal) => this.#owner(shelf).drop(epoch, fileKeys, signal),
      },
      onDropped: () => this.#compactor.compactSoon(),
      onLost: (lost, signal) => this.#lost.fetch(shelf, this.#owner(shelf), lost, signal),
    });
  }

  #owner(shelf: ShelfId): ShelfOwner {
    const owner = this.#host?.owned.get(shelf);
    if (owner === undefined) throw new DfsError("moved", "this peer does not own the shelf any more");
    return owner;
  }

  #catalogueOf(shelf: ShelfId): CollectorCatalogue {
    const { catalogue, commands } = this.#options;
    return {
      drops: (limit, signal) => catalogue.drops(shelf, limit, signal),
      references: (fileKeys, signal) => catalogue.references(shelf, fileKeys, signal),
      forgetDrops: async (epoch, fileKeys, signal) => {
        await commands.execute([{ op: "forgetDrops", shelf, epoch, fileKeys: [...fileKeys] }], signal);
      },
      referencedKeys: (after, limit, signal) => catalogue.referencedKeys(shelf, after, limit, signal),
    };
  }

  /** More copies are wanted of files that asked for none in particular. */
  #followPolicy(): void {
    for (const collector of this.#collectors.values())
      collector.audit(this.#stopping.signal).catch((error: unknown) => this.#warn("following the policy", error));
  }

  get #challengedLinks(): ChallengedLinks {
    const { links } = this.#options;
    return {
      ask: (peer, _, question, signal) =>
        links.call(peer, upkeepMethods.challenge, question, { signal, timeoutMs: linkCallMs }),
      has: async (peer, digests, signal) =>
        bytesToFlags(
          await links.call(
            peer,
            upkeepMethods.hasChunks,
            { digests: joinDigests(digests) },
            { signal, timeoutMs: linkCallMs },
          ),
        ),
    };
  }

  #warn(what: string, error: unknown): void {
    if (!this.#stopping.signal.aborted) this.#options.log.warn(`${what}: ${toDfsError(error).message}`);
  }
}

/** Time as the parts in src/backup ask for it. */
export const systemClock: ReplicationClock = {
  nowMs: () => Date.now(),
  delay: async (ms, signal) => {
    await delay(ms, undefined, { signal });
  },
};

function hasLink(links: readonly { readonly peer: PeerId }[], peer: PeerId): boolean {
  return links.some((link) => link.peer === peer);
}
