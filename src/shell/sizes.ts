/** Sizes as they are typed. */
import { DfsError } from "../core/errors.ts";

const unitBytes: Readonly<Record<string, number>> = {
  "": 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
};

/** A size in bytes: `500M`, `1.5G`, `4096`; units are powers of 1024. Fails with `usage`, naming `what`. */
export function sizeBytes(text: string, what: string): number {
  const match = /^(\d{1,15}(?:\.\d{1,3})?)([KMGT]?)(?:i?B)?$/i.exec(text);
  const bytes = Math.round(Number(match?.[1]) * (unitBytes[(match?.[2] ?? "").toUpperCase()] ?? 1));
  if (!Number.isSafeInteger(bytes))
    throw new DfsError("usage", `${what} needs a size as 500M, 1.5G or a number of bytes, not "${text}"`);
  return bytes;
}
