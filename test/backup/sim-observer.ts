/** Watches a run and breaks it off when a promise is broken. It knows everything: also which disks are gone. */
import { askingFor, claimed } from "./sim-catalogue.ts";
import type { ShelfRow, SimCatalogue } from "./sim-catalogue.ts";
import type { FileSet } from "./sim-files.ts";
import type { PeerId, ShelfId } from "../../src/core/ids.ts";
import type { ChainLink } from "../../src/core/shelf.ts";
import type { SimPeer } from "./sim-peer.ts";
import { demand } from "../sim/violation.ts";
import { numbersOf } from "./sim-files.ts";

/** What a file was protected with, and how many of its disks have died since. */
interface Guard {
  disks: number;
  deaths: number;
}

export interface ObservedWorld {
  readonly catalogue: SimCatalogue;
  machine(id: PeerId): SimPeer | undefined;
  readonly machines: readonly SimPeer[];
  /** Files acknowledged by the present owner that wait to be committed. */
  acknowledged(row: ShelfRow): FileSet;
}

export class Observer {
  readonly counts = new Map<string, number>();
  readonly #world: ObservedWorld;
  readonly #guards = new Map<ShelfId, (Guard | undefined)[]>();
  /** Files that were given up: all that had them were abandoned, or they asked for one copy and their owner went. */
  readonly #givenUp = new Map<ShelfId, FileSet>();

  constructor(world: ObservedWorld) {
    this.#world = world;
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  givenUp({ shelf }: ShelfRow): FileSet {
    return this.#givenUp.get(shelf) ?? 0;
  }

  /** A disk is gone for good, with everything on it. */
  diskDied(machine: SimPeer): void {
    for (const row of this.#world.catalogue.shelves) this.copiesDied(row, machine);
  }

  /** What the machine has of a shelf is gone, or is given up with the machine. */
  copiesDied(row: ShelfRow, machine: SimPeer): void {
    for (const file of numbersOf(machine.files(row) & row.committed)) this.#guard(row, file).deaths++;
  }

  /** After every tick. */
  check(): void {
    for (const row of this.#world.catalogue.shelves) {
      this.#checkClaims(row);
      this.#checkCopies(row);
    }
  }

  /**
   * Whoever leads from now on has what there is; what it lacks is given up. That is allowed of files of which every claim
   * is given up, and of those with a single copy whose owner is gone.
   */
  checkLeader(
    row: ShelfRow,
    before: readonly ChainLink[],
    isClaimGivenUp: (id: PeerId) => boolean,
    isOwnerGone: boolean,
  ): void {
    const [owner] = row.links;
    const machine = owner && this.#holder(owner.peer);
    if (owner === undefined || machine === undefined) return;
    if (owner.peer === before[0]?.peer && !isClaimGivenUp(owner.peer)) return;
    for (const file of numbersOf(row.committed & ~machine.files(row) & ~this.givenUp(row))) {
      const copies = row.copiesOf[file] ?? 1;
      const claims = before.filter(({ hasFrom }) => hasFrom > 0 && hasFrom <= copies).map(({ peer }) => peer);
      const isAllowed = claims.every((id) => isClaimGivenUp(id)) || (copies === 1 && isOwnerGone);
      demand(
        isAllowed,
        "nobody leads without the files",
        () => `${row.shelf}: ${owner.peer} lacks file ${file} (${copies} copies) of ${claims.join(", ")}`,
      );
      this.#givenUp.set(row.shelf, this.givenUp(row) | (1 << file));
      this.count(copies === 1 ? "files with one copy given up" : "files given up");
    }
  }

  /** Every claim in the catalogue is true, unless the disk is gone and nobody knows it yet. */
  #checkClaims(row: ShelfRow): void {
    for (const link of row.links) {
      const machine = this.#holder(link.peer);
      if (machine === undefined || link.hasFrom === 0) continue;
      const files = claimed(row, link) | (this.#world.acknowledged(row) & askingFor(row, link.hasFrom));
      const missing = files & ~machine.files(row) & ~this.givenUp(row);
      demand(
        missing === 0,
        "every claim is true",
        () =>
          `${row.shelf} epoch ${row.epoch}: ${link.peer} claims from ${link.hasFrom} and lacks ${numbersOf(missing).join(" ")}`,
      );
    }
  }

  /** No file has fewer disks than it was protected with, less those that died since. */
  #checkCopies(row: ShelfRow): void {
    const live = row.committed & ~this.givenUp(row);
    const wanted = this.#wanted(row);
    for (const file of numbersOf(live)) {
      const copies = row.copiesOf[file] ?? 1;
      const guard = this.#guard(row, file);
      const most = Math.min(copies, wanted);
      guard.disks = Math.min(guard.disks, most);
      const [claims, falseClaims] = this.#claimsOn(row, copies);
      const due = guard.disks - guard.deaths;
      if (falseClaims === 0 && claims >= due) this.#set(row, file, { disks: Math.min(claims, most), deaths: 0 });
      const disks = this.#disksWith(row, file);
      demand(
        disks >= due,
        "copies are lost by failures only",
        () =>
          `${row.shelf}: file ${file} asks for ${copies} copies, had ${guard.disks}, lost ${guard.deaths}, is on ${disks}`,
      );
    }
  }

  #disksWith(row: ShelfRow, file: number): number {
    return this.#world.machines.filter((machine) => !machine.isLost && (machine.files(row) & (1 << file)) !== 0).length;
  }

  /** Links whose claim covers files with so many copies: those whose disk is there, and those of which nobody knows yet that it is gone. */
  #claimsOn(row: ShelfRow, copies: number): readonly [number, number] {
    const claims = row.links.filter(({ hasFrom }) => hasFrom > 0 && hasFrom <= copies);
    const gone = claims.filter(({ peer }) => this.#holder(peer) === undefined).length;
    return [claims.length - gone, gone];
  }

  /** The machine with the disk that the catalogue knows of; undefined when that disk is gone. */
  #holder(id: PeerId): SimPeer | undefined {
    const machine = this.#world.machine(id);
    if (machine === undefined || machine.isLost) return undefined;
    return machine.store === this.#world.catalogue.peers.get(id)?.store ? machine : undefined;
  }

  #wanted(row: ShelfRow): number {
    const { catalogue } = this.#world;
    return Math.max(1, Math.min(Math.max(catalogue.copies, row.copiesMax), catalogue.keepers));
  }

  #guard(row: ShelfRow, file: number): Guard {
    return this.#guards.get(row.shelf)?.[file] ?? this.#set(row, file, { disks: 0, deaths: 0 });
  }

  #set(row: ShelfRow, file: number, guard: Guard): Guard {
    const guards = this.#guards.get(row.shelf) ?? [];
    guards[file] = guard;
    this.#guards.set(row.shelf, guards);
    return guard;
  }
}
