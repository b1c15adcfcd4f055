/**
 * One simulated machine: a member of the group with its disk, its state machine, and the driver between them.
 *
 * The driver's work on one Ready is cut into stages, and other events may come between any two of them.
 */
import type { Configuration, Entry, MemberId, Ready, Snapshot } from "../../src/raft/types.ts";
import { Machine, decodeCommand, decodeMachine } from "./machine.ts";
import { MemoryStorage } from "../../src/raft/memory-storage.ts";
import type { Mistake } from "./mistakes.ts";
import type { Observer } from "./observer.ts";
import type { Prng } from "./prng.ts";
import type { Profile } from "./profile.ts";
import { Raft } from "../../src/raft/raft.ts";
import type { RaftFault } from "../../src/raft/faults.ts";
import { SimDisk } from "./disk.ts";
import { emptyConfiguration } from "../../src/raft/configuration.ts";

/** Whom a node works for. */
export interface NodeHost {
  readonly profile: Profile;
  readonly prng: Prng;
  readonly mistakes: ReadonlySet<Mistake>;
  readonly observer: Observer;
  /** How long the disk may take over a received snapshot, at the most. */
  readonly snapshotTicksMax: number;
  /** The node's driver sends what a Ready holds. */
  dispatch(node: SimNode, ready: Ready): void;
  /** An entry was applied at the node. */
  applied(node: SimNode, entry: Entry): void;
  /** A read was answered by the core. */
  readAnswered(node: SimNode, context: number, index: number | undefined): void;
}

/** A Ready that the driver is carrying out. */
interface Work {
  readonly ready: Ready;
  isWritten: boolean;
  isSynced: boolean;
  isSent: boolean;
  isApplied: boolean;
}

/** What the state machine's own store has on the disk. */
interface Stored {
  readonly machine: Machine;
  readonly configuration: Configuration;
}

const emptyStored: Stored = { machine: new Machine(), configuration: emptyConfiguration };

export class SimNode {
  readonly id: MemberId;
  readonly disk: SimDisk;
  readonly #host: NodeHost;
  raft: Raft;
  storage = new MemoryStorage();
  machine = new Machine();
  state: "up" | "paused" | "down" | "lost" = "up";
  /** Counts starts, so that late reports meant for an earlier life are dropped. */
  life = 0;
  ticks = 0;
  /** The disk does nothing before this tick of its own. */
  stalledUntil = 0;
  #stored: Stored = emptyStored;
  #storedApplied = 0;
  #work: Work[] = [];
  #lastSnapshotIndex = 0;
  /** Grows with each read of this life; by mistake only it is what travels. */
  nextContext = 1;

  constructor(host: NodeHost, id: MemberId, founding: Snapshot | undefined) {
    this.#host = host;
    this.id = id;
    this.disk = new SimDisk(host.mistakes);
    if (founding !== undefined) this.disk.storeSnapshot(founding);
    this.raft = this.#start() as Raft;
  }

  get isUp(): boolean {
    return this.state === "up";
  }

  /** A received snapshot is being stored. */
  get isInstalling(): boolean {
    return this.#work.some((work) => !work.isApplied && work.ready.snapshot !== undefined);
  }

  get isBusy(): boolean {
    return this.#work.length > 0;
  }

  tick(): void {
    this.ticks++;
    this.#host.observer.aroundTick(this);
  }

