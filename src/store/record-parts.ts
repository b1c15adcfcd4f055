/** Lists everything that a record names, from any place on, without walking what comes before. */
import { decodeRecordPage } from "../chunking/file-record.ts";
import type { RecordEntry } from "../chunking/file-record.ts";
import { digestOf } from "../core/ids.ts";
import type { FileKey } from "../core/ids.ts";
import { recordPageEntriesMax } from "../core/limits.ts";
import type { RecordPart } from "./chunk-store.ts";

type FetchPage = (digest: Uint8Array) => Promise<Uint8Array>;

/** `ChunkStore.recordChunks`; errors of `fetchPage` pass through, and a malformed page is `integrity`. */
export async function recordParts(
  fileKey: FileKey,
  fetchPage: FetchPage,
  after: number,
  limit: number,
): Promise<readonly RecordPart[]> {
  const found: RecordPart[] = [];
  const seen = new Set<string>();
  for await (const part of partsFrom(fileKey, fetchPage, after)) {
    if (found.length >= limit) break;
    const name = Buffer.from(part.digest).toString("latin1");
    if (!seen.has(name)) found.push(part);
    seen.add(name);
  }
  return found;
}

async function* partsFrom(fileKey: FileKey, fetchPage: FetchPage, after: number): AsyncGenerator<RecordPart, void> {
  const topDigest = digestOf(fileKey);
  const top = await fetchPage(topDigest);
  const { level, entries } = decodeRecordPage(top);
  const leaves = level === 0 ? [] : entries;
  yield* numbered([{ digest: topDigest, bytes: top.length }, ...leaves], 0, after);
  const chunksFrom = 1 + leaves.length;
  if (level === 0) yield* numbered(entries, chunksFrom, after);
  const firstLeaf = Math.max(0, Math.floor((after - chunksFrom) / recordPageEntriesMax));
  for (let leaf = firstLeaf; leaf < leaves.length; leaf += 1) {
    const { digest = topDigest } = leaves[leaf] ?? {};
    const page = decodeRecordPage(await fetchPage(digest));
    yield* numbered(page.entries, chunksFrom + leaf * recordPageEntriesMax, after);
  }
}

function* numbered(entries: readonly RecordEntry[], from: number, after: number): Generator<RecordPart, void> {
  for (let at = Math.max(0, after - from); at < entries.length; at += 1) {
    const entry = entries[at];
    if (entry !== undefined) yield { digest: entry.digest.slice(), bytes: entry.bytes, position: from + at };
  }
}
