/** The calls about the past of files over a control connection. */
import type { CallOptions } from "../../core/client.ts";
import type { HistoryClient, RevisionInfo } from "../../core/history.ts";
import { rpcDeadlineMsMax } from "../../core/limits.ts";
import type { DfsPath } from "../../core/names.ts";
import { DirectoryCaller } from "./directory-caller.ts";
import { historyMethods } from "./history-methods.ts";

export class HistoryCaller extends DirectoryCaller implements HistoryClient {
  async *revisions(path: DfsPath, { signal, stale }: CallOptions = {}): AsyncIterable<RevisionInfo> {
    const options = { signal, timeoutMs: rpcDeadlineMsMax };
    for await (const page of this.rpc.items(historyMethods.revisions, { path, stale }, options)) yield* page;
  }

  restore(path: DfsPath, revision: number, { signal, change }: CallOptions = {}): Promise<number> {
    return this.rpc.call(historyMethods.restore, { path, revision, change }, { signal });
  }
}
