/** A shelf as a writer reaches it: at its owner, which may change, on this peer or another. */
import type { StoredBytes } from "../../chunking/file-record.ts";
import { withDeadline } from "../../core/deadline.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { digestOf, type FileKey, type LeaseId, type PeerId, type ShelfId } from "../../core/ids.ts";
import { heartbeatTimeoutMs } from "../../core/limits.ts";
import type { CatalogueAccess } from "../coordination/catalogue-access.ts";
import type { Members } from "../members.ts";
import type { PeerLinks } from "../peer-links.ts";
import { isThere, storingPeers, usualCopies } from "../safety.ts";
import { bytesToFlags, joinDigests, shelfMethods } from "./shelf-methods.ts";
import type { Confirmation, ShelfPort } from "./shelf-port.ts";

/** The shelves that this peer owns, as writers in the same process reach them; each call names the shelf. */
export interface OwnShelves {
  holdLease(shelf: ShelfId, lease: LeaseId, copies: number, signal: AbortSignal): Promise<number>;
  pin(lease: LeaseId, digests: readonly Uint8Array[], signal: AbortSignal): Promise<readonly boolean[]>;
  putChunks(lease: LeaseId, chunks: readonly StoredBytes[], signal: AbortSignal): Promise<void>;
  addRecords(
    shelf: ShelfId,
    lease: LeaseId,
    fileKeys: readonly FileKey[],
    copies: number,
    signal: AbortSignal,
  ): Promise<Confirmation>;
  endLease(shelf: ShelfId, lease: LeaseId, signal: AbortSignal): Promise<void>;
}

/** A put that needs more disks than there are: nothing but another peer can help, so it is not tried again. */
export class TooFewDisks extends DfsError {
  constructor(needed: number, there: number, away: readonly string[]) {
    const who = away.length === 0 ? "" : ` (not up: ${away.join(", ")})`;
    super(
      "unreachable",
      `a put needs ${needed} disks, and ${there} answer${there === 1 ? "s" : ""}${who}: start dfs-peer there, or use put --copies ${Math.max(1, there)}, or policy min-copies ${Math.max(1, there)}`,
    );
  }
}

export interface NetworkShelfOptions {
  readonly self: PeerId;
  readonly catalogue: Pick<CatalogueAccess, "presence">;
  readonly own: OwnShelves;
  readonly members: Members;
  readonly links: PeerLinks;
}

export class NetworkShelf implements ShelfPort {
  readonly shelf: ShelfId;
  readonly #options: NetworkShelfOptions;

  constructor(shelf: ShelfId, options: NetworkShelfOptions) {
    this.shelf = shelf;
    this.#options = options;
  }

  get isLocal(): boolean {
    return this.#options.members.ownerOf(this.shelf) === this.#options.self;
  }

  holdLease(lease: LeaseId, copies: number, signal: AbortSignal): Promise<number> {
    const { shelf } = this;
    return this.#ask(
      (own) => own.holdLease(shelf, lease, copies, signal),
      (owner, links) => links.call(owner, shelfMethods.holdLease, { shelf, lease, copies }, { signal }),
    );
  }

  pin(lease: LeaseId, digests: readonly Uint8Array[], signal: AbortSignal): Promise<readonly boolean[]> {
    return this.#ask(
      (own) => own.pin(lease, digests, signal),
      async (owner, links) =>
        bytesToFlags(await links.call(owner, shelfMethods.pin, { lease, digests: joinDigests(digests) }, { signal })),
    );
  }

  putChunks(lease: LeaseId, chunks: readonly StoredBytes[], signal: AbortSignal): Promise<void> {
    return this.#ask(
      (own) => own.putChunks(lease, chunks, signal),
      (owner, links) => links.putChunks(owner, lease, chunks, signal),
    );
  }

  async addRecords(
    lease: LeaseId,
    fileKeys: readonly FileKey[],
    copies: number,
    signal: AbortSignal,
  ): Promise<Confirmation> {
    try {
      return await this.#addRecords(lease, fileKeys, copies, signal);
    } catch (error) {
      signal.throwIfAborted();
      const isAway = error instanceof DfsError && error.kind === "unreachable";
      throw (isAway ? await this.#tooFewDisks(copies, signal) : undefined) ?? error;
    }
  }

  #addRecords(
    lease: LeaseId,
    fileKeys: readonly FileKey[],
    copies: number,
    signal: AbortSignal,
  ): Promise<Confirmation> {
    const { shelf } = this;
    return this.#ask(
      (own) => own.addRecords(shelf, lease, fileKeys, copies, signal),
      (owner, links) =>
        links.call(
          owner,
          shelfMethods.addRecords,
          { shelf, lease, copies, digests: joinDigests(fileKeys.map(digestOf)) },
          { signal },
        ),
    );
  }

  /** Where fewer peers that store files are up than a put needs. */
  async #tooFewDisks(copies: number, signal: AbortSignal): Promise<TooFewDisks | undefined> {
    const { catalogue, members } = this.#options;
    const stores = storingPeers(members);
    const wanted = copies === 0 ? usualCopies(members) : copies;
    const needed = Math.min(wanted, members.policy?.minCopies ?? 1, stores.length);
    const presence = await catalogue.presence(signal).catch(() => undefined);
    if (presence === undefined) return undefined;
    const standings = new Map(presence.map((seen) => [seen.id, seen.standing]));
    const away = stores.filter(({ id }) => !isThere(standings.get(id)));
    const there = stores.length - away.length;
    return there < needed
      ? new TooFewDisks(
          needed,
          there,
          away.map(({ name }) => name),
        )
      : undefined;
  }

  async endLease(lease: LeaseId, signal: AbortSignal): Promise<void> {
    const { shelf } = this;
    await this.#ask<unknown>(
      (own) => own.endLease(shelf, lease, signal),
      (owner, links) => links.call(owner, shelfMethods.endLease, { shelf, lease }, { signal }),
    );
  }

  /** Where the owner is not there or is no owner any more, the list of members is renewed before that is told. */
  async #ask<Result>(
    locally: (own: OwnShelves) => Promise<Result>,
    remotely: (owner: PeerId, links: PeerLinks) => Promise<Result>,
  ): Promise<Result> {
    const { links, members, own, self } = this.#options;
    const owner = members.ownerOf(this.shelf);
    if (owner === undefined)
      throw new DfsError("unreachable", "the network knows no owner of the shelf of this file; see backup");
    try {
      return await (owner === self ? locally(own) : remotely(owner, links));
    } catch (thrown) {
      const error = toDfsError(thrown);
      if (error.kind === "moved" || error.kind === "unreachable" || error.kind === "timeout") await this.#lookAgain();
      throw error;
    }
  }

  async #lookAgain(): Promise<void> {
    await withDeadline(heartbeatTimeoutMs, undefined, (signal) => this.#options.members.refresh(signal)).catch(
      () => undefined, // the caller tries again, and so does this
    );
  }
}
