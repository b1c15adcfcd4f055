/** What has to be written so that the terminal shows other rows than before: only rows that differ, in one piece. */
import stringWidth from "string-width";

const escape = "\u001b[";
/** Between these a terminal that knows them shows nothing half drawn; others ignore them. */
const synchronised = { begin: `${escape}?2026h`, end: `${escape}?2026l` };
const eraseRest = `${escape}K`;
const eraseAll = `${escape}2J`;

export const takeScreen = `${escape}?1049h${escape}?25l${escape}?7l${eraseAll}${escape}H`;
export const giveScreenBack = `${escape}0m${escape}?7h${escape}?25h${escape}?1049l`;

/**
 * The bytes that turn the rows `before` into the rows `after` on a screen of so many columns; an empty string where
 * nothing differs. Without `before` the whole screen is drawn. Rows are as rowText gives them.
 */
export function paint(before: readonly string[] | undefined, after: readonly string[], columns: number): string {
  const rows = Math.max(before?.length ?? 0, after.length);
  let written = "";
  for (let row = 0; row < rows; row += 1) {
    const text = after[row] ?? "";
    if (before !== undefined && text === (before[row] ?? "")) continue;
    // A row that fills its line leaves nothing to erase, and erasing there would take its last character.
    written += `${escape}${row + 1};1H${text}${stringWidth(text) < columns ? eraseRest : ""}`;
  }
  if (written === "" && before !== undefined) return "";
  return `${synchronised.begin}${before === undefined ? eraseAll : ""}${written}${synchronised.end}`;
}
