/** What follows when a link does not prove what it claims: a closer look, and sending what it lacks, or taking its claim back. */
import type { ShelfOwner } from "../../backup/replication/shelf-owner.ts";
import type { ChallengeFailure } from "../../backup/upkeep/challenger.ts";
import { type LinkAuditReport, auditLink } from "../../backup/upkeep/link-audit.ts";
import type { ChallengedLinks } from "../../backup/upkeep/ports.ts";
import { toDfsError } from "../../core/errors.ts";
import type { LeaseId, PeerId, ShelfId } from "../../core/ids.ts";
import type { ChunkStore } from "../../store/chunk-store.ts";
import type { CommandTarget } from "../command-session.ts";
import type { Log } from "../log.ts";
import type { Members } from "../members.ts";
import type { PeerLinks } from "../peer-links.ts";
import { randomId } from "../random-ids.ts";
import { CatalogueChain } from "./catalogue-chain.ts";

export interface ChallengeFailuresOptions {
  readonly store: ChunkStore;
  readonly members: Members;
  readonly links: PeerLinks;
  readonly challenged: ChallengedLinks;
  /** Commits as this peer. */
  readonly commands: CommandTarget;
  /** The shelf's owner, where that is this peer. */
  readonly ownerOf: (shelf: ShelfId) => ShelfOwner | undefined;
  readonly log: Log;
}

export class ChallengeFailures {
  readonly #options: ChallengeFailuresOptions;
  readonly #stopping = new AbortController();
  /** Looks under way, by peer. */
  readonly #running = new Map<PeerId, Promise<void>>();

  constructor(options: ChallengeFailuresOptions) {
    this.#options = options;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running.values());
  }

  /** Tells the log; where this peer owns the shelf it looks closer, at one shelf of a peer at a time. */
  handle(failure: ChallengeFailure): void {
    const { peer, shelf, epoch, digest, reason } = failure;
    const { log, members, ownerOf } = this.#options;
    const name = members.peer(peer)?.name ?? peer;
    const chunk = Buffer.from(digest).toString("hex").slice(0, 16);
    log.warn(`${name} did not prove that it has chunk ${chunk} (${reason}); run fsck ${name}`);
    const owner = ownerOf(shelf);
    if (owner === undefined || owner.epoch() !== epoch || this.#running.has(peer)) return;
    const running = this.#look(failure, owner)
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) log.warn(`looking at what ${name} has: ${toDfsError(error).message}`);
      })
      .finally(() => this.#running.delete(peer));
    this.#running.set(peer, running);
  }

  /** A link that says it has everything, and cannot prove it, is not counted upon any more. */
  async #look({ peer, shelf, epoch, reason }: ChallengeFailure, owner: ShelfOwner): Promise<void> {
    const keepsFrom = this.#options.members.shelf(shelf)?.links.find((link) => link.peer === peer)?.keepsFrom;
    if (keepsFrom === undefined) return;
    const { missing } = await this.#audit(peer, shelf, keepsFrom, owner);
    if (reason !== "wrong" || missing > 0) return;
    await new CatalogueChain(shelf, this.#options.commands).report(epoch, peer, 0, this.#stopping.signal);
  }

  /** Sends what the link lacks, under a lease of its own. */
  async #audit(peer: PeerId, shelf: ShelfId, keepsFrom: number, owner: ShelfOwner): Promise<LinkAuditReport> {
    const { challenged, links, store } = this.#options;
    const { signal } = this.#stopping;
    const lease = randomId<LeaseId>();
    await owner.holdLease(lease, keepsFrom, signal);
    const onMissing = async (_: unknown, digests: readonly Uint8Array[], bounded: AbortSignal): Promise<void> => {
      for (const digest of digests)
        await links.putChunks(peer, lease, [{ digest, bytes: await store.get(digest, { signal: bounded }) }], bounded);
    };
    try {
      return await auditLink({ store, links: challenged, peer, shelf, position: keepsFrom - 1, onMissing }, signal);
    } finally {
      await owner.endLease(lease, signal).catch(() => undefined); // it runs out by itself
    }
  }
}
