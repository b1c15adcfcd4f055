/**
 * Fuzzing in a thread, so that an input on which a decoder never ends is seen from outside: before each run the thread
 * writes the input into memory that both share, and whoever waits looks whether it has moved on.
 */
import { Worker } from "node:worker_threads";
import type { FuzzFigures } from "./fuzzer.ts";

/** Far beyond what a run may take. */
const hangMs = 15_000;
const lookMs = 1_000;

/** What a thread is asked to do. */
export interface FuzzOrder {
  readonly target: string;
  readonly seed: number;
  readonly seconds: number;
  /** Known inputs; the target's seeds are added. */
  readonly corpus: readonly Uint8Array[];
  readonly shared: SharedArrayBuffer;
}

export type FuzzNews =
  | { readonly kind: "interesting"; readonly input: Uint8Array }
  | { readonly kind: "finding"; readonly input: Uint8Array; readonly what: string }
  | { readonly kind: "loaded"; readonly kept: readonly Uint8Array[] }
  | { readonly kind: "progress"; readonly figures: FuzzFigures; readonly elapsedMs: number }
  | { readonly kind: "done"; readonly figures: FuzzFigures; readonly elapsedMs: number };

/** The memory that both sides share: how many runs have begun, the length of the input, and the input. */
export class SharedInput {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(bytesMax: number | SharedArrayBuffer) {
    this.buffer = typeof bytesMax === "number" ? new SharedArrayBuffer(8 + bytesMax) : bytesMax;
    this.#words = new Int32Array(this.buffer, 0, 2);
    this.#bytes = new Uint8Array(this.buffer, 8);
  }

  set(input: Uint8Array): void {
    this.#bytes.set(input.subarray(0, this.#bytes.length));
    this.#words[1] = input.length;
    Atomics.add(this.#words, 0, 1);
  }

  get runs(): number {
    return Atomics.load(this.#words, 0);
  }

  get input(): Uint8Array {
    return this.#bytes.slice(0, this.#words[1]);
  }
}

/** A thread for any number of orders, one after the other. */
export class FuzzThread {
  #worker = newWorker();

  /** Carries out an order. Resolves when it is done; with false when a run did not end, after telling of it as a finding. */
  async run(order: Omit<FuzzOrder, "shared">, bytesMax: number, onNews: (news: FuzzNews) => void): Promise<boolean> {
    const shared = new SharedInput(bytesMax);
    const isDone = new Promise<boolean>((resolve, reject) => {
      const timer = watch(shared, () => {
        onNews({ kind: "finding", input: shared.input, what: `a run did not end within ${hangMs} ms` });
        void this.stop().then(() => resolve(false));
        this.#worker = newWorker();
      });
      this.#worker.on("error", reject);
      this.#worker.on("message", (news: FuzzNews) => {
        onNews(news);
        if (news.kind === "done") resolve(true);
      });
      void Promise.resolve().then(() => isDone.finally(() => clearInterval(timer)).catch(() => undefined));
    });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage({ ...order, shared: shared.buffer } satisfies FuzzOrder);
    return isDone.finally(() => this.#worker.removeAllListeners("message").removeAllListeners("error"));
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Calls `onHang` when one run lasts too long. */
function watch(shared: SharedInput, onHang: () => void): NodeJS.Timeout {
  let [runs, sinceMs] = [0, performance.now()];
  const timer = setInterval(() => {
    if (shared.runs !== runs || runs === 0) [runs, sinceMs] = [shared.runs, performance.now()];
    if (performance.now() - sinceMs < hangMs) return;
    clearInterval(timer);
    onHang();
  }, lookMs);
  return timer;
}

/** A thread does not inherit the loader that reads TypeScript: it has to register it first. */
function newWorker(): Worker {
  const loader = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const program = JSON.stringify(new URL("worker.ts", import.meta.url).href);
  return new Worker(`import(${loader}).then((api) => { api.register(); return import(${program}); });`, { eval: true });
}
