/**
 * What is in a directory, looked at in two steps, as `readdir` and `lstat` are: its names, in their order wherever the
 * peer can tell it, and everything about some of them. So nobody has to hold all entries of a large directory.
 */
import type { CallOptions, Entry } from "./client.ts";
import type { DfsError } from "./errors.ts";
import type { DfsPath } from "./names.ts";

/** A name in a directory. */
export interface ChildName {
  readonly name: string;
  readonly kind: Entry["kind"];
}

export interface NamesOptions extends CallOptions {
  /** Only names that start with it. */
  readonly prefix?: string | undefined;
  /** Where the page before ended, as its `next` said; of the same directory and prefix. */
  readonly cursor?: string | undefined;
  /** Names wanted at the most; a page may be shorter, or empty, before the last one. */
  readonly limit?: number | undefined;
}

export interface NamesPage {
  readonly names: readonly ChildName[];
  /**
   * Whether the names of this page and of all that follow are in the order of their code points, each once. False while
   * the peer has no index of the names that is up to date, or may not keep one: they are then in no particular order.
   */
  readonly isSorted: boolean;
  /** Why names were left out: they break the rules, or nothing opens them. `path` shows which, in escapes. */
  readonly refused?: readonly DfsError[] | undefined;
  /** Absent on the last page. */
  readonly next?: string | undefined;
}

export interface NamedEntries {
  /** In the order of the names that were asked for, without those that stand for nothing. */
  readonly entries: readonly Entry[];
  /** Why entries were left out: their attributes break the rules, or nothing opens them. */
  readonly refused?: readonly DfsError[] | undefined;
}

export interface DirectoryClient {
  /**
   * One page of the names in a directory. What is there throughout comes once; what comes or goes between two pages may be
   * missed. Of files nothing but the name is opened. Fails with `not-found`, `not-directory`, and `usage` for a cursor
   * that is none.
   */
  names(path: DfsPath, options?: NamesOptions): Promise<NamesPage>;
  /** The entries of these names, as many as a page of a listing at the most. Fails with `not-found`, `not-directory`. */
  entries(path: DfsPath, names: readonly string[], options?: CallOptions): Promise<NamedEntries>;
}
