/** Reading a range of a file in order, with chunks fetched ahead. */
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import type { ManifestChunk } from "../chunking/manifest.ts";
import { readAheadChunks } from "../core/limits.ts";
import { ContentSource, type ContentSourceOptions, type FileContent } from "./content-source.ts";

/**
 * The bytes of the range, chunk by chunk; a range beyond the end gives what there is. Only the chunks that the range
 * touches are fetched, a few ahead of the reader. Fails with `unreachable`, `integrity`.
 */
export async function* readContent(
  content: FileContent,
  range: { readonly offsetBytes: number; readonly lengthBytes: number },
  options: ContentSourceOptions & { readonly pool: ChunkingPool },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const source = new ContentSource(content, options, { fetchedChunks: 0, fetchedBytes: 0 });
  const open = (chunk: ManifestChunk): Promise<Uint8Array> =>
    source.fetch(
      chunk.digest,
      (sealed) => options.pool.open(sealed, chunk.key, chunk.digest, { signal }),
      signal,
      chunk.plaintextBytes,
    );
  const ahead: { chunk: ManifestChunk; plaintext: Promise<Uint8Array> }[] = [];
  const next = async (): Promise<Uint8Array> => {
    const { chunk, plaintext } = ahead.shift() as (typeof ahead)[number];
    const start = Math.max(0, range.offsetBytes - chunk.offsetBytes);
    return (await plaintext).subarray(
      start,
      Math.min(chunk.plaintextBytes, range.offsetBytes + range.lengthBytes - chunk.offsetBytes),
    );
  };
  for await (const chunk of source.chunks(range.offsetBytes, range.lengthBytes, signal)) {
    const plaintext = open(chunk);
    plaintext.catch(() => undefined); // known when its turn comes, or never when the reader leaves before
    ahead.push({ chunk, plaintext });
    if (ahead.length > readAheadChunks) yield await next();
  }
  while (ahead.length > 0) yield await next();
}
