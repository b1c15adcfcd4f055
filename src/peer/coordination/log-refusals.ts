/** Why a member of the group cannot do what it is asked. */
import { DfsError } from "../../core/errors.ts";

/** The log was not started, or was stopped. */
export function notRunning(): DfsError {
  return new DfsError("unreachable", "the catalogue of this peer is not running: start the peer");
}

/** Another coordinator may do what this one cannot any more. */
export function stopped(fault: DfsError): DfsError {
  return new DfsError("unreachable", `this coordinator has stopped: ${fault.message}`, { cause: fault });
}

/** There has been no leader for longer than any election takes. */
export function noQuorum(): DfsError {
  return new DfsError(
    "no-quorum",
    "a majority of the coordinators does not answer, so nothing can be changed; see status for who is missing",
  );
}
