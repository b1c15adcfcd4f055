/**
 * A seat: the place of one member of the group on this peer's disk.
 *
 *   catalogue.db           the catalogue, with the mark of the last entry that was applied
 *   raft/member.json       which member of which group this is; without it there is no seat
 *   raft/log/              the log
 *   raft/snapshots/        snapshots on their way
 *
 * A seat is made whole before `member.json` is written, and that file goes first when a seat is given up.
 */
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { Catalogue } from "../../catalogue/catalogue.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { PeerId } from "../../core/ids.ts";
import { raftApplyBytesMax } from "../../core/limits.ts";
import { emptyConfiguration } from "../../raft/configuration.ts";
import { type MemberId, nobody } from "../../raft/types.ts";
import { syncFolder, writeFileAtomic } from "../../store/atomic-file.ts";
import { RaftDisk } from "../../store/raft-disk/raft-disk.ts";
import { SnapshotFolder } from "../../store/raft-disk/snapshot-folder.ts";
import { applyEntries, portionsOf } from "./apply-entries.ts";
import { randomId } from "../random-ids.ts";
import { type GroupId, type GroupMark, decodeMark, encodeMark, foundingMark, groupSchemas } from "./group-mark.ts";

const recordSchema = v.object({
  group: groupSchemas.group,
  generation: groupSchemas.generation,
  member: groupSchemas.memberId,
});

/** Which member of which group a peer is. */
export type SeatRecord = v.InferOutput<typeof recordSchema>;

/** A seat whose files are open. */
export interface OpenSeat {
  readonly record: SeatRecord;
  readonly catalogue: Catalogue;
  readonly disk: RaftDisk;
  readonly snapshots: SnapshotFolder;
}

const firstMember = 1 as MemberId;
const firstTerm = 1;

const cataloguePath = (folder: string): string => join(folder, "catalogue.db");
const raftFolder = (folder: string): string => join(folder, "raft");
const recordPath = (folder: string): string => join(raftFolder(folder), "member.json");
const logFolder = (folder: string): string => join(raftFolder(folder), "log");
const snapshotsFolder = (folder: string): string => join(raftFolder(folder), "snapshots");

/** The seat of the peer with this data folder; undefined for none. Fails with `integrity` when its record is damaged. */
export async function readSeat(folder: string): Promise<SeatRecord | undefined> {
  const path = recordPath(folder);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw toDfsError(error, { path });
  }
  return parseSeat(text, path);
}

/** The seat that the text of the record at `path` tells of. Fails with `integrity`. */
export function parseSeat(text: string, path: string): SeatRecord {
  try {
    return v.parse(recordSchema, JSON.parse(text));
  } catch (cause) {
    throw new DfsError("integrity", `${path} is damaged`, { path, cause });
  }
}

/** Makes the seat of the only coordinator of a new network, over whatever an unfinished attempt has left. */
export async function foundSeat(folder: string, self: PeerId, nowMs: number): Promise<void> {
  await clearSeat(folder);
  const mark = foundingMark(randomId<GroupId>(), 1, firstMember, self, firstTerm);
  await beginGroup(folder, mark, firstMember, nowMs);
}

/** Makes the seat of a newcomer: an empty log and catalogue, which the leader fills. The peers are those of the members so far. */
export async function takeSeat(
  folder: string,
  record: SeatRecord,
  peers: ReadonlyMap<MemberId, PeerId>,
): Promise<void> {
  await clearSeat(folder);
  const { group, generation } = record;
  const mark = { group, generation, term: 0, configuration: emptyConfiguration, peers };
  const catalogue = Catalogue.open(cataloguePath(folder));
  try {
    catalogue.applyBatch([], { bytes: encodeMark(mark), membersChanged: false });
    await catalogue.makeDurable();
  } finally {
    catalogue.close();
  }
  await createLog(folder, { index: 0, term: 0 }, 0);
  await saveRecord(folder, record);
}

/**
 * Opens the files of a seat; the log goes on in segments of at most `segmentBytesMax`. Fails with `integrity` when one is damaged or they do not fit together, `version`,
 * `locked`, `io`, `no-space`.
 */
export async function openSeat(folder: string, record: SeatRecord, segmentBytesMax: number): Promise<OpenSeat> {
  const catalogue = Catalogue.open(cataloguePath(folder));
  let disk: RaftDisk | undefined;
  try {
    const mark = readMark(catalogue, record, folder);
    disk = await RaftDisk.open({ folder: logFolder(folder), segmentBytesMax });
    const snapshots = await SnapshotFolder.open(snapshotsFolder(folder));
    await fitTogether(folder, catalogue.appliedIndex(), mark, disk, snapshots);
    return { record, catalogue, disk, snapshots };
  } catch (error) {
    catalogue.close();
    await disk?.close().catch(() => undefined); // the first failure is the one to tell
    throw error;
  }
}

