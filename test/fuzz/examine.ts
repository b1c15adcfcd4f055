/** Runs one input of a target, and says what is wrong with what it did or with what it cost. */
import { getHeapStatistics } from "node:v8";
import { FuzzFault, usualBounds } from "./target.ts";
import type { FuzzTarget } from "./target.ts";

/** Costs are measured together with everything else in the process: what is too much must be too much every time. */
const confirmations = 4;

interface Cost {
  readonly ms: number;
  readonly bytes: number;
}

/** Runs `input`. Undefined when all is well, else what is wrong. */
export async function examine(target: FuzzTarget, input: Uint8Array): Promise<Error | undefined> {
  const { ms, msPerByte, allocatedBytes, allocatedPerByte } = { ...usualBounds, ...target.bounds };
  const msMax = ms + msPerByte * input.length;
  const bytesMax = allocatedBytes + allocatedPerByte * input.length;
  let least: Cost = { ms: Infinity, bytes: Infinity };
  for (let tries = 0; tries <= confirmations; tries += 1) {
    const cost = await measured(target, input);
    if (cost instanceof Error) return cost;
    least = { ms: Math.min(least.ms, cost.ms), bytes: Math.min(least.bytes, cost.bytes) };
    if (least.ms <= msMax && least.bytes <= bytesMax) return undefined;
  }
  return least.ms > msMax
    ? new FuzzFault(`too slow: ${least.ms.toFixed(0)} ms for ${input.length} bytes`)
    : new FuzzFault(`too much memory: ${least.bytes} bytes for ${input.length} bytes`);
}

async function measured(target: FuzzTarget, input: Uint8Array): Promise<Cost | Error> {
  const copy = input.slice();
  const before = usedBytes();
  const startedMs = performance.now();
  try {
    const running = target.run(copy);
    if (running !== undefined) await running;
  } catch (error) {
    return error instanceof Error ? error : new FuzzFault(`threw ${String(error)}`);
  }
  return { ms: performance.now() - startedMs, bytes: usedBytes() - before };
}

/** A collection in between makes it smaller, and hides one run in a while: not five. */
function usedBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

/** What tells findings apart: the message without numbers and quotes, and where in our code it came from. */
export function faultKey(fault: Error): string {
  const place = fault.stack
    ?.split("\n")
    .map((line) => /\/(src\/[^:?]+\.tsx?)[^:]*:\d+/.exec(line)?.[1])
    .find((path) => path !== undefined);
  const message = fault.message.split("\n", 1)[0] ?? "";
  return `${fault.name} ${message.replaceAll(/\d+|"[^"]*"|: .*$/g, "").slice(0, 60)} ${place ?? ""}`.trim();
}
