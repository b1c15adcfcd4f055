/**
 * Which holder to ask for the next chunk of a file: the least busy one that has not failed, found by the finger table
 * or, where that knows none, named by the catalogue. One that is silent is not waited for while there is another. One that
 * answered, but could not give a chunk, is asked after the others from then on: it may be the only one that has another chunk.
 * One that failed for another file a moment ago is asked after the others too, so that not each file waits for it.
 */
import { withDeadline } from "../core/deadline.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { FileKey, PeerId, ShelfId } from "../core/ids.ts";
import { chunkRetryMs, chunkTriesMax, holderPatienceMs } from "../core/limits.ts";
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
  /** Remembers for a while that `peer` was silent, too slow or wrong. */
  suspect(peer: PeerId): void;
  /** Whether that was so a moment ago. */
  isSuspect(peer: PeerId): boolean;
}

interface Candidate {
  readonly peer: PeerId;
  inFlight: number;
  /** Why nothing more is asked of it for now. */
  failure: DfsError | undefined;
  /** Chunks that it answered for and did not have, or not as they should be. */
  lacked: number;
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
  withHolder<Result>(
    ask: (peer: PeerId, signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    return withRetries({ attempts: chunkTriesMax, pauseMs: chunkRetryMs, signal }, (attempt) => {
      if (attempt > 1) this.#forgive();
      return this.#askInTurn(ask, signal);
    });
  }

  async #askInTurn<Result>(
    ask: (peer: PeerId, signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    let lastError: unknown;
    const tried = new Set<Candidate>();
    for (;;) {
      signal.throwIfAborted();
      const candidate = await this.#next(tried, signal);
      if (candidate === undefined) throw this.#noneLeft(lastError);
      candidate.inFlight += 1;
      tried.add(candidate);
      try {
        return await (this.#best(tried) !== undefined
          ? withDeadline(holderPatienceMs, signal, (bounded) => ask(candidate.peer, bounded))
          : ask(candidate.peer, signal));
      } catch (error) {
        signal.throwIfAborted();
        lastError = error;
        if (isOfChunk(error)) candidate.lacked += 1;
        else candidate.failure = toDfsError(error);
        this.#directory.forget(candidate.peer);
        if (!isHonest(error)) this.#directory.suspect(candidate.peer);
      } finally {
        candidate.inFlight -= 1;
      }
    }
  }

  /**
   * What to tell when everybody was asked: who does not answer, else why one could not be asked (perhaps for another chunk
   * that was read at the same time), else what the last one said.
   */
  #noneLeft(lastError: unknown): unknown {
    const failed = this.#candidates.filter(({ failure }) => failure !== undefined);
    const away = failed.filter(({ failure }) => failure?.kind === "unreachable" || failure?.kind === "timeout");
    const failures = failed.map(({ failure }) => failure);
    const error = failures.find((failure) => failure?.retryHelps) ?? failures[0] ?? lastError;
    if (away.length === 0 && error !== undefined) return error;
    const names = away.map(({ peer }) => this.#directory.nameOf(peer) ?? peer).join(", ");
    const who = names === "" ? "no peer is known to hold it" : `it is on ${names}, which cannot be reached`;
    return new DfsError("unreachable", `${who}; see why`, { cause: lastError });
  }

  /** Everybody gets another chance, and the search starts anew. */
  #forgive(): void {
    for (const candidate of this.#candidates) candidate.failure = undefined;
    if (this.#candidates.length > 0) return;
    this.#search = undefined;
    this.#hasAskedCatalogue = false;
  }

  async #next(tried: ReadonlySet<Candidate>, signal: AbortSignal): Promise<Candidate | undefined> {
    this.#search ??= this.#directory.find(this.#fileKey, this.#shelf, signal).then(({ holders }) => this.#add(holders));
    await this.#search;
    // One holder may be silent for long before it fails: the chain says who else has the file.
    if (this.#candidates.length < 2) await this.#askCatalogue(signal);
    const best = this.#best(tried);
    if (best !== undefined) return best;
    await this.#askCatalogue(signal);
    return this.#best(tried);
  }

  async #askCatalogue(signal: AbortSignal): Promise<void> {
    if (this.#hasAskedCatalogue) return;
    this.#hasAskedCatalogue = true;
    this.#search = this.#directory.chainOf(this.#shelf, signal).then((peers) => this.#add(peers));
    await this.#search;
  }

  #best(tried: ReadonlySet<Candidate>): Candidate | undefined {
    let best: Candidate | undefined;
    for (const candidate of this.#candidates) {
      if (candidate.failure !== undefined || tried.has(candidate)) continue;
      if (best === undefined || this.#isBefore(candidate, best)) best = candidate;
    }
    return best;
  }

  #isBefore(left: Candidate, right: Candidate): boolean {
    const [leftSuspect, rightSuspect] = [left, right].map(({ peer }) => this.#directory.isSuspect(peer));
    if (leftSuspect !== rightSuspect) return rightSuspect === true;
    return left.lacked === right.lacked ? left.inFlight < right.inFlight : left.lacked < right.lacked;
  }

  #add(peers: readonly PeerId[]): void {
    for (const peer of peers) {
      const known = this.#candidates.find((candidate) => candidate.peer === peer);
      if (known === undefined) this.#candidates.push({ peer, inFlight: 0, failure: undefined, lacked: 0 });
    }
  }
}

/** Whether a failure says something of one chunk only, and nothing of the other chunks there. */
function isOfChunk(error: unknown): boolean {
  return error instanceof DfsError && (error.kind === "integrity" || error.kind === "not-found");
}

/** Whether a peer that does its work may fail so: it has not got the chunk any more, or too much to do. */
function isHonest(error: unknown): boolean {
  return error instanceof DfsError && (error.kind === "not-found" || error.kind === "busy");
}
