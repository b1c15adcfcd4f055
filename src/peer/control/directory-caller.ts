/** The calls that look into directories over a control connection. */
import type { CallOptions } from "../../core/client.ts";
import type { ChildName, DirectoryClient, NamedEntries, NamesOptions, NamesPage } from "../../core/directory-names.ts";
import { DfsError } from "../../core/errors.ts";
import type { DfsPath } from "../../core/names.ts";
import { errorFromWire } from "../wire/rpc-messages.ts";
import { AccountsCaller } from "./accounts-caller.ts";
import { entriesIn } from "./entry-columns.ts";
import { directoryMethods } from "./directory-methods.ts";

export class DirectoryCaller extends AccountsCaller implements DirectoryClient {
  async names(path: DfsPath, { signal, ...options }: NamesOptions = {}): Promise<NamesPage> {
    const page = await this.rpc.call(directoryMethods.names, { path, ...options }, { signal });
    const { kinds, isSorted, refused, next } = page;
    if (kinds.length !== page.names.length) throw new DfsError("protocol", "the peer sent names of unknown kinds");
    const names = page.names.map((name, at): ChildName => ({ name, kind: kinds[at] === "d" ? "directory" : "file" }));
    return { names, isSorted, refused: refused?.map(errorFromWire), next };
  }

  async entries(path: DfsPath, names: readonly string[], { signal, stale }: CallOptions = {}): Promise<NamedEntries> {
    const params = { path, names: [...names], stale };
    const { entries, refused } = await this.rpc.call(directoryMethods.entries, params, { signal });
    return { entries: entriesIn(entries), refused: refused?.map(errorFromWire) };
  }
}