/** Moves the files of a seat out of the way, so that the peer starts without it and can be given a new one. Returns where they are now. */
export async function quarantineSeat(folder: string, nowMs: number): Promise<string> {
  const target = quarantinePath(folder, "coordinator", nowMs);
  await mkdir(target, { recursive: true });
  await rm(recordPath(folder), { force: true });
  for (const path of [raftFolder(folder), ...databaseFiles(cataloguePath(folder))]) {
    const name = path.slice(folder.length + 1);
    await rename(path, join(target, name)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw toDfsError(error, { path });
    });
  }
  await syncFolder(folder);
  return target;
}

/** Removes the files of a seat that is given up. */
export async function clearSeat(folder: string): Promise<void> {
  await rm(recordPath(folder), { force: true });
  if (await exists(raftFolder(folder))) await syncFolder(raftFolder(folder));
  await rm(raftFolder(folder), { recursive: true, force: true });
  for (const path of databaseFiles(cataloguePath(folder))) await rm(path, { force: true });
}

/** What a survivor of a group knows, and from which a new group can start. */
export interface Survivor {
  /** What is wrong with its catalogue or its log: then only what can be read of them counts. */
  readonly damage: DfsError | undefined;
  readonly mark: GroupMark;
  /** The last entry that its catalogue has. */
  readonly appliedIndex: number;
  /** The last entry in its log: those in between may or may not have been acknowledged. */
  readonly lastIndex: number;
  /** When the last entry was made, in milliseconds since 1970. */
  readonly lastTimeMs: number;
}

/** What the seat in `folder` knows. Fails with `not-found` when there is none, and as `openSeat` does. */
export async function inspectSeat(folder: string): Promise<Survivor> {
  const salvaged = `${cataloguePath(folder)}.salvaged`;
  const { catalogue, disk, damage } = await openExisting(folder, salvaged);
  try {
    return {
      damage,
      mark: decodeMark(catalogue.logMark()),
      appliedIndex: catalogue.appliedIndex(),
      lastIndex: disk?.lastIndex() ?? catalogue.appliedIndex(),
      lastTimeMs: catalogue.lastTimeMs(),
    };
  } finally {
    catalogue.close();
    await disk?.close();
    for (const file of databaseFiles(salvaged)) await rm(file, { force: true });
  }
}

/**
 * Makes this peer the only coordinator of a group that goes on from what its own seat knows, in the next generation.
 * Everything in its log counts, acknowledged or not. The former log is kept in quarantine.
 */
export async function recoverSeat(folder: string, self: PeerId, nowMs: number): Promise<void> {
  const { catalogue, disk } = await openExisting(folder, cataloguePath(folder));
  let mark: GroupMark;
  try {
    if (disk !== undefined) applyAll(catalogue, disk);
    await catalogue.makeDurable();
    mark = decodeMark(catalogue.logMark());
  } finally {
    catalogue.close();
    await disk?.close();
  }
  await moveLogAway(folder, nowMs);
  const { configuration, generation, term } = mark;
  const member = (configuration.highestId + 1) as MemberId;
  const next = foundingMark(randomId<GroupId>(), generation + 1, member, self, term + 1);
  await beginGroup(folder, next, member, nowMs);
}

interface ExistingSeat {
  readonly catalogue: Catalogue;
  readonly disk: RaftDisk | undefined;
  readonly damage: DfsError | undefined;
}

/** The catalogue of a seat, and its log where that is readable. What can be read of a damaged catalogue is put at `salvaged`. */
async function openExisting(folder: string, salvaged: string): Promise<ExistingSeat> {
  if (!(await exists(cataloguePath(folder))))
    throw new DfsError("not-found", `there is no catalogue in ${folder}: this peer was no coordinator`, {
      path: folder,
    });
  const { catalogue, damage } = await openReadable(cataloguePath(folder), salvaged);
  try {
    decodeMark(catalogue.logMark());
    return { catalogue, damage, disk: await openLogAfter(catalogue.appliedIndex(), folder) };
  } catch (thrown) {
    const error = toDfsError(thrown);
    if (error.kind === "integrity") return { catalogue, damage: damage ?? error, disk: undefined };
    if (error.kind === "not-found") return { catalogue, damage, disk: undefined };
    catalogue.close();
    throw error;
  }
}

