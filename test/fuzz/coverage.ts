/**
 * Which blocks of the code under test were run: V8's precise block coverage, read through the inspector.
 *
 * A reading costs about a millisecond, so it is taken for a batch of inputs. Blocks are compared as characters of the
 * source: V8 merges neighbouring blocks that were run equally often, and gives other ranges for the same coverage.
 */
import { Session } from "node:inspector";
import type { Profiler } from "node:inspector";

/** What is counted: our sources, and the CBOR library that reads for them. */
const measuredUrl = /\/src\/[a-z-]+\/|\/node_modules\/cborg\//;

interface ScriptBlocks {
  /** Of each character: 1 once it was run. */
  readonly seen: Uint8Array;
  /** Of each character: 1 where a block begins or ends. */
  readonly edges: Uint8Array;
}

/** What was run since the reading before, by script. */
export type Reading = ReadonlyMap<string, readonly Profiler.FunctionCoverage[]>;

/** Coverage of this thread, from `start` to `stop`. */
export class Coverage {
  readonly #session = new Session();
  readonly #scripts = new Map<string, ScriptBlocks>();

  start(): void {
    this.#session.connect();
    this.#post("Profiler.enable");
    this.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  stop(): void {
    this.#session.disconnect();
  }

  /** What was run since the last reading. */
  take(): Reading {
    const { result } = this.#post<Profiler.TakePreciseCoverageReturnType>("Profiler.takePreciseCoverage");
    return new Map(result.filter(({ url }) => measuredUrl.test(url)).map(({ url, functions }) => [url, functions]));
  }

  /** Whether a reading has anything that was not added before. */
  hasNew(reading: Reading): boolean {
    for (const [url, functions] of reading) {
      const seen = this.#scripts.get(url)?.seen;
      if (painted(functions).some((isRun, at) => isRun === 1 && seen?.[at] !== 1)) return true;
    }
    return false;
  }

  /** Counts what a reading has as seen. */
  add(reading: Reading): void {
    for (const [url, functions] of reading) {
      const now = painted(functions);
      const { seen, edges } = this.#blocks(url, now.length + 1);
      now.forEach((isRun, at) => (seen[at] = (seen[at] ?? 0) | isRun));
      for (const { ranges } of functions)
        for (const { startOffset, endOffset } of ranges) edges[startOffset] = edges[endOffset] = 1;
    }
  }

  /** How many blocks were seen so far. */
  get blocks(): number {
    let count = 0;
    for (const { seen, edges } of this.#scripts.values())
      seen.forEach((isRun, at) => {
        if (isRun === 1 && (edges[at] === 1 || seen[at - 1] !== 1)) count += 1;
      });
    return count;
  }

  #blocks(url: string, length: number): ScriptBlocks {
    const known = this.#scripts.get(url);
    if (known !== undefined && known.seen.length >= length) return known;
    const grown = { seen: new Uint8Array(length), edges: new Uint8Array(length) };
    if (known !== undefined) {
      grown.seen.set(known.seen);
      grown.edges.set(known.edges);
    }
    this.#scripts.set(url, grown);
    return grown;
  }

  /** The session answers before the call returns. */
  #post<Result>(method: string, params?: object): Result {
    let answer: { error: Error | null; result?: object } | undefined;
    this.#session.post(method, params, (error, result) => (answer = { error, ...(result && { result }) }));
    if (answer === undefined || answer.error !== null) throw answer?.error ?? new Error(`${method} gave no answer`);
    return answer.result as Result;
  }
}

/** Of each character of a script: 1 where it was run. Ranges come from the outside to the inside. */
function painted(functions: readonly Profiler.FunctionCoverage[]): Uint8Array {
  const ranges = functions.flatMap((each) => each.ranges);
  const run = new Uint8Array(Math.max(0, ...ranges.map(({ endOffset }) => endOffset)));
  for (const { startOffset, endOffset, count } of ranges) run.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return run;
}
