/** Reads everything back after a run: as operations of the history, revision by revision, and from every peer by itself. */
import type { DfsClient } from "../../src/core/client.ts";
import type { DfsPath } from "../../src/core/names.ts";
import { childPath } from "../../src/core/names.ts";
import type { Input } from "./history.ts";
import { perform, readValue } from "./operations.ts";
import type { RevisionValues } from "./verdict.ts";
import type { Workload } from "./workload.ts";

/** One call may take this long, on a busy machine. */
const callMs = 30_000;

/** Adds a last look at every key to the history; resolves with every revision of every register. */
export async function readBack(client: DfsClient, root: DfsPath, workload: Workload): Promise<RevisionValues> {
  const values = new Map<string, readonly number[]>();
  const look = async (input: Input): Promise<string> => {
    const calledMs = performance.now();
    const answer = await perform(client, root, input, AbortSignal.timeout(callMs)).catch((error: unknown) => {
      if (input.kind === "stat" && (error as { kind?: string }).kind === "not-found") return "absent";
      throw error;
    });
    workload.history.add(input, calledMs, { kind: "answered", answer });
    return answer;
  };
  for (const { name: key } of workload.drawers) await look({ kind: "list", key });
  for (const { name: key } of workload.registers) {
    const revisions = Number(/^revision (\d+)/.exec(await look({ kind: "stat", key }))?.[1] ?? 0);
    const path = childPath(root, key);
    const read = (revision: number): Promise<number> => readValue(client, path, revision, AbortSignal.timeout(callMs));
    values.set(key, await Promise.all(Array.from({ length: revisions }, (_, index) => read(index + 1))));
  }
  return values;
}

/** Everything below `root` in a text that is equal for equal trees; with `stale`, as the client's peer has it by itself. */
export async function treeText(client: DfsClient, root: DfsPath, stale: boolean): Promise<string> {
  const lines: string[] = [];
  const signal = AbortSignal.timeout(callMs);
  for await (const { path, revision, sizeBytes, fileKey } of client.walk(root, { stale, signal }))
    lines.push(`${path} ${revision} ${sizeBytes} ${fileKey ?? "directory"}`);
  return lines.toSorted().join("\n");
}
