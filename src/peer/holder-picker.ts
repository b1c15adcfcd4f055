/**
 * Which holder to ask for the next chunk of a file, among those that the finger table found or, where that knows none, the
 * catalogue named: of two taken at random the one that would answer sooner, by how fast it was and what it is asked for
 * already, so that each gives as much as it can. One that takes far longer than another would is not waited for alone. One
 * that answered, but could not give a chunk, is asked after the others from then on: it may be the only one that has another
 * chunk. One that failed for another file a moment ago is asked after the others too, so that not each file waits for
 * it. One that is busy is left until the time that it said.
 */
import { setTimeout as delay } from "node:timers/promises";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { FileKey, PeerId, ShelfId } from "../core/ids.ts";
import {
  busyPatienceMs,
  busyRetryMsMax,
  busyRetryMsMin,
  chunkBytesMax,
  chunkRequestMs,
  chunkRetryMs,
  chunkTriesMax,
  deadlineShareMax,
  hedgesPerFileMax,
  holderPatienceMs,
} from "../core/limits.ts";
import { HolderAsk } from "./holder-ask.ts";
import type { BusyGate } from "./load/busy-gate.ts";
import type { PeerSpeeds } from "./load/peer-speeds.ts";
import { withRetries } from "./retry.ts";

/** Where a file's holders were learned from, and why not from the finger table when the catalogue had to answer. */
export interface FoundHolders {
  readonly holders: readonly PeerId[];
  readonly foundBy: "cache" | "finger-table" | "catalogue";
  readonly fallbackReason?: string | undefined;
}

export interface HolderDirectory {
  /** How fast holders are, and which of them are busy: one each for all files. */
  readonly speeds: PeerSpeeds<PeerId>;
  readonly busy: BusyGate<PeerId>;
  /** Holders of a file other than this peer; asks the finger table first, then the catalogue. Never fails: an empty list means that nobody knows. */
  find(fileKey: FileKey, shelf: ShelfId, signal: AbortSignal): Promise<FoundHolders>;
  /** Looks up holders of files that will be asked for soon, many in a question; `find` then knows those that were found. Fails as the signal says, and where the finger table does. */
  foresee(fileKeys: readonly FileKey[], signal: AbortSignal): Promise<void>;
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

/** A chunk, or whatever else a holder is asked for. */
export interface Wanted {
  /** About how large it is. */
  readonly bytes: number;
  /** When nobody wants it any more, by `performance.now()`; without it, it is always wanted. */
  readonly endMs?: number;
  /** Asks a holder, which has so many milliseconds. */
  readonly fetch: (peer: PeerId, signal: AbortSignal, waitMs: number) => Promise<Uint8Array>;
}

interface Candidate {
  readonly peer: PeerId;
  /** Why nothing more is asked of it for now. */
  failure: DfsError | undefined;
  /** Chunks that it answered for and did not have, or not as they should be. */
  lacked: number;
}

export class HolderPicker {
  readonly #directory: HolderDirectory;
  readonly #fileKey: FileKey;
  readonly #shelf: ShelfId;
  readonly #random: () => number;
  readonly #candidates: Candidate[] = [];
  #search: Promise<void> | undefined;
  #hasAskedCatalogue = false;
  /** Second requests under way. */
  #hedges = 0;

  /** `random`: from 0 up to, not including, 1. */
  constructor(directory: HolderDirectory, fileKey: FileKey, shelf: ShelfId, random: () => number = Math.random) {
    this.#directory = directory;
    this.#fileKey = fileKey;
    this.#shelf = shelf;
    this.#random = random;
  }

