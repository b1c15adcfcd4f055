/** The rival of our finger table: stock kad-dht, with its own provider records, in processes of some nodes each. */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { fileKeyOf } from "../src/core/ids.ts";
import { fingersPerBucketMax } from "../src/core/limits.ts";
import { untilFound } from "./group.ts";
import { type ProcessUsage, usageBetween, usageOf } from "./process-usage.ts";
import type { Answer, Order, StockLookup } from "./stock-kad-process.ts";

const program = join(import.meta.dirname, "stock-kad-process.ts");
/** So that its nodes need no more memory than ours; all cores are busy with them all the same. */
const nodesPerProcess = 5;
/** It does not look for the last few again soon where a busy machine made their pings late. */
const knownPart = 0.8;

export class StockKad {
  readonly #processes: ChildProcess[] = [];

  /** Starts so many nodes; resolves when each knows most others, or enough to fill a bucket. */
  static async start(nodes: number): Promise<StockKad> {
    const kad = new StockKad();
    try {
      const known: string[] = [];
      for (let left = nodes; left > 0; left -= nodesPerProcess) {
        const child = fork(program, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
        kad.#processes.push(child);
        const count = Math.min(left, nodesPerProcess);
        known.push(...((await ask(child, { what: "start", nodes: count, known })).addresses ?? []));
      }
      const wanted = Math.floor(Math.min(nodes - 1, fingersPerBucketMax) * knownPart);
      await untilFound("stock kad-dht's tables", async () => {
        const answers = await Promise.all(kad.#processes.map((child) => ask(child, { what: "fingers" })));
        return answers.every(({ fingers = 0 }) => fingers >= wanted) || undefined;
      });
      return kad;
    } catch (error) {
      await kad.stop();
      throw error;
    }
  }

  /** The first node provides so many new keys, some at once; resolves with them. */
  async provide(count: number): Promise<readonly string[]> {
    const keys = Array.from({ length: count }, () => String(fileKeyOf(randomBytes(32))));
    await ask(this.#process(0), { what: "provide", keys });
    return keys;
  }

  /** A node of the last process finds the providers of each key, one after the other. */
  async find(keys: readonly string[]): Promise<readonly StockLookup[]> {
    return (await ask(this.#process(this.#processes.length - 1), { what: "find", keys })).lookups ?? [];
  }

  /** Runs `work`; returns what all processes used meanwhile. */
  async measured(work: () => Promise<unknown>): Promise<readonly ProcessUsage[]> {
    const readings = (): (ProcessUsage | undefined)[] =>
      this.#processes.map(({ pid }) => usageOf(`${nodesPerProcess} nodes`, pid ?? 0));
    const before = readings();
    await work();
    return readings().flatMap((after, index) => usageBetween(before[index], after));
  }

  async stop(): Promise<void> {
    for (const child of this.#processes.splice(0)) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
  }

  #process(index: number): ChildProcess {
    return this.#processes[index] as ChildProcess;
  }
}

/** Has a process carry an order out; fails with what it says, or when it ends. */
function ask(child: ChildProcess, order: Order): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onEnd = (): void => reject(new Error("a process of stock kad-dht has ended"));
    child.once("exit", onEnd);
    child.once("message", (answer: Answer) => {
      child.off("exit", onEnd);
      if (answer.error === undefined) resolve(answer);
      else reject(new Error(answer.error));
    });
    child.send(order);
  });
}
