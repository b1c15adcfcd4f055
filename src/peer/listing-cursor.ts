/** Where a page of a listing ended, as text. */
import { DfsError } from "../core/errors.ts";
import { hexOf } from "./random-ids.ts";

/** A page's end as text for a caller, and back. Fails with `usage` on anything that was not a cursor. */
export function cursorText(token: Uint8Array | undefined): string | undefined {
  return token === undefined ? undefined : hexOf(token);
}

export function cursorToken(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  if (!/^([0-9a-f]{2})+$/.test(text)) throw new DfsError("usage", "not the cursor of a listing");
  return Buffer.from(text, "hex");
}
