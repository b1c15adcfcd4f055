/** Has peers hash every chunk on their disks anew: all that store files, or those that are named. */
import type { FsckOptions, FsckProgress } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { PeerId, PeerName } from "../core/ids.ts";
import { rpcDeadlineMsMax } from "../core/limits.ts";
import type { PeerRow } from "../catalogue/rows.ts";
import type { Members } from "./members.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { Upkeep } from "./shelves/upkeep.ts";
import { type CheckProgress, upkeepMethods } from "./shelves/upkeep-methods.ts";

export interface DiskChecksOptions {
  readonly self: PeerId;
  readonly members: Members;
  readonly links: PeerLinks;
  readonly upkeep: Upkeep;
}

const nothingYet: CheckProgress = { chunks: 0, bytes: 0, totalBytes: 0, damaged: 0, mended: 0 };

export class DiskChecks {
  readonly #options: DiskChecksOptions;

  constructor(options: DiskChecksOptions) {
    this.#options = options;
  }

  /** Resolves with the last progress of each peer, when all have ended or failed. Fails with `not-found` for a name that nobody has. */
  async run({ peers, onProgress, signal }: FsckOptions): Promise<readonly FsckProgress[]> {
    const rows = this.#rows(peers);
    const bounded = signal ?? new AbortController().signal;
    const results = await Promise.all(rows.map((row) => this.#check(row, onProgress, bounded)));
    if (bounded.aborted) throw toDfsError(bounded.reason);
    return results;
  }

  #rows(names: readonly PeerName[] | undefined): readonly PeerRow[] {
    const { members } = this.#options;
    if (names === undefined) return members.peers.filter(({ shelf }) => shelf !== null);
    return names.map((name) => {
      const row = members.peers.find((peer) => peer.name === name);
      if (row === undefined) throw new DfsError("not-found", `no peer is called ${name}; see peers`, { path: name });
      return row;
    });
  }

  async #check(
    { id, name }: PeerRow,
    onProgress: FsckOptions["onProgress"],
    signal: AbortSignal,
  ): Promise<FsckProgress> {
    const { links, self, upkeep } = this.#options;
    let last = nothingYet;
    const onItem = (progress: CheckProgress): void => {
      last = progress;
      onProgress?.({ peer: name, isDone: false, ...progress });
    };
    const tell = (progress: FsckProgress): FsckProgress => {
      onProgress?.(progress);
      return progress;
    };
    try {
      const result =
        id === self
          ? await upkeep.check(onItem, signal)
          : await links.callWithItems(id, upkeepMethods.check, {}, onItem, { signal, timeoutMs: rpcDeadlineMsMax });
      return tell({ peer: name, isDone: true, ...result });
    } catch (error) {
      return tell({ peer: name, isDone: true, ...last, error: toDfsError(error) });
    }
  }
}
