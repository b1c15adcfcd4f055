/** Holders in this process that are asked over the real chunk protocol, each with a store of its own to answer from. */
import type { PeerId } from "../../src/core/ids.ts";
import { ChunkLink } from "../../src/peer/chunk-link.ts";
import { type ServedChunks, serveChunks } from "../../src/peer/chunk-server.ts";
import type { ContentSourceOptions } from "../../src/peer/content-source.ts";
import { FrameBuffers } from "../../src/peer/frame-buffers.ts";
import { BusyGate } from "../../src/peer/load/busy-gate.ts";
import { PeerSpeeds } from "../../src/peer/load/peer-speeds.ts";
import { WorkQueue } from "../../src/peer/load/work-queue.ts";
import { MemoryChunkStore } from "../../src/store/memory-chunk-store.ts";
import type { FileSpace } from "./file-space.ts";
import { channelPair } from "./memory-channel.ts";

/** So that nothing waits. */
const wide = { name: "chunks", runningMax: 1_000, runMsMax: 1_000, waitMsMax: 1_000, waitingMax: 1_000_000 };

/** Tampers with what a holder gives for a digest: other bytes, or undefined for a chunk that it lacks. */
export type Tamper = (bytes: Uint8Array, digest: Uint8Array) => Uint8Array | undefined;

/** What a holder answers from: everything that is in the space, as `tamper` leaves it. */
export function servedBy({ store }: FileSpace, tamper: Tamper = (bytes) => bytes): ServedChunks {
  return {
    put: () => Promise.reject(new Error("nothing is put here")),
    get: async (digest) => {
      const given = tamper(await store.get(digest), digest);
      return given ?? new MemoryChunkStore().get(digest);
    },
    getMany: async (digests, place) => {
      const stored = await Promise.all(digests.map((digest) => store.get(digest).catch(() => undefined)));
      const given = stored.map((bytes, at) => bytes && tamper(bytes, digests[at] as Uint8Array));
      return place(given.map((bytes) => bytes?.length ?? 0)).map((memory, at) => {
        const bytes = given[at];
        if (bytes !== undefined) memory.set(bytes);
        return bytes && memory;
      });
    },
  };
}

/** How a peer without any chunks reads from holders. */
export class ServedHolders {
  /** Digests in each question for several chunks, and the questions for one; by holder. */
  readonly asked: { readonly peer: PeerId; readonly digests: number }[] = [];
  readonly lookups: string[] = [];
  /** Of each question about files that are asked for later. */
  readonly foreseen: (readonly string[])[] = [];
  readonly suspects = new Set<PeerId>();
  readonly content: ContentSourceOptions;

  constructor(space: FileSpace, holders: Readonly<Record<string, ServedChunks>>) {
    const links = new Map(Object.entries(holders).map(([peer, chunks]) => [peer as PeerId, linkTo(chunks)]));
    const of = (peer: PeerId): ChunkLink => links.get(peer) as ChunkLink;
    const all = [...links.keys()];
    this.content = {
      store: new MemoryChunkStore(),
      pool: space.pool,
      links: {
        getChunk: (peer: PeerId, digest: Uint8Array, signal: AbortSignal) => {
          this.asked.push({ peer, digests: 1 });
          return of(peer).get(digest, signal);
        },
        getChunks: (peer: PeerId, digests: readonly Uint8Array[], signal: AbortSignal) => {
          this.asked.push({ peer, digests: digests.length });
          return of(peer).getMany(digests, signal);
        },
        reclaim: () => undefined,
      } as unknown as ContentSourceOptions["links"],
      holders: {
        speeds: new PeerSpeeds(),
        busy: new BusyGate(),
        find: (fileKey) => {
          this.lookups.push(fileKey);
          return Promise.resolve({ holders: all, foundBy: "finger-table" });
        },
        foresee: (fileKeys) => {
          this.foreseen.push(fileKeys);
          return Promise.resolve();
        },
        chainOf: () => Promise.resolve(all),
        nameOf: (peer) => peer,
        forget: () => undefined,
        suspect: (peer) => void this.suspects.add(peer),
        isSuspect: (peer) => this.suspects.has(peer),
      },
    };
  }
}

function linkTo(chunks: ServedChunks): ChunkLink {
  const buffers = new FrameBuffers();
  const reads = new WorkQueue<PeerId>(wide);
  const writes = new WorkQueue<PeerId>(wide);
  return new ChunkLink(() => {
    const [near, far] = channelPair();
    serveChunks(far, "asker" as PeerId, { chunks, buffers, reads, writes });
    return Promise.resolve(near);
  });
}
