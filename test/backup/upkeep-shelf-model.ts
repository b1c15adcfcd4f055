/** A shelf of two peers and its catalogue, as plain sets: enough to run real Collectors beside puts, in any order. */
import { createHash } from "node:crypto";
import { DfsError } from "../../src/core/errors.ts";
import { digestOf, fileKeyOf } from "../../src/core/ids.ts";
import type { FileKey, LeaseId, ShelfId } from "../../src/core/ids.ts";
import type { ShelfChange } from "../../src/core/shelf.ts";
import { Collector } from "../../src/backup/upkeep/collector.ts";
import { DropGuard } from "../../src/backup/upkeep/drop-guard.ts";
import type { UpkeepOptions } from "../../src/backup/upkeep/ports.ts";

export const modelShelf = "5e".repeat(16) as ShelfId;
export const noSignal = new AbortController().signal;

/** The file key that a number stands for. */
export function keyOf(number: number): FileKey {
  return fileKeyOf(new Uint8Array(createHash("sha256").update(`file ${number}`).digest()));
}

export function leaseOf(number: number): LeaseId {
  return number.toString(16).padStart(32, "0") as LeaseId;
}

/** Waits wherever other work may come in between. */
export type Step = () => Promise<void>;

function moved(): DfsError {
  return new DfsError("moved", "the shelf has another owner", { op: "model" });
}

function sorted(keys: Iterable<FileKey>): FileKey[] {
  return [...keys].sort((left, right) => Buffer.compare(digestOf(left), digestOf(right)));
}

/** The catalogue's part. Every effect takes place at one moment; `check` runs after each. */
class ModelCatalogue {
  epoch = 1;
  owner = 0;
  readonly rows = new Map<number, { readonly key: FileKey; isRemoved: boolean }>();
  readonly dropRows = new Set<FileKey>();
  readonly #ended = new Set<LeaseId>();
  #nextRow = 0;

  names(key: FileKey): boolean {
    return [...this.rows.values()].some((row) => row.key === key);
  }

  commit(key: FileKey, lease: LeaseId, epoch: number): number {
    if (epoch !== this.epoch) throw moved();
    if (this.#ended.has(lease)) throw new DfsError("conflict", "the lease has ended");
    this.#nextRow += 1;
    this.rows.set(this.#nextRow, { key, isRemoved: false });
    this.dropRows.delete(key);
    return this.#nextRow;
  }

  endLease(lease: LeaseId, epoch: number, peer: number): void {
    this.#checkOwner(epoch, peer);
    this.#ended.add(lease);
  }

  forgetDrops(keys: readonly FileKey[], epoch: number, peer: number): void {
    this.#checkOwner(epoch, peer);
    for (const key of keys) this.dropRows.delete(key);
  }

  #checkOwner(epoch: number, peer: number): void {
    if (epoch !== this.epoch || peer !== this.owner) throw moved();
  }

  /** Takes out the rows of what was removed. */
  collect(): void {
    for (const [id, { isRemoved, key }] of this.rows) {
      if (!isRemoved) continue;
      this.rows.delete(id);
      if (!this.names(key)) this.dropRows.add(key);
    }
  }

  changeOwner(peer: number): void {
    this.owner = peer;
    this.epoch += 1;
  }
}

/** One peer: its set, its leases, and what it knows of the chain. */
export class ModelPeer {
  readonly set = new Map<FileKey, number>();
  readonly leases = new Map<LeaseId, Set<FileKey>>();
  readonly lost: ShelfChange[] = [];
  /** The epoch at which it believes to own the shelf. */
  ownedEpoch: number | undefined;
  /** The newest epoch that its disk has heard of. */
  epoch = 0;
  readonly #index: number;
  readonly #world: ModelWorld;
  #collector: Collector | undefined;

  constructor(index: number, world: ModelWorld) {
    this.#index = index;
    this.#world = world;
  }

  /** Made when the rest of the world is there. */
  get collector(): Collector {
    const clock = { nowMs: () => 0, delay: this.#world.step };
    this.#collector ??= this.#world.newCollector(this.#index, { clock, log: { warn: () => undefined } });
    return this.#collector;
  }

  isHeld(key: FileKey): boolean {
    return [...this.leases.values()].some((keys) => keys.has(key));
  }

  /** What a link's disk does with a change: refused from an older epoch. */
  apply(epoch: number, { copies, fileKey }: ShelfChange): void {
    if (epoch < this.epoch) throw moved();
    this.epoch = epoch;
    if (copies > 0) this.set.set(fileKey, Math.max(copies, this.set.get(fileKey) ?? 0));
    else this.set.delete(fileKey);
    this.#world.check();
  }

  /** Sends a change to its own disk and to the other link, in the order of the calls. */
  async change(epoch: number, change: ShelfChange): Promise<void> {
    await this.#world.inOrder(this.#index, async () => {
      if (this.ownedEpoch !== epoch) throw moved();
      this.apply(epoch, change);
      await this.#world.step();
      this.#world.otherOf(this.#index).apply(epoch, change);
    });
  }

