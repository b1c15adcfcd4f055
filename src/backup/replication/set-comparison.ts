/** Finds what a link has more or less of than it should, however large the sets are: by bucket, then key by key. */
import { fillStepRecords } from "../../core/limits.ts";
import type { FileKey } from "../../core/ids.ts";
import type { ShelfChange } from "../../core/shelf.ts";
import { compareKeys, isSameDigest } from "./digests.ts";
import type { SessionContext } from "./feed-context.ts";
import type { ShelfBucket } from "./ports.ts";
import type { ReadGuard } from "./read-guards.ts";

/** Some changes that a link lacks; the guard was opened before they were read. */
export interface FillStep {
  readonly changes: readonly ShelfChange[];
  readonly guard: ReadGuard;
}

/** A bucket in which owner and link differ. */
export interface DifferingBucket {
  readonly bucket: number;
  readonly own: ShelfBucket;
  readonly theirs: ShelfBucket;
}

/** The buckets in which the link differs from what the owner has for its position. */
export async function differingBuckets(context: SessionContext): Promise<readonly DifferingBucket[]> {
  const { calls, host, port, position, shelf, store } = context;
  const own = await store.buckets(shelf, position);
  const theirs = await calls.run((signal) => port.buckets(shelf, host.epoch(), signal));
  return own.flatMap((bucket, index) => {
    const other = theirs[index];
    const isSame = other !== undefined && other.count === bucket.count && isSameDigest(other.digest, bucket.digest);
    return isSame ? [] : [{ bucket: index, own: bucket, theirs: other ?? { count: 0, digest: new Uint8Array() } }];
  });
}

/** What one bucket of the link lacks, or has too much, in steps. Whoever gets a step closes its guard. */
export async function* differences(
  context: SessionContext,
  differing: DifferingBucket,
): AsyncGenerator<FillStep, void> {
  let after: FileKey | undefined;
  do {
    const step = await nextStep(context, differing, after);
    after = step.end;
    yield step;
  } while (after !== undefined);
}

async function nextStep(
  context: SessionContext,
  { bucket, theirs }: DifferingBucket,
  after: FileKey | undefined,
): Promise<FillStep & { readonly end: FileKey | undefined }> {
  const guard = context.guards.open();
  try {
    const own = await ownKeys(context, bucket, after);
    const other = theirs.count === 0 ? [] : await theirKeys(context, bucket, after);
    const end = firstEnd(own, other);
    return { changes: changesBetween(upTo(own, end), upTo(other, end)), guard, end };
  } catch (error) {
    guard.close();
    throw error;
  }
}

function ownKeys(
  { position, shelf, store }: SessionContext,
  bucket: number,
  after: FileKey | undefined,
): Promise<readonly ShelfChange[]> {
  return store.shelfPage(shelf, {
    position,
    bucket,
    limit: fillStepRecords,
    ...(after === undefined ? {} : { after }),
  });
}

function theirKeys(
  { calls, host, port, shelf }: SessionContext,
  bucket: number,
  after: FileKey | undefined,
): Promise<readonly ShelfChange[]> {
  return calls.run((signal) => port.keys(shelf, host.epoch(), bucket, after, fillStepRecords, signal));
}

/** Up to where both pages say everything; undefined when both reach the bucket's end. */
function firstEnd(own: readonly ShelfChange[], theirs: readonly ShelfChange[]): FileKey | undefined {
  const ends = [own, theirs].flatMap((page) => (page.length < fillStepRecords ? [] : page.slice(-1)));
  return ends.map(({ fileKey }) => fileKey).sort(compareKeys)[0];
}

function upTo(page: readonly ShelfChange[], end: FileKey | undefined): readonly ShelfChange[] {
  return end === undefined ? page : page.filter(({ fileKey }) => compareKeys(fileKey, end) <= 0);
}

/** What makes `theirs` equal to `own`. */
function changesBetween(own: readonly ShelfChange[], theirs: readonly ShelfChange[]): ShelfChange[] {
  const surplus = new Map(theirs.map(({ fileKey, copies }) => [fileKey, copies]));
  const changes: ShelfChange[] = [];
  for (const { fileKey, copies } of own) {
    if (surplus.get(fileKey) !== copies) changes.push({ fileKey, copies });
    surplus.delete(fileKey);
  }
  for (const fileKey of surplus.keys()) changes.push({ fileKey, copies: 0 });
  return changes;
}
