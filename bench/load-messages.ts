/** What the programs that ask for `npm run bench -- overload` are told, and answer. */

export interface LoadSetup {
  /** Data folder of a member whose peer has stopped: the program takes its place. */
  readonly folder: string;
  /** Multiaddrs; the first is that of the coordinator and of a shelf's owner, the others those of its mirrors. */
  readonly holders: readonly string[];
}

export interface LoadOrder {
  readonly kind: "chunks" | "reads";
  readonly forMs: number;
  readonly deadlineMs: number;
  /** Questions a second; without it, as many as are answered one after the other `atOnce`. */
  readonly perSecond?: number;
  readonly atOnce: number;
}

export interface LoadOutcome {
  readonly asked: number;
  /** Answered before their deadline. */
  readonly inTime: number;
  /** How the others ended, by the kinds of their errors. */
  readonly failures: Readonly<Record<string, number>>;
}
