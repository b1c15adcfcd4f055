/**
 * Brings committed entries into the catalogue.
 *
 * A leader applies at once, for its callers wait. Nobody waits for a follower: it gathers entries for a moment. Both
 * commit a moment later, so that many entries share a transaction and the pages that it writes. A crash loses nothing,
 * for what was not applied or not committed is in the log.
 */
import { setImmediate as turnOfEvents } from "node:timers/promises";
import type { Catalogue } from "../../catalogue/catalogue.ts";
import type { Command } from "../../catalogue/command.ts";
import {
  applyBacklogBytesMax,
  applyDelayMs,
  applySliceEntriesMax,
  commitDelayMs,
  uncommittedEntriesMax,
} from "../../core/limits.ts";
import type { Entry } from "../../raft/types.ts";
import { applyEntries, portionsOf } from "./apply-entries.ts";
import { type GroupMark, decodeMark } from "./group-mark.ts";
import type { Proposals } from "./proposals.ts";

export interface ApplierOptions {
  /** The catalogue that is open now. */
  readonly catalogue: () => Catalogue;
  /** Whose callers learn of the results. */
  readonly proposals: Proposals;
  /** Enough time has passed: `apply` should be called. */
  readonly onDue: () => void;
}

export class Applier {
  readonly #options: ApplierOptions;
  #mark: GroupMark;
  #appliedIndex: number;
  #backlog: Entry[] = [];
  #backlogBytes = 0;
  #hasChange = false;
  /** Entries that were applied since the last commit. */
  #uncommitted = 0;
  #applyTimer: NodeJS.Timeout | undefined;
  #commitTimer: NodeJS.Timeout | undefined;
  #isApplyDue = false;
  #isCommitDue = false;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#mark = decodeMark(options.catalogue().logMark());
    this.#appliedIndex = options.catalogue().appliedIndex();
  }

  /** The last entry that was applied. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** The mark after the last entry that was applied. */
  get mark(): GroupMark {
    return this.#mark;
  }

  /** Whether entries wait to be applied or committed that should wait no longer: they have for a while, are many, or change the members. */
  get isDue(): boolean {
    const isFull = this.#backlog.length >= applySliceEntriesMax || this.#backlogBytes >= applyBacklogBytesMax;
    return this.#isApplyDue || this.#isCommitDue || this.#hasChange || isFull;
  }

  /** Takes over entries that follow those it was given before. */
  add(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#backlog.push(entry);
      this.#backlogBytes += entry.data.length;
      if (entry.kind === "config") this.#hasChange = true;
    }
    if (this.#backlog.length === 0) return;
    this.#applyTimer ??= setTimeout(() => {
      this.#isApplyDue = true;
      this.#options.onDue();
    }, applyDelayMs);
    this.#commitTimer ??= setTimeout(() => {
      this.#isCommitDue = true;
      this.#options.onDue();
    }, commitDelayMs);
  }

  /** Applies what waits, in portions short enough to keep the loop turning, and commits when it is time. Returns whether it committed anything. */
  async apply(): Promise<boolean> {
    const isCommitDue = this.#isCommitDue || this.#hasChange;
    const entries = this.#takeBacklog();
    for (const portion of portionsOf(entries)) {
      if (portion[0] !== entries[0]) await turnOfEvents();
      this.#applyPortion(portion);
    }
    this.#uncommitted += entries.length;
    if (!isCommitDue && this.#uncommitted < uncommittedEntriesMax) return false;
    const hasCommitted = this.#uncommitted > 0;
    this.drop();
    this.#options.catalogue().commit();
    return hasCommitted;
  }

  /** Forgets what waits to be applied: it is in the log, or in the snapshot that took the catalogue's place. */
  drop(): void {
    this.#takeBacklog();
    clearTimeout(this.#commitTimer);
    this.#commitTimer = undefined;
    this.#isCommitDue = false;
    this.#uncommitted = 0;
  }

  #takeBacklog(): readonly Entry[] {
    const entries = this.#backlog;
    clearTimeout(this.#applyTimer);
    this.#applyTimer = undefined;
    this.#isApplyDue = false;
    this.#hasChange = false;
    this.#backlog = [];
    this.#backlogBytes = 0;
    return entries;
  }

  /** Goes on from the mark of another catalogue. */
  restored(): void {
    const catalogue = this.#options.catalogue();
    this.#mark = decodeMark(catalogue.logMark());
    this.#appliedIndex = catalogue.appliedIndex();
  }

  #applyPortion(portion: readonly Entry[]): void {
    const { catalogue, proposals } = this.#options;
    const decodedAt = (entry: Entry): Command | undefined => proposals.decodedAt(entry.index, entry.term);
    const { mark, results } = applyEntries(catalogue(), this.#mark, portion, decodedAt);
    this.#mark = mark;
    this.#appliedIndex = portion.at(-1)?.index ?? this.#appliedIndex;
    for (const [place, { index, term }] of portion.entries()) proposals.settle(index, term, results[place]);
  }
}
