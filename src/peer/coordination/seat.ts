/**
 * This peer's place in the catalogue's group: none, or that of a coordinator, which may come and go while the peer runs.
 *
 * A leader gives a seat (`takeSeat`); the group takes it away by a change of its configuration. A coordinator whose
 * files are damaged does not take part: the leader sees that the member is lost, and gives this peer a new seat under a
 * new number. Only then are the damaged files moved away, to quarantine.
 */
import { join } from "node:path";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { PeerId } from "../../core/ids.ts";
import {
  groupSegmentBytesMin,
  groupSegmentBytesPerEntry,
  raftSegmentBytesMax,
  seatReopenMs,
  seatRetireMs,
} from "../../core/limits.ts";
import type { MemberId } from "../../raft/types.ts";
import type { Log } from "../log.ts";
import type { PeerLinks } from "../peer-links.ts";
import type { StandingTimes } from "../peer-settings.ts";
import { type RpcRoute, route } from "../wire/rpc-method.ts";
import type { Roster } from "./catalogue-access.ts";
import { Coordinator } from "./coordinator.ts";
import { groupMethods } from "./group-methods.ts";
import { type GroupStreams, GroupTransport } from "./group-transport.ts";
import { type SeatRecord, clearSeat, openSeat, quarantineSeat, readSeat, takeSeat } from "./seat-files.ts";

export interface SeatOptions {
  readonly self: PeerId;
  /** The peer's data folder. */
  readonly folder: string;
  readonly compactAfterEntries: number;
  readonly standings: StandingTimes;
  /** See CoordinatorOptions. */
  readonly decoyKey: Uint8Array;
  /** The coordinators as this peer last heard of them. */
  readonly roster: () => Roster | undefined;
  /** Asks the coordinators who they are; never fails, for what was known before may do. */
  readonly refresh: () => Promise<void>;
  readonly nowMs: () => number;
  readonly log: Log;
  /** The disk failed or an invariant broke: the peer must stop before it does harm. */
  readonly onFault: (fault: DfsError) => void;
  /** The seat, or the role in the group, has changed. */
  readonly onChange: () => void;
}

interface Network {
  readonly links: Pick<PeerLinks, "call">;
  readonly transport: GroupTransport;
}

