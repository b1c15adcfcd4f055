/** Spans and points of time as they are typed. */
import { DfsError } from "../core/errors.ts";
import { timeOf } from "../core/past-path.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const spanUnitMs: Readonly<Record<string, number>> = { s: 1000, m: minuteMs, h: hourMs, d: 24 * hourMs };

/** A span such as `30m`, `2h` or `7d` in milliseconds. Fails with `usage`, naming `option`. */
export function spanMs(text: string, option: string): number {
  const span = parseSpan(text);
  if (span === undefined) throw new DfsError("usage", `${option} needs a span as 30m, 2h or 7d, not "${text}"`);
  return span;
}

/**
 * When something that is put at `nowMs` with `--expire text` goes away, in milliseconds since 1970: after a span, or at
 * an ISO 8601 date or time, a local one unless it names its zone. Fails with `usage`, also for a time that has passed.
 */
export function expiryMs(text: string, nowMs: number): number {
  const span = parseSpan(text);
  const timeMs = span === undefined ? timeOf(text) : nowMs + span;
  if (timeMs === undefined)
    throw new DfsError("usage", `--expire needs a span as 30m, 2h or 7d, or a time as 2030-01-31T18:00, not "${text}"`);
  if (timeMs <= nowMs) throw new DfsError("usage", `--expire needs a time that is still to come, not "${text}"`);
  return timeMs;
}

/**
 * The time that `--at text` looks at, in milliseconds since 1970: an ISO 8601 date or time, a local one unless it names its
 * zone, as paths of the past have it; so long before `nowMs`; or `yesterday`, a day before. Fails with `usage`, also for a
 * time that is still to come.
 */
export function pastMs(text: string, nowMs: number): number {
  const span = text === "yesterday" ? spanUnitMs["d"] : parseSpan(text);
  const timeMs = span === undefined ? timeOf(text.replace(/^@/, "")) : nowMs - span;
  if (timeMs === undefined)
    throw new DfsError(
      "usage",
      `--at needs a time as 2026-11-01 or 2026-11-01T18:00, or how long ago: 2h, 3d, not "${text}"`,
    );
  if (timeMs > nowMs) throw new DfsError("usage", `--at needs a time that has passed, not "${text}"`);
  return Math.max(0, timeMs);
}

/** A number of days, which may have a fraction, or a span such as `12h`, in milliseconds. Fails with `usage`, naming `option`. */
export function daysMs(text: string, option: string): number {
  const span = /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Math.round(Number(text) * 24 * hourMs) : parseSpan(text);
  if (span === undefined)
    throw new DfsError("usage", `${option} needs a number of days as 30 or 0.5, or a span as 12h, not "${text}"`);
  return span;
}

function parseSpan(text: string): number | undefined {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = spanUnitMs[match?.[2] ?? ""];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}
