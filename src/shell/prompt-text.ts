/** How the prompt reads: `[3] ann@anna(degraded) /photos> `. */
import stringWidth from "string-width";
import { printable } from "../core/names.ts";
import type { ShellState } from "./command.ts";
import type { Span } from "./theme.ts";
import { graphemesOf } from "./graphemes.ts";

/** What the prompt tells of the network; absent while all is well, or unknown. */
export type PromptHealth = "degraded" | "unavailable" | "unreachable";

export interface PromptFacts extends Pick<ShellState, "cwd" | "lastStatus" | "user" | "peer"> {
  readonly health?: PromptHealth | undefined;
}

/** The part of a row that is left for typing when a folder is long. */
const typingPart = 1 / 2;
/** Below this a folder is not shortened: nothing could be recognised. */
const folderColumnsMin = 8;

/**
 * The prompt for a terminal of `columns`: the last code where a command failed, who is logged in on which peer, the
 * network's health where it is not well, and the folder, shortened where it would leave no room to type.
 */
export function promptSpans(facts: PromptFacts, columns: number): readonly Span[] {
  const { cwd, lastStatus, user, peer, health } = facts;
  const status: readonly Span[] = lastStatus === 0 ? [] : [{ text: `[${lastStatus}] `, style: "failure" }];
  const name = user === undefined ? (health === undefined ? "" : (peer ?? "")) : withPeer(user, peer);
  const who: readonly Span[] = name === "" ? [] : [{ text: name, style: "user" }];
  const sick: readonly Span[] =
    health === undefined
      ? []
      : [{ text: `(${health})`, style: health === "degraded" ? ("attention" as const) : ("failure" as const) }];
  const gap: readonly Span[] = who.length + sick.length === 0 ? [] : [{ text: " " }];
  const before = [...status, ...who, ...sick, ...gap];
  const taken = before.reduce((sum, { text }) => sum + stringWidth(text), 0);
  const folder = shortFolder(printable(cwd), Math.max(folderColumnsMin, Math.floor(columns * typingPart) - taken));
  return [...before, { text: folder, style: "folder" }, { text: "> " }];
}

/** The prompt as text, for a terminal on which nothing is drawn. */
export function promptText(facts: PromptFacts, columns = Number.POSITIVE_INFINITY): string {
  return promptSpans(facts, columns)
    .map(({ text }) => text)
    .join("");
}

function withPeer(user: string, peer: string | undefined): string {
  return peer === undefined ? user : `${user}@${peer}`;
}

/**
 * `path` in at most `columns`, as far as that goes: from the left each folder is cut to its first sign, as fish does
 * (`/p/2/summer`); where that is too long still, only the end is left (`…mer`).
 */
export function shortFolder(path: string, columns: number): string {
  const parts = path.split("/");
  for (let index = 1; index < parts.length - 1 && stringWidth(parts.join("/")) > columns; index += 1)
    parts[index] = firstSign(parts[index] as string);
  const short = parts.join("/");
  if (stringWidth(short) <= columns) return short;
  let end = "";
  for (const { segment } of [...graphemesOf(short)].toReversed()) {
    if (stringWidth(segment + end) > columns - 1) break;
    end = segment + end;
  }
  return `…${end}`;
}

/** A hidden folder keeps its dot. */
function firstSign(name: string): string {
  const [first, second] = [...graphemesOf(name)].map(({ segment }) => segment);
  return first === "." ? `.${second ?? ""}` : (first ?? "");
}
