/** People who put files: each is added at the owner, committed a while later, and tried again when the chain has changed meanwhile. */
import type { ShelfRow, SimCatalogue } from "./sim-catalogue.ts";
import { addFile } from "./sim-owner.ts";
import { copiesAskedMax } from "./sim-catalogue.ts";
import type { FileSet } from "./sim-files.ts";
import type { OwnerWorld } from "./sim-owner.ts";
import type { PeerId } from "../../src/core/ids.ts";
import type { Profile } from "./sim-profile.ts";
import { filesMax } from "./sim-files.ts";

interface Put {
  readonly row: ShelfRow;
  readonly file: number;
  triesLeft: number;
  owner: PeerId | undefined;
  /** The epoch that acknowledged it; undefined while nobody has. */
  epoch: number | undefined;
}

const triesMax = 8;

export class Writers {
  readonly #world: OwnerWorld;
  readonly #profile: Profile;
  readonly #catalogue: SimCatalogue;
  #puts: Put[] = [];

  constructor(world: OwnerWorld, profile: Profile, catalogue: SimCatalogue) {
    this.#world = world;
    this.#profile = profile;
    this.#catalogue = catalogue;
  }

  get areDone(): boolean {
    return this.#puts.length === 0;
  }

  /** Files that the owner of the present chain has acknowledged and that are not committed yet. */
  acknowledged(row: ShelfRow): FileSet {
    let files = 0;
    for (const put of this.#puts) if (put.row === row && put.epoch === row.epoch) files |= 1 << put.file;
    return files;
  }

  /** Begins another put now and then. */
  begin(): void {
    const { prng } = this.#world;
    if (!prng.chance(this.#profile.putChance)) return;
    const row = prng.pick(this.#catalogue.shelves);
    const file = row.copiesOf.length;
    if (file >= filesMax) return;
    const isOdd = prng.chance(this.#profile.oddCopiesChance);
    const copies = isOdd ? 1 + prng.below(copiesAskedMax) : this.#catalogue.copies;
    row.copiesOf.push(copies);
    for (let count = 0; count <= copies; count++) row.asking[count] = (row.asking[count] ?? 0) | (1 << file);
    this.#puts.push({ row, file, triesLeft: triesMax, owner: undefined, epoch: undefined });
  }

  /** Goes on with some of the puts. */
  goOn(): void {
    const { prng } = this.#world;
    this.#puts = this.#puts.filter((put) => !prng.chance(0.6) || !this.#isOver(put));
  }

  #isOver(put: Put): boolean {
    const { prng } = this.#world;
    const isCommitted = put.epoch !== undefined && this.#commit(put);
    if (!isCommitted && put.epoch === undefined) this.#add(put);
    if (!isCommitted && put.triesLeft > 0 && !prng.chance(0.02)) return false;
    const owner = put.owner && this.#world.machine(put.owner);
    owner?.endLease(put.row, 1 << put.file);
    return true;
  }

  #add(put: Put): void {
    const { prng } = this.#world;
    const { row, file } = put;
    put.triesLeft--;
    const link = prng.chance(0.85) ? row.links[0] : prng.pick(row.links);
    const owner = link && this.#world.machine(link.peer);
    if (owner === undefined || !owner.isUp) return;
    const added = addFile(this.#world, owner, row, file);
    this.#world.note(() => `put ${file} on ${row.shelf} at ${owner.id}: ${JSON.stringify(added)}`);
    put.owner = owner.id;
    if (typeof added !== "string") put.epoch = added.epoch;
  }

  #commit(put: Put): boolean {
    const { row, file, epoch } = put;
    put.epoch = undefined;
    if (epoch === undefined || this.#catalogue.putFile(row, epoch, file) === "moved") return false;
    this.#world.count("files committed");
    this.#world.note(() => `commit ${file} on ${row.shelf}`);
    return true;
  }
}
