/**
 * Which holder to ask for the next chunk of a file: the least busy one that has not failed, found by the finger table
 * or, where that knows none, named by the catalogue.
 */
import { DfsError } from "../core/errors.ts";
import type { FileKey, PeerId, ShelfId } from "../core/ids.ts";
import { chunkRetryMs, chunkTriesMax } from "../core/limits.ts";
import { withRetries } from "./retry.ts";

/** Where a file's holders were learned from, and why not from the finger table when the catalogue had to answer. */
export interface FoundHolders {
  readonly holders: readonly PeerId[];
  readonly foundBy: "cache" | "finger-table" | "catalogue";
  readonly fallbackReason?: string | undefined;
}

export interface HolderDirectory {
  /** Holders of a file other than this peer; asks the finger table first, then the catalogue. Never fails: an empty list means that nobody knows. */
  find(fileKey: FileKey, shelf: ShelfId, signal: AbortSignal): Promise<FoundHolders>;
  /** Holders by the catalogue alone. */
  chainOf(shelf: ShelfId, signal: AbortSignal): Promise<readonly PeerId[]>;
  /** The name of a member. */
  nameOf(peer: PeerId): string | undefined;
  /** Forgets that `peer` holds anything, after it did not answer. */
  forget(peer: PeerId): void;
}

interface Candidate {
  readonly peer: PeerId;
  inFlight: number;
  hasFailed: boolean;
}

export class HolderPicker {
  readonly #directory: HolderDirectory;
  readonly #fileKey: FileKey;
  readonly #shelf: ShelfId;
  readonly #candidates: Candidate[] = [];
  #search: Promise<void> | undefined;
  #hasAskedCatalogue = false;

  constructor(directory: HolderDirectory, fileKey: FileKey, shelf: ShelfId) {
    this.#directory = directory;
    this.#fileKey = fileKey;
    this.#shelf = shelf;
  }

  /**
   * Runs `ask` with one holder after the other until one answers; when all have failed for reasons that pass, all are
   * asked again a few times. Fails with the last holder's error, or `unreachable` when nobody is known to hold the file.
   */
  withHolder<Result>(ask: (peer: PeerId) => Promise<Result>, signal: AbortSignal): Promise<Result> {
    return withRetries({ attempts: chunkTriesMax, pauseMs: chunkRetryMs, signal }, (attempt) => {
      if (attempt > 1) this.#forgive();
      return this.#askInTurn(ask, signal);
    });
  }

  async #askInTurn<Result>(ask: (peer: PeerId) => Promise<Result>, signal: AbortSignal): Promise<Result> {
    let lastError: unknown;
    for (;;) {
      signal.throwIfAborted();
      const candidate = await this.#next(signal);
      if (candidate === undefined) throw this.#noneLeft(lastError);
      candidate.inFlight += 1;
      try {
        return await ask(candidate.peer);
      } catch (error) {
        signal.throwIfAborted();
        lastError = error;
        candidate.hasFailed = true;
        this.#directory.forget(candidate.peer);
      } finally {
        candidate.inFlight -= 1;
      }
    }
  }

  /** What to tell when everybody was asked: who does not answer, or what the last one said. */
  #noneLeft(lastError: unknown): unknown {
    const isAway = lastError === undefined || (lastError instanceof DfsError && lastError.kind === "unreachable");
    if (!isAway) return lastError;
    const names = this.#candidates.map(({ peer }) => this.#directory.nameOf(peer) ?? peer).join(", ");
    const who = names === "" ? "no peer is known to hold it" : `it is on ${names}, which cannot be reached`;
    return new DfsError("unreachable", `${who}; see why`, { cause: lastError });
  }

  /** Everybody gets another chance, and the search starts anew. */
  #forgive(): void {
    for (const candidate of this.#candidates) candidate.hasFailed = false;
    if (this.#candidates.length > 0) return;
    this.#search = undefined;
    this.#hasAskedCatalogue = false;
  }

  async #next(signal: AbortSignal): Promise<Candidate | undefined> {
    this.#search ??= this.#directory.find(this.#fileKey, this.#shelf, signal).then(({ holders }) => this.#add(holders));
    await this.#search;
    const best = this.#best();
    if (best !== undefined || this.#hasAskedCatalogue) return best;
    this.#hasAskedCatalogue = true;
    this.#search = this.#directory.chainOf(this.#shelf, signal).then((peers) => this.#add(peers));
    await this.#search;
    return this.#best();
  }

  #best(): Candidate | undefined {
    let best: Candidate | undefined;
    for (const candidate of this.#candidates) {
      if (candidate.hasFailed) continue;
      if (best === undefined || candidate.inFlight < best.inFlight) best = candidate;
    }
    return best;
  }

  #add(peers: readonly PeerId[]): void {
    for (const peer of peers) {
      const known = this.#candidates.find((candidate) => candidate.peer === peer);
      if (known === undefined) this.#candidates.push({ peer, inFlight: 0, hasFailed: false });
    }
  }
}
