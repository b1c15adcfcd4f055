/** The program of a chunking thread: takes requests from its parent port and answers each. Started by the chunking pool. */
import { parentPort } from "node:worker_threads";
import { assert, toDfsError } from "../core/errors.ts";
import { runChunkWork } from "./chunk-calls.ts";
import { ownedBytes, toThreadError } from "./chunking-messages.ts";
import type { ChunkResult, ChunkWork, SealWork, ThreadMessage, ThreadRequest } from "./chunking-messages.ts";
import type { Inspection } from "./inspect.ts";
import { sealFile, sealStream } from "./seal-source.ts";
import { SealTask, reclaimBatch } from "./seal-task.ts";

assert(parentPort !== null, "the chunking worker runs as a thread");
const port = parentPort;
const tasks = new Map<number, SealTask>();

function post(message: ThreadMessage, transfer: ArrayBuffer[]): void {
  port.postMessage(message, transfer);
}

function postFailure(id: number, error: unknown): void {
  post({ type: "failed", id, error: toThreadError(toDfsError(error)) }, []);
}

async function seal(id: number, work: SealWork): Promise<void> {
  const task = new SealTask(id, post);
  tasks.set(id, task);
  try {
    if (work.type === "seal-file") await sealFile(task, work.path, work.dedupSecret);
    else await sealStream(task, work.dedupSecret);
  } catch (error) {
    postFailure(id, error);
  } finally {
    tasks.delete(id);
  }
}

/** What a result gives away besides itself. */
function memoriesOf(value: Exclude<ChunkResult, Uint8Array>): ArrayBuffer[] {
  if (typeof value !== "object" || isInspected(value)) return [];
  const memories = "memory" in value ? [value.memory] : value.memories;
  return memories.map(({ buffer }) => buffer as ArrayBuffer);
}

function isInspected(value: object): value is readonly Inspection[] {
  return Array.isArray(value);
}

function postResult(id: number, value: ChunkResult): void {
  if (!(value instanceof Uint8Array)) {
    post({ type: "result", id, value }, memoriesOf(value));
    return;
  }
  const bytes = ownedBytes(value);
  post({ type: "result", id, value: bytes }, [bytes.buffer]);
}

function call(id: number, work: ChunkWork): void {
  try {
    postResult(id, runChunkWork(work));
  } catch (error) {
    postFailure(id, error);
  }
}

port.on("message", (request: ThreadRequest) => {
  switch (request.type) {
    case "seal-file":
    case "seal-stream":
      void seal(request.id, request);
      break;
    case "credit":
    case "slice":
    case "slices-end":
    case "cancel":
      tasks.get(request.id)?.control(request);
      break;
    case "reclaim":
      reclaimBatch(request.memory);
      break;
    default:
      call(request.id, request);
  }
});
post({ type: "ready" }, []);