  /**
   * Asks one holder after the other until `use` takes what one of them gave, and resolves with its result; when all have
   * failed for reasons that pass, all are asked again a few times. Fails with the last holder's error, or `unreachable`
   * when nobody is known to hold the file.
   */
  withHolder<Result>(
    wanted: Wanted,
    use: (sealed: Uint8Array, peer: PeerId) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    // Who is busy until a certain time was waited for already.
    const mayPass = ({ kind, retryAfterMs }: DfsError): boolean => kind !== "busy" || retryAfterMs === undefined;
    return withRetries({ attempts: chunkTriesMax, pauseMs: chunkRetryMs, mayPass, signal }, (attempt) => {
      if (attempt > 1) this.#forgive();
      return this.#askInTurn(wanted, use, signal);
    });
  }

  /** What a holder gave turned out to be wrong, or to lack something, after `withHolder` had taken it. */
  note(peer: PeerId, error: DfsError): void {
    const candidate = this.#candidates.find((known) => known.peer === peer);
    if (candidate !== undefined) this.#noteFailure(candidate, error);
  }

  async #askInTurn<Result>(
    wanted: Wanted,
    use: (sealed: Uint8Array, peer: PeerId) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    const endMs = Math.min(performance.now() + busyPatienceMs, wanted.endMs ?? Number.POSITIVE_INFINITY);
    const tried = new Set<Candidate>();
    let lastError: unknown;
    for (;;) {
      signal.throwIfAborted();
      const first = await this.#next(wanted, tried, signal);
      if (first === undefined) {
        const freed = await this.#untilFree(wanted, endMs, signal);
        if (freed.length === 0) throw this.#noneLeft(lastError);
        for (const candidate of freed) tried.delete(candidate);
        continue;
      }
      this.#requireTime(wanted, first);
      try {
        const { holder, sealed } = await this.#ask(wanted, first, tried, signal);
        try {
          return await use(sealed, holder.peer);
        } catch (error) {
          signal.throwIfAborted();
          this.#noteFailure(holder, error);
          throw error;
        }
      } catch (error) {
        signal.throwIfAborted();
        lastError = error;
      }
    }
  }

