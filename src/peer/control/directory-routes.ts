/** Serves the methods that look into directories. */
import type { DfsClient } from "../../core/client.ts";
import { errorToWire } from "../wire/rpc-messages.ts";
import { type RpcRoute, route } from "../wire/rpc-method.ts";
import { columnsOf } from "./entry-columns.ts";
import { directoryMethods } from "./directory-methods.ts";

/** `client` gives the connection's client, which changes when a transaction is begun. */
export function directoryRoutes(client: () => DfsClient): RpcRoute[] {
  return [
    route(directoryMethods.names, async ({ path, ...options }, { signal }) => {
      const { names, isSorted, refused, next } = await client().names(path, { ...options, signal });
      return {
        names: names.map(({ name }) => name),
        kinds: names.map(({ kind }) => (kind === "directory" ? "d" : "f")).join(""),
        isSorted,
        refused: refused?.map(errorToWire),
        next,
      };
    }),
    route(directoryMethods.entries, async ({ path, names, stale }, { signal }) => {
      const { entries, refused } = await client().entries(path, names, { stale, signal });
      return { entries: columnsOf(entries), refused: refused?.map(errorToWire) };
    }),
  ];
}
