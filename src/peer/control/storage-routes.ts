/** Serves the methods about copies and space. */
import type { DfsClient, FsckProgress } from "../../core/client.ts";
import { errorToWire } from "../wire/rpc-messages.ts";
import { type RpcCall, type RpcRoute, route } from "../wire/rpc-method.ts";
import { type WireFsckProgress, storageMethods } from "./storage-methods.ts";

/** `client` gives the connection's client, which changes when a transaction is begun. */
export function storageRoutes(client: () => DfsClient): RpcRoute[] {
  return [
    route(storageMethods.backup, async (_, { signal }) => [...(await client().backup({ signal }))]),
    route(storageMethods.space, (_, { signal }) => client().space({ signal })),
    route(storageMethods.policy, (_, { signal }) => client().policy({ signal })),
    route(storageMethods.setPolicy, (change, { signal }) => client().setPolicy(change, { signal })),
    route(storageMethods.orderStorage, async ({ peer, order }, { signal }) => {
      await client().orderStorage(peer, order, { signal });
      return null;
    }),
    route(storageMethods.revokePeer, async ({ peer, force }, { signal }) => {
      await client().revokePeer(peer, { force, signal });
      return null;
    }),
    route(storageMethods.drainProgress, ({ peer }, { signal }) => client().drainProgress(peer, { signal })),
    route(storageMethods.fsck, ({ peers }, call) => checkDisks(client(), peers, call)),
  ];
}

/** Of the progress that comes while another is on its way, each peer's last is told. */
async function checkDisks(
  client: DfsClient,
  peers: Parameters<DfsClient["orderStorage"]>[0][] | undefined,
  call: RpcCall<WireFsckProgress>,
): Promise<WireFsckProgress[]> {
  const waiting = new Map<string, WireFsckProgress>();
  let sending: Promise<void> | undefined;
  const send = async (): Promise<void> => {
    for (const [peer, progress] of waiting) {
      waiting.delete(peer);
      await call.emit(progress);
    }
    sending = undefined;
  };
  const onProgress = (progress: FsckProgress): void => {
    waiting.set(progress.peer, toWire(progress));
    // Where sending fails the caller is gone, and the check is aborted by the same signal.
    sending ??= send().catch(() => undefined);
  };
  const results = await client.fsck({ peers, onProgress, signal: call.signal });
  await sending;
  return results.map(toWire);
}

function toWire({ error, ...progress }: FsckProgress): WireFsckProgress {
  return error === undefined ? progress : { ...progress, error: errorToWire(error) };
}
