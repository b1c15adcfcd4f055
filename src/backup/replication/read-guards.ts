/**
 * Keeps what a filling has read of the past from overwriting what has changed since.
 *
 * A filling reads some records, gives the link their chunks, which takes a while, and then sends their changes. A record
 * that changed meanwhile has gone to the link already, as it is now. So each reading holds a guard from before it reads
 * until its changes are in the queue, and leaves out what the guard has seen.
 */
import type { FileKey } from "../../core/ids.ts";
import type { ShelfChange } from "../../core/shelf.ts";

export interface ReadGuard {
  /** Whether the record has changed since the guard was opened. */
  has(fileKey: FileKey): boolean;
  close(): void;
}

export class ReadGuards {
  readonly #open = new Set<Set<FileKey>>();

  open(): ReadGuard {
    const changed = new Set<FileKey>();
    this.#open.add(changed);
    return { has: (fileKey) => changed.has(fileKey), close: () => this.#open.delete(changed) };
  }

  /** These records are changing now. */
  note(changes: readonly ShelfChange[]): void {
    for (const changed of this.#open) for (const { fileKey } of changes) changed.add(fileKey);
  }
}
