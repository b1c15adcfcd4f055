/**
 * Keeps the group as large as it should be: coordinators come by themselves as peers join, and are replaced when they
 * are out.
 *
 * Only the leader acts, one step at a time: who shall be a coordinator is given a seat first, follows the log as a
 * learner, and votes once it has caught up. What to do next is decided anew each time by the pure planner in src/raft.
 */
import type { PeerRow } from "../../catalogue/rows.ts";
import { withDeadline } from "../../core/deadline.ts";
import { toDfsError } from "../../core/errors.ts";
import type { PeerId } from "../../core/ids.ts";
import { groupChangeMs, groupReviewMs, raftPromoteLagEntriesMax } from "../../core/limits.ts";
import { type PlannedStep, planConfigChange } from "../../raft/membership-plan.ts";
import type { MemberId } from "../../raft/types.ts";
import type { Log } from "../log.ts";
import type { PeerLinks } from "../peer-links.ts";
import type { Coordinator } from "./coordinator.ts";
import { changeContext } from "./group-mark.ts";
import { groupMethods } from "./group-methods.ts";

export interface GroupKeeperOptions {
  readonly self: PeerId;
  /** This peer's own coordinator; undefined while it is none. */
  readonly own: () => Coordinator | undefined;
  /** The members of the network. */
  readonly peers: () => readonly PeerRow[];
  readonly links: Pick<PeerLinks, "call" | "isConnected">;
  readonly log: Log;
}

/** Learners kept beside the voters, so that one is at hand when a voter fails. */
const learnersWanted = 1;

export class GroupKeeper {
  readonly #options: GroupKeeperOptions;
  readonly #stopping = new AbortController();
  /** Members whose peer says that it is not that member any more. */
  readonly #lost = new Set<MemberId>();
  #timer: NodeJS.Timeout | undefined;
  #reviewing: Promise<void> | undefined;

