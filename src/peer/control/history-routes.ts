/** Serves the methods about the past of files. */
import type { DfsClient } from "../../core/client.ts";
import { type RpcRoute, route } from "../wire/rpc-method.ts";
import { emitPages } from "./emit-pages.ts";
import { historyMethods } from "./history-methods.ts";

/** `client` gives the connection's client, which changes when a transaction is begun. */
export function historyRoutes(client: () => DfsClient): RpcRoute[] {
  return [
    route(historyMethods.revisions, ({ path, stale }, call) =>
      emitPages(client().revisions(path, { stale, signal: call.signal }), call),
    ),
    route(historyMethods.restore, ({ path, revision, change }, { signal }) =>
      client().restore(path, revision, { change, signal }),
    ),
  ];
}
