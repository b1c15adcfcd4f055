/** Gets one chunk from the other links of a shelf's chain. */
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
 * The bytes as a link sent them, not verified yet: those that are connected are asked first, each once. Fails with
 * `not-found` when all answered and nobody has it, otherwise with an error for which a retry helps.
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
      return await links.getChunk(peer, digest, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = toDfsError(thrown);
      if (error.retryHelps) passing = error;
    }
  }
  throw passing ?? new DfsError("not-found", "no other link of the chain has the chunk");
}
