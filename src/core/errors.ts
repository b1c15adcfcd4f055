/**
 * The one error type of the product, and the closed list of its kinds.
 *
 * A kind travels on the wire, says whether a retry can help, and maps to one exit code.
 * The list is append-only: a kind is never renamed or removed, so that an older peer still understands a newer one.
 * Callers switch on `kind`, never on a message.
 */

/** What a kind means to whoever catches it: its exit code, and whether the same call may succeed later. */
interface KindMeaning {
  readonly exitCode: number;
  readonly retryHelps: boolean;
}

const kindMeanings = {
  /** The call itself is malformed: an operand is missing, a number is not one, script text does not parse. */
  usage: { exitCode: 2, retryHelps: false },
  /** A path, name or value breaks a rule of the network (see names.ts). */
  "invalid-name": { exitCode: 2, retryHelps: false },
  /** There is no such path, revision, user or peer. */
  "not-found": { exitCode: 3, retryHelps: false },
  /** The target is there already. */
  exists: { exitCode: 4, retryHelps: false },
  /** A directory that should be empty is not. */
  "not-empty": { exitCode: 4, retryHelps: false },
  /** A directory is needed and a file was found. */
  "not-directory": { exitCode: 4, retryHelps: false },
  /** A file is needed and a directory was found. */
  "is-directory": { exitCode: 4, retryHelps: false },
  /** The caller may not do this: not a member, not the owner, or the local system refused. */
  permission: { exitCode: 4, retryHelps: false },
  /** A quota would be exceeded. */
  quota: { exitCode: 4, retryHelps: false },
  /** A disk has no room left for this; what was there stays readable. */
  "no-space": { exitCode: 4, retryHelps: false },
  /** Somebody else changed the file first; the error names the winning revision. */
  conflict: { exitCode: 4, retryHelps: true },
  /** An invite is garbled, used, revoked or expired. */
  "bad-invite": { exitCode: 4, retryHelps: false },
  /** A data folder, file or message is of a version that this program does not know. */
  version: { exitCode: 4, retryHelps: false },
  /** Another process holds the data folder. */
  locked: { exitCode: 5, retryHelps: true },
  /** A listen address is taken or cannot be bound. */
  "address-in-use": { exitCode: 5, retryHelps: true },
  /** A peer cannot be reached. */
  unreachable: { exitCode: 5, retryHelps: true },
  /** No majority of the coordinators answers. */
  "no-quorum": { exitCode: 5, retryHelps: true },
  /** A peer is full of work; the error says when to come back. */
  busy: { exitCode: 5, retryHelps: true },
  /** The deadline passed before an answer came. The operation may or may not have happened. */
  timeout: { exitCode: 5, retryHelps: true },
  /** A local file changed or disappeared while it was read. */
  changed: { exitCode: 5, retryHelps: true },
  /** This call needs a user who is logged in. */
  "not-logged-in": { exitCode: 6, retryHelps: false },
  /** Bytes are not what their hash, tag, checksum or signature says. */
  integrity: { exitCode: 7, retryHelps: false },
  /** A peer broke the protocol: an unknown message, a length beyond its limit, a reply nobody asked for. */
  protocol: { exitCode: 7, retryHelps: false },
  /** There is no such command. */
  "unknown-command": { exitCode: 127, retryHelps: false },
  /** The user interrupted. */
  interrupted: { exitCode: 130, retryHelps: true },
  /** The local disk or operating system failed in a way not named above. */
  io: { exitCode: 1, retryHelps: false },
  /** Some operands of a call with several failed; each was reported by itself. */
  partial: { exitCode: 1, retryHelps: false },
  /** A broken invariant: a bug of ours. */
  internal: { exitCode: 1, retryHelps: false },
  /** A coordinator that does not lead was asked for what only the leader can do; the error's peer leads, where one does. */
  "not-leader": { exitCode: 5, retryHelps: true },
  /** A shelf's chain has changed: whoever works by an older epoch, or asks a peer that is not its owner, looks again. */
  moved: { exitCode: 5, retryHelps: true },
  /** A directory or file has got a new key, because a share was taken back: whoever sealed by an older one seals again. */
  rekeyed: { exitCode: 5, retryHelps: true },
} as const satisfies Record<string, KindMeaning>;

