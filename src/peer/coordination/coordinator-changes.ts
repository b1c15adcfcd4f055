/** What an operator orders of the coordinators, until it is so. */
import { setTimeout as delay } from "node:timers/promises";
import type { PeerRow } from "../../catalogue/rows.ts";
import type { CoordinatorChange } from "../../core/client.ts";
import { withDeadline } from "../../core/deadline.ts";
import { DfsError } from "../../core/errors.ts";
import type { PeerId, PeerName } from "../../core/ids.ts";
import { coordinatorChangeMs, groupReviewMs } from "../../core/limits.ts";
import type { CommandTarget } from "../command-session.ts";
import type { Members } from "../members.ts";
import type { GroupReport } from "./catalogue-access.ts";
import type { CatalogueClient } from "./catalogue-client.ts";

export interface CoordinatorChangesOptions {
  readonly catalogue: CatalogueClient;
  readonly members: Members;
  /** Commits as an administrator, or as this peer while there is none. */
  readonly commands: CommandTarget;
}

export class CoordinatorChanges {
  readonly #options: CoordinatorChangesOptions;

  constructor(options: CoordinatorChangesOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the group is as ordered. An order stays when the wait ends early: the group goes on towards it. Fails
   * with `not-found` for an unknown peer, `usage` for what cannot be, `timeout`, and as a command does.
   */
  async change(change: CoordinatorChange, name: PeerName, signal?: AbortSignal): Promise<void> {
    const { members, catalogue } = this.#options;
    await members.refresh(signal);
    const peer = members.peers.find((row) => row.name === name);
    if (peer === undefined) throw new DfsError("not-found", `no peer is called ${name}; see peers`, { path: name });
    await withDeadline(coordinatorChangeMs, signal, async (bounded) => {
      if (change === "transfer") await this.#transfer(peer, bounded);
      else await this.#order(change, peer, await catalogue.group(bounded), bounded);
    });
  }

  async #transfer({ id }: PeerRow, signal: AbortSignal): Promise<void> {
    await this.#options.catalogue.transfer(id, signal);
    await this.#until(({ leader }) => leader === id, signal);
  }

  async #order(order: "add" | "remove", peer: PeerRow, group: GroupReport, signal: AbortSignal): Promise<void> {
    this.#requirePossible(order, peer, group);
    await this.#options.commands.execute([{ op: "orderCoordinator", peer: peer.id, order }], signal);
    await this.#until(order === "add" ? isMember(peer.id) : (report) => !isMember(peer.id)(report), signal);
  }

  #requirePossible(order: "add" | "remove", { id, name }: PeerRow, { members }: GroupReport): void {
    const others = members.filter(({ peer, isVoter }) => isVoter && peer !== id);
    if (order === "remove" && others.length === 0 && members.some(({ peer }) => peer === id))
      throw new DfsError(
        "usage",
        `${name} is the only coordinator that votes: let another peer become one first (coordinator add PEER)`,
      );
  }

  /** Waits until the group's report shows what was ordered; without a leader for a moment it goes on waiting. */
  async #until(isSo: (report: GroupReport) => boolean, signal: AbortSignal): Promise<void> {
    for (;;) {
      const report = await this.#options.catalogue.group(signal).catch(() => undefined);
      signal.throwIfAborted();
      if (report !== undefined && report.hasQuorum && isSo(report)) return;
      await delay(groupReviewMs / 2, undefined, { signal });
    }
  }
}

/** Whether a peer is in the group, as a voter or, where the group has enough of those, as a learner. */
function isMember(id: PeerId): (report: GroupReport) => boolean {
  return ({ members }) => members.some(({ peer }) => peer === id);
}
