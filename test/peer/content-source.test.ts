import { expect, it } from "vitest";
import type { ChunkingPool } from "../../src/chunking/chunking-pool.ts";
import { DfsError } from "../../src/core/errors.ts";
import type { PeerId } from "../../src/core/ids.ts";
import { ContentSource, type FileContent } from "../../src/peer/content-source.ts";
import { BusyGate } from "../../src/peer/load/busy-gate.ts";
import { PeerSpeeds } from "../../src/peer/load/peer-speeds.ts";
import type { PeerLinks } from "../../src/peer/peer-links.ts";
import { MemoryChunkStore } from "../../src/store/memory-chunk-store.ts";
import { newLease, randomChunk, randomFile, shelf } from "../store/store-fixtures.ts";

it("BURN-23 a chunk on the own disk is read although its file is not whole there", async () => {
  const store = new MemoryChunkStore();
  const [here, elsewhere] = [randomChunk(100), randomChunk(100)];
  const lease = newLease();
  await store.openLease(lease, shelf, 1);
  await store.put(lease, [here]);
  const { key } = randomFile();
  const source = new ContentSource(
    { fileKey: key, shelf, reference: {} as FileContent["reference"] },
    {
      store,
      pool: {} as ChunkingPool,
      links: { getChunk: damagedBut(elsewhere) } as unknown as PeerLinks,
      holders: {
        speeds: new PeerSpeeds(),
        busy: new BusyGate(),
        find: () => Promise.resolve({ holders: ["holder" as PeerId], foundBy: "cache" }),
        foresee: () => Promise.resolve(),
        chainOf: () => Promise.resolve([]),
        nameOf: (peer) => peer,
        forget: () => undefined,
        suspect: () => undefined,
        isSuspect: () => false,
      },
    },
    { fetchedChunks: 0, fetchedBytes: 0 },
  );
  const read = (digest: Uint8Array) =>
    source.fetch(digest, (sealed) => Promise.resolve(Buffer.from(sealed)), new AbortController().signal);
  expect((await read(here.digest)).equals(here.bytes)).toBe(true);
  expect((await read(elsewhere.digest)).equals(elsewhere.bytes)).toBe(true);
});

/** A holder on whose disk all is damaged but one chunk. */
function damagedBut(chunk: { readonly digest: Uint8Array; readonly bytes: Uint8Array }): PeerLinks["getChunk"] {
  return (_peer, digest) =>
    Buffer.compare(digest, chunk.digest) === 0
      ? Promise.resolve(chunk.bytes)
      : Promise.reject(new DfsError("integrity", "damaged"));
}
