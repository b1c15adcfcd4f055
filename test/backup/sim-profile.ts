/** What one run is like, drawn from its seed. Most faults are absent from most runs, so that each also meets a quiet world. */
import type { Prng } from "../sim/prng.ts";

export interface Profile {
  readonly peers: number;
  readonly zones: number;
  readonly capacityFiles: number;
  readonly fillsAtOnceMax: number;
  readonly copies: number;
  readonly ticks: number;
  /** Disks die only while every file has two claims on disks that are there: then nothing may ever be lost or need a person. */
  readonly isGentle: boolean;
  /** A new leader takes everybody for up, before it has heard of them. */
  readonly isHasty: boolean;
  readonly putChance: number;
  /** Copies that a put asks for when it does not take the policy's number. */
  readonly oddCopiesChance: number;
  readonly refreshChance: number;
  readonly chances: Readonly<Record<EventKind, number>>;
}

export type EventKind =
  | "restart"
  | "die"
  | "restore"
  | "zone loss"
  | "join"
  | "drain"
  | "undrain"
  | "remove"
  | "abandon"
  | "disk full"
  | "disk freed"
  | "mute"
  | "cut"
  | "heal"
  | "new leader"
  | "policy";

/** How often each event happens in a tick, where it happens at all. */
const usualChances: Readonly<Record<EventKind, number>> = {
  restart: 0.06,
  die: 0.03,
  restore: 0.05,
  "zone loss": 0.01,
  join: 0.03,
  drain: 0.02,
  undrain: 0.05,
  remove: 0.02,
  abandon: 0.1,
  "disk full": 0.03,
  "disk freed": 0.05,
  mute: 0.05,
  cut: 0.05,
  heal: 0.2,
  "new leader": 0.05,
  policy: 0.02,
};

export const eventKinds = Object.keys(usualChances) as readonly EventKind[];

/** Events without which a run would stay in a bad state for good. */
const mendingKinds: ReadonlySet<EventKind> = new Set<EventKind>(["heal", "disk freed"]);

export function drawProfile(prng: Prng): Profile {
  const isGentle = prng.chance(0.4);
  const chances = Object.fromEntries(
    eventKinds.map((kind) => [kind, mendingKinds.has(kind) || prng.chance(0.5) ? usualChances[kind] : 0]),
  ) as Record<EventKind, number>;
  if (isGentle) Object.assign(chances, { policy: 0, abandon: 0, "zone loss": 0, die: 0.1 });
  return {
    peers: 2 + prng.below(5),
    zones: 1 + prng.below(4),
    capacityFiles: prng.chance(0.2) ? 15 + prng.below(30) : 1_000,
    fillsAtOnceMax: 1 + prng.below(4),
    copies: prng.pick([1, 2, 2, 2, 3].slice(isGentle ? 1 : 0)),
    ticks: 25 + prng.below(45),
    isGentle,
    isHasty: prng.chance(0.3),
    putChance: prng.pick([0.3, 0.6, 0.9]),
    oddCopiesChance: prng.pick([0, 0, 0.3]),
    refreshChance: prng.pick([0.3, 0.7, 1]),
    chances,
  };
}
