/** The pool's end of one chunking thread: who waits for which reply, and what happens when the thread ends. */
import { Worker } from "node:worker_threads";
import { DfsError } from "../core/errors.ts";
import { fromThreadError } from "./chunking-messages.ts";
import type { ThreadMessage, ThreadReply, ThreadRequest } from "./chunking-messages.ts";

/** Who asked for some work: gets its replies, or the error that ends it. */
export interface ReplyReceiver {
  receive(reply: Exclude<ThreadReply, { type: "failed" }>): void;
  fail(error: DfsError): void;
}

/** Starts a thread on the chunking worker: its source where this module is source, else the bundle beside this one. */
export function spawnWorker(): Worker {
  const name = "chunking";
  if (!import.meta.url.endsWith(".ts")) return new Worker(new URL("./chunking-worker.js", import.meta.url), { name });
  // Node 20 gives a worker no module hooks by its arguments (nodejs/node#47747), so that the worker loads tsx itself.
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const worker = JSON.stringify(new URL("./chunking-worker.ts", import.meta.url).href);
  return new Worker(`import(${tsx}).then((tsx) => tsx.tsImport(${worker}, ${worker}))`, { name, eval: true });
}

/** One thread, alive from its construction until it is stopped or dies; the work that it has then fails. */
export class ChunkingThread {
  /** Resolves when the thread takes requests (they may be sent before). Fails with `internal` when it ends before. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #receivers = new Map<number, ReplyReceiver>();
  #cause: unknown;
  #isStopping = false;
  #isAlive = true;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.ready = new Promise((resolve, reject) => {
      worker.on("message", (message: ThreadMessage) => {
        if (message.type === "ready") resolve();
        else this.#receive(message);
      });
      worker.on("exit", () => reject(this.#end()));
    });
    // Whoever does not wait for it learns of the thread's end from the work that fails.
    this.ready.catch(() => undefined);
    worker.on("error", (cause) => {
      this.#cause = cause;
    });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Pieces of work that it has. */
  get load(): number {
    return this.#receivers.size;
  }

  /** Sends the request that begins the work `request.id`; replies go to `receiver` until the last one. */
  begin(receiver: ReplyReceiver, request: ThreadRequest, transfer: readonly ArrayBuffer[]): void {
    this.send(request, transfer);
    this.#receivers.set(request.id, receiver);
  }

  /** Sends a request about work that was begun. */
  send(request: ThreadRequest, transfer: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(request, transfer);
  }

  /** Tells the thread that nobody waits for the work `id` any more; nothing happens when it is done already. */
  cancel(id: number): void {
    if (this.#receivers.delete(id)) this.send({ type: "cancel", id }, []);
  }

  /** Ends the thread in the midst of its work, which fails with `interrupted`. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#worker.terminate();
    this.#end();
  }

  #receive(reply: ThreadReply): void {
    const receiver = this.#receivers.get(reply.id);
    if (receiver === undefined) return;
    const isLast = reply.type === "sealed" ? reply.isEnd : reply.type !== "taken";
    if (isLast) this.#receivers.delete(reply.id);
    if (reply.type === "failed") receiver.fail(fromThreadError(reply.error));
    else receiver.receive(reply);
  }

  #end(): DfsError {
    this.#isAlive = false;
    const error = this.#isStopping
      ? new DfsError("interrupted", "chunking was stopped")
      : new DfsError("internal", "a chunking thread died; try again", { cause: this.#cause });
    const receivers = [...this.#receivers.values()];
    this.#receivers.clear();
    for (const receiver of receivers) receiver.fail(error);
    return error;
  }
}