/** The log, unless entries between the one that was applied last and its first one are missing. */
async function openLogAfter(applied: number, folder: string): Promise<RaftDisk> {
  const disk = await RaftDisk.open({ folder: logFolder(folder) });
  if (disk.firstIndex() <= applied + 1) return disk;
  const first = disk.firstIndex();
  await disk.close();
  throw new DfsError("integrity", `the log begins at entry ${first}, and the catalogue ends at entry ${applied}`);
}

async function openReadable(path: string, salvaged: string): Promise<Pick<ExistingSeat, "catalogue" | "damage">> {
  try {
    return { catalogue: Catalogue.open(path), damage: undefined };
  } catch (error) {
    const damage = toDfsError(error);
    if (damage.kind !== "integrity") throw damage;
    await Catalogue.salvage(path, salvaged);
    return { catalogue: Catalogue.open(salvaged), damage };
  }
}

/** Applies what the log has beyond the catalogue. */
function applyAll(catalogue: Catalogue, disk: RaftDisk): void {
  for (let next = catalogue.appliedIndex() + 1; next <= disk.lastIndex(); next = catalogue.appliedIndex() + 1) {
    for (const portion of portionsOf(disk.entries(next, disk.lastIndex() + 1, raftApplyBytesMax)))
      applyEntries(catalogue, decodeMark(catalogue.logMark()), portion);
  }
}

async function moveLogAway(folder: string, nowMs: number): Promise<void> {
  if (!(await exists(raftFolder(folder)))) return;
  const target = quarantinePath(folder, "raft", nowMs);
  await mkdir(dirname(target), { recursive: true });
  await rename(raftFolder(folder), target);
  await syncFolder(folder);
}

/** Where files that are given up are kept: a folder named after what they are and when that was. */
function quarantinePath(folder: string, what: "coordinator" | "raft", nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[:.]/g, "-");
  return join(folder, "quarantine", `${what}-${stamp}`);
}

/** A group of one begins: its first entry carries the mark, and its log starts behind it. */
async function beginGroup(folder: string, mark: GroupMark, member: MemberId, nowMs: number): Promise<void> {
  const catalogue = Catalogue.open(cataloguePath(folder));
  let index: number;
  try {
    index = catalogue.appliedIndex() + 1;
    const entry = { index, timeMs: Math.max(nowMs, catalogue.lastTimeMs()), command: new Uint8Array(0) };
    catalogue.applyBatch([entry], { bytes: encodeMark(mark), membersChanged: true });
    await catalogue.makeDurable();
  } finally {
    catalogue.close();
  }
  await createLog(folder, { index, term: mark.term }, mark.term);
  await saveRecord(folder, { group: mark.group, generation: mark.generation, member });
}

async function createLog(folder: string, base: { index: number; term: number }, term: number): Promise<void> {
  await mkdir(raftFolder(folder), { recursive: true });
  const disk = await RaftDisk.create({ folder: logFolder(folder) }, base, { term, vote: nobody, commit: base.index });
  await disk.close();
}

async function saveRecord(folder: string, record: SeatRecord): Promise<void> {
  await syncFolder(folder);
  await writeFileAtomic(recordPath(folder), Buffer.from(`${JSON.stringify(record, undefined, 2)}\n`), { mode: 0o600 });
}

function readMark(catalogue: Catalogue, record: SeatRecord, folder: string): GroupMark {
  const mark = decodeMark(catalogue.logMark());
  if (mark.group === record.group && mark.generation === record.generation) return mark;
  throw new DfsError("integrity", `the catalogue in ${folder} is of another group than its log`, { path: folder });
}

/**
 * The catalogue may be behind the log, which then repeats what it lacks, but never ahead: unless a snapshot had just
 * taken its place, and then the log begins anew behind that.
 */
async function fitTogether(
  folder: string,
  applied: number,
  mark: GroupMark,
  disk: RaftDisk,
  snapshots: SnapshotFolder,
): Promise<void> {
  if (disk.term(applied) === mark.term) return;
  const snapshot = snapshots.newest();
  if (snapshot !== undefined && snapshot.index === applied && snapshot.term === mark.term) {
    const { term, vote } = disk.hardState;
    await disk.reset({ index: applied, term: mark.term }, { term, vote, commit: applied });
    return;
  }
  throw new DfsError(
    "integrity",
    `the log in ${logFolder(folder)} (entries ${disk.firstIndex()} to ${disk.lastIndex()}) does not reach what the catalogue has applied (entry ${applied}): it was damaged or put back from a copy`,
    { path: folder },
  );
}

function databaseFiles(path: string): readonly string[] {
  return ["", "-wal", "-shm", "-sums", ".tmp"].map((suffix) => `${path}${suffix}`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
