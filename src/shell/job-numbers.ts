/** How a job is named in a command: `%3` or `3` for a transfer of the peer, `%s1` or `s1` for a job of the shell. */
import { DfsError } from "../core/errors.ts";
import type { JobId } from "../core/ids.ts";

/** A job that a command names: a transfer of the peer by its number, or a job of this shell by its name. */
export type JobName = { readonly kind: "transfer"; readonly id: JobId } | { readonly kind: "own"; readonly id: string };

/** Fails with `usage` for what names no job. */
export function jobName(text: string): JobName {
  const [, own, digits] = /^%?(s?)([1-9]\d{0,14})$/.exec(text) ?? [];
  if (digits === undefined) throw new DfsError("usage", `a job is %N or %sN, as jobs lists them, not "${text}"`);
  return own === "s" ? { kind: "own", id: `s${digits}` } : { kind: "transfer", id: Number(digits) as JobId };
}

/** The transfer that a command names. Fails with `usage` for a job of the shell, which cannot do `what`. */
export function transferId(text: string, what: string): JobId {
  const name = jobName(text);
  if (name.kind === "transfer") return name.id;
  throw new DfsError("usage", `only a transfer can be ${what}, not a job of the shell`);
}
