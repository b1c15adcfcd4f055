/** The upload sessions of one put, one for each shelf that its files go to. */
import { withDeadline } from "../core/deadline.ts";
import type { ShelfId } from "../core/ids.ts";
import { placementPatienceMs } from "../core/limits.ts";
import type { Fits, ShelfPort } from "./shelves/shelf-port.ts";
import type { TransferReport } from "./transfer-report.ts";
import { UploadSession, leaseEndMs } from "./upload-session.ts";

/** Where files are put. */
export interface ShelfChoice {
  /** The shelf for a new file, or the one that an existing file is on. */
  readonly shelfFor: (existing: ShelfId | undefined, signal: AbortSignal, fits?: Fits) => Promise<ShelfPort>;
  /** Whether a shelf takes new files now, as far as is known. */
  readonly takes: (shelf: ShelfId) => boolean;
  /** Has new files go to other shelves for a while; false where there is no other. */
  readonly avoid: (shelf: ShelfId) => boolean;
}

export interface UploadSessionsOptions {
  readonly choice: ShelfChoice;
  /** Copies that each file wants; 0 leaves that to the network. */
  readonly copies: number;
  readonly signal: AbortSignal;
}

export class UploadSessions {
  readonly #options: UploadSessionsOptions;
  readonly #sessions = new Map<ShelfId, UploadSession>();
  /** Those of which something was committed. */
  readonly #committed = new Set<UploadSession>();

  constructor(options: UploadSessionsOptions) {
    this.#options = options;
  }

  /** The session of an existing file's shelf; for a new file, of one that it fits, and whose owner answers, while there is any. */
  async for(existing: ShelfId | undefined, fits?: Fits): Promise<UploadSession> {
    const tried = new Set<UploadSession>();
    for (;;) {
      const session = await this.#session(existing, fits);
      if (existing !== undefined || session.port.isLocal || tried.has(session)) return session;
      if ((await session.isReady(placementPatienceMs)) || !this.leave(session)) return session;
      tried.add(session);
    }
  }

  /** The session of the shelf that has a new file's content; undefined while that shelf takes no files, or its owner is silent. */
  async forKnown(shelf: ShelfId): Promise<UploadSession | undefined> {
    if (!this.#options.choice.takes(shelf)) return undefined;
    const session = await this.#session(shelf, undefined);
    if (session.port.isLocal || (await session.isReady(placementPatienceMs))) return session;
    this.leave(session);
    return undefined;
  }

  /** Has the next new files go elsewhere than to a session's shelf; false where there is nowhere to go. */
  leave({ port }: UploadSession): boolean {
    return !port.isLocal && this.#options.choice.avoid(port.shelf);
  }

  noteCommitted(session: UploadSession): void {
    this.#committed.add(session);
  }

  /**
   * Lets the shelves settle what stays; where that fails, the leases run out by themselves. With `keepUpload`, sessions of
   * which something was committed go there instead.
   */
  async end(keepUpload: ((session: UploadSession) => void) | undefined): Promise<void> {
    const sessions = [...this.#sessions.values()];
    const kept = keepUpload === undefined ? [] : sessions.filter((session) => this.#committed.has(session));
    for (const session of kept) keepUpload?.(session);
    const ending = sessions.filter((session) => !kept.includes(session));
    const end = (session: UploadSession): Promise<void> =>
      withDeadline(leaseEndMs, undefined, (signal) => session.end(signal)).catch(() => undefined);
    await Promise.all(ending.map(end));
  }

  /** Tells `report` what went through. */
  count(report: TransferReport): void {
    for (const { counters, port } of this.#sessions.values()) {
      report.count({ chunks: counters.chunks, newChunks: counters.newChunks, newBytes: counters.newBytes });
      if (!port.isLocal) report.count({ sentChunks: counters.newChunks, sentBytes: counters.newBytes });
    }
  }

  async #session(existing: ShelfId | undefined, fits: Fits | undefined): Promise<UploadSession> {
    const { choice, copies, signal } = this.#options;
    const port = await choice.shelfFor(existing, signal, fits);
    const present = this.#sessions.get(port.shelf);
    if (present !== undefined) return present;
    const session = new UploadSession(port, copies, signal);
    this.#sessions.set(port.shelf, session);
    return session;
  }
}
