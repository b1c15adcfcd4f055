/**
 * Links that owners of shelves have given up for now, although the peers say that they are up: as each owner's last
 * heartbeat has it. An owner speaks for its own shelves only, so that no peer can have another one replaced elsewhere.
 */
import type { PeerId, ShelfId } from "../../core/ids.ts";

/** A link of one of the sender's shelves that gives no answer, or none that is right. */
export interface FailingLink {
  readonly shelf: ShelfId;
  readonly peer: PeerId;
}

const keyOf = ({ shelf, peer }: FailingLink): string => `${shelf} ${peer}`;

export class FailingLinks {
  /** Since when, for each owner and link. */
  readonly #since = new Map<PeerId, ReadonlyMap<string, number>>();

  /** Takes what `owner` says now in the place of what it said before. */
  note(owner: PeerId, failing: readonly FailingLink[], nowMs: number): void {
    const before = this.#since.get(owner);
    if (failing.length === 0) this.#since.delete(owner);
    else this.#since.set(owner, new Map(failing.map((link) => [keyOf(link), before?.get(keyOf(link)) ?? nowMs])));
  }

  /** For how long `owner` has said that a link fails, in milliseconds; undefined while it does not say so. */
  ageMs(owner: PeerId, link: FailingLink, nowMs: number): number | undefined {
    const sinceMs = this.#since.get(owner)?.get(keyOf(link));
    return sinceMs === undefined ? undefined : Math.max(0, nowMs - sinceMs);
  }

  clear(): void {
    this.#since.clear();
  }
}
