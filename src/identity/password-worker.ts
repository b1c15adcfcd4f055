/** The program of a password thread: hashes one password and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { argon2id } from "hash-wasm";
import { assert, toDfsError } from "../core/errors.ts";
import type { PasswordJob, PasswordReply } from "./password-hash.ts";

assert(parentPort !== null, "the password worker runs as a thread");

async function hash({ password, salt, memoryKiB, passes, lanes, hashBytes }: PasswordJob): Promise<PasswordReply> {
  try {
    const cost = { memorySize: memoryKiB, iterations: passes, parallelism: lanes };
    const bytes = await argon2id({ password, salt, ...cost, hashLength: hashBytes, outputType: "binary" });
    return { type: "hashed", hash: bytes };
  } catch (thrown) {
    const { kind, message } = toDfsError(thrown);
    return { type: "failed", kind, message };
  } finally {
    password.fill(0);
  }
}

parentPort.postMessage(await hash(workerData as PasswordJob), []);
