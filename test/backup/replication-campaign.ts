/** Random campaigns against a shelf's replication: puts, faults, crashes, take-overs, lost disks; and what must hold throughout. */
import { setImmediate as turnOfEvents } from "node:timers/promises";
import { expect } from "vitest";
import * as fc from "fast-check";
import type { FileKey, LeaseId } from "../../src/core/ids.ts";
import type { ChainLink } from "../../src/core/shelf.ts";
import { History, newLease, never, NotingStore, randomFile, shelf, World } from "./replication-world.ts";
import type { Fault, TestPeer } from "./replication-world.ts";

const kinds = [
  "put",
  "put",
  "put",
  "end",
  "end",
  "drop",
  "fault",
  "fault",
  "calm",
  "late",
  "crash",
  "restart",
  "lose disk",
  "partition",
  "heal",
  "take over",
  "reorder",
  "wait",
  "wait",
  "expire",
] as const;

export interface Step {
  readonly kind: (typeof kinds)[number];
  readonly a: number;
  readonly b: number;
  readonly turns: number;
}

const step = fc.record({
  kind: fc.constantFrom(...kinds),
  a: fc.nat(1000),
  b: fc.nat(1000),
  turns: fc.nat(12),
});

export const campaigns = (steps: number): fc.Arbitrary<Step[]> =>
  fc.array(step, { minLength: 5, maxLength: steps, size: "max" });

const faults: readonly Fault[] = ["lost", "answer lost", "late", "hangs", "none", "none"];

interface Put {
  readonly lease: LeaseId;
  readonly keys: readonly FileKey[];
  readonly copies: number;
  isAcknowledged: boolean;
  isEnded: boolean;
}

export class Campaign {
  readonly world: World;
  readonly #history = new History();
  readonly #files = Array.from({ length: 12 }, (_, index) => randomFile(1 + (index % 3), 60));
  readonly #puts: Put[] = [];
  readonly #running = new Set<Promise<unknown>>();
  #salt = 1;

  /** What is looked at after every step. */
  readonly #watched: "claims" | "savepoints";
  checks = 0;

  constructor(watched: "claims" | "savepoints") {
    this.#watched = watched;
    this.world = new World("ABCD", { verifyMs: 20_000 }, () => new NotingStore(this.#history));
    this.world.minCopies = 1;
    this.world.order([0, 1, 1], [1, 2, 0], [2, 2, 0], [3, 3, 0]);
  }

  #random(): number {
    this.#salt = (Math.imul(this.#salt, 1_103_515_245) + 12_345) >>> 0;
    return this.#salt / 2 ** 32;
  }

  async run(all: readonly Step[]): Promise<void> {
    for (const step of all) {
      this.#salt = (step.a * 1009 + step.b + 1) >>> 0;
      this.#take(step);
      for (let turn = 0; turn < step.turns * 3; turn += 1) await turnOfEvents();
      await this.check();
    }
    await this.#recover();
  }

  #take({ kind, a, b }: Step): void {
    const { world } = this;
    const peer = world.peer(a % world.peers.length);
    switch (kind) {
      case "put":
        return this.#track(this.#put(a, b));
      case "end":
        return this.#end(a);
      case "drop":
        return this.#drop(a);
      case "fault": {
        const fault = faults[b % faults.length] ?? "none";
        world.fault = (call, _from, to) => (to === peer && this.#random() < 0.4 && call !== "buckets" ? fault : "none");
        return undefined;
      }
      case "calm":
        world.fault = () => "none";
        return undefined;
      case "late":
        return world.deliverLate();
      case "crash":
        return peer.isUp ? peer.crash() : undefined;
      case "restart":
        return peer.isUp ? undefined : peer.restart();
      case "lose disk":
        return this.#loseDisk(peer);
      case "partition":
        peer.isConnected = false;
        return undefined;
      case "heal":
        peer.isConnected = true;
        return peer.refresh();
      case "take over":
        return this.#takeOver(b);
      case "reorder":
        return this.#reorder(a, b);
      case "expire":
        return this.#track(peer.owner.endExpiredLeases(world.clock.nowMs() + (b % 3) * 100_000, never));
      case "wait":
        for (let timer = 0; timer < b % 9; timer += 1) world.clock.skip();
        return undefined;
    }
  }

  #track(promise: Promise<unknown>): void {
    const tracked = promise.catch(() => undefined).finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  async #put(a: number, b: number): Promise<void> {
    const { world } = this;
    const files = this.#files.filter((_, index) => (a + index * 7) % 5 === 0);
    const put: Put = {
      lease: newLease(),
      keys: files.map(({ key }) => key),
      copies: 2 + (b % 2),
      isAcknowledged: false,
      isEnded: false,
    };
    this.#puts.push(put);
    // Whoever believes to be the owner is asked now and then.
    const owner = b % 4 === 0 ? world.peer(a % world.peers.length) : world.owner;
    const { epoch } = await world.put(files, put.copies, put.lease, owner);
    if (b % 3 === 0) for (let turn = 0; turn < b % 50; turn += 1) await turnOfEvents();
    if (put.isEnded || epoch !== world.catalogue.epoch) return;
    put.isAcknowledged = true;
    if (b % 5 > 0) for (const key of put.keys) world.catalogue.commit(epoch, put.lease, key, put.copies);
  }

