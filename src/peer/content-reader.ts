/** Reading a range of a file in order, with chunks fetched ahead. */
import { setMaxListeners } from "node:events";
import type { ManifestChunk } from "../chunking/manifest.ts";
import { fetchAheadBytesMax, fetchAheadBytesMin } from "../core/limits.ts";
import { ContentSource, type ContentSourceOptions, type FileContent } from "./content-source.ts";

/**
 * The bytes of the range, chunk by chunk; a range beyond the end gives what there is. Only the chunks that the range
 * touches are fetched, some ahead of the reader: ever more of them, up to `fetchAheadBytesMax`. Fails with `unreachable`, `integrity`.
 */
export async function* readContent(
  content: FileContent,
  range: { readonly offsetBytes: number; readonly lengthBytes: number },
  options: ContentSourceOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  setMaxListeners(0, signal); // every chunk on its way listens; their bytes are bounded
  const source = new ContentSource(content, options, { fetchedChunks: 0, fetchedBytes: 0 });
  const ahead: { chunk: ManifestChunk; plaintext: Promise<Uint8Array> }[] = [];
  const next = async (): Promise<Uint8Array> => {
    const { chunk, plaintext } = ahead.shift() as (typeof ahead)[number];
    const start = Math.max(0, range.offsetBytes - chunk.offsetBytes);
    return (await plaintext).subarray(
      start,
      Math.min(chunk.plaintextBytes, range.offsetBytes + range.lengthBytes - chunk.offsetBytes),
    );
  };
  let aheadBytes = 0;
  let aheadBytesMax = fetchAheadBytesMin;
  for await (const chunk of source.chunks(range.offsetBytes, range.lengthBytes, signal)) {
    const plaintext = source.open(chunk, signal);
    plaintext.catch(() => undefined); // known when its turn comes, or never when the reader leaves before
    ahead.push({ chunk, plaintext });
    aheadBytes += chunk.plaintextBytes;
    while (ahead.length > 1 && aheadBytes > aheadBytesMax) {
      aheadBytes -= ahead[0]?.chunk.plaintextBytes ?? 0;
      yield await next();
      aheadBytesMax = Math.min(fetchAheadBytesMax, 2 * aheadBytesMax);
    }
  }
  while (ahead.length > 0) yield await next();
}
