/** How far a scrub came, as the small text that outlives a restart. */
import * as v from "valibot";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const passSchema = v.strictObject({
  startedMs: count,
  /** Where the next step begins; the store's own word. Absent before the first step. */
  cursor: v.optional(v.string()),
  chunks: count,
  bytes: count,
  damaged: count,
  mended: count,
});

const stateSchema = v.strictObject({
  version: v.literal(1),
  pass: v.optional(passSchema),
  last: v.optional(
    v.strictObject({
      endedMs: count,
      elapsedMs: count,
      chunks: count,
      bytes: count,
      damaged: count,
      mended: count,
      missing: count,
    }),
  ),
});

/** A walk through the store that is under way. Sizes in bytes. */
export type ScrubPass = v.InferOutput<typeof passSchema>;

/** The pass under way, and how the last whole one went. */
export type ScrubMemory = v.InferOutput<typeof stateSchema>;

/** How the last whole pass went; `missing` chunks were nowhere to be had when it ended. */
export type LastScrub = NonNullable<ScrubMemory["last"]>;

export const formatScrubState = (memory: ScrubMemory): string => `${JSON.stringify(memory)}\n`;

/** What was remembered; nothing where the text is absent, damaged or of another version: the pass begins anew. */
export function parseScrubState(text: string | undefined): ScrubMemory {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), stateSchema), text);
  return parsed.success ? parsed.output : { version: 1 };
}

/** A pass that begins now. */
export function newPass(startedMs: number): ScrubPass {
  return { startedMs, chunks: 0, bytes: 0, damaged: 0, mended: 0 };
}
