/**
 * Whether what a put is about to send may be kept: by the quota of whose files it adds to, and by the room on the shelf.
 *
 * A file that fits even if all of it is new is let through by its size. Of a larger one it is found out first which of
 * its chunks are new, without sending any: content that is there already costs nothing. Files under way count with the
 * most that they may cost, and with what they did cost when they are through. The catalogue and the disks have the last
 * word; this is so that nobody waits for an upload that they will refuse.
 */
import { DfsError } from "../core/errors.ts";
import type { ShelfId, UserId } from "../core/ids.ts";
import { chunkBytesMin } from "../core/limits.ts";

/** What was known when the put began; undefined means that nothing is known, or that there is no bound. */
export interface Room {
  readonly quota: { readonly name: string; readonly quotaBytes: number; readonly usedBytes: number } | undefined;
  /** Bytes that the owner of a shelf has left. */
  freeBytesOf(shelf: ShelfId): number | undefined;
}

/** One file that asks to be let in. */
export interface RoomRequest {
  readonly shelf: ShelfId;
  /** Plaintext bytes. */
  readonly sizeBytes: number;
  /** Counts the sealed bytes of what is new on the shelf; gives up beyond `mostBytes`, with a number that is greater. */
  readonly countNew: (mostBytes: number) => Promise<number>;
}

/** A place that a file was given. */
export interface Claim {
  /** The file is through, and has cost so much; 0 when nothing of it will be kept. */
  settle(addedBytes: number): void;
}

/** Records, manifests and tags beside each chunk, of which there are at the most one for each `chunkBytesMin`. */
const bytesBesideChunk = 256;

/** The most bytes that a file of this size comes to when it is sealed. */
export function sealedBytesAtMost(sizeBytes: number): number {
  return sizeBytes + bytesBesideChunk * (Math.floor(sizeBytes / chunkBytesMin) + 2);
}

interface Budget {
  readonly leftBytes: number;
  spentBytes: number;
  claimedBytes: number;
  readonly fault: (neededBytes: number, leftBytes: number) => DfsError;
}

export class PutRoom {
  readonly #read: () => Promise<Room>;
  #room: Promise<Room> | undefined;
  #quota: Budget | undefined;
  readonly #shelves = new Map<ShelfId, Budget>();
  #waiting: (() => void)[] = [];

  /** `read` is called once, when it is first needed. */
  constructor(read: () => Promise<Room>) {
    this.#read = read;
  }

  /** Whether a shelf has room for a file even if all of it is new; true where that is not known. */
  async fits(shelf: ShelfId, sizeBytes: number): Promise<boolean> {
    await this.#known();
    const budget = await this.#shelfBudget(shelf);
    return budget === undefined || sealedBytesAtMost(sizeBytes) <= leftOf(budget);
  }

  /** Takes room for a file; whoever got it settles it. Fails with `quota` and `no-space`, before anything is sent. */
  async admit({ shelf, sizeBytes, countNew }: RoomRequest): Promise<Claim> {
    const budgets = await this.#budgets(shelf);
    const atMost = sealedBytesAtMost(sizeBytes);
    if (budgets.every((budget) => atMost <= leftOf(budget))) return this.#claim(budgets, atMost);
    const mostBytes = Math.min(...budgets.map((budget) => budget.leftBytes - budget.spentBytes));
    const newBytes = await countNew(mostBytes);
    for (;;) {
      const lacking = budgets.find((budget) => newBytes > leftOf(budget));
      if (lacking === undefined) return this.#claim(budgets, newBytes);
      const settledLeft = lacking.leftBytes - lacking.spentBytes;
      if (newBytes > settledLeft || lacking.claimedBytes === 0) throw lacking.fault(newBytes, Math.max(0, settledLeft));
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Takes room for so many sealed bytes; undefined where there is not enough for all of them. */
  async admitWhole(shelf: ShelfId, sealedBytes: number): Promise<Claim | undefined> {
    const budgets = await this.#budgets(shelf);
    return budgets.every((budget) => sealedBytes <= leftOf(budget)) ? this.#claim(budgets, sealedBytes) : undefined;
  }

  async #budgets(shelf: ShelfId): Promise<Budget[]> {
    await this.#known();
    const shelfBudget = await this.#shelfBudget(shelf);
    return [this.#quota, shelfBudget].filter((budget) => budget !== undefined);
  }

  #claim(budgets: readonly Budget[], bytes: number): Claim {
    for (const budget of budgets) budget.claimedBytes += bytes;
    let isOpen = true;
    return {
      settle: (addedBytes) => {
        if (!isOpen) return;
        isOpen = false;
        for (const budget of budgets) {
          budget.claimedBytes -= bytes;
          budget.spentBytes += addedBytes;
        }
        for (const wake of this.#waiting.splice(0)) wake();
      },
    };
  }

  async #known(): Promise<Room> {
    this.#room ??= this.#read().then((room) => {
      if (room.quota !== undefined) this.#quota = quotaBudget(room.quota);
      return room;
    });
    return this.#room;
  }

  async #shelfBudget(shelf: ShelfId): Promise<Budget | undefined> {
    const known = this.#shelves.get(shelf);
    if (known !== undefined) return known;
    const leftBytes = (await this.#known()).freeBytesOf(shelf);
    if (leftBytes === undefined) return undefined;
    const present = this.#shelves.get(shelf);
    if (present !== undefined) return present;
    const budget = { leftBytes, spentBytes: 0, claimedBytes: 0, fault: noSpace };
    this.#shelves.set(shelf, budget);
    return budget;
  }
}

/** What is left for the files of each user that a put adds to. */
export class PutRooms {
  readonly #read: (owner: UserId) => Promise<Room>;
  readonly #rooms = new Map<UserId, PutRoom>();

  /** `read` is called once for each user, when it is first needed. */
  constructor(read: (owner: UserId) => Promise<Room>) {
    this.#read = read;
  }

  of(owner: UserId): PutRoom {
    const known = this.#rooms.get(owner);
    if (known !== undefined) return known;
    const room = new PutRoom(() => this.#read(owner));
    this.#rooms.set(owner, room);
    return room;
  }
}

function leftOf({ leftBytes, spentBytes, claimedBytes }: Budget): number {
  return leftBytes - spentBytes - claimedBytes;
}

function quotaBudget({ name, quotaBytes, usedBytes }: NonNullable<Room["quota"]>): Budget {
  const fault = (neededBytes: number, leftBytes: number): DfsError =>
    new DfsError(
      "quota",
      `this adds ${neededBytes} bytes or more, and ${leftBytes} of the ${quotaBytes} bytes of ${name} are left: remove files, which count until their time is over, or ask an administrator for more`,
    );
  return { leftBytes: quotaBytes - usedBytes, spentBytes: 0, claimedBytes: 0, fault };
}

function noSpace(neededBytes: number, leftBytes: number): DfsError {
  return new DfsError(
    "no-space",
    `no peer has room for this: it adds ${neededBytes} bytes or more, and ${leftBytes} are left where it would be kept; see df, and let a peer with more space join (invite)`,
  );
}
