/**
 * The two questions that peers ask each other about holders, as they travel (CBOR inside a control frame).
 *
 * Keys travel as the 32-byte digests of file keys. A lifetime is a duration, not a date: two peers need not agree on
 * the time. Whoever receives a message treats it as hostile: each parser fails with `protocol` on anything that is
 * not exactly of its form.
 */
import * as v from "valibot";
import { DfsError } from "../core/errors.ts";
import { digestBytes, parsePeerId } from "../core/ids.ts";
import type { PeerId } from "../core/ids.ts";
import { holderKeysPerMessageMax, holdersPerKeyMax } from "../core/limits.ts";

const digestSchema = v.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && value.length === digestBytes,
  "a digest has 32 bytes",
);
const keysSchema = v.pipe(v.array(digestSchema), v.minLength(1), v.maxLength(holderKeysPerMessageMax));
const countSchema = v.pipe(v.number(), v.integer(), v.minValue(0));
const peerIdSchema = v.pipe(
  v.string(),
  v.maxLength(64),
  v.rawTransform(({ dataset, addIssue, NEVER }): PeerId => {
    try {
      return parsePeerId(dataset.value);
    } catch {
      addIssue({ message: "not a peer id" });
      return NEVER;
    }
  }),
);

/** "I hold these keys for that long"; a lifetime of 0 takes the announcement back. */
export const announceRequestSchema = v.strictObject({
  keys: keysSchema,
  /** Milliseconds; the receiver caps it. */
  lifetimeMs: v.pipe(countSchema, v.safeInteger()),
});
/** How many of the keys the receiver keeps: fewer than asked when its quota is used up. */
export const announceReplySchema = v.strictObject({
  stored: v.pipe(countSchema, v.maxValue(holderKeysPerMessageMax)),
});
/** "Who holds these keys?" */
export const lookupRequestSchema = v.strictObject({ keys: keysSchema });
/** A list of holders for each key asked, in the order of the question; empty where none is known. */
export const lookupReplySchema = v.strictObject({
  holders: v.pipe(
    v.array(v.pipe(v.array(peerIdSchema), v.maxLength(holdersPerKeyMax))),
    v.maxLength(holderKeysPerMessageMax),
  ),
});

export type AnnounceRequest = v.InferOutput<typeof announceRequestSchema>;
export type AnnounceReply = v.InferOutput<typeof announceReplySchema>;
export type LookupReply = v.InferOutput<typeof lookupReplySchema>;

function parser<Schema extends v.GenericSchema>(what: string, schema: Schema) {
  return (message: unknown): v.InferOutput<Schema> => {
    const result = v.safeParse(schema, message, { abortEarly: true });
    if (result.success) return result.output;
    throw new DfsError("protocol", `not a valid ${what}: ${result.issues[0].message}`);
  };
}

/* Each parser returns the decoded message when it has its exact form, and fails with `protocol` when not. */
export const parseAnnounceRequest = parser("announcement", announceRequestSchema);
export const parseAnnounceReply = parser("reply to an announcement", announceReplySchema);
export const parseLookupRequest = parser("holder lookup", lookupRequestSchema);
export const parseLookupReply = parser("reply to a holder lookup", lookupReplySchema);
