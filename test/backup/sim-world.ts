/** One run: peers, shelves, writers, a leader, and everything that goes wrong, from one seed. */
import type { ChainOrder, PlanInput, PlanPeer } from "../../src/backup/planner-input.ts";
import type { ChainLink } from "../../src/core/shelf.ts";
import type { PeerId, ShelfId } from "../../src/core/ids.ts";
import { Mishaps, pairOf } from "./sim-mishaps.ts";
import { dropGarbage, fillLinks } from "./sim-owner.ts";
import type { FileSet } from "./sim-files.ts";
import { Leader } from "./sim-leader.ts";
import type { LeaderWorld } from "./sim-leader.ts";
import type { MishapWorld } from "./sim-mishaps.ts";
import type { Mistake } from "./sim-mistakes.ts";
import { Observer } from "./sim-observer.ts";
import type { ObservedWorld } from "./sim-observer.ts";
import { OrderAudit } from "./sim-audit.ts";
import { Prng } from "../sim/prng.ts";
import type { Profile } from "./sim-profile.ts";
import { SimCatalogue } from "./sim-catalogue.ts";
import { SimPeer } from "./sim-peer.ts";
import type { ShelfRow } from "./sim-catalogue.ts";
import { Writers } from "./sim-writers.ts";
import { checkRest } from "./sim-rest.ts";
import { isFullLink } from "../../src/core/shelf.ts";
import { demand } from "../sim/violation.ts";
import { drawProfile } from "./sim-profile.ts";

/** Once nothing fails any more, everything must be done within so many ticks. */
const restTicksMax = 500;
const roomyFiles = 10_000;

export class World implements LeaderWorld, MishapWorld, ObservedWorld {
  readonly prng: Prng;
  readonly mistakes: ReadonlySet<Mistake>;
  readonly profile: Profile;
  readonly catalogue: SimCatalogue;
  readonly observer: Observer;
  readonly machines: SimPeer[] = [];
  readonly cuts = new Set<string>();
  tick = 0;
  readonly #byId = new Map<PeerId, SimPeer>();
  readonly #note: ((text: string) => void) | undefined;
  readonly #audit: OrderAudit;
  readonly #leader: Leader;
  readonly #writers: Writers;
  readonly #mishaps: Mishaps;
  /** Shelves with two claims on disks that are there, and nothing wrong since. */
  readonly #sound = new Set<ShelfId>();

  constructor(seed: number, mistakes: ReadonlySet<Mistake>, note: ((text: string) => void) | undefined) {
    this.prng = new Prng(seed);
    this.mistakes = mistakes;
    this.#note = note;
    this.profile = drawProfile(this.prng);
    this.catalogue = new SimCatalogue(mistakes);
    this.catalogue.copies = this.profile.copies;
    this.catalogue.minCopies = Math.min(2, this.profile.copies);
    this.observer = new Observer(this);
    this.#audit = new OrderAudit((what) => this.observer.count(what));
    this.#leader = new Leader(this);
    this.#writers = new Writers(this, this.profile, this.catalogue);
    this.#mishaps = new Mishaps(this);
    for (let count = 0; count < this.profile.peers; count++) this.join();
    note?.(`profile ${JSON.stringify(this.profile)}`);
  }

  /** Runs to the end. Fails with a Violation. */
  run(): void {
    for (let count = 0; count < this.profile.ticks; count++) this.#step(true);
    this.#heal();
    if (this.profile.isGentle) this.#checkUnharmed();
    for (const { id } of this.machines.filter(({ isLost }) => isLost)) this.#abandon(id);
    this.#rest(() => this.#isAtRest(), "repair ends");
    checkRest(this.#leader.input());
    this.observer.count("ticks", this.tick);
  }

  machine(id: PeerId): SimPeer | undefined {
    return this.#byId.get(id);
  }

  isReachable(from: SimPeer, to: SimPeer): boolean {
    return to.isUp && !to.isLost && !this.cuts.has(pairOf(from, to));
  }

  acknowledged(row: ShelfRow): FileSet {
    return this.#writers.acknowledged(row);
  }

  count(what: string, by?: number): void {
    this.observer.count(what, by);
  }

  note(text: () => string): void {
    this.#note?.(`tick ${this.tick}: ${text()}`);
  }

  demoted({ shelf }: ShelfRow): void {
    this.observer.count("links demoted");
    this.#sound.delete(shelf);
  }

  get isSafeToDie(): boolean {
    return this.catalogue.shelves.every(
      (row) => (row.committed | this.acknowledged(row)) === 0 || this.#sound.has(row.shelf),
    );
  }

  join(): void {
    const number = this.machines.length;
    const id = `p${number}` as PeerId;
    const machine = new SimPeer(id, `zone ${this.prng.below(this.profile.zones)}`, this.profile.capacityFiles);
    this.machines.push(machine);
    this.#byId.set(id, machine);
    this.catalogue.admit(id, `s${number}` as ShelfId);
  }

  newLeader(): void {
    this.observer.count("events: new leader");
    this.#leader.restart();
  }

  die(machine: SimPeer): void {
    this.observer.diskDied(machine);
    machine.loseDisk();
    machine.isLost = true;
    machine.isUp = false;
    for (const { shelf, links } of this.catalogue.shelves)
      if (links.some(({ peer }) => peer === machine.id)) this.#sound.delete(shelf);
  }

  /** The machine is back with an empty disk: the catalogue hears of it before anybody else. */
  restore(machine: SimPeer): void {
    const rows = this.catalogue.shelves.map((row) => ({ row, before: row.links }));
    machine.isLost = false;
    machine.isUp = true;
    machine.store++;
    this.catalogue.comeWithStore(machine.id, machine.store);
    for (const { row, before } of rows) this.observer.checkLeader(row, before, (id) => id === machine.id, true);
  }

  planned(input: PlanInput): void {
    this.observer.count("plans");
    this.#audit.planned(input);
  }

  ordered(order: ChainOrder): void {
    this.observer.count(`orders: ${order.reason}`);
    this.#audit.ordered(order);
  }

  committed(input: PlanInput, row: ShelfRow, before: readonly ChainLink[]): void {
    const peerOf = (id: PeerId | undefined): PlanPeer | undefined => input.peers.find((peer) => peer.id === id);
    const isGivenUp = (id: PeerId): boolean => peerOf(id)?.order === "abandon";
    const owner = peerOf(before[0]?.peer);
    const isOwnerGone = owner === undefined || isGivenUp(owner.id) || ["down", "out"].includes(owner.standing);
    this.observer.checkLeader(row, before, isGivenUp, isOwnerGone);
    const dropped = before.filter(({ peer }) => isGivenUp(peer) && row.links.every((link) => link.peer !== peer));
    for (const { peer } of dropped) {
      const machine = this.#byId.get(peer);
      if (machine !== undefined) this.observer.copiesDied(row, machine);
    }
  }

  #step(isFaulty: boolean): void {
    this.tick++;
    if (isFaulty) this.#mishaps.happen();
    for (const machine of this.machines) this.#comeBack(machine);
    for (const machine of this.machines) this.#live(machine);
    if (isFaulty) this.#writers.begin();
    this.#writers.goOn();
    this.#work();
    this.#operate();
    this.#leader.act();
    this.observer.check();
    for (const row of this.catalogue.shelves) this.#judgeSound(row);
  }

