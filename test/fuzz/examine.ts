/** Runs one input of a target, and says what is wrong with what it did or with what it cost. */
import { getHeapStatistics } from "node:v8";
import { FuzzFault, usualBounds } from "./target.ts";
import type { FuzzTarget } from "./target.ts";

/** Costs are measured together with everything else in the process: what seems too much is measured so often. */
const confirmations = 5;

interface Cost {
  readonly ms: number;
  readonly bytes: number;
}

/** Runs `input`. Undefined when all is well, else what is wrong. */
export async function examine(target: FuzzTarget, input: Uint8Array): Promise<Error | undefined> {
  const { ms, msPerByte, allocatedBytes, allocatedPerByte } = { ...usualBounds, ...target.bounds };
  const most: Cost = { ms: ms + msPerByte * input.length, bytes: allocatedBytes + allocatedPerByte * input.length };
  const first = await measured(target, input);
  if (first instanceof Error) return first;
  return first.ms > most.ms || first.bytes > most.bytes ? confirmed(target, input, most) : undefined;
}

/** Others make a run slower and never faster; they make it use more memory, and a collection in between less. */
async function confirmed(target: FuzzTarget, input: Uint8Array, most: Cost): Promise<Error | undefined> {
  const costs: Cost[] = [];
  while (costs.length < confirmations) {
    const cost = await measured(target, input);
    if (cost instanceof Error) return cost;
    costs.push(cost);
  }
  const least = Math.min(...costs.map(({ ms }) => ms));
  if (least > most.ms) return new FuzzFault(`too slow: ${least.toFixed(0)} ms for ${input.length} bytes`);
  const usual = costs.map(({ bytes }) => bytes).toSorted((one, other) => one - other)[confirmations >> 1] as number;
  if (usual > most.bytes) return new FuzzFault(`too much memory: ${usual} bytes for ${input.length} bytes`);
  return undefined;
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
