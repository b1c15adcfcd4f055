/** What members may ask of this peer's shelf, besides chunks. */
import type { ChunkStore } from "../store/chunk-store.ts";
import { DfsError } from "../core/errors.ts";
import type { ShelfKeeper } from "./shelf-keeper.ts";
import { fileKeysOf, flagsToBytes, shelfMethods, splitDigests } from "./shelf-methods.ts";
import { type RpcRoute, route } from "./wire/rpc-method.ts";

/** `keeper` is absent on a peer without a shelf, which still says what it holds. */
export function shelfRoutes(keeper: ShelfKeeper | undefined, store: ChunkStore): RpcRoute[] {
  const shelf = (): ShelfKeeper => {
    if (keeper === undefined) throw new DfsError("not-found", "this peer has no shelf");
    return keeper;
  };
  return [
    route(shelfMethods.holdLease, ({ lease }) => shelf().holdLease(lease)),
    route(shelfMethods.pin, async ({ lease, digests }, { signal }) =>
      flagsToBytes(await shelf().pin(lease, splitDigests(digests), signal)),
    ),
    route(shelfMethods.addRecords, async ({ lease, digests }, { signal }) => {
      await shelf().addRecords(lease, fileKeysOf(digests), signal);
      return null;
    }),
    route(shelfMethods.endLease, async ({ lease }, { signal }) => {
      await shelf().endLease(lease, signal);
      return null;
    }),
    route(shelfMethods.hasRecords, async ({ digests }) => flagsToBytes(await store.hasRecords(fileKeysOf(digests)))),
  ];
}