  /** As an owner adds a record: it looks first, and leaves alone what is there. */
  add(lease: LeaseId, fileKey: FileKey): Promise<number> {
    return this.collector.touching([fileKey], async () => {
      const epoch = this.ownedEpoch;
      if (epoch === undefined) throw moved();
      await this.#world.step();
      const isHere = this.set.has(fileKey);
      await this.#world.step();
      if (!isHere) await this.change(epoch, { fileKey, copies: 2 });
      this.#world.otherOf(this.#index).apply(epoch, { fileKey, copies: 2 });
      const held = this.leases.get(lease) ?? new Set();
      this.leases.set(lease, held.add(fileKey));
      await this.#world.step();
      return epoch;
    });
  }

  async endLease(lease: LeaseId): Promise<void> {
    const epoch = this.ownedEpoch;
    if (epoch === undefined) throw moved();
    await this.#world.step();
    this.#world.catalogue.endLease(lease, epoch, this.#index);
    const keys = [...(this.leases.get(lease) ?? [])];
    this.leases.delete(lease);
    await this.#world.step();
    if (keys.length > 0) await this.collector.dropUnneeded(keys, noSignal);
  }
}

/** The effect happens at some moment between the call and its answer. */
async function around<Result>(step: Step, effect: () => Result): Promise<Result> {
  await step();
  const result = effect();
  await step();
  return result;
}

export class ModelWorld {
  readonly catalogue = new ModelCatalogue();
  readonly peers: readonly [ModelPeer, ModelPeer];
  readonly step: Step;
  readonly #turns: [Promise<unknown>, Promise<unknown>] = [Promise.resolve(), Promise.resolve()];

  constructor(step: Step = async () => undefined) {
    this.step = step;
    this.peers = [new ModelPeer(0, this), new ModelPeer(1, this)];
    this.#begin();
  }

  /** A collector of one peer. */
  newCollector(
    index: number,
    { clock, guard = new DropGuard(), log }: UpkeepOptions & { readonly guard?: DropGuard },
  ): Collector {
    const { catalogue, step } = this;
    const peer = this.peers[index === 0 ? 0 : 1];
    return new Collector({
      shelf: modelShelf,
      clock,
      guard,
      log,
      onDropped: () => undefined,
      onLost: async (lost) => void peer.lost.push(...lost),
      owner: {
        epoch: () => peer.ownedEpoch,
        drop: async (epoch, keys) => {
          await Promise.all(keys.map((fileKey) => peer.change(epoch, { fileKey, copies: 0 })));
        },
      },
      store: {
        isHeld: (keys) => around(step, () => keys.map((key) => peer.isHeld(key))),
        shelfPage: (_shelf, { after, limit }) =>
          around(step, () =>
            sorted(peer.set.keys())
              .filter((key) => after === undefined || Buffer.compare(digestOf(key), digestOf(after)) > 0)
              .slice(0, limit)
              .map((fileKey) => ({ fileKey, copies: peer.set.get(fileKey) ?? 0, bytes: 1 })),
          ),
      },
      catalogue: {
        drops: (limit) => around(step, () => sorted(catalogue.dropRows).slice(0, limit)),
        references: (keys) => around(step, () => keys.map((key) => catalogue.names(key))),
        forgetDrops: (epoch, keys) => around(step, () => catalogue.forgetDrops(keys, epoch, index)),
        referencedKeys: (after, limit) =>
          around(step, () =>
            sorted(new Set([...catalogue.rows.values()].map(({ key }) => key)))
              .filter((key) => after === undefined || Buffer.compare(digestOf(key), digestOf(after)) > 0)
              .slice(0, limit)
              .map((fileKey) => ({ fileKey, copies: 2 })),
          ),
      },
    });
  }

  get owner(): ModelPeer {
    return this.peers[this.catalogue.owner === 0 ? 0 : 1];
  }

  otherOf(index: number): ModelPeer {
    return this.peers[index === 0 ? 1 : 0];
  }

  /** Runs the changes of one owner one after the other. */
  inOrder(index: number, work: () => Promise<void>): Promise<void> {
    const place = index === 0 ? 0 : 1;
    const done = this.#turns[place].then(work);
    this.#turns[place] = done.catch(() => undefined);
    return done;
  }

  /** The promise: whatever a revision names is in the present owner's set. */
  check(): void {
    for (const { key } of this.catalogue.rows.values()) {
      if (!this.owner.set.has(key)) throw new Error(`${key} is named and was dropped`);
    }
  }

  /** A put as a writer does it, again and again until it is committed or its lease was ended. */
  async put(key: FileKey, lease: LeaseId): Promise<number | undefined> {
    for (let tries = 0; tries < 10; tries += 1) {
      try {
        const epoch = await this.owner.add(lease, key);
        await this.step();
        const row = this.catalogue.commit(key, lease, epoch);
        this.check();
        return row;
      } catch (error) {
        if (!(error instanceof DfsError)) throw error;
        if (error.kind !== "moved") return undefined;
        await this.step();
      }
    }
    return undefined;
  }

  /** The other peer takes over: the catalogue knows at once, the new owner soon, the old one last. */
  async changeOwner(): Promise<void> {
    const old = this.owner;
    this.catalogue.changeOwner(1 - this.catalogue.owner);
    this.check();
    await this.step();
    this.#begin();
    await this.step();
    await this.step();
    if (this.owner !== old) old.ownedEpoch = undefined;
  }

  #begin(): void {
    const { epoch } = this.catalogue;
    this.owner.ownedEpoch = epoch;
    this.owner.epoch = epoch;
  }
}
