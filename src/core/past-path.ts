/**
 * The past as a path: `/@WHEN` is the user's own root as it was then.
 *
 * It is a door: reached by its path, and part of no listing. WHEN is a point of time as people type it; nothing at the
 * root of a user can be called so.
 */
import { type DfsPath, childPath, pathParts } from "./names.ts";

/** Of `@2026-11-01`. */
const dateCharacters = 11;
const pointOfTime = /^(\d{4})-(\d{2})-(\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** An ISO 8601 date or time, in milliseconds since 1970: a local one unless it names its zone. Undefined for other text. */
export function timeOf(text: string): number | undefined {
  const [, year, month, day, clock] = pointOfTime.exec(text) ?? [];
  if (day === undefined || !isDay(Number(year), Number(month), Number(day))) return undefined;
  // A date alone would be read as UTC, a time without a zone is local: both are local here.
  const timeMs = Date.parse(clock === undefined ? `${text}T00:00` : text);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** The time of a door to the past, by its name: `@2026-11-01`. Undefined for any other name. */
export function pastTimeOf(name: string): number | undefined {
  return name.startsWith("@") ? timeOf(name.slice(1)) : undefined;
}

/** The path of the root as it was at a time, which is the same wherever it is read. */
export function pastRoot(timeMs: number): DfsPath {
  return `/@${new Date(timeMs).toISOString()}` as DfsPath;
}

/** `path` with the zone of this process in a time that names none, so that it means the same to every other process. */
export function withZone(path: DfsPath): DfsPath {
  const [first = "", ...rest] = pathParts(path);
  const timeMs = pastTimeOf(first);
  if (timeMs === undefined || /(Z|[+-]\d{2}:\d{2})$/.test(first.slice(dateCharacters))) return path;
  const clock = first.length > dateCharacters ? "" : "T00:00";
  return `/${[`${first}${clock}${zoneText(timeMs)}`, ...rest].join("/")}` as DfsPath;
}

/** What `path` led to at a time, wherever it leads by itself. */
export function pastPath(timeMs: number, path: DfsPath): DfsPath {
  return pathParts(timeAndPath(path).path).reduce(childPath, pastRoot(timeMs));
}

/** What `path` leads to in the past, and when: a path of the present gives itself. */
export function timeAndPath(path: DfsPath): { readonly timeMs: number | undefined; readonly path: DfsPath } {
  const [first = "", ...rest] = pathParts(path);
  const timeMs = pastTimeOf(first);
  return { timeMs, path: timeMs === undefined ? path : (`/${rest.join("/")}` as DfsPath) };
}

/** The zone of this process at a time: `Z`, `+05:30`. */
function zoneText(timeMs: number): string {
  const minutes = -new Date(timeMs).getTimezoneOffset();
  const two = (value: number): string => String(value).padStart(2, "0");
  const size = Math.abs(minutes);
  return minutes === 0 ? "Z" : `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** `Date.parse` takes the 31st of each month. */
function isDay(year: number, month: number, day: number): boolean {
  return day > 0 && new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}
