/** The inside of a fuzzing thread: see thread.ts. */
import { inspect } from "node:util";
import { parentPort } from "node:worker_threads";
import { Coverage } from "./coverage.ts";
import { Fuzzer } from "./fuzzer.ts";
import { targetNamed } from "./targets.ts";
import { SharedInput } from "./thread.ts";
import type { FuzzNews, FuzzOrder } from "./thread.ts";

const progressMs = 10_000;

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
const tell = (news: FuzzNews): void => parentPort?.postMessage(news);

async function carryOut({ target: name, seed, seconds, corpus, shared }: FuzzOrder): Promise<void> {
  const target = targetNamed(name);
  const current = new SharedInput(shared);
  const coverage = new Coverage();
  coverage.start();
  const fuzzer = new Fuzzer(target, seed, coverage, {
    onInput: (input) => current.set(input),
    onInteresting: (input) => tell({ kind: "interesting", input }),
    onFinding: ({ input, fault }) => tell({ kind: "finding", input, what: inspect(fault) }),
  });
  tell({ kind: "loaded", kept: await fuzzer.load([...(await target.seeds()), ...corpus]) });
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  const elapsed = (): number => performance.now() - startedMs;
  while (performance.now() < endMs) {
    await fuzzer.run(Math.min(endMs, performance.now() + progressMs));
    tell({ kind: "progress", figures: fuzzer.figures, elapsedMs: elapsed() });
  }
  tell({ kind: "done", figures: fuzzer.figures, elapsedMs: elapsed() });
  coverage.stop();
}

parentPort?.on("message", (order: FuzzOrder) => void carryOut(order));
