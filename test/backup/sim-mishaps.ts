/** What goes wrong, and what operators order. */
import type { EventKind, Profile } from "./sim-profile.ts";
import type { SimCatalogue } from "./sim-catalogue.ts";
import { eventKinds } from "./sim-profile.ts";
import type { Observer } from "./sim-observer.ts";
import type { PeerId } from "../../src/core/ids.ts";
import type { Prng } from "../sim/prng.ts";
import type { SimPeer } from "./sim-peer.ts";
import type { StorageOrder } from "../../src/backup/planner-input.ts";

export interface MishapWorld {
  readonly prng: Prng;
  readonly profile: Profile;
  readonly observer: Observer;
  readonly catalogue: SimCatalogue;
  readonly machines: readonly SimPeer[];
  readonly tick: number;
  /** Whether a disk may die without anything being lost by it, whatever happens. */
  readonly isSafeToDie: boolean;
  readonly cuts: Set<string>;
  note(text: () => string): void;
  join(): void;
  newLeader(): void;
  die(machine: SimPeer): void;
  restore(machine: SimPeer): void;
}

const peersMax = 8;
const downTicksMax = 24;

export class Mishaps {
  readonly #world: MishapWorld;

  constructor(world: MishapWorld) {
    this.#world = world;
  }

  happen(): void {
    const { prng, profile } = this.#world;
    for (const kind of eventKinds) if (prng.chance(profile.chances[kind])) this.#do(kind);
  }

  #do(kind: EventKind): void {
    const { prng, profile, machines, cuts, catalogue } = this.#world;
    const members = machines.filter(({ id }) => catalogue.peers.has(id));
    const up = members.filter(({ isUp }) => isUp);
    switch (kind) {
      case "restart":
        return this.#with(kind, up, (machine) => this.#stop(machine));
      case "die":
        return profile.isGentle && !this.#world.isSafeToDie
          ? undefined
          : this.#with(kind, up, (machine) => this.#world.die(machine));
      case "restore":
        return this.#with(
          kind,
          members.filter(({ isLost }) => isLost),
          (machine) => this.#world.restore(machine),
        );
      case "zone loss":
        return this.#with(kind, up, ({ zone }) =>
          up.filter((machine) => machine.zone === zone).forEach((machine) => this.#stop(machine)),
        );
      case "join":
        return machines.length < peersMax ? this.#world.join() : undefined;
      case "drain":
      case "remove":
        if (profile.isGentle && catalogue.keepers < 3) return undefined;
        return this.#with(
          kind,
          members.filter(({ id }) => this.#orderOf(id) === null),
          ({ id }) => this.#order(id, kind),
        );
      case "undrain":
        return this.#with(
          kind,
          members.filter(({ id }) => this.#orderOf(id) === "drain"),
          ({ id }) => this.#order(id, null),
        );
      case "abandon":
        return this.#with(
          kind,
          members.filter(({ isLost }) => isLost),
          ({ id }) => this.#order(id, "abandon"),
        );
      case "disk full":
        return this.#with(kind, up, (machine) => (machine.capacityFiles = 0));
      case "disk freed":
        return members.forEach((machine) => (machine.capacityFiles = profile.capacityFiles));
      case "mute":
        return this.#with(kind, up, (machine) => (machine.isMute = true));
      case "cut":
        return this.#with(kind, up, (machine) => cuts.add(pairOf(machine, prng.pick(members))));
      case "heal":
        members.forEach((machine) => (machine.isMute = false));
        return cuts.clear();
      case "new leader":
        return this.#world.newLeader();
      case "policy":
        catalogue.copies = 1 + prng.below(3);
        catalogue.minCopies = 1 + prng.below(catalogue.copies);
    }
  }

  #with(kind: EventKind, machines: readonly SimPeer[], act: (machine: SimPeer) => unknown): void {
    const { prng, observer } = this.#world;
    if (machines.length === 0) return;
    const machine = prng.pick(machines);
    observer.count(`events: ${kind}`);
    this.#world.note(() => `${kind}: ${machine.id}`);
    act(machine);
  }

  #stop(machine: SimPeer): void {
    const { prng, tick } = this.#world;
    machine.isUp = false;
    machine.backAt = tick + 1 + prng.below(downTicksMax);
  }

  #orderOf(id: PeerId): StorageOrder | null | undefined {
    return this.#world.catalogue.peers.get(id)?.order;
  }

  #order(id: PeerId, order: StorageOrder | null): void {
    const row = this.#world.catalogue.peers.get(id);
    if (row !== undefined) row.order = order;
  }
}

/** A cut holds in one direction only. */
export function pairOf(from: SimPeer, to: SimPeer): string {
  return `${from.id} ${to.id}`;
}
