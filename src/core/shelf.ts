/**
 * The words of a shelf, for all who keep one: its chain, its changes, its savepoint.
 *
 * A shelf is a set of file records. Each record is there with a number of copies, and each link of the chain keeps
 * those from some number on: one that asks for three copies is kept by the links that keep from 1, from 2 and from 3.
 * There may be several with the same number while one takes the place of another. The owner, which is the first link,
 * numbers the changes of the set; a savepoint says up to which change a link has them all on its disk, and what the set
 * then came to. An epoch numbers the shelf's chains: who works by an older one is refused everywhere.
 */
import type { FileKey, PeerId, ShelfId } from "./ids.ts";

/** One peer of a chain. The first link is the owner; the order of the others says nothing. */
export interface ChainLink {
  readonly peer: PeerId;
  /** The files that ask for at least so many copies are kept by this link: 1 for the owner, 2 for its backup peer. */
  readonly keepsFrom: number;
  /**
   * The files that ask for at least so many copies are all on this link's disk: `keepsFrom` where it has everything that
   * it keeps, more where it has not yet what it is to keep in addition, 0 where nothing is claimed.
   */
  readonly hasFrom: number;
  /** Whether the owner sends it what it lacks; otherwise only what is put from now on. */
  readonly isFilled: boolean;
}

/** Whether a link has everything that it keeps. */
export function isFullLink({ hasFrom, keepsFrom }: Pick<ChainLink, "hasFrom" | "keepsFrom">): boolean {
  return hasFrom > 0 && hasFrom <= keepsFrom;
}

/** A change of a shelf's set: the record is there from now on for so many copies (1 to `copiesMax`), or, with 0, no more. */
export interface ShelfChange {
  readonly fileKey: FileKey;
  readonly copies: number;
}

/** What a link has durably stored of a shelf. */
export interface Savepoint {
  readonly shelf: ShelfId;
  readonly epoch: number;
  /** All changes up to this one, by the owner's numbers, are on the disk. 0: nothing is claimed. */
  readonly sequence: number;
  /** 32 bytes: the sum of the set, whatever the order in which it came together. */
  readonly digest: Uint8Array;
}
