/** From entries of the group's log to a transaction of the catalogue. */
import type { Catalogue } from "../../catalogue/catalogue.ts";
import type { Command } from "../../catalogue/command.ts";
import { applySliceEntriesMax } from "../../core/limits.ts";
import type { Entry } from "../../raft/types.ts";
import { type GroupMark, encodeMark, markAfter } from "./group-mark.ts";
import { stampedCommand } from "./stamped-command.ts";

export interface AppliedEntries {
  /** The mark after the last entry. */
  readonly mark: GroupMark;
  /** One result for each entry; empty for those of the log itself. */
  readonly results: readonly Uint8Array[];
}

const noCommand = new Uint8Array(0);

/**
 * The entries in the portions that are applied together: short, so that the loop keeps turning, and each ending with a
 * change of the configuration where there is one, so that the change counts from the same index at every member.
 */
export function* portionsOf(entries: readonly Entry[]): Generator<readonly Entry[]> {
  let start = 0;
  for (const [place, { kind }] of entries.entries()) {
    const end = place + 1;
    if (kind !== "config" && end - start < applySliceEntriesMax && end < entries.length) continue;
    yield entries.slice(start, end);
    start = end;
  }
}

/**
 * Applies a portion of committed entries, which follow the applied one, with their mark; the caller commits. `decodedAt` gives what a
 * command decodes to, where that is known. Fails as Catalogue.apply does, and with `integrity` for an entry that
 * nobody can have proposed.
 */
export function applyEntries(
  catalogue: Catalogue,
  before: GroupMark,
  entries: readonly Entry[],
  decodedAt: (entry: Entry) => Command | undefined = () => undefined,
): AppliedEntries {
  let mark = before;
  let timeMs = catalogue.lastTimeMs();
  const commands = entries.map((entry) => {
    mark = markAfter(mark, entry);
    if (entry.kind !== "command") return { index: entry.index, timeMs, command: noCommand };
    const stamped = stampedCommand(entry.data);
    // The log's time never goes back, whatever the clock of a new leader says.
    timeMs = Math.max(timeMs, stamped.timeMs);
    return { index: entry.index, timeMs, command: stamped.command, decoded: decodedAt(entry) };
  });
  const membersChanged = mark.configuration !== before.configuration;
  const results = catalogue.apply(commands, { bytes: encodeMark(mark), membersChanged });
  return { mark, results };
}
