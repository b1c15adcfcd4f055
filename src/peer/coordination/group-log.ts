/**
 * One member of the catalogue's group: the driver between the consensus core, the log on the disk, the transport and
 * the catalogue.
 *
 * Each turn carries out one Ready of the core in the order that it demands: append and fsync, send, apply, advance; a
 * leader sends first where it may, so that all members flush at the same time. A
 * follower applies a moment later, many entries at once: the core may know what is applied before it is, as after a crash.
 * Commands and messages that arrive meanwhile wait for the next turn and share its fsync. The commit index is written
 * along with the next record, and the catalogue needs no fsync of its own: what a power cut takes from it is in the log.
 * After a failure of the disk the member does nothing more: what the disk holds is only known once it is read again.
 */
import { setTimeout as delay, setImmediate as turnOfEvents } from "node:timers/promises";
import type { Catalogue } from "../../catalogue/catalogue.ts";
import type { Command } from "../../catalogue/command.ts";
import type { Committed, LogCallOptions, ReplicatedLog } from "../../catalogue/replicated-log.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { PeerId } from "../../core/ids.ts";
import { electionTicks, groupTickMs, handOverMs, heartbeatTicks } from "../../core/limits.ts";
import type { ConfigChange } from "../../raft/configuration.ts";
import type { Message } from "../../raft/messages.ts";
import { type Proposal, Raft, type RaftStatus } from "../../raft/raft.ts";
import { type HardState, type MemberId, type Ready, type Snapshot, nobody } from "../../raft/types.ts";
import type { RaftDisk } from "../../store/raft-disk/raft-disk.ts";
import { Applier } from "./applier.ts";
import { CommitNews } from "./commit-news.ts";
import type { GroupMark } from "./group-mark.ts";
import { GroupStorage } from "./group-storage.ts";
import { LeaderWatch } from "./leader-watch.ts";
import { noQuorum, notRunning, stopped } from "./log-refusals.ts";
import { type PendingCommand, Proposals } from "./proposals.ts";
import { ReadBarriers } from "./read-barriers.ts";
import { stampCommand } from "./stamped-command.ts";

export interface GroupLogOptions {
  readonly self: MemberId;
  readonly disk: RaftDisk;
  /** The catalogue that is open now; another one after a snapshot was installed. */
  readonly catalogue: () => Catalogue;
  /** Sends what it can, and never waits. */
  readonly send: (messages: readonly Message[]) => void;
  /** Puts a received snapshot in place of the catalogue. */
  readonly install: (snapshot: Snapshot) => Promise<void>;
  /** Makes a snapshot of the catalogue for a member that is behind the log; undefined when that failed. */
  readonly makeSnapshot: () => Promise<Snapshot | undefined>;
  readonly nowMs: () => number;
  readonly random: () => number;
  /** Entries that the log may hold before it is compacted to half of them. */
  readonly compactAfterEntries: number;
  /** The disk failed or an invariant broke: this member has stopped for good. */
  readonly onFault: (fault: DfsError) => void;
  /** Something of role, term, leader or configuration has changed. */
  readonly onChange: () => void;
}

export interface ProposeOptions extends LogCallOptions {
  /** What the command decodes to, where that is known already. */
  readonly decoded?: Command | undefined;
}

export class GroupLog implements ReplicatedLog {
  readonly #options: GroupLogOptions;
  readonly #storage: GroupStorage;
  readonly #raft: Raft;
  readonly #proposals = new Proposals();
  readonly #barriers = new ReadBarriers();
  readonly #applier: Applier;
  readonly #news: CommitNews;
  #hardState: HardState;
  #lastStampMs = 0;
  readonly #watch: LeaderWatch;
  #lastSeen = "";
  #wasLeader = false;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #isDriving = false;
  #isScheduled = false;
  #isSnapshotting = false;
  #ended: Promise<void> = Promise.resolve();
  #fault: DfsError | undefined;

