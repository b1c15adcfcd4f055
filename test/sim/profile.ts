/** What one run is like, drawn from its seed. Most faults are absent from most runs, so that each also meets a quiet world (swarm testing). */
import type { Prng } from "./prng.ts";

export interface Profile {
  readonly voters: number;
  readonly spares: number;
  /** Voters that the operators want; may differ from how the group starts. */
  readonly votersWanted: number;
  readonly learnersWanted: number;
  readonly clients: number;
  readonly events: number;
  readonly electionTicks: number;
  readonly appendBytesMax: number;
  readonly appendsInFlightMax: number;
  readonly applyBytesMax: number;
  readonly promoteLagEntriesMax: number;
  readonly readShare: number;
  readonly isNetworkOrdered: boolean;
  /** Entries between two snapshots; 0: none are made. */
  readonly snapshotEntries: number;
  readonly retainEntries: number;
  /** Ticks that storing a received snapshot may take. */
  readonly snapshotTicksMax: number;
  /** Messages that arrive in one go at the most: the fewer, the later they are. */
  readonly deliveriesMax: number;
  /** How often a client is so impatient that it sends a command several times at once. */
  readonly burstChance: number;
  /** How often a leader is cut off just as it has written something, or has seen it committed. */
  readonly cutChance: number;
  /** How often the state machine's store reaches the disk. */
  readonly storeChance: number;
  /** How quickly a driver goes on with its work. */
  readonly driveChance: number;
  readonly dropChance: number;
  readonly duplicateChance: number;
  /** Weights of the events; the larger, the more often. */
  readonly weights: Readonly<Record<EventKind, number>>;
}

export type EventKind =
  | "tick"
  | "deliver"
  | "drive"
  | "client"
  | "partition"
  | "isolate-leader"
  | "heal"
  | "crash"
  | "crash-leader"
  | "restart"
  | "pause"
  | "resume"
  | "bounce"
  | "stall"
  | "wipe"
  | "rot"
  | "operate"
  | "recklessness"
  | "retire"
  | "transfer";

export const eventKinds: readonly EventKind[] = [
  "tick",
  "deliver",
  "drive",
  "client",
  "partition",
  "isolate-leader",
  "heal",
  "crash",
  "crash-leader",
  "restart",
  "pause",
  "resume",
  "bounce",
  "stall",
  "wipe",
  "rot",
  "operate",
  "recklessness",
  "retire",
  "transfer",
];

/** What a run is about. Four of five runs look closely at one thing, because what is rare needs the rest to be quiet. */
type Theme = "anything" | "elections" | "reads" | "disks" | "members";

export function drawProfile(prng: Prng): Profile {
  const theme = prng.pick<Theme>(["anything", "elections", "reads", "disks", "members"]);
  return themes[theme](prng, drawAnything(prng));
}

const themes: Readonly<Record<Theme, (prng: Prng, base: Profile) => Profile>> = {
  anything: (_, base) => base,
  elections: aboutElections,
  reads: aboutReads,
  disks: aboutDisks,
  members: aboutMembers,
};

const noMemberEvents = { wipe: 0, rot: 0, operate: 0, recklessness: 0, retire: 0 };

/** Leaders come and go in mid-replication, with entries that travel one by one. */
function aboutElections(prng: Prng, base: Profile): Profile {
  const calm = { ...noMemberEvents, pause: 0, stall: 0, bounce: 0, transfer: 0, partition: 0.2 };
  const weights = {
    ...base.weights,
    ...calm,
    "isolate-leader": 0.8,
    "crash-leader": 1,
    crash: 0.3,
    heal: 1,
    restart: 2,
  };
  return {
    ...base,
    voters: prng.pick([3, 3, 5]),
    spares: 0,
    appendBytesMax: 4,
    readShare: 0.1,
    snapshotEntries: 0,
    burstChance: 0.5,
    cutChance: prng.pick([0.1, 0.25]),
    weights,
  };
}

/** Leaders sleep, members restart within a moment, and everybody is asked at once when they are back. */
function aboutReads(prng: Prng, base: Profile): Profile {
  const calm = { ...noMemberEvents, crash: 0, stall: 0, partition: 0.2, transfer: 0 };
  const busy = { pause: 0.5, resume: 0.35, bounce: 1, "isolate-leader": 0.2, heal: 1, client: 20 };
  return {
    ...base,
    voters: prng.pick([3, 3, 3, 5]),
    spares: 0,
    isNetworkOrdered: false,
    duplicateChance: prng.pick([0, 0.3]),
    deliveriesMax: prng.pick([2, 4]),
    readShare: 0.4,
    snapshotEntries: 0,
    weights: { ...base.weights, ...calm, ...busy },
  };
}

