/** How safe the files are: this peer's own chunks, every shelf's chain, and who may put things right. */
import type { UserInfo } from "../../core/accounts.ts";
import type { BackupLink, ShelfBackup } from "../../core/client.ts";
import { lagBytesWarned, lagChangesWarned, verifiedMsWarned } from "../../core/limits.ts";
import { sharedUserName } from "../../core/ids.ts";
import type { ChunkStoreStats } from "../../store/chunk-store.ts";
import { type Finding, fault, fine, warning } from "./check.ts";
import { counted, named, sizeText, spanText } from "./check-texts.ts";

export function judgeStore({
  chunks,
  missing,
  quarantined,
}: Pick<ChunkStoreStats, "chunks" | "missing" | "quarantined">): Finding {
  if (missing > 0)
    return fault(
      `${counted(missing, "chunk")} of this disk ${missing === 1 ? "is" : "are"} damaged or lost`,
      "fsck fetches them again from other peers; copy what matters off a disk that goes on like that",
    );
  if (quarantined > 0)
    return warning(
      `${counted(quarantined, "damaged piece")} ${quarantined === 1 ? "was" : "were"} set aside on this disk, and mended since`,
      "see dmesg for errors of the disk; the pieces are in chunks/quarantine of the data folder, and may be removed",
    );
  return fine(`${counted(chunks, "chunk")} on this disk, none known to be damaged`);
}

const isLive = ({ standing }: BackupLink): boolean => standing === "owner" || standing === "full";

/** Whether every shelf with files is on as many disks as it should be. */
export function judgeCopies(shelves: readonly ShelfBackup[]): Finding {
  const kept = shelves.filter(({ revisions }) => revisions > 0);
  const lost = kept.filter(({ links }) => !links.some(isLive));
  const advice = "backup says which peers have them: start those; see peers";
  if (lost.length > 0)
    return fault(`the files of ${named(lost.map(nameOf))} are complete on no disk that is there`, advice);
  const few = kept.filter(({ links, wanted }) => links.filter(isLive).length < wanted);
  if (few.length > 0) {
    const text = few.map(
      (shelf) => `${nameOf(shelf)} on ${shelf.links.filter(isLive).length} of ${shelf.wanted} disks`,
    );
    const filling = few.some(({ links }) => links.some(({ standing }) => standing === "filling"));
    return warning(`files are on too few disks: ${named(text)}`, filling ? "wait: they are copied now" : advice);
  }
  return fine(
    kept.length === 0
      ? "there are no files yet"
      : `${counted(kept.length, "shelf", "shelves")} with files, each on all its disks`,
  );
}

function nameOf({ home, shelf }: ShelfBackup): string {
  return home ?? `shelf ${shelf.slice(0, 8)}`;
}

/** Whether the backup peers have what their owners have. */
export function judgeLagOfBackups(shelves: readonly ShelfBackup[]): Finding {
  const behind = linksOf(shelves).filter(
    ({ link: { lagChanges = 0, lagBytes = 0 } }) => lagChanges > lagChangesWarned || lagBytes > lagBytesWarned,
  );
  if (behind.length === 0) return fine("no backup peer lacks much of what it should have");
  const text = behind.map(
    ({ whose, link }) =>
      `${link.name} lacks ${counted(link.lagChanges ?? 0, "change")} (${sizeText(link.lagBytes ?? 0)}) of ${whose}`,
  );
  return warning(
    named(text),
    "wait, and look again: backup; where it does not shrink, see that peer's disk and network",
  );
}

/** Whether owners have compared themselves with their backup peers of late. */
export function judgeVerified(shelves: readonly ShelfBackup[], nowMs: number): Finding {
  const old = linksOf(shelves).filter(
    ({ link: { standing, verifiedMs } }) =>
      standing === "full" && verifiedMs !== undefined && nowMs - verifiedMs > verifiedMsWarned,
  );
  if (old.length === 0) return fine("owners and backup peers compare what they have");
  const text = old.map(
    ({ whose, link }) => `${link.name} of ${whose}, ${spanText(nowMs - (link.verifiedMs ?? 0))} ago`,
  );
  return warning(
    `last compared long ago: ${named(text)}`,
    "see whether those peers run and reach each other: peers, backup",
  );
}

/** The links that follow an owner, with whose shelf it is. */
function linksOf(shelves: readonly ShelfBackup[]): readonly { readonly whose: string; readonly link: BackupLink }[] {
  return shelves.flatMap((shelf) =>
    shelf.links.filter(({ standing }) => standing !== "owner").map((link) => ({ whose: nameOf(shelf), link })),
  );
}

export function judgeUsers(users: readonly Pick<UserInfo, "name" | "isAdmin">[]): Finding {
  const people = users.filter(({ name }) => name !== sharedUserName);
  const administrators = people.filter(({ isAdmin }) => isAdmin);
  if (people.length === 0) return fine("nobody has an account: every member reads and writes everything");
  if (administrators.length === 0)
    return fault(
      "no user is an administrator",
      "the network never lets the last one go: report this as a fault of the program",
    );
  return fine(`${counted(people.length, "user")}; administrators: ${named(administrators.map(({ name }) => name))}`);
}
