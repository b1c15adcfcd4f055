/** A shelf on another peer, reached by its RPC and chunk streams. */
import { digestOf, type FileKey, type LeaseId, type PeerId, type ShelfId } from "../core/ids.ts";
import type { PeerLinks } from "./peer-links.ts";
import { bytesToFlags, joinDigests, shelfMethods } from "./shelf-methods.ts";
import type { ShelfPort } from "./shelf-port.ts";

export class RemoteShelf implements ShelfPort {
  readonly isLocal = false;
  readonly shelf: ShelfId;
  readonly owner: PeerId;
  readonly #links: PeerLinks;

  constructor(shelf: ShelfId, owner: PeerId, links: PeerLinks) {
    this.shelf = shelf;
    this.owner = owner;
    this.#links = links;
  }

  holdLease(lease: LeaseId, signal: AbortSignal): Promise<number> {
    return this.#links.call(this.owner, shelfMethods.holdLease, { lease }, { signal });
  }

  async pin(lease: LeaseId, digests: readonly Uint8Array[], signal: AbortSignal): Promise<readonly boolean[]> {
    return bytesToFlags(
      await this.#links.call(this.owner, shelfMethods.pin, { lease, digests: joinDigests(digests) }, { signal }),
    );
  }

  putChunk(lease: LeaseId, digest: Uint8Array, sealed: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#links.putChunk(this.owner, lease, digest, sealed, signal);
  }

  async addRecords(lease: LeaseId, fileKeys: readonly FileKey[], signal: AbortSignal): Promise<void> {
    await this.#links.call(
      this.owner,
      shelfMethods.addRecords,
      { lease, digests: joinDigests(fileKeys.map(digestOf)) },
      { signal },
    );
  }

  async endLease(lease: LeaseId, signal: AbortSignal): Promise<void> {
    await this.#links.call(this.owner, shelfMethods.endLease, { lease }, { signal });
  }
}