export type ErrorKind = keyof typeof kindMeanings;

/** All kinds, in the order in which they were added. */
export const errorKinds = Object.keys(kindMeanings) as readonly ErrorKind[];

export interface DfsErrorDetails {
  /** The operation that failed, as a person would name it: `put`, `join`, `chunk-store.append`. */
  readonly op?: string | undefined;
  /** The path, name or operand that it failed for. */
  readonly path?: string | undefined;
  /** The peer on which it failed. */
  readonly peer?: string | undefined;
  /** For `busy` and other temporary kinds: when to come back, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** An error that a person may read and a program may switch on. The message says what happened, to what, and what to do next. */
export class DfsError extends Error {
  override readonly name = "DfsError";
  readonly kind: ErrorKind;
  readonly op: string | undefined;
  readonly path: string | undefined;
  readonly peer: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: ErrorKind, message: string, details: DfsErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.op = details.op;
    this.path = details.path;
    this.peer = details.peer;
    this.retryAfterMs = details.retryAfterMs;
  }

  /** The exit code of a program that ends because of this error. */
  get exitCode(): number {
    return kindMeanings[this.kind].exitCode;
  }

  /** Whether the same call may succeed when made again. */
  get retryHelps(): boolean {
    return kindMeanings[this.kind].retryHelps;
  }
}

/** Exit code of a kind, for whoever has the kind alone. */
export function exitCodeOf(kind: ErrorKind): number {
  return kindMeanings[kind].exitCode;
}

/** Node's system error codes that a person can act on, as kinds. Everything else is `io`. */
const systemErrorKinds: Readonly<Record<string, ErrorKind>> = {
  ENOENT: "not-found",
  EEXIST: "exists",
  ENOTEMPTY: "not-empty",
  ENOTDIR: "not-directory",
  EISDIR: "is-directory",
  EACCES: "permission",
  EPERM: "permission",
  EROFS: "permission",
  ENOSPC: "no-space",
  EDQUOT: "no-space",
  ENAMETOOLONG: "invalid-name",
  EILSEQ: "invalid-name",
  ELOOP: "permission",
  EADDRINUSE: "address-in-use",
  EADDRNOTAVAIL: "address-in-use",
  ECONNREFUSED: "unreachable",
  ECONNRESET: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  ETIMEDOUT: "timeout",
};

/** Short words for the system errors that people meet, without the code and the path that Node puts in. */
const systemErrorWords: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EEXIST: "exists already",
  ENOTEMPTY: "directory is not empty",
  ENOTDIR: "not a directory",
  EISDIR: "is a directory",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the disk",
  EDQUOT: "the disk quota is used up",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name or path is too long for this file system",
  EILSEQ: "this file system does not take such a name",
  ELOOP: "leads through a symbolic link",
};

/**
 * Any thrown value as a DfsError.
 *
 * A DfsError passes through unchanged. An abort becomes `interrupted`, a timeout signal's abort `timeout`,
 * a Node system error the kind of its code, anything else `internal`.
 */
export function toDfsError(thrown: unknown, details: DfsErrorDetails = {}): DfsError {
  if (thrown instanceof DfsError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error.name === "TimeoutError")
    return new DfsError("timeout", "no answer within the deadline", { ...details, cause: thrown });
  if (error.name === "AbortError") return new DfsError("interrupted", "interrupted", { ...details, cause: thrown });
  const code = (error as NodeJS.ErrnoException).code;
  const kind = code === undefined ? undefined : systemErrorKinds[code];
  if (kind !== undefined)
    return new DfsError(kind, systemErrorWords[code ?? ""] ?? error.message, { ...details, cause: thrown });
  const isSystemError = typeof (error as NodeJS.ErrnoException).syscall === "string";
  return new DfsError(isSystemError ? "io" : "internal", systemErrorWords[code ?? ""] ?? error.message, {
    ...details,
    cause: thrown,
  });
}

/** Stops with a broken-invariant error when `condition` is false: for bugs, never for the world's failures. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new DfsError("internal", `broken invariant: ${message}`);
}
