/** How much of a file a shelf does not have yet: the file is cut and sealed as for an upload, and only asked for. */
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import { FileBuilder } from "../chunking/file-builder.ts";
import { countedDigestsMax, pinBatchChunks } from "../core/limits.ts";
import { hexOf } from "./random-ids.ts";
import type { UploadSession } from "./upload-session.ts";

export interface NewBytesOptions {
  readonly session: Pick<UploadSession, "present">;
  readonly pool: ChunkingPool;
  readonly localPath: string;
  readonly dedupSecret: Uint8Array;
  /** Nobody cares how much more it is. */
  readonly mostBytes: number;
  readonly signal: AbortSignal;
}

/** Sealed bytes, pages included, that the shelf would have to store; as soon as it is more than `mostBytes`, what was counted so far. Fails as reading the file and asking the shelf do. */
export async function countNewBytes(options: NewBytesOptions): Promise<number> {
  const { session, pool, localPath, dedupSecret, mostBytes, signal } = options;
  const builder = new FileBuilder(dedupSecret);
  const count = new NewBytes(session);
  const { chunks, stat } = pool.sealFile(localPath, dedupSecret, { signal });
  stat.catch(() => undefined); // its failure is the chunks' failure as well
  for await (const batch of chunks.batches()) {
    for (const chunk of batch) {
      await count.add(chunk.digest, chunk.sealed.length);
      for (const page of builder.add(chunk)) await count.add(page.digest, page.bytes.length);
    }
    pool.reclaim(batch);
    if (count.bytes > mostBytes) return count.bytes;
  }
  for (const page of builder.finish().pages) await count.add(page.digest, page.bytes.length);
  await count.flush();
  return count.bytes;
}

class NewBytes {
  readonly #session: Pick<UploadSession, "present">;
  /** What was counted before; beyond its bound a chunk that repeats is counted again. */
  readonly #counted = new Set<string>();
  #batch: { readonly digest: Uint8Array; readonly bytes: number }[] = [];
  bytes = 0;

  constructor(session: Pick<UploadSession, "present">) {
    this.#session = session;
  }

  async add(digest: Uint8Array, bytes: number): Promise<void> {
    const key = hexOf(digest);
    if (this.#counted.has(key)) return;
    if (this.#counted.size < countedDigestsMax) this.#counted.add(key);
    this.#batch.push({ digest, bytes });
    if (this.#batch.length >= pinBatchChunks) await this.flush();
  }

  async flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length === 0) return;
    const present = await this.#session.present(batch.map(({ digest }) => digest));
    batch.forEach(({ bytes }, place) => {
      if (present[place] !== true) this.bytes += bytes;
    });
  }
}
