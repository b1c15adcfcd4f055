/** How a database is refused: what is wrong with which file, and the way out. */
import { DfsError } from "../../core/errors.ts";

/** An `integrity` error about the file at `path`; `what` goes on from "is damaged: ". */
export function damaged(path: string, what: string): DfsError {
  return new DfsError(
    "integrity",
    `the catalogue is damaged: ${path}: ${what}; where other coordinators are up, move the catalogue.db files and the ` +
      `folder raft away, and they give this peer a fresh copy; if it was the only coordinator, put the data folder ` +
      `back from a copy, or see dfs-peer --recover-as-new-group`,
    { op: "catalogue.open", path },
  );
}
