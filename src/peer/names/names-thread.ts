/** The main thread's end of a names thread. */
import { Worker } from "node:worker_threads";
import { DfsError } from "../../core/errors.ts";
import type { NamesJob, NamesReply, NamesResults, NamesWork } from "./names-messages.ts";

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: DfsError) => void;
}

/** One thread, from its construction until it is stopped or dies; what it has to do then fails. */
export class NamesThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #lastId = 0;
  #isStopping = false;
  #end: DfsError | undefined;

  constructor(job: NamesJob) {
    this.#worker = spawnWorker(job);
    let cause: unknown;
    this.#worker.on("error", (error) => {
      cause = error;
    });
    this.#worker.on("message", (reply: NamesReply) => this.#receive(reply));
    // Only the thread's end closes its file for good.
    this.#ended = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#fail(cause);
        resolve();
      });
    });
  }

  get isAlive(): boolean {
    return this.#end === undefined;
  }

  /** Fails with what the thread failed with, `interrupted` when it is stopped, and `internal` when it dies. */
  async call<Work extends NamesWork>(
    work: Work,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<NamesResults[Work["type"]]> {
    if (this.#end !== undefined) throw this.#end;
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (value) => resolve(value as NamesResults[Work["type"]]), reject });
      this.#worker.postMessage({ ...work, id }, transfer);
    });
  }

  /** Ends the thread in the midst of its work; resolves when its file is closed and its memory given back. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#worker.terminate();
    await this.#ended;
  }

  #receive(reply: NamesReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.type === "done") waiting?.resolve(reply.value);
    else waiting?.reject(new DfsError(reply.kind, reply.message));
  }

  #fail(cause: unknown): void {
    this.#end = this.#isStopping
      ? new DfsError("interrupted", "the index of names was closed")
      : new DfsError("internal", "the thread of the index of names died: try again", { cause });
    for (const { reject } of this.#waiting.values()) reject(this.#end);
    this.#waiting.clear();
  }
}

/** The worker's source where this module is source, else the bundle beside this one. */
function spawnWorker(workerData: NamesJob): Worker {
  const name = "names";
  if (!import.meta.url.endsWith(".ts"))
    return new Worker(new URL("./names-worker.js", import.meta.url), { name, workerData });
  // Node 20 gives a worker no module hooks by its arguments (nodejs/node#47747), so that the worker loads tsx itself.
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const worker = JSON.stringify(new URL("./names-worker.ts", import.meta.url).href);
  const program = `import(${tsx}).then((tsx) => tsx.tsImport(${worker}, ${worker}))`;
  return new Worker(program, { name, workerData, eval: true });
}