  constructor(options: GroupKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.review(), groupReviewMs);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#timer);
    await this.#reviewing;
  }

  /** Takes the next step, if this peer leads and there is one to take. */
  review(): void {
    const coordinator = this.#options.own();
    if (coordinator?.log.isLeader !== true) {
      this.#lost.clear();
      return;
    }
    this.#reviewing ??= this.#step(coordinator)
      .catch((error: unknown) => {
        this.#options.log.debug(`the group did not change: ${toDfsError(error).message}`);
      })
      .finally(() => {
        this.#reviewing = undefined;
      });
  }

  async #step(coordinator: Coordinator): Promise<void> {
    await this.#findLost(coordinator);
    const step = this.#plan(coordinator);
    if (step === undefined) return;
    const { log } = coordinator;
    if (step.type === "transfer") {
      log.transferLeader(step.id);
      return;
    }
    const peer = step.type === "add-learner" ? await this.#seatNewcomer(coordinator, step.id) : undefined;
    if (step.type === "add-learner" && peer === undefined) return;
    const context = peer === undefined ? new Uint8Array(0) : changeContext(peer);
    const proposal = log.proposeChange({ type: step.type, id: step.id, context });
    if (proposal.accepted)
      this.#options.log.info(
        `coordinators: ${step.type} member ${step.id} (${peer ?? coordinator.peerOf(step.id) ?? ""})`,
      );
  }

  #plan(coordinator: Coordinator): PlannedStep | undefined {
    const { log, seat } = coordinator;
    const { configuration, peers } = log.mark;
    const { commit } = log.status;
    const progress = log.progress;
    const ready = new Set<MemberId>();
    const out = new Set<MemberId>();
    for (const id of [...configuration.voters, ...configuration.learners]) {
      const seen = progress.get(id);
      const isCaughtUp = seen !== undefined && seen.match > 0 && seen.match + raftPromoteLagEntriesMax >= commit;
      if (id === seat.member || (log.isActive(id) && isCaughtUp)) ready.add(id);
      if (this.#isOut(coordinator, id, peers.get(id))) out.add(id);
    }
    const hasSpare = this.#candidates(coordinator).length > 0;
    return planConfigChange({
      configuration,
      self: seat.member,
      ready,
      out,
      spares: hasSpare ? [(configuration.highestId + 1) as MemberId] : [],
      votersWanted: votersFor(this.#options.peers().filter(mayCoordinate).length),
      learnersWanted,
    });
  }

  /** A coordinator that shall go, that was silent for long, or whose peer has lost its seat. */
  #isOut(coordinator: Coordinator, id: MemberId, peer: PeerId | undefined): boolean {
    const row = this.#options.peers().find((one) => one.id === peer);
    if (row === undefined || !mayCoordinate(row) || this.#lost.has(id)) return true;
    return row.id !== this.#options.self && coordinator.sighting(row.id).standing === "out";
  }

  /** Peers that could become coordinators now: those that were asked for first, then the longest members. */
  #candidates(coordinator: Coordinator): readonly PeerRow[] {
    const { configuration, peers } = coordinator.log.mark;
    const present = new Set([...configuration.voters, ...configuration.learners].map((id) => peers.get(id)));
    return this.#options
      .peers()
      .filter((peer) => mayCoordinate(peer) && !present.has(peer.id) && this.#isUp(coordinator, peer.id))
      .toSorted((left, right) => Number(right.coordinatorOrder === "add") - Number(left.coordinatorOrder === "add"));
  }

  #isUp(coordinator: Coordinator, peer: PeerId): boolean {
    return this.#options.links.isConnected(peer) && coordinator.sighting(peer).standing === "up";
  }

  /** Gives the first candidate that takes it the seat of member `id`; undefined when none does. */
  async #seatNewcomer(coordinator: Coordinator, id: MemberId): Promise<PeerId | undefined> {
    const { group, generation } = coordinator.seat;
    const peers = [...coordinator.log.mark.peers];
    for (const candidate of this.#candidates(coordinator)) {
      try {
        await withDeadline(groupChangeMs, this.#stopping.signal, (signal) =>
          this.#options.links.call(
            candidate.id,
            groupMethods.takeSeat,
            { seat: { group, generation, member: id }, peers },
            { signal },
          ),
        );
        return candidate.id;
      } catch (error) {
        this.#stopping.signal.throwIfAborted();
        this.#options.log.info(`${candidate.name} does not become a coordinator: ${toDfsError(error).message}`);
      }
    }
    return undefined;
  }

  /** Asks the peers of silent members that can be reached whether they are still those members. */
  async #findLost(coordinator: Coordinator): Promise<void> {
    const { links, self } = this.#options;
    const { configuration, peers } = coordinator.log.mark;
    for (const id of [...configuration.voters, ...configuration.learners]) {
      const peer = peers.get(id);
      const isSilent = !coordinator.log.isActive(id);
      if (peer === undefined || peer === self || !isSilent || this.#lost.has(id) || !links.isConnected(peer)) continue;
      const seat = await withDeadline(groupChangeMs, this.#stopping.signal, (signal) =>
        links.call(peer, groupMethods.seat, {}, { signal }),
      ).catch(() => undefined); // no answer says nothing about the seat
      if (seat === undefined) continue;
      if (seat === null || seat.group !== coordinator.seat.group || seat.member !== id) this.#lost.add(id);
    }
  }
}

/** Whether a peer offers itself, is to stay, and nobody has ordered otherwise. */
function mayCoordinate({ coordinatorOrder, mayCoordinate: offers, storageOrder }: PeerRow): boolean {
  const isLeaving = storageOrder === "remove" || storageOrder === "abandon";
  return coordinatorOrder === "remove" || isLeaving ? false : offers || coordinatorOrder === "add";
}

/** An odd number of voters for so many peers that may vote: with fewer than three, a second one would only be in the way. */
function votersFor(peers: number): number {
  if (peers >= 5) return 5;
  return peers >= 3 ? 3 : 1;
}
