/** Holders of a file: by the finger table, else by the catalogue's chain of the file's shelf. */
import { toDfsError } from "../core/errors.ts";
import type { FileKey, PeerId, ShelfId } from "../core/ids.ts";
import { holderKeysPerMessageMax, holderSuspectMs, peersMax } from "../core/limits.ts";
import type { FingerTableService } from "../dht/finger-table-service.ts";
import type { HoldersFound } from "../dht/holder-lookup.ts";
import type { FoundHolders, HolderDirectory } from "./holder-picker.ts";
import { BusyGate } from "./load/busy-gate.ts";
import { PeerSpeeds } from "./load/peer-speeds.ts";
import type { Members } from "./members.ts";

export class NetworkHolders implements HolderDirectory {
  readonly speeds = new PeerSpeeds<PeerId>();
  readonly busy = new BusyGate<PeerId>();
  readonly #self: PeerId;
  readonly #fingers: FingerTableService;
  readonly #members: Members;
  /** Until when each is asked after the others, by a clock that nobody sets. */
  readonly #suspects = new Map<PeerId, number>();

  constructor(self: PeerId, fingers: FingerTableService, members: Members) {
    this.#self = self;
    this.#fingers = fingers;
    this.#members = members;
  }

  async find(fileKey: FileKey, shelf: ShelfId, signal: AbortSignal): Promise<FoundHolders> {
    const found = await this.#ask(fileKey, signal);
    // Members only: what the finger table says is a hint from peers that are not trusted.
    const members = found.holders.filter((peer) => this.#members.peer(peer) !== undefined);
    const holders = members.filter((peer) => peer !== this.#self);
    if (members.length > 0) return { holders, foundBy: found.from === "cache" ? "cache" : "finger-table" };
    const fallbackReason = found.reason ?? "the finger table named no member";
    return { holders: await this.chainOf(shelf), foundBy: "catalogue", fallbackReason };
  }

  /** A finger table that fails is one that knows nothing: the catalogue answers then. */
  async #ask(fileKey: FileKey, signal: AbortSignal): Promise<Pick<HoldersFound, "holders" | "from" | "reason">> {
    try {
      const [found] = await this.#fingers.findHolders([fileKey], { signal });
      return found ?? { holders: [], from: "network" };
    } catch (error) {
      signal.throwIfAborted();
      return { holders: [], from: "network", reason: toDfsError(error).message };
    }
  }

  async foresee(fileKeys: readonly FileKey[], signal: AbortSignal): Promise<void> {
    for (let from = 0; from < fileKeys.length; from += holderKeysPerMessageMax)
      await this.#fingers.findHolders(fileKeys.slice(from, from + holderKeysPerMessageMax), { signal });
  }

  chainOf(shelf: ShelfId): Promise<readonly PeerId[]> {
    const links = this.#members.shelf(shelf)?.links ?? [];
    // Who has everything is asked first; who is being filled may have this file already.
    const sorted = links.toSorted((left, right) => Number(right.hasFrom > 0) - Number(left.hasFrom > 0));
    return Promise.resolve(sorted.map(({ peer }) => peer).filter((peer) => peer !== this.#self));
  }

  nameOf(peer: PeerId): string | undefined {
    return this.#members.peer(peer)?.name;
  }

  forget(peer: PeerId): void {
    this.#fingers.forgetHolder(peer);
  }

  suspect(peer: PeerId): void {
    this.#suspects.delete(peer);
    this.#suspects.set(peer, performance.now() + holderSuspectMs);
    const [oldest] = this.#suspects.keys();
    if (this.#suspects.size > peersMax && oldest !== undefined) this.#suspects.delete(oldest);
  }

  isSuspect(peer: PeerId): boolean {
    return (this.#suspects.get(peer) ?? 0) > performance.now();
  }
}
