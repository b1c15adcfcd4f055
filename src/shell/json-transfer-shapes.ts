/** The shapes of what transfers and jobs print with `--json`; see json-shapes.ts. */
import { bytes, count, either, list, object, text, time } from "./json-schema.ts";

const jobFields = {
  id: text("number of the job"),
  command: text("as it was typed"),
  started: time("when it was asked for"),
  "ended?": time("when it ended"),
};

const transferSummary = object(
  {
    files: count("files of the transfer"),
    directories: count("directories of the transfer"),
    bytes: bytes("content of the files"),
    unchanged: count("files whose content was there already"),
    failed: count("files that failed; stderr tells which"),
    chunks: count("chunks of the files"),
    newChunks: count("chunks that had to be stored or fetched"),
    newBytes: bytes("those chunks, sealed"),
    sentChunks: count("of these, what went over the network"),
    sentBytes: bytes("those chunks, sealed"),
    copies: count("the fewest disks that any of the files is on"),
    "copiesWanted?": count("of a put: the disks that the files are to be on"),
    elapsedMs: count("how long it took, in milliseconds"),
  },
  "what came of it: the last line",
);

/** What put and get print. */
export const transfer = either(
  transferSummary,
  object(
    { would: text("the command", ["put", "get"]), path: text("the file") },
    "with -n: a file that would be written",
  ),
);

/** What jobs prints: the peer's, and those of the shell itself. */
export const jobs = either(
  object({
    ...jobFields,
    kind: text("what it is", ["put", "get"]),
    state: text("how far it is", ["waiting", "running", "paused", "done", "failed", "cancelled"]),
    activeMs: count("how long it has run, in milliseconds, without pauses"),
    foundFiles: count("files of the transfer so far"),
    foundBytes: bytes("their content"),
    endedFiles: count("files that are through or failed"),
    endedBytes: bytes("their content"),
    failedFiles: count("files that failed"),
    bytes: bytes("content that is through, of files in work too"),
    running: list(
      object({
        path: text("the file"),
        sizeBytes: bytes("its content"),
        bytes: bytes("content that is through"),
      }),
      "the files in work",
    ),
    "summary?": transferSummary,
    "error?": object({ kind: text("of the error"), message: text("what happened"), "path?": text("to what") }),
  }),
  object({
    ...jobFields,
    kind: text("a command of this shell", ["shell"]),
    state: text("how far it is", ["running", "done", "failed"]),
    "exitCode?": count("that it ended with"),
  }),
);
