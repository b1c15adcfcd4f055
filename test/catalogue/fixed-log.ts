/** A log that is the same in every process. */
import type { LogEntry } from "../../src/catalogue/apply.ts";
import { fixedOperations } from "./model.ts";
import { founding, peerSession, startMs, userSession } from "./world.ts";

/** Some thousand entries, many of them refusals. */
export function fixedLog(): readonly LogEntry[] {
  const session = userSession();
  const operations = Array.from({ length: 25 }, (_, seed) => fixedOperations(seed)).flat();
  const commands = [peerSession().next(founding), ...operations.map((one) => session.next(...one))];
  return commands.map((command, place) => ({ index: place + 1, timeMs: startMs + place, command }));
}
