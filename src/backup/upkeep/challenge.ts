/** The question by which one link of a shelf has another prove that it holds a chunk, and the proof. */
import { sha256 } from "../../chunking/digest.ts";
import { DfsError } from "../../core/errors.ts";
import { digestBytes } from "../../core/ids.ts";
import type { AnswerStore, ChallengeQuestion } from "./ports.ts";

export const challengeNonceBytes = 32;

const context = new TextEncoder().encode("dfs-shell challenge");
/** Offset and length, big-endian. */
const rangeBytes = 8;

/**
 * The proof, 32 bytes: SHA-256("dfs-shell challenge" || nonce || digest || u32 offset || u32 length || the range's
 * bytes). `chunk` is the whole sealed chunk. Fails with `usage` for a range that is not in it.
 */
export function challengeProof(chunk: Uint8Array, { digest, length, nonce, offset }: ChallengeQuestion): Uint8Array {
  const isRange = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length > 0;
  if (nonce.length !== challengeNonceBytes || digest.length !== digestBytes || !isRange)
    throw new DfsError("usage", "a challenge has a nonce and a digest of 32 bytes and a range", { op: "challenge" });
  if (offset + length > chunk.length)
    throw new DfsError("usage", `the chunk has ${chunk.length} bytes, and none at ${offset} + ${length}`, {
      op: "challenge",
    });
  const message = new Uint8Array(context.length + nonce.length + digest.length + rangeBytes + length);
  message.set(context);
  message.set(nonce, context.length);
  message.set(digest, context.length + nonce.length);
  const range = new DataView(message.buffer, message.length - length - rangeBytes, rangeBytes);
  range.setUint32(0, offset);
  range.setUint32(4, length);
  message.set(chunk.subarray(offset, offset + length), message.length - length);
  return sha256(message);
}

/**
 * Answers a challenge from this peer's own disk: one chunk is read and one hash computed, whatever is asked.
 *
 * Fails with `not-found` when the chunk is not here, with `integrity` when it is damaged (it is set aside then, and
 * mended), and with `usage` for a malformed question.
 */
export async function answerChallenge(
  store: AnswerStore,
  question: ChallengeQuestion,
  signal: AbortSignal,
): Promise<Uint8Array> {
  return challengeProof(await store.get(question.digest, { signal }), question);
}
