/**
 * The messages of the RPC protocol, each a CBOR array in one frame: `[tag, call id, …]`.
 *
 * The opener of a channel makes calls and numbers them from 1. A call is answered by exactly one result or error. In
 * between the server may send items (when the method has any) and the client input (when the method takes it); each
 * side sends only as many as the other has granted by credits, so that neither can fill the other's memory.
 */
import * as v from "valibot";
import { DfsError, type ErrorKind, errorKinds } from "../../core/errors.ts";

export const tags = {
  call: 0,
  result: 1,
  error: 2,
  item: 3,
  itemCredit: 4,
  cancel: 5,
  input: 6,
  inputEnd: 7,
  inputCredit: 8,
} as const;

const callId = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const credits = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1_000_000));
const shortText = v.pipe(v.string(), v.maxLength(4096));

const wireError = v.object({
  kind: v.string(),
  message: shortText,
  op: v.optional(shortText),
  path: v.optional(shortText),
  peer: v.optional(shortText),
  retryAfterMs: v.optional(v.number()),
});

const callMessage = v.strictTuple([
  v.literal(tags.call),
  callId,
  v.pipe(v.string(), v.maxLength(64)),
  v.unknown(),
  v.pipe(v.number(), v.minValue(1)),
]);
const cancelMessage = v.strictTuple([v.literal(tags.cancel), callId]);
const itemCreditMessage = v.strictTuple([v.literal(tags.itemCredit), callId, credits]);
const inputMessage = v.strictTuple([v.literal(tags.input), callId, v.instance(Uint8Array)]);
const inputEndMessage = v.strictTuple([v.literal(tags.inputEnd), callId]);
const resultMessage = v.strictTuple([v.literal(tags.result), callId, v.unknown()]);
const errorMessage = v.strictTuple([v.literal(tags.error), callId, wireError]);
const itemMessage = v.strictTuple([v.literal(tags.item), callId, v.unknown()]);
const inputCreditMessage = v.strictTuple([v.literal(tags.inputCredit), callId, credits]);

/** What a server accepts from a client. */
export const clientMessageSchema = v.union([
  callMessage,
  cancelMessage,
  itemCreditMessage,
  inputMessage,
  inputEndMessage,
]);
export type ClientMessage = v.InferOutput<typeof clientMessageSchema>;
/** What a client accepts from a server. */
export const serverMessageSchema = v.union([resultMessage, errorMessage, itemMessage, inputCreditMessage]);
export type ServerMessage = v.InferOutput<typeof serverMessageSchema>;

/** A DfsError as it travels. */
export function errorToWire(error: DfsError): v.InferOutput<typeof wireError> {
  return {
    kind: error.kind,
    message: error.message.slice(0, 4096),
    op: error.op,
    path: error.path,
    peer: error.peer,
    retryAfterMs: error.retryAfterMs,
  };
}

/** The DfsError that travelled; a kind from a newer program becomes `internal`. */
export function errorFromWire(wire: v.InferOutput<typeof wireError>): DfsError {
  const kind = (errorKinds as readonly string[]).includes(wire.kind) ? (wire.kind as ErrorKind) : "internal";
  return new DfsError(kind, wire.message, {
    op: wire.op,
    path: wire.path,
    peer: wire.peer,
    retryAfterMs: wire.retryAfterMs,
  });
}
