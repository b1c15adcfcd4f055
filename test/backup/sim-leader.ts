/** The leader's loop: standings from heartbeats that it heard itself, the plan, and its orders, committed one tick later. */
import type { ChainOrder, PeerStanding, PlanInput } from "../../src/backup/planner-input.ts";
import type { ChainLink } from "../../src/core/shelf.ts";
import { fileBytes, countOf } from "./sim-files.ts";
import type { OwnerWorld } from "./sim-owner.ts";
import type { PeerId } from "../../src/core/ids.ts";
import type { Profile } from "./sim-profile.ts";
import type { ShelfRow } from "./sim-catalogue.ts";
import type { SimPeer } from "./sim-peer.ts";
import { planChains } from "../../src/backup/planner.ts";

/** Ticks of silence. */
const suspectTicks = 2;
const downTicks = 4;
const outTicks = 14;

export interface LeaderWorld extends OwnerWorld {
  readonly tick: number;
  readonly machines: readonly SimPeer[];
  readonly profile: Profile;
  /** An order is about to be committed that was made from `input`. */
  ordered(order: ChainOrder): void;
  committed(input: PlanInput, row: ShelfRow, before: readonly ChainLink[]): void;
  planned(input: PlanInput): void;
}

export class Leader {
  readonly #world: LeaderWorld;
  readonly #heard = new Map<PeerId, number>();
  #pending: { readonly input: PlanInput; readonly orders: readonly ChainOrder[] } | undefined;
  #idle = "";
  /** The tick at which it began to lead. */
  #since = 0;

  constructor(world: LeaderWorld) {
    this.#world = world;
  }

  /** Another peer leads from now on: it knows nobody's standing, and gives everybody time to be heard. What the first had proposed is committed or lost. */
  restart(): void {
    if (this.#world.prng.chance(0.5)) this.#commit();
    this.#pending = undefined;
    this.#heard.clear();
    this.#since = this.#world.tick;
    this.#idle = "";
  }

  /** Whether the last plan had nothing to order, and would not have now. */
  get isAtRest(): boolean {
    return this.#idle !== "" && this.#idle === fingerprint(this.input());
  }

  hear(id: PeerId): void {
    this.#heard.set(id, this.#world.tick);
  }

  act(): void {
    if (this.#pending !== undefined) return this.#commit();
    const input = this.input();
    const state = fingerprint(input);
    if (state === this.#idle) return;
    this.#world.planned(input);
    const orders = planChains(input);
    this.#idle = orders.length === 0 ? state : "";
    if (orders.length === 0) return;
    for (const order of orders) this.#world.ordered(order);
    this.#pending = { input, orders };
  }

  standing(id: PeerId): PeerStanding {
    const { tick, profile } = this.#world;
    const heard = this.#heard.get(id) ?? this.#since;
    const silentTicks = tick - heard;
    if (silentTicks >= outTicks) return "out";
    if (silentTicks >= downTicks) return "down";
    const isUnheard = !this.#heard.has(id) && !profile.isHasty;
    return isUnheard || silentTicks >= suspectTicks ? "suspect" : "up";
  }

  #commit(): void {
    const { catalogue } = this.#world;
    const pending = this.#pending;
    this.#pending = undefined;
    for (const order of pending?.orders ?? []) {
      const row = catalogue.shelves.find(({ shelf }) => shelf === order.shelf);
      if (row === undefined || pending === undefined) continue;
      const before = row.links;
      if (catalogue.orderChain(row, order.epoch, order.links) === "moved") {
        this.#world.count("orders that came too late");
        continue;
      }
      this.#world.note(() => `${row.shelf} epoch ${row.epoch}: ${chainText(row.links)} (${order.reason})`);
      this.#world.committed(pending.input, row, before);
    }
  }

  /** What the leader knows now. */
  input(): PlanInput {
    const { catalogue, machines, profile, mistakes } = this.#world;
    const peers = machines.flatMap(({ id, zone, freeBytes }) => {
      const row = catalogue.peers.get(id);
      if (row === undefined) return [];
      return [{ id, zone, standing: this.standing(id), storesFiles: true, freeBytes, order: row.order }];
    });
    const shelves = catalogue.shelves.map(({ shelf, home, epoch, links, copiesMax, committed }) => ({
      shelf,
      home,
      epoch,
      links,
      copiesMax,
      bytes: countOf(committed) * fileBytes,
    }));
    return {
      peers,
      shelves,
      copies: catalogue.copies,
      fillsAtOnceMax: profile.fillsAtOnceMax,
      faults: mistakes as NonNullable<PlanInput["faults"]>,
    };
  }
}

/** A chain in a line: `p1:1@1 p2:0@2`, the claim before the `@`, what is kept behind it, and `-` for a stand-in. */
function chainText(links: readonly ChainLink[]): string {
  return links.map((link) => `${link.peer}:${link.isFilled ? link.hasFrom : "-"}@${link.keepsFrom}`).join(" ");
}

/** Equal for inputs that are planned alike: a leader at rest need not plan again. */
function fingerprint({ peers, shelves, copies }: PlanInput): string {
  let state = String(copies);
  for (const { standing, order, freeBytes } of peers) state += `${standing}${order}${freeBytes};`;
  for (const { shelf, epoch, copiesMax, bytes, home } of shelves)
    state += `${shelf}${epoch},${copiesMax},${bytes},${home};`;
  return state;
}
