/** Sizes and durations as people write them on a command line. */
import { DfsError } from "../core/errors.ts";

const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
  P: 1024 ** 5,
};
const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Bytes of `500G`, `1.5T`, `1048576`: powers of 1024. Fails with `usage`. */
export function parseSizeBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGTP]?)(?:i?B)?$/i.exec(text);
  const bytes =
    match === null
      ? Number.NaN
      : Math.floor(Number(match[1]) * (sizeUnits[(match[2] ?? "").toUpperCase()] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes))
    throw new DfsError("usage", `not a size: "${text}"; write 500G, 1.5T or a number of bytes`);
  return bytes;
}

/** Milliseconds of `90s`, `10m`, `2h`, `1d`. Fails with `usage`. */
export function parseDurationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const durationMs = match === null ? 0 : Number(match[1]) * (durationUnits[match[2] ?? ""] ?? 0);
  if (!(durationMs >= 1 && durationMs <= Number.MAX_SAFE_INTEGER))
    throw new DfsError("usage", `not a duration: "${text}"; write 90s, 10m, 2h or 1d`);
  return durationMs;
}