  #comeBack(machine: SimPeer): void {
    if (!machine.isUp && !machine.isLost && machine.backAt <= this.tick) machine.isUp = true;
  }

  /** Heartbeats, news of the chains, and the end of shelves that are kept elsewhere. */
  #live(machine: SimPeer): void {
    if (!machine.isUp) return;
    if (!machine.isMute) this.#leader.hear(machine.id);
    for (const row of this.catalogue.shelves) {
      const isLink = row.links.some(({ peer }) => peer === machine.id);
      if ((isLink || machine.files(row) !== 0) && this.prng.chance(this.profile.refreshChance)) machine.refresh(row);
      if (!isLink && machine.files(row) !== 0 && this.prng.chance(0.3)) machine.drop(row, machine.files(row));
    }
  }

  #work(): void {
    for (const row of this.catalogue.shelves)
      for (const machine of this.machines) {
        if (!machine.isUp || machine.view(row)?.links[0]?.peer !== machine.id) continue;
        fillLinks(this, machine, row);
        if (this.prng.chance(0.3)) dropGarbage(this, machine, row);
      }
  }

  /** Members that shall go are removed as soon as no chain names them. */
  #operate(): void {
    for (const [id, { order }] of this.catalogue.peers)
      if ((order === "remove" || order === "abandon") && this.catalogue.removePeer(id)) this.#retire(id);
  }

  #retire(id: PeerId): void {
    const machine = this.#byId.get(id);
    if (machine === undefined) return;
    this.observer.count("peers removed");
    machine.isUp = false;
    machine.isLost = true;
  }

  #judgeSound({ shelf, links, copiesMax }: ShelfRow): void {
    const claims = links.filter(({ hasFrom }) => hasFrom === 1 || hasFrom === 2);
    const isTrue = links.every(({ peer }) => this.#byId.get(peer)?.isLost === false);
    if (this.catalogue.keepers < 2 || Math.max(this.catalogue.copies, copiesMax) < 2) this.#sound.delete(shelf);
    else if (claims.length >= 2 && isTrue) this.#sound.add(shelf);
  }

  #heal(): void {
    this.note(() => "nothing fails any more");
    this.cuts.clear();
    for (const machine of this.machines) {
      machine.isMute = false;
      machine.backAt = 0;
      machine.capacityFiles = roomyFiles;
    }
  }

  #abandon(id: PeerId): void {
    const row = this.catalogue.peers.get(id);
    if (row !== undefined) row.order = "abandon";
  }

  #rest(isDone: () => boolean, promise: string): void {
    const endTick = this.tick + restTicksMax;
    do this.#step(false);
    while (!isDone() && this.tick < endTick);
    demand(isDone(), promise, () =>
      this.catalogue.shelves.map(({ shelf, links }) => `${shelf}: ${JSON.stringify(links)}`).join("\n"),
    );
  }

  /** Disks died only while every file had another one that claimed it: nothing is lost, and every shelf is led without anybody's help. */
  #checkUnharmed(): void {
    this.#rest(() => this.#isLed(), "one death at a time needs nobody's help");
    const lost = this.observer.counts.get("files given up") ?? 0;
    demand(lost === 0, "one death at a time loses nothing", () => `${lost} files were given up`);
  }

  /** Whether every shelf with files has an owner that is there. */
  #isLed(): boolean {
    return this.catalogue.shelves.every(
      ({ links, committed }) => committed === 0 || this.#byId.get(links[0]?.peer ?? ("" as PeerId))?.isUp === true,
    );
  }

  /** Whether there is nothing left to do, or nobody left to do it. */
  #isAtRest(): boolean {
    const { catalogue } = this;
    const isFilled = catalogue.shelves.every(({ links }) => links.every((link) => isFullLink(link)));
    const isDone = this.#leader.isAtRest && this.#writers.areDone && isFilled;
    return isDone || catalogue.keepers === 0;
  }
}
