/**
 * What a peer finds when it examines itself: its machine, its disk, its place in the network, and how safe the files are.
 *
 * A *check* looks at one thing, never for longer than a few seconds, and ends in one result. It changes nothing but a
 * small file in the data folder, which it removes again.
 */
import type { CallOptions } from "./client.ts";

/** What a check is about, in the order in which results come. */
export const checkAreas = [
  "machine",
  "disk",
  "ports",
  "clock",
  "coordinators",
  "finger table",
  "backup",
  "users",
  "versions",
] as const;
export type CheckArea = (typeof checkAreas)[number];

/** `warning`: everything works, and something should be looked at. `fault`: something does not work, or files are at risk. */
export type CheckOutcome = "ok" | "warning" | "fault";

export interface CheckResult {
  readonly area: CheckArea;
  /** Which check of the area it was; stays the same from version to version. */
  readonly name: string;
  readonly outcome: CheckOutcome;
  /** What was found, as a sentence without its full stop. */
  readonly found: string;
  /** What to do about it; absent where all is well. */
  readonly advice?: string | undefined;
}

export interface ChecksClient {
  /**
   * Makes every check, all at once, and yields one result for each, in the order of the areas, each as soon as those
   * before it are there: all of them within 10 s. A check that cannot be made yields that as its result. Answers without
   * a quorum too.
   */
  checks(options?: CallOptions): AsyncIterable<CheckResult>;
}
