/**
 * Challenges: the links of a shelf make each other prove, now and then, that they hold what they claim.
 *
 * Only what a full link must have is asked for: a chunk of a record that a revision names and that both links keep. A
 * peer that cannot be reached has not failed. One that fails is reported; what follows, a closer look by
 * `auditLink`, sending what it lacks, or taking its claim back, is up to the owner.
 */
import { bytesEqual } from "../../chunking/digest.ts";
import { verifyStored } from "../../chunking/seal.ts";
import { toDfsError } from "../../core/errors.ts";
import type { ErrorKind } from "../../core/errors.ts";
import { digestBytes, fileKeyOf } from "../../core/ids.ts";
import type { FileKey, PeerId, ShelfId } from "../../core/ids.ts";
import {
  challengeChunksLooked,
  challengeMs,
  challengeRangeBytesMax,
  challengeRangeBytesMin,
  challengeRecordsLooked,
  chunkBytesAverage,
} from "../../core/limits.ts";
import { isFullLink } from "../../core/shelf.ts";
import { challengeNonceBytes, challengeProof } from "./challenge.ts";
import type {
  ChallengeCatalogue,
  ChallengedLinks,
  ChallengeQuestion,
  ChallengeStore,
  KnownChain,
  UpkeepOptions,
} from "./ports.ts";
import { Rounds } from "./rounds.ts";

/** A link that did not prove what it claims. */
export interface ChallengeFailure {
  readonly peer: PeerId;
  readonly shelf: ShelfId;
  /** The chain's epoch when it was asked. */
  readonly epoch: number;
  readonly fileKey: FileKey;
  readonly digest: Uint8Array;
  /** It says that the chunk is not there or damaged, or its proof is not the chunk's. */
  readonly reason: "missing" | "wrong";
}

/** `unanswered`: the peer was away, busy, or knew another chain. `nothing`: there was nobody or nothing to ask. */
export type ChallengeOutcome = "passed" | "failed" | "unanswered" | "nothing";

export interface ChallengerOptions extends UpkeepOptions {
  readonly self: PeerId;
  readonly store: ChallengeStore;
  readonly catalogue: ChallengeCatalogue;
  readonly links: Pick<ChallengedLinks, "ask">;
  readonly onFailure: (failure: ChallengeFailure) => void;
  /** A chunk that this peer ought to have itself is damaged or missing: to be mended. */
  readonly onOwnDamage: (digest: Uint8Array) => void;
  /** So many cryptographically strong random bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** How often each shelf is challenged; default in limits.ts. */
  readonly challengeMs?: number;
}

/** What a challenge is about. */
interface ChallengedChunk {
  readonly fileKey: FileKey;
  readonly digest: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Kinds by which a peer says that it does not have the chunk, or answers like no honest peer. */
const failedKinds: Readonly<Partial<Record<ErrorKind, ChallengeFailure["reason"]>>> = {
  "not-found": "missing",
  integrity: "missing",
  io: "missing",
  usage: "wrong",
  protocol: "wrong",
};

/** Challenges the other links of this peer's shelves. */
export class Challenger {
  readonly #options: ChallengerOptions;
  readonly #rounds: Rounds;