  #end(a: number): void {
    const put = this.#puts[a % Math.max(1, this.#puts.length)];
    if (put === undefined) return;
    put.isEnded = true;
    this.#track(this.world.owner.owner.endLease(put.lease, never));
  }

  /** As collection does, which asks the catalogue and the leases first. */
  #drop(a: number): void {
    const { catalogue, owner } = this.world;
    const { epoch } = catalogue;
    const file = this.#files[a % this.#files.length];
    const isNeeded = file === undefined || catalogue.committed.has(file.key);
    const isInUse = this.#puts.some(({ keys, isEnded }) => file !== undefined && keys.includes(file.key) && !isEnded);
    if (!isNeeded && !isInUse) this.#track(owner.owner.drop(epoch, [file.key], never));
  }

  /** The first full link that is up leads, as the planner would order it. */
  #takeOver(b: number): void {
    const { world } = this;
    const [first, ...others] = world.catalogue.links;
    const able = others.filter(
      ({ peer, keepsFrom, hasFrom }) => keepsFrom === 2 && hasFrom === 2 && world.byId(peer).isUp,
    );
    const next = able[b % Math.max(1, able.length)];
    if (first === undefined || next === undefined) return;
    const rest = others.filter((link) => link !== next);
    const former = { ...first, keepsFrom: next.keepsFrom };
    world.catalogue.order([{ ...next, keepsFrom: 1, hasFrom: 1 }, former, ...rest]);
    world.tellAll();
  }

  #reorder(a: number, b: number): void {
    const { world } = this;
    const [first, ...others] = world.catalogue.links;
    if (first === undefined) return;
    const at = a % others.length;
    const changed = others.map((link, index) =>
      index === at ? { ...link, keepsFrom: 2 + (b % 2), isFilled: b % 5 > 0 } : link,
    );
    // Somebody has to be able to take over.
    world.catalogue.order([first, ...changed]);
    world.tellAll();
  }

  #loseDisk(peer: TestPeer): void {
    const { world } = this;
    const { links } = world.catalogue;
    const isOnlyFull = !links.some(
      (link) =>
        link.peer !== peer.id &&
        link.keepsFrom <= 2 &&
        link.hasFrom > 0 &&
        link.hasFrom <= link.keepsFrom &&
        world.byId(link.peer).isUp,
    );
    if (isOnlyFull) return;
    peer.crash();
    peer.store = world.newStore();
    if (links[0]?.peer === peer.id) this.#takeOver(0);
    world.catalogue.order(
      world.catalogue.links.map((link): ChainLink =>
        link.peer === peer.id ? { ...link, hasFrom: 0, isFilled: true } : link,
      ),
    );
    world.tellAll();
  }

  async check(): Promise<void> {
    this.checks += 1;
    if (this.#watched === "claims") await this.#checkClaims();
    else for (const peer of this.world.peers) await this.#checkSavepoint(peer);
  }

  /** A savepoint claims no more than what is on the disk. */
  async #checkSavepoint({ id, store }: TestPeer): Promise<void> {
    const savepoint = await store.savepoint(shelf);
    if (savepoint === undefined || savepoint.sequence === 0) return;
    const here = new Set((await store.shelfPage(shelf, { position: 0, limit: 1000 })).map(({ fileKey }) => fileKey));
    const link = this.world.catalogue.past.get(savepoint.epoch)?.find(({ peer }) => peer === id);
    const now = await store.savepoint(shelf);
    if (now?.epoch !== savepoint.epoch || now.sequence !== savepoint.sequence) return; // it went on while we looked
    const owed = this.#history.owedAt(savepoint, link?.keepsFrom ?? 1);
    const { epoch, sequence } = savepoint;
    if (owed === undefined) expect.fail(`${id.slice(7, 8)} is at ${epoch}/${sequence}, which no owner was`);
    const lacking = owed.filter((key) => !here.has(key));
    if (lacking.length > 0) expect.fail(`${id.slice(7, 8)} is at ${epoch}/${sequence} and lacks ${lacking.join(" ")}`);
  }

  /** Whoever claims to have a file in the catalogue has it. */
  async #checkClaims(): Promise<void> {
    const { catalogue } = this.world;
    const { links } = catalogue;
    const needed = new Map(catalogue.committed);
    for (const { peer, hasFrom } of links) {
      const { store } = this.world.byId(peer);
      const here = new Set((await store.shelfPage(shelf, { position: 0, limit: 1000 })).map(({ fileKey }) => fileKey));
      if (catalogue.links !== links) return; // it changed while we looked
      for (const [key, copies] of needed) {
        if (hasFrom > 0 && hasFrom <= copies && !here.has(key))
          expect.fail(`${peer.slice(7, 8)} claims from ${hasFrom} and lacks ${key.slice(-6)} (${copies} copies)`);
      }
    }
  }

  async #recover(): Promise<void> {
    const { world } = this;
    world.fault = () => "none";
    for (const peer of world.peers) {
      peer.isConnected = true;
      if (!peer.isUp) peer.restart();
    }
    world.deliverLate();
    world.tellAll();
    const [first, ...others] = world.catalogue.links;
    if (first === undefined) return;
    world.catalogue.order([first, ...others.map((link) => ({ ...link, isFilled: true }))]);
    world.tellAll();
    await world.clock.until(() => this.#running.size === 0, "every call ends");
    await world.untilEqual();
    await this.check();
    for (const put of this.#puts) await world.clock.outcome(world.owner.owner.endLease(put.lease, never));
    await world.untilEqual();
    await this.check();
    await this.world.stop();
  }
}
