/** The last line of defence of a process that runs a peer: nothing unexpected ends it with a stack trace. */
import { DfsError, toDfsError } from "../core/errors.ts";
import type { Log } from "./log.ts";

/**
 * A broken invariant, or an exception that nobody caught, stops the process at once, before it can write anything more:
 * what was acknowledged is on the disk. A rejected promise of a library (a connection that broke at a bad moment, say)
 * is logged, and the peer goes on.
 */
export function guardProcess(log: Log): void {
  const stop = (error: unknown): never => {
    log.error(`stopped by an internal error: ${toDfsError(error).message}`);
    log.debug(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(1);
  };
  process.on("uncaughtException", stop);
  process.on("unhandledRejection", (reason) => {
    if (reason instanceof DfsError && reason.kind === "internal") stop(reason);
    log.warn(`a failure that nobody waited for: ${toDfsError(reason).message}`);
  });
}
