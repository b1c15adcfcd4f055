/** The program of a snapshot thread: copies the database as it is at one moment, and tells which moment that was. */
import { parentPort, workerData } from "node:worker_threads";
import { assert, toDfsError } from "../core/errors.ts";
import { SqlDatabase } from "../core/sqlite.ts";
import { loadLogMark, loadTotals } from "./schema.ts";
import type { SnapshotJob, SnapshotReply } from "./snapshot-thread.ts";

assert(parentPort !== null, "the snapshot worker runs as a thread");

function snapshot({ database, file }: SnapshotJob): SnapshotReply {
  try {
    const source = new SqlDatabase(database, { durability: "normal", readOnly: true });
    source.prepare("VACUUM INTO ?").run(file);
    source.close();
    const copy = new SqlDatabase(file, { durability: "normal", readOnly: true });
    const state = { index: loadTotals(copy).appliedIndex, mark: loadLogMark(copy) };
    copy.close();
    return { type: "written", state };
  } catch (thrown) {
    const { kind, message } = toDfsError(thrown);
    return { type: "failed", kind, message };
  }
}

parentPort.postMessage(snapshot(workerData as SnapshotJob), []);