/** Disks are slow, the power fails often, and there is always a snapshot under way. */
function aboutDisks(prng: Prng, base: Profile): Profile {
  const calm = { ...noMemberEvents, partition: 0.2, pause: 0, transfer: 0 };
  const busy = { crash: 0.6, "crash-leader": 0.5, restart: 2, stall: 0.5, rot: 0.2, "isolate-leader": 0.4, heal: 1 };
  return {
    ...base,
    voters: prng.pick([1, 3, 3]),
    snapshotEntries: prng.pick([1, 3]),
    retainEntries: prng.pick([0, 2]),
    snapshotTicksMax: 20,
    burstChance: 0.5,
    weights: { ...base.weights, ...calm, ...busy },
  };
}

/** The group grows, shrinks and loses members all the time. */
function aboutMembers(prng: Prng, base: Profile): Profile {
  const busy = { operate: 4, recklessness: 1, retire: 0.4, wipe: 0.3, transfer: 0.4, crash: 0.3, restart: 2 };
  return {
    ...base,
    spares: prng.pick([1, 2, 3]),
    votersWanted: prng.pick([1, 3, 5]),
    weights: { ...base.weights, ...busy },
  };
}

function drawAnything(prng: Prng): Profile {
  const isTiny = prng.chance(0.5);
  const sometimes = (chance: number, value: number): number =>
    prng.chance(chance) ? value * (0.2 + prng.unit() * 0.6) : 0;
  const voters = prng.pick([1, 3, 3, 3, 3, 5]);
  return {
    voters,
    spares: prng.pick([0, 1, 1, 2, 3]),
    votersWanted: prng.chance(0.5) ? voters : prng.pick([1, 3, 3, 5]),
    learnersWanted: prng.pick([0, 1]),
    clients: prng.pick([2, 3, 4]),
    events: 400 + prng.below(500),
    electionTicks: prng.pick([3, 4, 6]),
    appendBytesMax: isTiny ? 4 : prng.pick([24, 60, 1000]),
    appendsInFlightMax: prng.pick([1, 2, 4, 8]),
    applyBytesMax: prng.pick([12, 24, 1000]),
    promoteLagEntriesMax: prng.pick([0, 2, 5]),
    readShare: prng.pick([0.1, 0.3, 0.6]),
    isNetworkOrdered: prng.chance(0.3),
    snapshotEntries: prng.pick([0, 1, 3, 8]),
    retainEntries: prng.pick([0, 2, 5]),
    snapshotTicksMax: prng.pick([0, 2, 20]),
    deliveriesMax: prng.pick([2, 4, 8]),
    burstChance: prng.pick([0, 0.2, 0.5]),
    cutChance: sometimes(0.2, 0.1),
    storeChance: prng.pick([0.05, 0.3, 1]),
    driveChance: prng.pick([0.4, 0.8, 0.95]),
    dropChance: sometimes(0.5, 0.15),
    duplicateChance: sometimes(0.4, 0.1),
    weights: {
      tick: 5 + prng.below(6),
      deliver: 25 + prng.below(30),
      drive: 14 + prng.below(14),
      client: 6 + prng.below(16),
      partition: sometimes(0.5, 0.6),
      "isolate-leader": sometimes(0.5, 0.6),
      heal: 0.3 + prng.unit(),
      crash: sometimes(0.6, 1),
      "crash-leader": sometimes(0.4, 0.6),
      restart: 1 + prng.unit() * 3,
      pause: sometimes(0.4, 0.6),
      resume: 0.5 + prng.unit(),
      bounce: sometimes(0.4, 0.6),
      stall: sometimes(0.4, 0.8),
      wipe: sometimes(0.3, 0.5),
      rot: sometimes(0.3, 0.5),
      operate: sometimes(0.7, 4),
      recklessness: sometimes(0.4, 1.5),
      retire: sometimes(0.3, 0.4),
      transfer: sometimes(0.4, 0.6),
    },
  };
}
