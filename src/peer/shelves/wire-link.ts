/** Another link of a chain, as the owner reaches it: by RPC, and by the chunk protocol. */
import type { ChangesToApply, FeedStart, LinkPort, ShelfBucket } from "../../backup/replication/ports.ts";
import type { StoredBytes } from "../../chunking/file-record.ts";
import { digestOf, type FileKey, type LeaseId, type PeerId, type ShelfId } from "../../core/ids.ts";
import { linkBusyMs, linkCallMs } from "../../core/limits.ts";
import type { Savepoint, ShelfChange } from "../../core/shelf.ts";
import type { PeerLinks } from "../peer-links.ts";
import { whileBusy, withRetries } from "../retry.ts";
import type { RpcMethod } from "../wire/rpc-method.ts";
import {
  bytesToFlags,
  chainMethods,
  joinChanges,
  joinDigests,
  shelfMethods,
  splitBuckets,
  splitChanges,
} from "./shelf-methods.ts";

export class WireLink implements LinkPort {
  readonly #peer: PeerId;
  readonly #links: PeerLinks;

  constructor(peer: PeerId, links: PeerLinks) {
    this.#peer = peer;
    this.#links = links;
  }

  async begin(shelf: ShelfId, epoch: number, signal: AbortSignal): Promise<FeedStart> {
    const { feed, savepoint } = await this.#call(chainMethods.begin, { shelf, epoch }, signal);
    return { feed, savepoint };
  }

  async holdLease(shelf: ShelfId, epoch: number, lease: LeaseId, signal: AbortSignal): Promise<void> {
    await this.#call(chainMethods.holdLease, { shelf, epoch, lease }, signal);
  }

  async endLease(shelf: ShelfId, epoch: number, lease: LeaseId, signal: AbortSignal): Promise<void> {
    await this.#call(chainMethods.endLease, { shelf, epoch, lease }, signal);
  }

  apply(
    shelf: ShelfId,
    feed: number,
    { changes, ...rest }: ChangesToApply,
    lease: LeaseId | undefined,
    signal: AbortSignal,
  ): Promise<Savepoint> {
    return this.#call(chainMethods.apply, { shelf, feed, ...rest, changes: joinChanges(changes), lease }, signal);
  }

  async buckets(shelf: ShelfId, epoch: number, signal: AbortSignal): Promise<readonly ShelfBucket[]> {
    return splitBuckets(await this.#call(chainMethods.buckets, { shelf, epoch }, signal));
  }

  async keys(
    shelf: ShelfId,
    epoch: number,
    bucket: number,
    after: FileKey | undefined,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly ShelfChange[]> {
    const page = { shelf, epoch, bucket, limit, after: after === undefined ? undefined : digestOf(after) };
    return splitChanges(await this.#call(chainMethods.keys, page, signal));
  }

  async pin(lease: LeaseId, digests: readonly Uint8Array[], signal: AbortSignal): Promise<readonly boolean[]> {
    return bytesToFlags(await this.#call(shelfMethods.pin, { lease, digests: joinDigests(digests) }, signal));
  }

  /** A link that is busy is there, and is waited for. */
  putChunks(lease: LeaseId, chunks: readonly StoredBytes[], signal: AbortSignal): Promise<void> {
    return withRetries({ ...whileBusy, forMs: linkBusyMs, signal }, () =>
      this.#links.putChunks(this.#peer, lease, chunks, signal),
    );
  }

  #call<Params, Result>(method: RpcMethod<Params, Result>, params: Params, signal: AbortSignal): Promise<Result> {
    return this.#links.call(this.#peer, method, params, { signal, timeoutMs: linkCallMs });
  }
}
