/** The port through which commands reach the catalogue, whether one peer keeps the log or several agree on it. */

export interface LogCallOptions {
  /** Ends the wait with `interrupted` or `timeout`; a command that was on its way may still happen. */
  readonly signal: AbortSignal;
}

/** What became of a command. */
export interface Committed {
  /** Place of the command's entry in the log. */
  readonly index: number;
  /** The encoded result of applying it, which may be a refusal. */
  readonly result: Uint8Array;
}

/** The rules that every implementation keeps stand in test/contract/replicated-log.ts. */
export interface ReplicatedLog {
  start(): Promise<void>;
  /** Waiting calls fail with `unreachable`. */
  stop(): Promise<void>;
  /**
   * Resolves when the command is durable and applied. The caller has checked its signature. Fails with `usage` for a
   * command that is too long, `busy`, `no-quorum`, `unreachable`, `timeout`, `interrupted`, and with the kind of a
   * failing disk; after all but `usage` and `busy` the command may or may not have happened: repeat it in its session.
   */
  propose(command: Uint8Array, options: LogCallOptions): Promise<Committed>;
  /** The applied index, once it includes every command that was acknowledged before the call. Fails as propose does. */
  readBarrier(options: LogCallOptions): Promise<number>;
}