  constructor(options: ChallengerOptions) {
    this.#options = options;
    const intervalMs = options.challengeMs ?? challengeMs;
    this.#rounds = new Rounds({
      ...options,
      what: "challenging other peers",
      firstMs: intervalMs,
      retryMs: intervalMs,
      round: async (signal) => {
        for (const chain of await options.catalogue.chains(signal)) await this.challenge(chain, signal);
        return intervalMs;
      },
    });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Challenges one other full link of a chain of which this peer is a link, on one chunk. */
  async challenge(chain: KnownChain, signal: AbortSignal): Promise<ChallengeOutcome> {
    const { links, onFailure } = this.#options;
    const own = chain.links.find(({ peer }) => peer === this.#options.self);
    const other = this.#pick(chain.links.filter((link) => link !== own && isFullLink(link)));
    if (own === undefined || other === undefined) return "nothing";
    const chunk = await this.#chunkOf(chain.shelf, Math.max(own.keepsFrom, other.keepsFrom), signal);
    if (chunk === undefined) return "nothing";
    const { peer } = other;
    const question = this.#question(chunk);
    const proof = challengeProof(chunk.bytes, question);
    const reason = await links.ask(peer, chain.shelf, question, signal).then(
      (answer) => (bytesEqual(answer, proof) ? "passed" : "wrong"),
      (error: unknown) => failedKinds[toDfsError(error).kind] ?? "unanswered",
    );
    if (reason === "passed" || reason === "unanswered") return reason;
    // It may have been dropped in between, and rightly.
    const [isNamed] = await this.#options.catalogue.references(chain.shelf, [chunk.fileKey], signal);
    if (isNamed !== true) return "nothing";
    const { shelf, epoch } = chain;
    onFailure({ peer, shelf, epoch, fileKey: chunk.fileKey, digest: chunk.digest, reason });
    return "failed";
  }

  /** A random chunk of a random record that asks for so many copies at least. */
  async #chunkOf(shelf: ShelfId, copiesMin: number, signal: AbortSignal): Promise<ChallengedChunk | undefined> {
    const { catalogue, store } = this.#options;
    const page = { position: copiesMin - 1, limit: challengeRecordsLooked };
    const after = fileKeyOf(this.#options.randomBytes(digestBytes));
    let records = await store.shelfPage(shelf, { ...page, after });
    if (records.length === 0) records = await store.shelfPage(shelf, page);
    if (records.length === 0) return undefined;
    // A record that no revision names may still be on its way to that link.
    const fileKeys = records.map(({ fileKey }) => fileKey);
    const areNamed = await catalogue.references(shelf, fileKeys, signal);
    const record = this.#pick(records.filter((_, index) => areNamed[index] === true));
    return record === undefined ? undefined : this.#chunkIn(record, signal);
  }

  /** Begins somewhere in the record; where that is beyond its end, at half the way, and so on. */
  async #chunkIn(
    { bytes, fileKey }: { readonly fileKey: FileKey; readonly bytes: number },
    signal: AbortSignal,
  ): Promise<ChallengedChunk | undefined> {
    let after = this.#below(Math.ceil(bytes / chunkBytesAverage) + 1);
    try {
      let chunks = await this.#options.store.recordChunks(fileKey, after, challengeChunksLooked);
      while (chunks.length === 0 && after > 0) {
        after = Math.floor(after / 2);
        chunks = await this.#options.store.recordChunks(fileKey, after, challengeChunksLooked);
      }
      const digest = this.#pick(chunks)?.digest;
      return digest === undefined ? undefined : await this.#ownChunk(fileKey, digest, signal);
    } catch (error) {
      if (toDfsError(error).kind === "not-found") return undefined; // dropped meanwhile
      throw error;
    }
  }

  async #ownChunk(fileKey: FileKey, digest: Uint8Array, signal: AbortSignal): Promise<ChallengedChunk | undefined> {
    try {
      const bytes = await this.#options.store.get(digest, { signal });
      verifyStored(bytes, digest);
      return { fileKey, digest, bytes };
    } catch (error) {
      const { kind } = toDfsError(error);
      if (kind !== "not-found" && kind !== "integrity") throw error;
      this.#options.onOwnDamage(digest);
      return undefined;
    }
  }

  #question({ bytes, digest }: ChallengedChunk): ChallengeQuestion {
    const longest = Math.min(bytes.length, challengeRangeBytesMax);
    const shortest = Math.min(bytes.length, challengeRangeBytesMin);
    const length = shortest + this.#below(longest - shortest + 1);
    const offset = this.#below(bytes.length - length + 1);
    return { nonce: this.#options.randomBytes(challengeNonceBytes), digest, offset, length };
  }

  #pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.#below(items.length)];
  }

  /** A random whole number from 0 to below `bound`, or 0; even enough for a choice. */
  #below(bound: number): number {
    const bytes = this.#options.randomBytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % Math.max(bound, 1);
  }
}
