/**
 * A coordinator: one member of the catalogue's group on this peer, with the catalogue, the log, and what the leader
 * knows of the peers' presence.
 *
 * Presence is soft state: it starts anew with each leader, so that a new one gives everybody their full time.
 */
import { Catalogue } from "../../catalogue/catalogue.ts";
import { type Command, decodeCommand, verifyCommand } from "../../catalogue/command.ts";
import { leaderOnly } from "../../catalogue/operation.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { PeerId, UserName } from "../../core/ids.ts";
import { callTimeoutMs } from "../../core/limits.ts";
import { withDeadline } from "../../core/deadline.ts";
import type { Message } from "../../raft/messages.ts";
import type { MemberId, Snapshot } from "../../raft/types.ts";
import type { RaftDisk } from "../../store/raft-disk/raft-disk.ts";
import type { SnapshotFolder } from "../../store/raft-disk/snapshot-folder.ts";
import type { Log } from "../log.ts";
import type { PeerLinks } from "../peer-links.ts";
import type {
  CatalogueAccess,
  CatalogueTotals,
  GroupReport,
  Heartbeat,
  LoginAnswer,
  MemberList,
  Presence,
  ReadCallOptions,
} from "./catalogue-access.ts";
import { type FailingLink, FailingLinks } from "./failing-links.ts";
import { CoordinatorReads } from "./coordinator-reads.ts";
import { LoginDesk, loginClock } from "./login-desk.ts";
import { GroupLog } from "./group-log.ts";
import { decodeMark } from "./group-mark.ts";
import { type StandingTimes, standingOf } from "../peer-settings.ts";
import type { SeatRecord } from "./seat-files.ts";
import { SnapshotTransfer, snapshotData } from "./snapshot-transfer.ts";

export interface CoordinatorOptions {
  readonly self: PeerId;
  readonly seat: SeatRecord;
  readonly cataloguePath: string;
  readonly catalogue: Catalogue;
  readonly disk: RaftDisk;
  readonly snapshots: SnapshotFolder;
  readonly links: Pick<PeerLinks, "call">;
  /** Makes the salts of names that no user has; see decoySaltKey. */
  readonly decoyKey: Uint8Array;
  /** Sends messages to other members. */
  readonly send: (messages: readonly Message[]) => void;
  /** A member's peer where the catalogue does not know it yet. */
  readonly peerOf: (member: MemberId) => PeerId | undefined;
  readonly compactAfterEntries: number;
  /** From when on a silent peer is suspect, down, out. A peer's own coordinator never misses it. */
  readonly standings: StandingTimes;
  readonly nowMs: () => number;
  readonly log: Log;
  readonly onFault: (fault: DfsError) => void;
  readonly onChange: () => void;
}

interface Sighting extends Pick<Heartbeat, "usedBytes" | "freeBytes"> {
  readonly atMs: number;
}

const neverAborted = new AbortController().signal;

export class Coordinator extends CoordinatorReads implements CatalogueAccess {
  readonly #options: CoordinatorOptions;
  /** Undefined while a snapshot takes its place. */
  #catalogue: Catalogue | undefined;
  readonly #snapshots: SnapshotTransfer;
  readonly log: GroupLog;
  #sightings = new Map<string, Sighting>();
  readonly #failing = new FailingLinks();
  #leadsSinceMs: number | undefined;
  #desk: LoginDesk;

