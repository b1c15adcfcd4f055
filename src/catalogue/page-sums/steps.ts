/**
 * Work on files whose order matters, cut at its waits: it can be carried out at once, or beside other work, and a test
 * can pull the plug between any two steps.
 */
import { closeSync, fsync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate as turnOfEvents } from "node:timers/promises";
import { promisify } from "node:util";
import { countFlush } from "../../core/work-done.ts";

/** What the next step waits for: the flush of an open file, or only that other work had its turn. */
type Wait = { readonly flush: number } | "turn";

export type Steps<Result = void> = Generator<Wait, Result, void>;

const fsyncBeside = promisify(fsync);

function flushNow(file: number): void {
  countFlush();
  fsyncSync(file);
}

function flushBeside(file: number): Promise<void> {
  countFlush();
  return fsyncBeside(file);
}

/** Carries the work out without giving up the thread. Fails as the work does. */
export function carryOut<Result>(steps: Steps<Result>): Result {
  let next = steps.next();
  while (next.done !== true) {
    try {
      if (next.value !== "turn") flushNow(next.value.flush);
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next();
  }
  return next.value;
}

/** Carries the work out while the thread does other things; `check` is asked before each step, and ends it by throwing. Fails as the work does. */
export async function carryOutBeside<Result>(steps: Steps<Result>, check?: () => void): Promise<Result> {
  let next = steps.next();
  while (next.done !== true) {
    try {
      await (next.value === "turn" ? turnOfEvents() : flushBeside(next.value.flush));
      check?.();
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next();
  }
  return next.value;
}

/** Makes a file durable that was written through another handle. */
export function* flushFile(path: string): Steps {
  const file = openSync(path, "r");
  try {
    yield { flush: file };
  } finally {
    closeSync(file);
  }
}

/** Makes the names in the folder of `path` durable. Windows cannot flush a folder and needs no flush. */
export function* flushFolderOf(path: string): Steps {
  if (process.platform !== "win32") yield* flushFile(dirname(path));
}