export class Seat {
  readonly #options: SeatOptions;
  #network: Network | undefined;
  #coordinator: Coordinator | undefined;
  /** Changes of the seat follow each other. */
  #tail: Promise<unknown> = Promise.resolve();
  #retireTimer: NodeJS.Timeout | undefined;
  #reopenTimer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: SeatOptions) {
    this.#options = options;
  }

  /** The coordinator that this peer is; undefined while it is none. */
  get coordinator(): Coordinator | undefined {
    return this.#coordinator;
  }

  /** Registers the group's protocols and starts the coordinator that the data folder holds. Fails as `openSeat` does where no other coordinator could help. */
  async start(links: PeerLinks & GroupStreams): Promise<void> {
    const { log, nowMs, refresh } = this.#options;
    const transport = new GroupTransport({
      streams: links,
      end: () => this.#end(),
      onUnknownMember: () => void refresh(),
      nowMs,
      log,
    });
    this.#network = { links, transport };
    await transport.serve();
    await this.#inTurn(() => this.#open());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#inTurn(async () => {
      await this.#coordinator?.log.handOver();
      await this.#close();
    });
  }

  /** Looks at what is known of the group, and gives up a seat that is no longer in it. */
  review(): void {
    const coordinator = this.#coordinator;
    const roster = this.#options.roster();
    if (coordinator === undefined || roster === undefined || !isOutside(coordinator.seat, roster)) {
      clearTimeout(this.#retireTimer);
      this.#retireTimer = undefined;
      return;
    }
    // The others may need this member's vote until they have all heard that it left.
    this.#retireTimer ??= setTimeout(() => void this.#inTurn(() => this.#retire()), seatRetireMs);
  }

  /** What the other members may ask of this peer. */
  routes(from: PeerId): RpcRoute[] {
    return [
      route(groupMethods.seat, () => Promise.resolve(this.#coordinator?.seat ?? null)),
      route(groupMethods.takeSeat, async ({ seat, peers }) => {
        await this.#requireCoordinator(from);
        await this.#inTurn(() => this.#take(seat, new Map(peers), from));
        return null;
      }),
    ];
  }

  #end(): ReturnType<ConstructorParameters<typeof GroupTransport>[0]["end"]> {
    const coordinator = this.#coordinator;
    if (coordinator === undefined) return undefined;
    const { group, member } = coordinator.seat;
    return {
      group,
      self: member,
      peerOf: (id) => coordinator.peerOf(id),
      isActive: (id) => coordinator.log.isActive(id),
      step: (message) => coordinator.log.step(message),
      reportUnreachable: (id) => coordinator.log.reportUnreachable(id),
      sendSnapshot: (peer, message) => coordinator.snapshots.send(peer, message),
    };
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined); // each caller learns of its own failure
    return result;
  }

  async #open(): Promise<void> {
    if (this.#isStopped || this.#coordinator !== undefined) return;
    const { folder, log } = this.#options;
    try {
      const record = await readSeat(folder);
      if (record !== undefined) await this.#sit(record);
    } catch (thrown) {
      const error = toDfsError(thrown);
      if (error.kind !== "integrity") throw error;
      if (!this.#isReplaceable()) throw withWayOut(error);
      // The files stay: only a leader, who has a majority behind it, has this peer begin anew.
      log.error(
        `this coordinator cannot take part: ${error.message}. The other coordinators will give it a fresh copy`,
      );
    }
  }

  async #sit(record: SeatRecord): Promise<void> {
    const network = this.#network;
    if (network === undefined) throw new DfsError("internal", "a seat was opened before its network");
    const { folder, self, compactAfterEntries, standings, decoyKey, nowMs, log, onChange } = this.#options;
    const files = await openSeat(folder, record, segmentBytesFor(compactAfterEntries));
    const coordinator = new Coordinator({
      self,
      seat: record,
      cataloguePath: join(folder, "catalogue.db"),
      catalogue: files.catalogue,
      disk: files.disk,
      snapshots: files.snapshots,
      links: network.links,
      send: (messages) => network.transport.send(messages),
      peerOf: (member) => this.#rosterPeer(record, member),
      compactAfterEntries,
      standings,
      decoyKey,
      nowMs,
      log,
      onFault: (fault) => this.#faulted(fault),
      onChange,
    });
    this.#coordinator = coordinator;
    await coordinator.start();
    log.info(`coordinator: member ${record.member} of group ${record.group.slice(0, 8)}`);
    onChange();
  }

  async #close(): Promise<void> {
    clearTimeout(this.#retireTimer);
    clearTimeout(this.#reopenTimer);
    this.#retireTimer = undefined;
    const coordinator = this.#coordinator;
    this.#coordinator = undefined;
    this.#network?.transport.stop();
    await coordinator?.stop();
  }

  async #retire(): Promise<void> {
    await this.#close();
    await clearSeat(this.#options.folder);
    this.#options.log.info("this peer is no longer a coordinator");
    this.#options.onChange();
  }

  /** Only a coordinator gives seats: whoever else did could part a peer from its group, and a network from its catalogue. */
  async #requireCoordinator(from: PeerId): Promise<void> {
    const isCoordinator = (): boolean => this.#options.roster()?.members.some(({ peer }) => peer === from) === true;
    if (isCoordinator()) return;
    await this.#options.refresh(); // it may be one only since a moment ago
    if (!isCoordinator()) throw new DfsError("permission", "only a coordinator can make another peer one");
  }

  /** Becomes the member that the leader of a group asks for, unless this peer has a say in a group that still counts. */
  async #take(seat: SeatRecord, peers: ReadonlyMap<MemberId, PeerId>, from: PeerId): Promise<void> {
    const { folder, log, nowMs, roster } = this.#options;
    const known = roster();
    if (known !== undefined && seat.generation < known.generation)
      throw new DfsError("permission", "the group that asks was replaced by a newer one");
    const present = this.#coordinator;
    if (present !== undefined) {
      const isSame = present.seat.group === seat.group && present.seat.member === seat.member;
      if (isSame) return;
      if (!mayGiveUp(present, seat))
        throw new DfsError("exists", "this peer is a coordinator already, and its group still needs it");
      await this.#close();
    }
    if ((await readSeat(folder).catch(() => seat)) !== undefined) {
      const place = await quarantineSeat(folder, nowMs());
      log.warn(`the files of this peer's earlier seat were moved to ${place}`);
    }
    await takeSeat(folder, seat, peers);
    log.info(`asked by ${from} to become a coordinator`);
    await this.#sit(seat);
  }

  /** Where a full disk stopped the coordinator, it comes back when there is room; anything else stops the peer. */
  #faulted(fault: DfsError): void {
    const { log, onFault } = this.#options;
    if (fault.kind !== "no-space") {
      onFault(fault);
      return;
    }
    log.error("the disk is full: this coordinator stops until there is room");
    void this.#inTurn(() => this.#close());
    this.#tryAgain();
  }

  #tryAgain(): void {
    this.#reopenTimer = setTimeout(() => {
      this.#inTurn(() => this.#open()).catch((thrown: unknown) => {
        const error = toDfsError(thrown);
        if (error.kind === "no-space") this.#tryAgain();
        else this.#options.onFault(error);
      });
    }, seatReopenMs);
  }

  #rosterPeer({ group }: SeatRecord, member: MemberId): PeerId | undefined {
    const roster = this.#options.roster();
    return roster?.group === group ? roster.members.find(({ id }) => id === member)?.peer : undefined;
  }

  /** Whether other coordinators have everything that this one had. */
  #isReplaceable(): boolean {
    const members = this.#options.roster()?.members ?? [];
    return members.some(({ peer, isVoter }) => isVoter && peer !== this.#options.self);
  }
}

/** Only whole segments can be compacted: some of them make up a log of so many entries. */
export function segmentBytesFor(compactAfterEntriesWanted: number): number {
  return Math.min(
    raftSegmentBytesMax,
    Math.max(groupSegmentBytesMin, compactAfterEntriesWanted * groupSegmentBytesPerEntry),
  );
}

/** Whether the group has gone on without this member. */
function isOutside({ generation, group, member }: SeatRecord, roster: Roster): boolean {
  if (roster.group !== group) return roster.generation > generation;
  return !roster.members.some(({ id }) => id === member);
}

/** An earlier number in the same group, or a group of an earlier generation that has lost its majority, counts no more. */
function mayGiveUp(present: Coordinator, wanted: SeatRecord): boolean {
  const { seat } = present;
  if (seat.group === wanted.group) return wanted.member > seat.member;
  return wanted.generation > seat.generation && !present.log.hasQuorum;
}

function withWayOut(error: DfsError): DfsError {
  return new DfsError(
    "integrity",
    `${error.message}. No other coordinator is known to have a copy. Put the data folder back from a copy of its own, or start with --recover-as-new-group to go on from what is readable`,
    { path: error.path, cause: error },
  );
}