  /** Fails with `integrity` when the log and the catalogue do not fit together. */
  constructor(options: CoordinatorOptions) {
    super();
    this.#options = options;
    this.#catalogue = options.catalogue;
    this.#desk = this.#newDesk();
    const { seat, snapshots: folder, links, disk, log, nowMs, compactAfterEntries } = options;
    this.#snapshots = new SnapshotTransfer({
      group: seat.group,
      self: seat.member,
      folder,
      links,
      log,
      peerOf: (member) => this.peerOf(member),
      commitIndex: () => this.log.status.commit,
      step: (message) => this.log.step(message),
      report: (member, isDelivered) => this.log.reportSnapshot(member, isDelivered),
    });
    this.log = new GroupLog({
      self: seat.member,
      disk,
      catalogue: () => this.#open(),
      send: options.send,
      install: (snapshot) => this.#install(snapshot),
      makeSnapshot: () => this.#makeSnapshot(),
      nowMs,
      random: Math.random,
      compactAfterEntries,
      onFault: options.onFault,
      onChange: () => this.#changed(),
    });
  }

  get seat(): SeatRecord {
    return this.#options.seat;
  }

  /** Whether this is the only coordinator of a network that has not been founded yet. */
  get isUnfounded(): boolean {
    const { voters } = this.log.mark.configuration;
    return voters.length === 1 && voters[0] === this.seat.member && this.#open().network() === undefined;
  }

  start(): Promise<void> {
    return this.log.start();
  }

  async stop(): Promise<void> {
    this.#snapshots.stop();
    await this.log.stop();
    await this.#options.disk.close().catch((error: unknown) => {
      this.#options.log.warn(`while closing the log: ${toDfsError(error).message}`);
    });
    this.#catalogue?.close();
    this.#catalogue = undefined;
  }

  /** The catalogue as it is now. Fails with `busy` while a snapshot takes its place. */
  get catalogue(): Catalogue {
    return this.#open();
  }

  /** Whose number a member is. */
  peerOf(member: MemberId): PeerId | undefined {
    return this.log.mark.peers.get(member) ?? this.#options.peerOf(member);
  }

  /** Snapshots on their way to and from other members. */
  get snapshots(): SnapshotTransfer {
    return this.#snapshots;
  }

  members(signal?: AbortSignal): Promise<MemberList> {
    return this.read({ signal }, (catalogue) => ({
      version: catalogue.membersVersion(),
      peers: catalogue.peers(),
      shelves: catalogue.shelves(),
      policy: catalogue.policy(),
      roster: this.#roster(catalogue),
    }));
  }

  totals(options?: ReadCallOptions): Promise<CatalogueTotals> {
    return this.read(options, (catalogue) => ({
      counts: catalogue.counts(),
      appliedIndex: catalogue.appliedIndex(),
    }));
  }

  group(): Promise<GroupReport> {
    const { commit, lastIndex, role, term } = this.log.status;
    const { configuration, peers } = this.log.mark;
    const isLeader = role === "leader";
    const leader = this.log.leader ?? null;
    const progress = this.log.progress;
    const members = [...configuration.voters, ...configuration.learners].flatMap((id) => {
      const peer = peers.get(id);
      if (peer === undefined) return [];
      const seen = progress.get(id);
      const isSelf = id === this.seat.member;
      return [
        {
          id,
          peer,
          isVoter: configuration.voters.includes(id),
          isLeader: peer === leader,
          isActive: this.log.isActive(id),
          matchIndex: isSelf ? lastIndex : (seen?.match ?? null),
        },
      ];
    });
    return Promise.resolve({
      from: this.#options.self,
      hasQuorum: this.log.hasQuorum,
      isLeader,
      leader,
      term,
      commitIndex: commit,
      appliedIndex: this.log.appliedIndex,
      lastIndex,
      ageMs: this.log.staleMs,
      members,
    });
  }

  async presence(): Promise<readonly Presence[]> {
    this.#requireLead();
    const { peers } = await this.members();
    return peers.map(({ id }) => ({ id, ...this.sighting(id) }));
  }

  /** What the leader last heard of a peer; from the moment when it began to lead where it has not heard yet. */
  sighting(peer: PeerId): Omit<Presence, "id"> {
    const heard = this.#sightings.get(peer);
    const { atMs, usedBytes, freeBytes } = heard ?? { atMs: this.#leadsSinceMs ?? 0, usedBytes: 0, freeBytes: 0 };
    const ageMs = Math.max(0, this.#options.nowMs() - atMs);
    const byAge = peer === this.#options.self ? "up" : standingOf(ageMs, this.#options.standings);
    // A new leader gives everybody their time, but counts on nobody before it has heard of them.
    const standing = heard === undefined && byAge === "up" && peer !== this.#options.self ? "suspect" : byAge;
    return { ageMs, standing, usedBytes, freeBytes };
  }

  /** What an owner's word makes of a link that has no claim: as of a peer, first down and then out; undefined while it does not fail. */
  failure(owner: PeerId, link: FailingLink): "away" | "lost" | undefined {
    const ageMs = this.#failing.ageMs(owner, link, this.#options.nowMs());
    if (ageMs === undefined) return undefined;
    return standingOf(ageMs, this.#options.standings) === "out" ? "lost" : "away";
  }

  /** When the next file's time is over, in milliseconds since 1970; undefined where none is, or this coordinator does not lead. */
  nextExpiryMs(): number | undefined {
    return this.log.isLeader ? this.#catalogue?.nextExpiryMs() : undefined;
  }

  /** When the next revision may be given up, in milliseconds since 1970; undefined where none is, or this coordinator does not lead. */
  nextCollectMs(): number | undefined {
    return this.log.isLeader ? this.#catalogue?.nextCollectMs() : undefined;
  }

  heartbeat(beat: Heartbeat): Promise<number> {
    return this.sight(this.#options.self, beat);
  }

  loginSalt(name: UserName, signal: AbortSignal = neverAborted): Promise<Uint8Array> {
    this.#requireLead();
    return this.#desk.salt(name, signal);
  }

  login(name: UserName, proof: Uint8Array, signal?: AbortSignal): Promise<LoginAnswer> {
    return this.loginOf(this.#options.self, name, proof, signal);
  }

  /** A login that the peer `from` asks for. */
  async loginOf(
    from: PeerId,
    name: UserName,
    proof: Uint8Array,
    signal: AbortSignal = neverAborted,
  ): Promise<LoginAnswer> {
    this.#requireLead();
    return this.#desk.login(name, proof, from, signal);
  }

  /** Proposes a command of this process's own, which has just signed it. */
  propose(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#propose(bytes, decodeCommand(bytes), signal);
  }

  /** Proposes another peer's command, once its signature is checked. Fails with `integrity`, `permission` for a wrong one, or one that only the leader itself may send. */
  async proposeChecked(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    this.#requireLead();
    const command = this.#verified(bytes);
    if (command.operations.some(({ op }) => leaderOnly.has(op)))
      throw new DfsError("permission", "only the leading coordinator decides this");
    return this.#propose(bytes, command, signal);
  }

  async #propose(bytes: Uint8Array, decoded: Command, signal: AbortSignal): Promise<Uint8Array> {
    this.#requireLead();
    const { result } = await this.log.propose(bytes, { signal, decoded });
    return result;
  }

  async transfer(to: PeerId): Promise<void> {
    this.#requireLead();
    const { configuration, peers } = this.log.mark;
    const id = configuration.voters.find((voter) => peers.get(voter) === to);
    if (id === this.seat.member) return;
    if (id === undefined || !this.log.transferLeader(id))
      throw new DfsError("usage", "only another coordinator that votes can lead; see coordinator for who does");
  }

  /** Takes in a sign of life of `peer`; returns the version of the membership. For the leader. */
  async sight(peer: PeerId, { usedBytes, freeBytes, failing = [] }: Heartbeat): Promise<number> {
    this.#requireLead();
    this.#failing.note(peer, failing, this.#options.nowMs());
    this.#sightings.set(peer, { atMs: this.#options.nowMs(), usedBytes, freeBytes });
    return this.#open().membersVersion();
  }

  #newDesk(): LoginDesk {
    return new LoginDesk({
      credentialOf: (name, signal) => this.read({ signal }, (catalogue) => catalogue.credential(name)),
      decoyKey: this.#options.decoyKey,
      clock: loginClock,
    });
  }

  #requireLead(): void {
    if (!this.log.isLeader) throw this.log.notLeader();
  }

  #verified(bytes: Uint8Array): Command {
    const command = decodeCommand(bytes);
    const catalogue = this.#open();
    verifyCommand(command, (user) => catalogue.signingKey(user, command.session, command.sequence));
    return command;
  }

  #roster(catalogue: Catalogue): MemberList["roster"] {
    const { group, generation, configuration, peers } = decodeMark(catalogue.logMark());
    const ids = [...configuration.voters, ...configuration.learners];
    return {
      group,
      generation,
      members: ids.flatMap((id) => {
        const peer = peers.get(id);
        return peer === undefined ? [] : [{ id, peer, isVoter: configuration.voters.includes(id) }];
      }),
    };
  }

  /** Reads see every command that was acknowledged before, unless they may be stale. */
  protected async read<Result>(
    { signal, stale, moment }: ReadCallOptions = {},
    query: (catalogue: Catalogue) => Result,
  ): Promise<Result> {
    if (stale !== true && moment?.isReachedAt(this) !== true) {
      await withDeadline(callTimeoutMs, signal, (bounded) => this.log.readBarrier({ signal: bounded }));
      moment?.reachedAt(this);
    }
    return query(this.#open());
  }

  protected nowMs(): number {
    return this.#options.nowMs();
  }

  #open(): Catalogue {
    if (this.#catalogue === undefined)
      throw new DfsError("busy", "the catalogue is being replaced by a newer state: try again shortly", {
        retryAfterMs: 100,
      });
    return this.#catalogue;
  }

  async #install(snapshot: Snapshot): Promise<void> {
    const { cataloguePath, log } = this.#options;
    const file = this.#snapshots.file(snapshot);
    this.#catalogue?.close();
    this.#catalogue = undefined;
    await Catalogue.restoreFrom(file.path, cataloguePath);
    this.#catalogue = Catalogue.open(cataloguePath);
    log.info(`the catalogue is at entry ${snapshot.index} now, from a snapshot`);
  }

  async #makeSnapshot(): Promise<Snapshot | undefined> {
    const { snapshots, log } = this.#options;
    try {
      const temporary = snapshots.temporaryPath();
      const { index, mark } = await this.#open().snapshotTo(temporary);
      const { term, configuration } = decodeMark(mark);
      const file = await snapshots.keep(temporary, { index, term });
      return { index, term, configuration, data: snapshotData(file) };
    } catch (error) {
      log.warn(`no snapshot of the catalogue could be made: ${toDfsError(error).message}`);
      return undefined;
    }
  }

  #changed(): void {
    const { isLeader } = this.log;
    if (isLeader && this.#leadsSinceMs === undefined) {
      this.#leadsSinceMs = this.#options.nowMs();
      this.#sightings = new Map();
      this.#desk = this.#newDesk();
      this.#failing.clear();
    } else if (!isLeader) this.#leadsSinceMs = undefined;
    this.#options.onChange();
  }
}
