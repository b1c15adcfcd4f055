/** Walks a file record in steps that one transaction can carry out. */
import { setImmediate } from "node:timers/promises";
import { walkRecord } from "../chunking/file-record.ts";
import type { RecordEntry } from "../chunking/file-record.ts";
import { DfsError } from "../core/errors.ts";
import type { FileKey } from "../core/ids.ts";
import { storeRowsPerTransactionMax } from "../core/limits.ts";

/** Some chunks of a record in order. The last step also has the digests of its pages, those used twice twice. */
export interface RecordStep {
  readonly entries: readonly RecordEntry[];
  readonly pages: readonly Uint8Array[];
  readonly isLast: boolean;
}

/** Lets everybody else have a turn: long work calls it between its transactions. */
export async function nextTurn(): Promise<void> {
  await setImmediate();
}

/**
 * The steps of a record after its first `skip` chunks; there is always a last one. The main loop gets its turn between them.
 * Errors of `fetchPage` pass through; fails with `integrity` or `version` on a bad page.
 */
export async function* recordSteps(
  key: FileKey,
  fetchPage: (digest: Uint8Array) => Promise<Uint8Array>,
  skip = 0,
): AsyncGenerator<RecordStep, void> {
  const pages: Uint8Array[] = [];
  const walk = walkRecord(key, async (digest) => {
    const page = await fetchPage(digest);
    pages.push(digest);
    return page;
  });
  let entries: RecordEntry[] = [];
  let seen = 0;
  for await (const entry of walk) {
    seen += 1;
    if (seen <= skip) continue;
    entries.push(entry);
    if (entries.length < storeRowsPerTransactionMax) continue;
    yield { entries, pages: [], isLast: false };
    entries = [];
    await nextTurn();
  }
  yield { entries, pages, isLast: true };
}

/** Whether a walk ended because a page is not here, damaged or malformed, rather than because the disk failed. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof DfsError && ["not-found", "integrity", "version"].includes(error.kind);
}

/** Everything that a step names. */
export function digestsOf({ entries, pages }: RecordStep): Uint8Array[] {
  return [...entries.map(({ digest }) => digest), ...pages];
}

/** Bytes of the chunks of a step. */
export function sumBytes({ entries }: RecordStep): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}
