/** What a leader knows of one other member's log, and how fast it may send. */

/**
 * `probe`: one append at a time until the logs are known to agree; `replicate`: optimistic, bounded by a window;
 * `snapshot`: nothing until the snapshot has arrived or failed.
 */
export type ProgressMode = "probe" | "replicate" | "snapshot";

/** One member as its leader sees it; fields are read freely and changed only by the methods and by the leader's own files. */
export class Progress {
  /** Everything up to here is known to be on the member's disk. */
  match = 0;
  /** The first index that the next append will carry. */
  next: number;
  mode: ProgressMode = "probe";
  /** The member has been heard of since the last check of the quorum. */
  isActive = false;
  /** The highest read round that the member has acknowledged. */
  round = 0;
  /** The index of the snapshot under way, in mode `snapshot`. */
  snapshotIndex = 0;
  /** In mode `probe`: an append is out, and nothing more is sent until something is heard. */
  isProbeSent = false;
  /** In mode `replicate`: the last index of each append that is out, oldest first. */
  readonly #inFlight: number[] = [];
  readonly #inFlightMax: number;

  constructor(next: number, inFlightMax: number) {
    this.next = next;
    this.#inFlightMax = inFlightMax;
  }

  /** Whether nothing may be sent before something is heard. */
  get isPaused(): boolean {
    if (this.mode === "probe") return this.isProbeSent;
    return this.mode === "snapshot" || this.#inFlight.length >= this.#inFlightMax;
  }

  /** Goes back to one append at a time, from what is known to match or, after a snapshot, from behind that. */
  becomeProbe(): void {
    this.next = this.mode === "snapshot" ? Math.max(this.match, this.snapshotIndex) + 1 : this.match + 1;
    this.#enter("probe");
  }

  /** The logs agree up to `match`: sends on without waiting. */
  becomeReplicate(): void {
    this.next = this.match + 1;
    this.#enter("replicate");
  }

  /** A snapshot up to `index` is on its way. */
  becomeSnapshot(index: number): void {
    this.#enter("snapshot");
    this.snapshotIndex = index;
    this.next = index + 1;
  }

  /** Notes that an append with entries up to `lastIndex` (none: `next` - 1) was sent. */
  sent(lastIndex: number): void {
    const hasEntries = lastIndex >= this.next;
    if (this.mode === "probe") this.isProbeSent = true;
    else if (hasEntries) {
      this.next = lastIndex + 1;
      this.#inFlight.push(lastIndex);
    }
  }

  /** Takes an acknowledgement; returns whether it told anything new. */
  acknowledge(index: number): boolean {
    while (this.#inFlight.length > 0 && (this.#inFlight[0] as number) <= index) this.#inFlight.shift();
    if (index + 1 > this.next) this.next = index + 1;
    if (index <= this.match) return false;
    this.match = index;
    this.isProbeSent = false;
    return true;
  }

  /** Takes the rejection of an append behind `prevIndex`; returns false when it is an old one that says nothing. */
  reject(prevIndex: number, hintIndex: number): boolean {
    if (this.mode === "replicate") {
      if (prevIndex <= this.match) return false;
      this.becomeProbe();
      return true;
    }
    if (this.mode === "snapshot" || this.next - 1 !== prevIndex) return false;
    this.next = Math.max(Math.min(prevIndex, hintIndex + 1), this.match + 1);
    this.isProbeSent = false;
    return true;
  }

  /** A sign of life: a probe may be sent again, and a full window gets one free place, in case appends were lost. */
  heard(): void {
    this.isActive = true;
    this.isProbeSent = false;
    if (this.mode === "replicate" && this.#inFlight.length >= this.#inFlightMax) this.#inFlight.shift();
  }

  #enter(mode: ProgressMode): void {
    this.mode = mode;
    this.isProbeSent = false;
    this.snapshotIndex = 0;
    this.#inFlight.length = 0;
  }
}
