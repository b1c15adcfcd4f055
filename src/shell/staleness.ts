/** What is said before output that may be old. */
import type { Staleness } from "../core/client.ts";
import { durationText } from "./formats.ts";

/** One sentence, without a line end; `undefined` where what is shown is as good as new. */
export function stalenessText({ ageMs, hasQuorum, servedBy }: Staleness): string | undefined {
  if (ageMs === 0 && hasQuorum) return undefined;
  const cause = hasQuorum ? "" : "; a majority of the coordinators does not answer";
  return `stale: as of ${durationText(ageMs)} ago, from ${servedBy}${cause}`;
}
