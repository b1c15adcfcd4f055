/** What the consensus core reads: the log on the disk, the configuration of the catalogue, and the newest snapshot. */
import type { Configuration, Entry, HardState, RaftStorage, Snapshot } from "../../raft/types.ts";
import type { RaftDisk } from "../../store/raft-disk/raft-disk.ts";

export interface GroupStorageOptions {
  readonly disk: RaftDisk;
  readonly configuration: Configuration;
  /** What the catalogue has applied: never behind what was committed when the last record was written. */
  readonly applied: number;
  /** Called when the core needs a snapshot and there is none that joins the log: one should be made. */
  readonly onSnapshotWanted: () => void;
}

export class GroupStorage implements RaftStorage {
  readonly #options: GroupStorageOptions;
  #snapshot: Snapshot | undefined;

  constructor(options: GroupStorageOptions) {
    this.#options = options;
  }

  /** The commit index rides along with records only, so that the applied one may be newer. */
  initialState(): { readonly hardState: HardState; readonly configuration: Configuration } {
    const { disk, configuration, applied } = this.#options;
    return { hardState: { ...disk.hardState, commit: Math.max(disk.hardState.commit, applied) }, configuration };
  }

  entries(low: number, high: number, bytesMax: number): readonly Entry[] {
    return this.#options.disk.entries(low, high, bytesMax);
  }

  term(index: number): number | undefined {
    return this.#options.disk.term(index);
  }

  firstIndex(): number {
    return this.#options.disk.firstIndex();
  }

  lastIndex(): number {
    return this.#options.disk.lastIndex();
  }

  /** The newest snapshot whose next entry the log still has. */
  snapshot(): Snapshot | undefined {
    const snapshot = this.#snapshot;
    if (snapshot !== undefined && snapshot.index + 1 >= this.firstIndex()) return snapshot;
    this.#options.onSnapshotWanted();
    return undefined;
  }

  /** Offers a snapshot of the own state to whoever needs it. */
  offer(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
  }
}
