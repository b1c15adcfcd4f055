/** The thread that copies the database for a snapshot while the main thread goes on committing. */
import { Worker } from "node:worker_threads";
import { DfsError, type ErrorKind, toDfsError } from "../core/errors.ts";

/** What the thread is given. */
export interface SnapshotJob {
  /** Path of the database, which others may have open. */
  readonly database: string;
  /** Path of the copy; there must not be such a file. */
  readonly file: string;
}

/** The moment that a snapshot shows. */
export interface SnapshotState {
  /** Applied index. */
  readonly index: number;
  readonly mark: Uint8Array;
}

/** The one message of the thread. */
export type SnapshotReply =
  | { readonly type: "written"; readonly state: SnapshotState }
  | { readonly type: "failed"; readonly kind: ErrorKind; readonly message: string };

/**
 * Copies a consistent state of the database to a new file, which is not flushed, and resolves with the moment that it
 * shows. Fails with `no-space`, `io`, `integrity`, and `internal` when the thread dies.
 */
export function copyInThread(job: SnapshotJob): Promise<SnapshotState> {
  return new Promise((resolve, reject) => {
    const worker = spawnWorker(job);
    let reply: SnapshotReply | undefined;
    let cause: unknown;
    worker.on("message", (message: SnapshotReply) => {
      reply = message;
    });
    worker.on("error", (error) => {
      cause = error;
    });
    // Only the end of the thread closes its files for good.
    worker.on("exit", () => {
      if (reply?.type === "written") resolve(reply.state);
      else if (reply?.type === "failed") reject(new DfsError(reply.kind, reply.message));
      else reject(toDfsError(cause ?? new Error("the snapshot thread died")));
    });
  });
}

/** The worker's source where this module is source, else the bundle beside this one. */
function spawnWorker(workerData: SnapshotJob): Worker {
  const name = "catalogue-snapshot";
  if (!import.meta.url.endsWith(".ts"))
    return new Worker(new URL("./snapshot-worker.js", import.meta.url), { name, workerData });
  // Node 20 gives a worker no module hooks by its arguments (nodejs/node#47747), so that the worker loads tsx itself.
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const worker = JSON.stringify(new URL("./snapshot-worker.ts", import.meta.url).href);
  const program = `import(${tsx}).then((tsx) => tsx.tsImport(${worker}, ${worker}))`;
  return new Worker(program, { name, workerData, eval: true });
}
