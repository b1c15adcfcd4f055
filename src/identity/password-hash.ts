/**
 * argon2id (RFC 9106) in a thread that lives for one password: the main loop goes on meanwhile, and the thread's
 * memory, which held the password and 64 MiB made of it, goes back to the system with it.
 */
import { Worker } from "node:worker_threads";
import pLimit from "p-limit";
import { DfsError, type ErrorKind, toDfsError } from "../core/errors.ts";
import { passwordMemoryKiB, passwordPasses, passwordThreadsMax, passwordsWaitingMax } from "../core/limits.ts";

/** Bytes of a password's hash. */
const passwordHashBytes = 64;

interface PasswordCost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** What the thread is given. */
export interface PasswordJob extends PasswordCost {
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly hashBytes: number;
}

/** The one message of the thread. */
export type PasswordReply =
  | { readonly type: "hashed"; readonly hash: Uint8Array }
  | { readonly type: "failed"; readonly kind: ErrorKind; readonly message: string };

export interface PasswordHashOptions extends Partial<PasswordCost> {
  readonly hashBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const usualCost: PasswordCost = { memoryKiB: passwordMemoryKiB, passes: passwordPasses, lanes: 1 };
const threads = pLimit(passwordThreadsMax);

/**
 * The argon2id hash (version 1.3) of a password with a salt: 64 bytes at the cost that limits.ts says, unless told
 * otherwise. Fails with `busy` when many wait already, `interrupted`, and `internal` when the thread dies.
 */
export async function hashPassword(
  password: Uint8Array,
  salt: Uint8Array,
  { signal, hashBytes = passwordHashBytes, ...cost }: PasswordHashOptions = {},
): Promise<Uint8Array> {
  if (threads.pendingCount >= passwordsWaitingMax)
    throw new DfsError("busy", "many passwords are being checked: try again shortly", { retryAfterMs: 1_000 });
  return threads(() => {
    if (signal?.aborted === true) throw toDfsError(signal.reason);
    return hashInThread({ ...usualCost, ...cost, password, salt, hashBytes }, signal);
  });
}

function hashInThread(job: PasswordJob, signal: AbortSignal | undefined): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const worker = spawnWorker(job);
    let reply: PasswordReply | undefined;
    let cause: unknown;
    const stop = (): void => void worker.terminate();
    signal?.addEventListener("abort", stop, { once: true });
    worker.on("message", (message: PasswordReply) => {
      reply = message;
    });
    worker.on("error", (error) => {
      cause = error;
    });
    // Only the thread's end frees its memory.
    worker.on("exit", () => {
      signal?.removeEventListener("abort", stop);
      if (reply?.type === "hashed") resolve(reply.hash);
      else if (reply?.type === "failed") reject(new DfsError(reply.kind, reply.message));
      else if (signal?.aborted === true) reject(toDfsError(signal.reason));
      else reject(new DfsError("internal", "the thread that checks a password died: try again", { cause }));
    });
  });
}

/** The worker's source where this module is source, else the bundle beside this one. */
function spawnWorker(workerData: PasswordJob): Worker {
  const name = "password";
  if (!import.meta.url.endsWith(".ts"))
    return new Worker(new URL("./password-worker.js", import.meta.url), { name, workerData });
  // Node 20 gives a worker no module hooks by its arguments (nodejs/node#47747), so that the worker loads tsx itself.
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const worker = JSON.stringify(new URL("./password-worker.ts", import.meta.url).href);
  const program = `import(${tsx}).then((tsx) => tsx.tsImport(${worker}, ${worker}))`;
  return new Worker(program, { name, workerData, eval: true });
}