  /** Carries on with the driver's work by one stage; returns false when there was nothing to do. */
  drive(): boolean {
    if (this.stalledUntil > this.ticks) return false;
    const isOverlapping = this.#mistake("overlapping-writes") || this.#mistake("advance-before-sync");
    const mayOverlap = isOverlapping && this.#work.length < 3;
    if (this.raft.hasReady() && (this.#work.length === 0 || mayOverlap)) this.#begin();
    else if (this.#work.length > 0) this.#goOn();
    else return this.#tendSnapshot();
    this.#host.observer.check(this);
    return true;
  }

  /** Stops at once. `hasPower`: the process ends and the disk keeps all that was written; otherwise what was not synced is at risk. */
  crash(hasPower: boolean): number {
    this.state = "down";
    this.stalledUntil = 0;
    this.#work = [];
    return hasPower ? 0 : this.disk.losePower(this.#host.prng);
  }

  /** Starts again from the disk. Returns false when the disk is damaged: the member must not come back. */
  restart(): boolean {
    const raft = this.#start();
    if (raft === undefined) return false;
    this.raft = raft;
    this.state = "up";
    return true;
  }

  /** What the log on the disk, as far as it is readable now, holds beyond the applied index and up to `last`. */
  hasChangeWithin(first: number, last: number): boolean {
    const low = Math.max(first, this.storage.firstIndex());
    const high = Math.min(last, this.storage.lastIndex()) + 1;
    return low < high && this.storage.entries(low, high, Number.POSITIVE_INFINITY).some(isChange);
  }

  /** Different terms in the log, the last compacted entry included. */
  countTerms(): number {
    const terms = new Set<number>();
    for (let index = this.storage.firstIndex() - 1; index <= this.storage.lastIndex(); index++)
      terms.add(this.storage.term(index) ?? 0);
    return terms.size;
  }

  #start(): Raft | undefined {
    const recovered = this.disk.recover();
    if (recovered === undefined) return undefined;
    const { hardState, snapshot, entries } = recovered;
    const { machine, configuration } = this.#storedState(snapshot);
    this.machine = machine.copy();
    this.storage = new MemoryStorage();
    if (snapshot !== undefined) this.storage.install(snapshot);
    this.storage.append(entries);
    this.storage.setHardState(hardState);
    this.storage.setConfiguration(configuration);
    this.#host.observer.checkRecovered(this, snapshot, entries);
    this.#lastSnapshotIndex = snapshot?.index ?? 0;
    this.nextContext = 1;
    this.life++;
    const raft = this.#newRaft(machine.applied);
    this.#host.observer.checkStart(this, raft.status().term);
    return raft;
  }

  #newRaft(applied: number): Raft {
    const { profile, prng, mistakes } = this.#host;
    const { electionTicks, appendBytesMax, appendsInFlightMax, applyBytesMax, promoteLagEntriesMax } = profile;
    return new Raft({
      id: this.id,
      storage: this.storage,
      random: () => prng.unit(),
      applied,
      electionTicks,
      heartbeatTicks: 1,
      appendBytesMax,
      appendsInFlightMax,
      applyBytesMax,
      promoteLagEntriesMax,
      uncommittedBytesMax: 400,
      faults: mistakes as ReadonlySet<string> as ReadonlySet<RaftFault>,
    });
  }

  /** The state machine's own store, or the snapshot where that is newer. */
  #storedState(snapshot: Snapshot | undefined): Stored {
    if (snapshot === undefined || this.#stored.machine.applied >= snapshot.index) return this.#stored;
    const machine = decodeMachine(snapshot.data);
    machine.applied = snapshot.index;
    return { machine, configuration: snapshot.configuration };
  }

  #begin(): void {
    const ready = this.raft.ready();
    this.#host.observer.checkReady(this, ready);
    const work: Work = { ready, isWritten: false, isSynced: false, isSent: false, isApplied: false };
    if (ready.snapshot !== undefined) {
      this.disk.storeSnapshot(ready.snapshot);
      this.storage.install(ready.snapshot);
      this.#lastSnapshotIndex = ready.snapshot.index;
      this.stalledUntil = this.ticks + this.#host.prng.below(this.#host.snapshotTicksMax + 1);
    }
    this.storage.append(ready.entries);
    if (ready.hardState !== undefined) this.storage.setHardState(ready.hardState);
    this.#host.observer.checkComplete(this);
    this.#work.push(work);
    if (this.#mistake("overlapping-writes")) this.#finish(work);
    else this.#write(work);
    if (!ready.mustStoreFirst || this.#mistake("send-before-sync")) this.#send(work);
    if (this.#mistake("advance-before-sync")) this.#finish(work);
  }

  /** The stages after the write: sync, send what has waited for that, apply and advance. */
  #goOn(): void {
    const at = this.#mistake("overlapping-writes") ? this.#host.prng.below(this.#work.length) : 0;
    const work = this.#work[at] as Work;
    if (!work.isWritten) this.#write(work);
    const { hardState, entries, snapshot } = work.ready;
    const isVoteOnly = hardState !== undefined && entries.length === 0 && snapshot === undefined;
    if (!work.isSynced) {
      work.isSynced = true;
      if (!(isVoteOnly && this.#mistake("vote-without-sync"))) this.disk.sync();
      this.#send(work);
      if (this.#host.prng.chance(0.3)) return;
    }
    this.#work.splice(at, 1);
    if (!work.isApplied) this.#finish(work);
  }

  #write(work: Work): void {
    const { hardState, entries, snapshot } = work.ready;
    work.isWritten = true;
    if (hardState !== undefined || entries.length > 0 || snapshot !== undefined)
      this.disk.write(hardState, entries, snapshot);
  }

  #send(work: Work): void {
    if (work.isSent) return;
    work.isSent = true;
    this.#host.dispatch(this, work.ready);
  }

  #finish(work: Work): void {
    work.isApplied = true;
    const { snapshot, committed, readStates } = work.ready;
    if (snapshot !== undefined) {
      this.machine = decodeMachine(snapshot.data);
      this.machine.applied = snapshot.index;
      this.#host.observer.installed(this);
    }
    for (const entry of committed) this.#apply(entry);
    this.raft.advance();
    if (snapshot !== undefined || this.#host.prng.chance(this.#host.profile.storeChance)) this.#store();
    for (const { context, index } of readStates) this.#host.readAnswered(this, context, index);
  }

  #apply(entry: Entry): void {
    if (entry.kind === "command") {
      const command = decodeCommand(entry.data);
      const now = this.#mistake("expire-by-local-clock") ? this.ticks : command.stampedTick;
      this.machine.apply(entry.index, command, now);
    } else this.machine.skip(entry.index);
    this.#host.applied(this, entry);
  }

  /** One transaction: state, applied index and configuration. */
  #store(): void {
    const machine = this.machine.copy();
    if (this.#mistake("applied-apart-from-state")) machine.applied = Math.max(1, this.#storedApplied);
    this.#storedApplied = this.machine.applied;
    this.#stored = { machine, configuration: this.raft.configuration };
  }

  /** Makes a snapshot of the own state when enough was applied since the last, in two stages; then drops the log before it. */
  #tendSnapshot(): boolean {
    const { snapshotEntries } = this.#host.profile;
    const unfinished = this.disk.unfinishedSnapshot;
    if (unfinished !== undefined) return this.#finishSnapshot(unfinished);
    if (snapshotEntries === 0 || this.machine.applied - this.#lastSnapshotIndex < snapshotEntries) return false;
    const index = this.machine.applied;
    const term = this.storage.term(index);
    if (term === undefined || this.isBusy) return false;
    const data = this.machine.encode(!this.#mistake("snapshot-without-sessions"));
    this.#lastSnapshotIndex = index;
    this.disk.beginSnapshot({ index, term, configuration: this.raft.configuration, data });
    this.#host.observer.count("snapshots made");
    if (this.#mistake("drop-log-before-snapshot")) this.disk.dropLog(index);
    return true;
  }

  #finishSnapshot(snapshot: Snapshot): boolean {
    this.disk.storeSnapshot(snapshot);
    this.storage.keep(snapshot);
    const dropTo = snapshot.index - this.#host.profile.retainEntries;
    this.disk.dropLog(dropTo);
    this.storage.compact(dropTo);
    this.#host.observer.count("logs compacted");
    return true;
  }

  #mistake(mistake: Mistake): boolean {
    return this.#host.mistakes.has(mistake);
  }
}

function isChange(entry: Entry): boolean {
  return entry.kind === "config";
}
