/** What members may ask of this peer's shelves, besides chunks. */
import type { PeerId } from "../../core/ids.ts";
import { fileKeyOf } from "../../core/ids.ts";
import type { ChunkStore } from "../../store/chunk-store.ts";
import { type RpcRoute, route } from "../wire/rpc-method.ts";
import type { ShelfHost } from "./shelf-host.ts";
import {
  chainMethods,
  fileKeysOf,
  flagsToBytes,
  joinBuckets,
  joinChanges,
  shelfMethods,
  splitChanges,
  splitDigests,
} from "./shelf-methods.ts";

/** The routes for calls of writers: any member. */
function ownerRoutes(host: ShelfHost, store: ChunkStore): RpcRoute[] {
  return [
    route(shelfMethods.holdLease, ({ shelf, lease, copies }, { signal }) =>
      host.holdLease(shelf, lease, copies, signal),
    ),
    route(shelfMethods.pin, async ({ lease, digests }, { signal }) =>
      flagsToBytes(await host.pin(lease, splitDigests(digests), signal)),
    ),
    route(shelfMethods.addRecords, ({ shelf, lease, copies, digests }, { signal }) =>
      host.addRecords(shelf, lease, fileKeysOf(digests), copies, signal),
    ),
    route(shelfMethods.endLease, async ({ shelf, lease }, { signal }) => {
      await host.endLease(shelf, lease, signal);
      return null;
    }),
    route(shelfMethods.hasRecords, async ({ digests }) => flagsToBytes(await store.hasRecords(fileKeysOf(digests)))),
    route(chainMethods.status, () => Promise.resolve(host.status())),
  ];
}

/** The routes for calls of `from`, which only the owner of the shelf in question may make. */
function mirrorRoutes({ mirror }: ShelfHost, from: PeerId): RpcRoute[] {
  return [
    route(chainMethods.begin, async ({ shelf, epoch }, { signal }) => {
      const { feed, savepoint } = await mirror.begin(from, shelf, epoch, signal);
      return { feed, savepoint };
    }),
    route(chainMethods.holdLease, async ({ shelf, epoch, lease }, { signal }) => {
      await mirror.holdLease(from, shelf, epoch, lease, signal);
      return null;
    }),
    route(chainMethods.endLease, async ({ shelf, epoch, lease }, { signal }) => {
      await mirror.endLease(from, shelf, epoch, lease, signal);
      return null;
    }),
    route(chainMethods.apply, ({ shelf, feed, epoch, after, sequence, changes, digest, lease }, { signal }) => {
      const update = { epoch, after, sequence, changes: splitChanges(changes) };
      return mirror.apply(from, shelf, feed, digest === undefined ? update : { ...update, digest }, lease, signal);
    }),
    route(chainMethods.buckets, async ({ shelf, epoch }, { signal }) =>
      joinBuckets(await mirror.buckets(from, shelf, epoch, signal)),
    ),
    route(chainMethods.keys, async ({ shelf, epoch, bucket, after, limit }, { signal }) => {
      const behind = after === undefined ? undefined : fileKeyOf(after);
      return joinChanges(await mirror.keys(from, shelf, epoch, bucket, behind, limit, signal));
    }),
  ];
}

/** The routes for calls of `from`. */
export function shelfRoutes(host: ShelfHost, store: ChunkStore, from: PeerId): RpcRoute[] {
  return [...ownerRoutes(host, store), ...mirrorRoutes(host, from)];
}