  /** Fails with `busy` where so much is asked of a holder already that this would come too late, or only just. */
  #requireTime({ bytes, endMs }: Wanted, { peer }: Candidate): void {
    if (endMs === undefined) return;
    const expectedMs = this.#directory.speeds.expectedMs(peer, bytes);
    const leftMs = endMs - performance.now();
    if (expectedMs <= deadlineShareMax * leftMs) return;
    const retryAfterMs = Math.ceil(Math.min(busyRetryMsMax, Math.max(busyRetryMsMin, expectedMs / 2)));
    throw new DfsError("busy", `too much is asked for already: try again in ${retryAfterMs} ms`, { retryAfterMs });
  }

  /** One that is silent is not waited for for long while there is another. */
  #ask(wanted: Wanted, first: Candidate, tried: Set<Candidate>, signal: AbortSignal) {
    const { speeds } = this.#directory;
    const ask = new HolderAsk<Candidate>({
      begin: (candidate) => {
        tried.add(candidate);
        return speeds.ask(candidate.peer, wanted.bytes);
      },
      fetch: ({ peer }, bounded) => {
        const shareMs = holderPatienceMs * Math.max(1, wanted.bytes / chunkBytesMax);
        const patienceMs = this.#best(wanted, tried) === undefined ? chunkRequestMs : shareMs;
        const leftMs = (wanted.endMs ?? Number.POSITIVE_INFINITY) - performance.now();
        return wanted.fetch(peer, bounded, Math.min(patienceMs, leftMs));
      },
      next: () => {
        const holder = this.#best(wanted, tried);
        return holder && { holder, expectedMs: speeds.expectedMs(holder.peer, wanted.bytes) };
      },
      takeHedge: () => {
        if (this.#hedges >= hedgesPerFileMax || !speeds.takeHedge()) return false;
        this.#hedges += 1;
        return true;
      },
      returnHedge: () => (this.#hedges -= 1),
      onFailure: (candidate, error) => this.#noteFailure(candidate, error),
      // The answer that came first may be wrong.
      onGivenUp: (candidate) => tried.delete(candidate),
      signal,
    });
    return ask.run(first);
  }

  #noteFailure(candidate: Candidate, error: unknown): void {
    const { peer } = candidate;
    this.#directory.busy.note(peer, error);
    if (this.#directory.busy.waitMs(peer) > 0 && toDfsError(error).kind === "busy") return;
    if (isOfChunk(error)) candidate.lacked += 1;
    else candidate.failure = toDfsError(error);
    this.#directory.forget(peer);
    if (!isHonest(error)) this.#directory.suspect(peer);
  }

  /** The holders that were busy, once the first of them can be asked again; none where that takes too long, or none was. */
  async #untilFree({ bytes }: Wanted, endMs: number, signal: AbortSignal): Promise<Candidate[]> {
    const { busy, speeds } = this.#directory;
    const waiting = this.#candidates
      .filter(({ failure }) => failure === undefined)
      .map((candidate) => ({ candidate, waitMs: busy.waitMs(candidate.peer) }))
      .filter(({ waitMs }) => waitMs > 0);
    const waitMs = Math.min(...waiting.map((one) => one.waitMs));
    const answerMs = Math.min(...waiting.map(({ candidate }) => speeds.expectedMs(candidate.peer, bytes)));
    if (performance.now() + waitMs + answerMs > endMs) return [];
    await delay(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    return waiting.filter((one) => one.waitMs === waitMs).map(({ candidate }) => candidate);
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

  async #next(wanted: Wanted, tried: ReadonlySet<Candidate>, signal: AbortSignal): Promise<Candidate | undefined> {
    this.#search ??= this.#directory.find(this.#fileKey, this.#shelf, signal).then(({ holders }) => this.#add(holders));
    await this.#search;
    // One holder may be silent for long before it fails: the chain says who else has the file.
    if (this.#candidates.length < 2) await this.#askCatalogue(signal);
    const best = this.#best(wanted, tried);
    if (best !== undefined) return best;
    await this.#askCatalogue(signal);
    return this.#best(wanted, tried);
  }

  async #askCatalogue(signal: AbortSignal): Promise<void> {
    if (this.#hasAskedCatalogue) return;
    this.#hasAskedCatalogue = true;
    this.#search = this.#directory.chainOf(this.#shelf, signal).then((peers) => this.#add(peers));
    await this.#search;
  }

  #best({ bytes }: Wanted, tried: ReadonlySet<Candidate>): Candidate | undefined {
    const { busy, speeds } = this.#directory;
    const open = this.#candidates.filter(
      (candidate) => candidate.failure === undefined && !tried.has(candidate) && busy.waitMs(candidate.peer) === 0,
    );
    const [one, other] = this.#twoOf(this.#foremost(open));
    if (one === undefined || other === undefined) return one;
    return speeds.expectedMs(other.peer, bytes) < speeds.expectedMs(one.peer, bytes) ? other : one;
  }

  /** Those that are asked before the others. */
  #foremost(candidates: readonly Candidate[]): readonly Candidate[] {
    const trusted = candidates.filter(({ peer }) => !this.#directory.isSuspect(peer));
    const rest = trusted.length > 0 ? trusted : candidates;
    const lackedMin = Math.min(...rest.map(({ lacked }) => lacked));
    return rest.filter(({ lacked }) => lacked === lackedMin);
  }

  /** Two at random, in their order. */
  #twoOf(candidates: readonly Candidate[]): readonly Candidate[] {
    if (candidates.length <= 2) return candidates;
    const first = Math.floor(this.#random() * candidates.length);
    const second = Math.floor(this.#random() * (candidates.length - 1));
    const places = [first, second >= first ? second + 1 : second].toSorted((left, right) => left - right);
    return places.map((place) => candidates[place] as Candidate);
  }

  #add(peers: readonly PeerId[]): void {
    for (const peer of peers) {
      const known = this.#candidates.find((candidate) => candidate.peer === peer);
      if (known === undefined) this.#candidates.push({ peer, failure: undefined, lacked: 0 });
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