  /** Fails with `integrity` when the disk lacks what the catalogue has applied. */
  constructor(options: GroupLogOptions) {
    this.#options = options;
    const applied = options.catalogue().appliedIndex();
    this.#applier = new Applier({
      catalogue: options.catalogue,
      proposals: this.#proposals,
      onDue: () => this.#wake(),
    });
    this.#storage = new GroupStorage({
      disk: options.disk,
      configuration: this.mark.configuration,
      applied,
      onSnapshotWanted: () => void this.#makeSnapshot(),
    });
    this.#hardState = this.#storage.initialState().hardState;
    const { self: id, random } = options;
    this.#raft = new Raft({ id, storage: this.#storage, random, applied, electionTicks, heartbeatTicks });
    this.#watch = new LeaderWatch(options.nowMs);
    this.#news = new CommitNews(options.send, (member) => this.#raft.progress().get(member)?.mode === "replicate");
  }

  /** Begins to take part. The only voter of a group leads at once. */
  start(): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    this.#isRunning = true;
    this.#timer = setInterval(() => this.#tick(), groupTickMs);
    const { voters } = this.mark.configuration;
    if (voters.length === 1 && voters[0] === this.#options.self) this.#raft.campaign();
    this.#wake();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#halt();
    this.#release(notRunning());
    await this.#ended;
  }

  propose(command: Uint8Array, { signal, decoded }: ProposeOptions): Promise<Committed> {
    const refusal = this.#refusal() ?? (this.#raft.isLeader ? undefined : this.notLeader());
    if (refusal !== undefined) return Promise.reject(refusal);
    const committed = this.#proposals.add(command, decoded, signal);
    this.#wake();
    return committed;
  }

  readBarrier({ signal }: LogCallOptions): Promise<number> {
    const refusal = this.#refusal() ?? (this.#watch.hasNoQuorum ? noQuorum() : undefined);
    if (refusal !== undefined) return Promise.reject(refusal);
    const served = this.#barriers.add(signal);
    this.#wake();
    return served;
  }

  /** Takes in a message of another member. */
  step(message: Message): void {
    if (!this.#isRunning) return;
    try {
      this.#watch.heard(message.from);
      this.#raft.step(message);
      this.#observe();
    } catch (error) {
      this.#fail(error);
    }
    this.#wake();
  }

  /** Tells the core how sending a snapshot ended. */
  reportSnapshot(id: MemberId, isDelivered: boolean): void {
    this.#raft.reportSnapshot(id, isDelivered);
    this.#wake();
  }

  reportUnreachable(id: MemberId): void {
    this.#raft.reportUnreachable(id);
  }

  proposeChange(change: ConfigChange): Proposal {
    const proposal = this.#raft.proposeConfigChange(change);
    this.#wake();
    return proposal;
  }

  /** Begins to hand the leadership to another voter; false when that cannot be. */
  transferLeader(id: MemberId): boolean {
    const isBegun = this.#raft.transferLeader(id);
    this.#wake();
    return isBegun;
  }

  /** Hands the leadership to the voter that is closest behind, so that nobody has to notice that this member goes. Waits for it, but not long. */
  async handOver(): Promise<void> {
    const { voters } = this.mark.configuration;
    const heirs = voters.filter((id) => id !== this.#options.self && this.isActive(id));
    const matchOf = (id: MemberId): number => this.#raft.progress().get(id)?.match ?? 0;
    const [heir] = heirs.toSorted((left, right) => matchOf(right) - matchOf(left));
    if (heir === undefined || !this.#isRunning || !this.transferLeader(heir)) return;
    const deadlineMs = this.#options.nowMs() + handOverMs;
    while (this.isLeader && this.#options.nowMs() < deadlineMs) await delay(groupTickMs);
  }

  get isLeader(): boolean {
    return this.#raft.isLeader;
  }

  get status(): RaftStatus {
    return this.#raft.status();
  }

  /** What a leader knows of each member. */
  get progress(): ReturnType<Raft["progress"]> {
    return this.#raft.progress();
  }

  /** Whether a member was heard of lately; this one always is. */
  isActive(id: MemberId): boolean {
    return id === this.#options.self || this.#watch.isActive(id);
  }

  /** What the catalogue has applied; a follower's may be behind what the core has handed over. */
  get appliedIndex(): number {
    return this.#applier.appliedIndex;
  }

  get mark(): GroupMark {
    return this.#applier.mark;
  }

  /** The peer that leads, as far as is known; undefined while there is none. */
  get leader(): PeerId | undefined {
    const { leader } = this.#raft.status();
    return leader === nobody ? undefined : this.mark.peers.get(leader);
  }

  /** Whether a majority is known to follow a leader, or no leader has been missing for long. */
  get hasQuorum(): boolean {
    return this.#isRunning && this.#watch.hasLeader;
  }

  /** Milliseconds since this member was last known to be up to date with a leader. */
  get staleMs(): number {
    return this.#raft.isLeader ? 0 : this.#watch.staleMs;
  }

  #tick(): void {
    try {
      this.#raft.tick();
      this.#observe();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#watch.hasNoQuorum) this.#barriers.releaseGathering(noQuorum());
    this.#wake();
  }

  /** Notes what changed of role and leader, and what follows from it. */
  #observe(): void {
    const status = this.#raft.status();
    this.#watch.observe(status);
    const { role, term, leader, configuration } = status;
    if (this.#wasLeader && role !== "leader") {
      this.#proposals.releasePlaced();
      this.#news.drop();
    }
    if (role !== "leader" && this.#proposals.isWaiting) this.#proposals.releaseWaiting(this.notLeader());
    this.#wasLeader = role === "leader";
    const seen = `${role} ${term} ${leader} ${configuration.voters.join()} ${configuration.learners.join()}`;
    if (seen === this.#lastSeen) return;
    this.#lastSeen = seen;
    this.#options.onChange();
  }

  /** Runs the driver as soon as the events at hand are taken in, so that they share a turn. */
  #wake(): void {
    if (this.#isScheduled || this.#isDriving || !this.#isRunning) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.#isDriving) this.#ended = this.#drive();
    });
  }

  async #drive(): Promise<void> {
    this.#isDriving = true;
    try {
      while (this.#isRunning) {
        this.#takeIn();
        if (this.#applier.isDue) await this.#apply();
        if (!this.#raft.hasReady()) break;
        await this.#turn();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isDriving = false;
    }
  }

  /** Hands waiting commands and reads to the core. */
  #takeIn(): void {
    if (this.#barriers.isGathering) this.#barriers.ask((context) => this.#raft.readIndex(context));
    if (!this.#proposals.isWaiting) return;
    for (const pending of this.#proposals.take()) this.#place(pending);
  }

  #place(pending: PendingCommand): void {
    this.#lastStampMs = Math.max(Math.floor(this.#options.nowMs()), this.#lastStampMs);
    const proposal = this.#raft.propose(stampCommand(this.#lastStampMs, pending.command));
    if (proposal.accepted) this.#proposals.place(pending, proposal.index, proposal.term);
    else
      this.#proposals.refuse(
        pending,
        proposal.reason === "too-much-uncommitted"
          ? new DfsError("busy", "the other coordinators are behind: try again shortly", { retryAfterMs: 100 })
          : this.notLeader(),
      );
  }

  async #turn(): Promise<void> {
    const ready = this.#raft.ready();
    if (ready.snapshot !== undefined) await this.#install(ready.snapshot, ready.hardState);
    if (!ready.mustStoreFirst) this.#news.pass(ready.messages);
    await this.#store(ready);
    if (ready.mustStoreFirst) this.#news.pass(ready.messages);
    this.#applier.add(ready.committed);
    if (this.#raft.isLeader || this.#applier.isDue) await this.#apply();
    this.#raft.advance();
    this.#observe();
    for (const { context, index } of ready.readStates) this.#barriers.answered(context, index);
    if (this.#barriers.isWaiting) await this.#apply();
    this.#barriers.serve(this.#options.catalogue().appliedIndex());
  }

  /** One durable record of the entries and the newest hard state. A new commit index alone waits for the next record. */
  async #store({ hardState, entries }: Ready): Promise<void> {
    const before = this.#hardState;
    this.#hardState = hardState ?? before;
    const mustSync = this.#hardState.term !== before.term || this.#hardState.vote !== before.vote;
    if (entries.length > 0 || mustSync) await this.#options.disk.save({ hardState: this.#hardState, entries });
  }

  async #install(snapshot: Snapshot, hardState: HardState | undefined): Promise<void> {
    await turnOfEvents(); // reads that were just served look at the catalogue of before
    this.#applier.drop();
    await this.#options.install(snapshot);
    this.#hardState = hardState ?? this.#hardState;
    await this.#options.disk.reset({ index: snapshot.index, term: snapshot.term }, this.#hardState);
    this.#applier.restored();
    this.#proposals.releasePlaced();
  }

  /** Applies what waits, and tends the log and the catalogue, which grew by it. */
  async #apply(): Promise<void> {
    if (!(await this.#applier.apply())) return;
    await this.#compact();
    await this.#options.catalogue().tend();
  }

  /** Forgets the older half of a long log, once the catalogue holds it durably. */
  async #compact(): Promise<void> {
    const { disk, catalogue, compactAfterEntries } = this.#options;
    if (disk.lastIndex() - disk.firstIndex() < compactAfterEntries) return;
    const durable = await catalogue().makeDurable();
    await disk.compact(Math.min(durable, disk.lastIndex() - Math.floor(compactAfterEntries / 2)));
  }

  /** Makes a snapshot beside the work of the driver, for a member that is behind the log. */
  async #makeSnapshot(): Promise<void> {
    if (this.#isSnapshotting) return;
    this.#isSnapshotting = true;
    try {
      const snapshot = await this.#options.makeSnapshot();
      if (snapshot !== undefined) this.#storage.offer(snapshot);
    } finally {
      this.#isSnapshotting = false;
    }
    this.#wake();
  }

  #refusal(): DfsError | undefined {
    if (this.#fault !== undefined) return stopped(this.#fault);
    return this.#isRunning ? undefined : notRunning();
  }

  /** Why only the leader can do what this member was asked, and who that is. */
  notLeader(): DfsError {
    if (this.#watch.hasNoQuorum) return noQuorum();
    const leader = this.#raft.status().isLeaderFresh ? this.leader : undefined;
    return new DfsError(
      "not-leader",
      leader === undefined ? "the coordinators are electing a leader" : "another coordinator leads now",
      { peer: leader },
    );
  }

  #fail(error: unknown): void {
    if (this.#fault !== undefined) return;
    this.#fault = toDfsError(error, { op: "catalogue log" });
    this.#halt();
    this.#release(stopped(this.#fault));
    this.#options.onFault(this.#fault);
  }

  #halt(): void {
    this.#isRunning = false;
    clearInterval(this.#timer);
    this.#applier.drop();
    this.#news.drop();
  }

  #release(error: DfsError): void {
    this.#proposals.releaseWaiting(error);
    this.#proposals.releasePlaced(error);
    this.#barriers.release(error);
  }
}
