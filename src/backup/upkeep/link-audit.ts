/** A closer look at one link: which chunks of a shelf it does not have, by its own word. */
import { toDfsError } from "../../core/errors.ts";
import type { FileKey, PeerId, ShelfId } from "../../core/ids.ts";
import { haveIdsMax, recordsPerCallMax } from "../../core/limits.ts";
import type { ChallengedLinks, ChallengeStore, ChunkPlace } from "./ports.ts";

export interface LinkAuditOptions {
  readonly store: ChallengeStore;
  readonly links: Pick<ChallengedLinks, "has">;
  readonly peer: PeerId;
  readonly shelf: ShelfId;
  /** Records with no more copies than this are left out: the link's `keepsFrom` less 1. */
  readonly position: number;
  /** Hears which chunks (pages included) of a record the link lacks, some of them at a time, and sends them. */
  readonly onMissing: (fileKey: FileKey, digests: readonly Uint8Array[], signal: AbortSignal) => Promise<void>;
}

export interface LinkAuditReport {
  readonly records: number;
  /** Chunks that were asked about; one that several records share counts for each. */
  readonly chunks: number;
  readonly missing: number;
}

/**
 * Asks `peer` about every chunk of the shelf that it has to have and that this peer's records name.
 * Fails with what the peer's answers fail with (`unreachable`, `timeout` …), after as much as was reported by then.
 */
export async function auditLink(options: LinkAuditOptions, signal: AbortSignal): Promise<LinkAuditReport> {
  const { position, shelf, store } = options;
  const report = { records: 0, chunks: 0, missing: 0 };
  let after: FileKey | undefined;
  do {
    const page = await store.shelfPage(shelf, {
      position,
      limit: recordsPerCallMax,
      ...(after === undefined ? {} : { after }),
    });
    for (const { fileKey } of page) {
      const { chunks, missing } = await auditRecord(fileKey, options, signal);
      report.records += 1;
      report.chunks += chunks;
      report.missing += missing;
    }
    after = page.length < recordsPerCallMax ? undefined : page.at(-1)?.fileKey;
  } while (after !== undefined);
  return report;
}

async function auditRecord(
  fileKey: FileKey,
  { links, onMissing, peer, store }: LinkAuditOptions,
  signal: AbortSignal,
): Promise<{ readonly chunks: number; readonly missing: number }> {
  const report = { chunks: 0, missing: 0 };
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page: readonly ChunkPlace[] = await chunksOf(store, fileKey, after);
    const digests = page.map(({ digest }) => digest);
    const areThere = digests.length === 0 ? [] : await links.has(peer, digests, signal);
    const absent = digests.filter((_, index) => areThere[index] !== true);
    if (absent.length > 0) await onMissing(fileKey, absent, signal);
    report.chunks += page.length;
    report.missing += absent.length;
    const last = page.at(-1);
    after = last === undefined || page.length < haveIdsMax ? undefined : last.position + 1;
  }
  return report;
}

/** Nothing for a record that was dropped meanwhile. */
async function chunksOf(store: ChallengeStore, fileKey: FileKey, after: number): Promise<readonly ChunkPlace[]> {
  return store.recordChunks(fileKey, after, haveIdsMax).catch((error: unknown) => {
    if (toDfsError(error).kind === "not-found") return [];
    throw error;
  });
}
