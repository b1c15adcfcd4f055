/** Serves the methods that take changes back. */
import type { DfsClient } from "../../core/client.ts";
import { type RpcRoute, route } from "../wire/rpc-method.ts";
import { undoMethods } from "./undo-methods.ts";

/** `client` gives the connection's client, which changes when a transaction is begun. */
export function undoRoutes(client: () => DfsClient): RpcRoute[] {
  return [
    route(undoMethods.recordedChanges, async (_, { signal }) => [...(await client().recordedChanges({ signal }))]),
    route(undoMethods.undo, (options, { signal }) => client().undo({ ...options, signal })),
  ];
}
