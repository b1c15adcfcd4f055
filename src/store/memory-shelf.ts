/** One shelf in memory: its set, its savepoint and its log of changes. */
import { digestOf } from "../core/ids.ts";
import type { FileKey } from "../core/ids.ts";
import type { LoggedChange, ShelfBucket, ShelfPageQuery } from "./chunk-store.ts";
import { addSums, emptySum, recordSum } from "./set-digest.ts";
import type { Effect } from "./shelf-effects.ts";
import { historyAfter, newShelf } from "./shelf-state.ts";
import type { ShelfHistory, ShelfState, ShelfStep } from "./shelf-state.ts";

interface Member {
  readonly fileKey: FileKey;
  readonly digest: Uint8Array;
  readonly copies: number;
}

const bucketCount = 256;

/** A set with all that is said about it. */
export class MemoryShelf {
  readonly #members = Array.from({ length: bucketCount }, () => new Map<FileKey, Member>());
  state: ShelfState = newShelf();
  history: ShelfHistory = { epochs: [], logFrom: 0 };
  #log: LoggedChange[] = [];

  copiesOf(fileKey: FileKey): number {
    return this.#bucketOf(digestOf(fileKey)).get(fileKey)?.copies ?? 0;
  }

  #bucketOf(digest: Uint8Array): Map<FileKey, Member> {
    return this.#members[digest[0] ?? 0] ?? new Map<FileKey, Member>();
  }

  *keys(): Generator<FileKey, void> {
    for (const bucket of this.#members) yield* bucket.keys();
  }

  /** Carries a step out, with the effects that belong to it. */
  take(step: ShelfStep, effects: readonly Effect[]): void {
    this.history = historyAfter(this.history, this.state, step);
    this.state = step.state;
    for (const { fileKey, copies } of effects) this.#set(fileKey, copies);
    if (step.restartsAt !== undefined) this.#log = [];
    if (step.isLogged) {
      const first = step.state.sequence - effects.length + 1;
      for (const [at, { fileKey, copies }] of effects.entries())
        this.#log.push({ fileKey, copies, sequence: first + at });
    }
    const { logFrom } = this.history;
    if ((this.#log[0]?.sequence ?? Infinity) <= logFrom)
      this.#log = this.#log.filter(({ sequence }) => sequence > logFrom);
  }

  #set(fileKey: FileKey, copies: number): void {
    const digest = digestOf(fileKey);
    if (copies === 0) this.#bucketOf(digest).delete(fileKey);
    else this.#bucketOf(digest).set(fileKey, { fileKey, digest, copies });
  }

  logAfter(sequence: number, limit: number): LoggedChange[] {
    const from = this.#log.findIndex((change) => change.sequence > sequence);
    return from === -1 ? [] : this.#log.slice(from, from + limit);
  }

  buckets(position: number): ShelfBucket[] {
    return this.#members.map((members) => {
      const counted = [...members.values()].filter(({ copies }) => copies > position);
      const sums = counted.map(({ fileKey, copies }) => recordSum(fileKey, copies));
      return { count: counted.length, digest: sums.reduce(addSums, emptySum()) };
    });
  }

  page({ position, bucket, after, limit }: ShelfPageQuery): Member[] {
    const afterDigest = after === undefined ? undefined : digestOf(after);
    const found: Member[] = [];
    const first = Math.max(bucket ?? 0, afterDigest?.[0] ?? 0);
    for (let at = first; at <= (bucket ?? bucketCount - 1) && found.length < limit; at += 1) {
      const members = [...(this.#members[at]?.values() ?? [])].filter(
        ({ copies, digest }) =>
          copies > position && (afterDigest === undefined || Buffer.compare(digest, afterDigest) > 0),
      );
      found.push(...members.sort((a, b) => Buffer.compare(a.digest, b.digest)));
    }
    return found.slice(0, limit);
  }
}
