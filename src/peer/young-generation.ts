/**
 * The memory in which V8 makes new objects, in this process and in its threads.
 *
 * V8 lets it grow to 32 MiB in each thread, and looks for dead objects only when it is full: until then what they hold outside
 * of it, as ciphers do, stays too. From within a process it cannot be bounded, but kept from growing.
 */
import { setFlagsFromString } from "node:v8";

let isHeld = false;

/** Keeps the memory for new objects as large as it is by now, in every thread that has started. For the rest of the process. */
export function holdYoungGeneration(): void {
  if (isHeld) return;
  isHeld = true;
  hold();
  // V8 sets the factor back to 2 whenever it makes a heap.
  process.on("worker", (worker) => worker.once("online", hold));
}

function hold(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}
