/** Refusals: the outcomes of a command that change nothing, are the same on every replica, and are kept for retries. */
import type { ErrorKind } from "../core/errors.ts";

/** Thrown by an operation that may not happen. Anything else that is thrown is the disk's failure or a bug, and stops the batch. */
export class Refusal extends Error {
  readonly kind: ErrorKind;
  /** For `conflict`: the revision that won. */
  readonly revision: number | null;

  constructor(kind: ErrorKind, message: string, revision: number | null = null) {
    super(message);
    this.kind = kind;
    this.revision = revision;
  }
}

/** Refuses with `kind` and `message` unless `condition` holds. */
export function requireThat(condition: boolean, kind: ErrorKind, message: string): asserts condition {
  if (!condition) throw new Refusal(kind, message);
}
