/** Gets one chunk from the other links of a shelf's chain. */
import { verifyStored } from "../../chunking/seal.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { PeerId, ShelfId } from "../../core/ids.ts";
import type { Members } from "../members.ts";
import type { PeerLinks } from "../peer-links.ts";

export interface FetchFromLinksOptions {
  readonly self: PeerId;
  readonly members: Members;
  readonly links: PeerLinks;
}

/**
 * The chunk's bytes, verified: links that are connected are asked first, each once, until one has it as it should be.
 * Fails with `not-found` when all answered and nobody has it, otherwise with an error for which a retry helps.
 */
export async function fetchFromLinks(
  { self, members, links }: FetchFromLinksOptions,
  digest: Uint8Array,
  shelves: readonly ShelfId[],
  signal: AbortSignal,
): Promise<Uint8Array> {
  const chains = shelves.flatMap((shelf) => members.shelf(shelf)?.links ?? []);
  const peers = [...new Set(chains.map(({ peer }) => peer))].filter((peer) => peer !== self);
  const sorted = peers.toSorted((left, right) => Number(links.isConnected(right)) - Number(links.isConnected(left)));
  let passing: DfsError | undefined;
  for (const peer of sorted) {
    try {
      const bytes = await links.getChunk(peer, digest, signal);
      verifyStored(bytes, digest);
      return bytes;
    } catch (thrown) {
      signal.throwIfAborted();
      const error = toDfsError(thrown);
      if (error.retryHelps) passing = error;
    }
  }
  throw passing ?? new DfsError("not-found", "no other link of the chain has the chunk");
}
