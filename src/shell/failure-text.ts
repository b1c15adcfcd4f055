/** What people are told when a command fails: `command: operand: reason`, in a script file behind its place. */
import type { DfsError } from "../core/errors.ts";
import { printable } from "../core/names.ts";
import { pastTimeOf } from "../core/past-path.ts";
import { takesStale, usageLine } from "./command.ts";
import type { Command } from "./command.ts";
import { messageText } from "./formats.ts";
import { nearestNames } from "./suggestion.ts";
import { isPlaced, placeText } from "./syntax.ts";
import type { ScriptSource } from "./syntax.ts";

/** Where a command stands in a script. */
export interface Place {
  readonly source: ScriptSource;
  readonly start: number;
}

/** `file:line:column: ` where the script is a file, nothing elsewhere. */
function placePrefix({ source, start }: Place): string {
  return source.isFile === true ? `${printable(placeText(source, start))}: ` : "";
}

/** That `command` failed, for `operand` where it was one of several; wrong usage of the command as a whole brings its usage line. */
export function failureText(failure: DfsError, command: Command, place: Place, operand?: string): string {
  const subject = operand ?? failure.path;
  const usage = failure.kind === "usage" && operand === undefined ? `${usageLine(command)}\n` : "";
  const way = failure.kind === "no-quorum" && takesStale(command) ? "; use --stale to see what is known" : "";
  const time =
    failure.kind === "not-found" && isNoTime(subject)
      ? "; a path takes a time as /@2026-11-01T18:00, and only --at one as 2h or yesterday"
      : "";
  return `${placePrefix(place)}${command.name}: ${subjectText(subject)}${reason(failure)}${way}${time}\n${usage}`;
}

/** That something failed that is no command of ours. */
export function plainFailureText(failure: DfsError, place: Place): string {
  if (isPlaced(failure)) return `${messageText(failure)}\n`;
  return `${placePrefix(place)}${subjectText(failure.path)}${messageText(failure)}\n`;
}

/** That there is no command `name` among `names`. */
export function unknownText(failure: DfsError, name: string, names: readonly string[], place: Place): string {
  const [nearest] = name.startsWith("!") ? ["!time COMMAND"] : nearestNames(name, names);
  const hint = nearest === undefined ? '; "help" lists them' : `; did you mean "${nearest}"?`;
  return `${placePrefix(place)}${printable(name)}: ${messageText(failure)}${hint}\n`;
}

/** Whether it looks like a path in the past, and is none. */
function isNoTime(subject = ""): boolean {
  const [, name] = /^\/(@[^/]+)/u.exec(subject) ?? [];
  return name !== undefined && pastTimeOf(name) === undefined;
}

function subjectText(subject: string | undefined): string {
  return subject === undefined || subject === "" ? "" : `${printable(subject)}: `;
}

function reason(failure: DfsError): string {
  const retry = failure.retryAfterMs === undefined ? "" : ` (try again in ${Math.ceil(failure.retryAfterMs / 1000)} s)`;
  return `${messageText(failure)}${retry}`;
}
