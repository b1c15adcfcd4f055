/** A DfsClient that keeps everything in memory: the twin of a peer, for tests of the shell. Local files of `put` and `get` are real. */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, stat, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { InviteRequest } from "../../src/core/accounts.ts";
import type {
  CallOptions,
  CoordinatorChange,
  CopyOptions,
  DfsClient,
  DfsTransaction,
  DrainProgress,
  Entry,
  FindOptions,
  FingersReport,
  Found,
  FsckOptions,
  FsckProgress,
  GetRequest,
  GroupMember,
  GroupStatus,
  Invite,
  ListOptions,
  ListPage,
  MoveOptions,
  NetworkPolicy,
  NetworkStatus,
  PeerInfo,
  PutRequest,
  PutSource,
  ReadOptions,
  RemoveOptions,
  RevokeOptions,
  ShelfBackup,
  SpaceReport,
  Staleness,
  StorageOrder,
  TransferSummary,
  WhyReport,
} from "../../src/core/client.ts";
import type { NamedEntries, NamesOptions, NamesPage } from "../../src/core/directory-names.ts";
import { DfsError, toDfsError } from "../../src/core/errors.ts";
import { type FindQuery, compileQuery } from "../../src/core/find-query.ts";
import type { RevisionInfo } from "../../src/core/history.ts";
import type { JobId, PeerName } from "../../src/core/ids.ts";
import type { EndedJob, FollowOptions, Job, JobOrder, TransferRequest } from "../../src/core/jobs.ts";
import { chunkIdOf, fileKeyOf, parseNetworkId } from "../../src/core/ids.ts";
import { copiesMax } from "../../src/core/limits.ts";
import { baseName, childPath, isWithin, parentPath, pathParts, rootPath } from "../../src/core/names.ts";
import type { DfsPath } from "../../src/core/names.ts";
import type { RecordedChange, UndoOptions, UndoReport } from "../../src/core/undo.ts";
import type { CheckResult } from "../../src/core/checks.ts";
import { MemoryChecks } from "./memory-checks.ts";
import { runTransfer } from "../../src/peer/jobs/job-runner.ts";
import type { PausableOptions } from "../../src/peer/jobs/pause-gate.ts";
import { TransferJobs } from "../../src/peer/jobs/transfer-jobs.ts";
import { MemoryNetwork, otherName, selfName } from "./memory-network.ts";
import { isOwnFault } from "../../src/peer/transfer-report.ts";
import { namesPage } from "./memory-names.ts";
import type { StoredSums } from "./memory-network.ts";
import { MemoryPast } from "./memory-past.ts";
import { MemorySession } from "./memory-session.ts";
import type { Slot } from "./memory-session.ts";
import {
  branch,
  cloned,
  costBytes,
  count,
  fileWith,
  isDue,
  merge,
  newDirectory,
  newest,
  sweep,
} from "./memory-tree.ts";
import type { DirectoryNode, FileNode, Node, Revision } from "./memory-tree.ts";
import { MemoryUndo } from "./memory-undo.ts";
import { MemoryUsers } from "./memory-users.ts";
import type { Member } from "./memory-users.ts";

const pieceBytes = 256 * 1024;

export interface MemoryClientOptions {
  /** Entries on one page of a listing. */
  readonly pageEntries?: number | undefined;
  /** As a peer without an index of names: directories of more than one page come in no particular order. */
  readonly isUnsorted?: boolean | undefined;
  /** Awaited by each put and read: lets a test hold a call until it is cancelled. */
  readonly hold?: ((signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** Awaited before each piece of a file: lets a test hold a transfer in the midst of it. */
  readonly onPiece?: ((passedBytes: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** All files of a directory are put at once, not one by one. */
  readonly isParallel?: boolean | undefined;
  /** Peers of the network, 1 to 3; 2 unless set. */
  readonly peers?: number | undefined;
}

/** What the client and its transactions share. */
class MemoryGroup {
  /** How far the network's clock is ahead of this machine's. */
  aheadMs = 0;
  hasQuorum = true;
  ageMs = 0;
  members: GroupMember[];
  readonly network: MemoryNetwork;
  readonly checks = new MemoryChecks();
  /** The spaces of all users, under their ids. */
  readonly world = newDirectory(0);
  readonly people = new MemoryUsers(this.world, () => this.nowMs);
  readonly undo = new MemoryUndo(this.world);
  readonly past = new MemoryPast();
  readonly jobs = new TransferJobs(() => this.nowMs);

  constructor(peers: number) {
    this.network = new MemoryNetwork(peers);
    const self: GroupMember = {
      name: selfName,
      role: "voter",
      isLeader: true,
      isActive: true,
      matchIndex: 7,
      lagEntries: 0,
    };
    const other: GroupMember = {
      name: otherName,
      role: "learner",
      isLeader: false,
      isActive: true,
      matchIndex: 5,
      lagEntries: 2,
    };
    this.members = peers === 1 ? [self] : [self, other];
  }

  get nowMs(): number {
    return Date.now() + this.aheadMs;
  }

  get status(): GroupStatus {
    const { hasQuorum, ageMs, members } = this;
    const common = { hasQuorum, ageMs, term: 3, commitIndex: 7, appliedIndex: 7 };
    if (hasQuorum) return { ...common, leader: members.find(({ isLeader }) => isLeader)?.name, members };
    const unknown = { isLeader: false, matchIndex: undefined, lagEntries: undefined };
    return {
      ...common,
      members: members.map((member) => ({ ...member, ...unknown, isActive: member.name === selfName })),
    };
  }

  change(change: CoordinatorChange, peer: PeerName): void {
    const member = this.members.find(({ name }) => name === peer);
    if (member === undefined) throw new DfsError("not-found", "there is no such peer", { path: peer });
    const voters = this.members.filter(({ role }) => role === "voter");
    if (change === "transfer" && member.role !== "voter")
      throw new DfsError("usage", `${peer} is no coordinator: add it first`);
    if (change === "remove" && member.role === "voter" && voters.length === 1)
      throw new DfsError("usage", "the last coordinator cannot be removed");
    this.members = this.members.map((each) => {
      if (change === "transfer") return { ...each, isLeader: each === member };
      return each === member ? { ...each, role: change === "add" ? "voter" : "learner", isLeader: false } : each;
    });
    if (!this.members.some(({ isLeader }) => isLeader))
      this.members = this.members.map((each) => ({ ...each, isLeader: each.role === "voter" }));
  }
}

export class MemoryClient extends MemorySession implements DfsClient {
  readonly #options: MemoryClientOptions;
  readonly #group: MemoryGroup;
  #chunks = new Set<string>();
  /** Jobs go on when this client is closed, as they do with a daemon. */
  hasDaemon = true;
  isClosed = false;
  /** Changes made so far. */
  changes = 0;
  /** Chunks of the own disk that are damaged or lost. */
  missing = 0;

  constructor(
    options: MemoryClientOptions = {},
    group = new MemoryGroup(options.peers ?? 2),
    world = group.world,
    actor?: Member,
  ) {
    super(world, group.people, actor);
    this.#options = options;
    this.#group = group;
  }

  /** Another session with the same network, on the same data folder. */
  another(): MemoryClient {
    return new MemoryClient(this.#options, this.#group);
  }

  protected override get nowMs(): number {
    return this.#group.nowMs;
  }

  protected override looking(options: CallOptions | undefined): Promise<void> {
    return this.#turn(options);
  }

  protected override changing(options: CallOptions | undefined): Promise<void> {
    return this.#change(options);
  }

  /** The peers, for tests to shape. */
  get network(): MemoryNetwork {
    return this.#group.network;
  }

  /** What the checks find, for tests to shape. */
  get findings(): MemoryChecks {
    return this.#group.checks;
  }

  protected override worldAt(timeMs: number): DirectoryNode {
    return this.#group.past.at(timeMs, this.#group.world);
  }

  /** Moves the network's clock. */
  advance(ms: number): void {
    this.#group.aheadMs += ms;
  }

  /** From now on no majority of the coordinators answers, and what is known is `ageMs` old. */
  loseQuorum(ageMs: number): void {
    this.#group.hasQuorum = false;
    this.#group.ageMs = ageMs;
  }

  /** From now on stale answers are `ageMs` old, though a majority answers. */
  fallBehind(ageMs: number): void {
    this.#group.ageMs = ageMs;
  }

  /** The start of each call that touches the tree. */
  async #turn(options: CallOptions | undefined): Promise<void> {
    await turn(options?.signal);
    this.assertOpen();
    if (isDue(this.#group.world, this.nowMs)) this.#keepPast();
    sweep(this.world, this.#group.nowMs);
    if (!this.#group.hasQuorum && options?.stale !== true)
      throw new DfsError("no-quorum", "no majority of the coordinators answers");
  }

  async #change(options: CallOptions | undefined): Promise<void> {
    await this.#turn({ signal: options?.signal });
    if (this.world !== this.#group.world) return;
    this.#keepPast();
    this.#group.undo.begin(options?.change, this.actor.id, this.nowMs);
  }

  #keepPast(): void {
    this.#group.past.keep(this.#group.world, this.nowMs);
  }

  protected assertOpen(): void {}

  /** Makes a file with these bytes or this text, and the directories above it. */
  add(path: string, content: string | Uint8Array, modifiedMs = 0): void {
    this.#keepPast();
    this.#group.undo.begin(undefined, this.actor.id, this.nowMs);
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    let directory = this.home;
    const parts = pathParts(path as DfsPath);
    for (const part of parts.slice(0, -1)) {
      const child = directory.children.get(part) ?? newDirectory(modifiedMs);
      directory.children.set(part, child);
      directory = child as DirectoryNode;
    }
    const addedBytes = this.#store(bytes, this.actor).newBytes;
    const copiesWanted = this.network.policy.copies;
    const copies = this.network.copiesNow(copiesWanted);
    const revision = { bytes, modifiedMs, mode: 0o644, addedBytes, copies, copiesWanted };
    const before = directory.children.get(parts.at(-1) as string);
    const file = before?.kind === "file" ? before : undefined;
    directory.children.set(parts.at(-1) as string, fileWith([...(file?.revisions ?? []), revision], file));
  }

  async stat(path: DfsPath, options?: CallOptions): Promise<Entry> {
    await this.#turn(options);
    return entryOf(path, this.#node(path));
  }

  async list(path: DfsPath, options: ListOptions = {}): Promise<ListPage> {
    await this.#turn(options);
    const names = [...this.#directory(path).children.keys()].reverse();
    const start = Number(options.cursor ?? "0");
    const end = start + Math.min(options.limit ?? 500, this.#options.pageEntries ?? 500);
    const entries = names.slice(start, end).map((name) => {
      const child = childPath(path, name);
      return entryOf(child, this.#node(child));
    });
    return { entries, next: end < names.length ? String(end) : undefined };
  }

  async names(path: DfsPath, options: NamesOptions = {}): Promise<NamesPage> {
    await this.#turn(options);
    return namesPage(this.#directory(path), options, this.#options);
  }

  async entries(path: DfsPath, names: readonly string[], options?: CallOptions): Promise<NamedEntries> {
    await this.#turn(options);
    const { children } = this.#directory(path);
    const there = names.filter((name) => children.has(name)).map((name) => childPath(path, name));
    return { entries: there.map((child) => entryOf(child, this.#node(child))) };
  }

  async *walk(path: DfsPath, options: CallOptions = {}): AsyncGenerator<Entry> {
    await this.#turn(options);
    const node = this.#node(path);
    yield entryOf(path, node);
    if (node.kind === "file") return;
    for (const name of node.children.keys()) yield* this.walk(childPath(path, name), options);
  }

  async *find(path: DfsPath, query: FindQuery, options: FindOptions = {}): AsyncGenerator<Found> {
    const passes = compileQuery(query);
    for await (const entry of this.walk(path, options)) {
      const { kind } = entry;
      if (!passes(entry, pathParts(entry.path).length - pathParts(path).length)) continue;
      yield options.whole === true ? { kind, path: entry.path, entry } : { kind, path: entry.path };
    }
  }

  async mkdir(path: DfsPath, options: CallOptions & { readonly parents?: boolean | undefined } = {}): Promise<void> {
    await this.#change(options);
    if (options.parents !== true) this.assertNotReserved(path);
    if (options.parents === true && path !== rootPath && this.nodeAt(parentPath(path)) === undefined)
      await this.mkdir(parentPath(path), options);
    const there = this.nodeAt(path);
    if (there?.kind === "directory" && options.parents === true) return;
    if (there !== undefined) throw new DfsError("exists", "exists already");
    this.#directory(parentPath(path));
    setChild(this.slot(path, "make"), newDirectory(Date.now()));
    this.changes += 1;
  }

  async rmdir(path: DfsPath, options?: CallOptions): Promise<void> {
    await this.#change(options);
    if (path === rootPath) throw new DfsError("permission", "the root cannot be removed");
    const directory = this.#directory(path);
    const slot = this.slot(path, "remove");
    if (directory.children.size > 0) throw new DfsError("not-empty", "directory is not empty");
    slot.directory.children.delete(slot.name);
    this.changes += 1;
  }

  async remove(path: DfsPath, options: RemoveOptions = {}): Promise<number> {
    await this.#change(options);
    if (path === rootPath) throw new DfsError("permission", "the root cannot be removed");
    const node = this.#node(path);
    if (node.kind === "directory" && options.recursive !== true) throw new DfsError("is-directory", "is a directory");
    const slot = this.slot(path, "remove");
    slot.directory.children.delete(slot.name);
    slot.owner.removedBytes += costBytes(node);
    this.changes += count(node);
    return count(node);
  }

  async move(from: DfsPath, to: DfsPath, options: MoveOptions = {}): Promise<void> {
    await this.#change(options);
    const node = this.#node(from);
    if (from === to) return;
    if (from === rootPath || isWithin(to, from)) throw new DfsError("usage", "a directory cannot move into itself");
    const source = this.slot(from, "remove");
    const target = this.slot(to, "make");
    this.#makeRoom(node, to, options);
    if (source.owner !== target.owner)
      throw new DfsError("usage", "the other place is another user's: copy, then remove");
    setChild(target, node);
    source.directory.children.delete(source.name);
    this.changes += 1;
  }

  async copy(from: DfsPath, to: DfsPath, options: CopyOptions = {}): Promise<number> {
    await this.#change(options);
    const node = this.#node(from);
    if (node.kind === "directory" && options.recursive !== true) throw new DfsError("is-directory", "is a directory");
    if (isWithin(to, from)) throw new DfsError("usage", "a path cannot be copied into itself");
    const slot = this.slot(to, "make");
    this.#makeRoom(node, to, options);
    const there = this.nodeAt(to);
    const copied = cloned(node);
    const kept = there?.kind === "file" && copied.kind === "file" ? there.revisions : [];
    const before = there?.kind === "file" ? there : undefined;
    const placed = copied.kind === "file" ? fileWith([...kept, ...copied.revisions], before) : copied;
    setChild(slot, placed);
    this.changes += count(node);
    return count(node);
  }

  async startTransfer(request: TransferRequest, label: string, options?: CallOptions): Promise<JobId> {
    await turn(options?.signal);
    const client = new MemoryClient(this.#options, this.#group, this.world, this.actor);
    client.#chunks = this.#chunks;
    const run = (what: TransferRequest, running: PausableOptions): Promise<TransferSummary> =>
      runTransfer(client, what, running);
    return this.#group.jobs.start({ owner: this.actor.id, run, release: () => undefined }, request, label);
  }

  async jobs(options?: CallOptions): Promise<readonly Job[]> {
    await turn(options?.signal);
    return this.#group.jobs.list(this.actor.id);
  }

  async followJob(id: JobId, options: FollowOptions = {}): Promise<EndedJob> {
    await turn(options.signal);
    return this.#group.jobs.follow(this.actor.id, id, options);
  }

  async steerJob(id: JobId, order: JobOrder, options?: CallOptions): Promise<void> {
    await turn(options?.signal);
    return this.#group.jobs.steer(this.actor.id, id, order, options?.signal);
  }

  async jobsAtStake(): Promise<number> {
    return this.hasDaemon ? 0 : this.#group.jobs.unfinished;
  }

  protected override leaving({ id, name }: Member): void {
    this.#group.jobs.cancelOf(id, new DfsError("not-logged-in", `${name} has logged out`));
  }

  async put(request: PutRequest, options: PausableOptions = {}): Promise<TransferSummary> {
    await this.#change(options);
    const copiesWanted = request.copies ?? this.network.usualCopies;
    if (!Number.isSafeInteger(copiesWanted) || copiesWanted < 1 || copiesWanted > copiesMax)
      throw new DfsError("usage", `a file can be on 1 to ${copiesMax} disks`);
    const transfer = new Transfer({ ...options, onPiece: this.#options.onPiece }, copiesWanted);
    if (request.ifRevision !== undefined && request.sources.length > 1)
      throw new DfsError("usage", "a revision can be asked for with one file only");
    if ((request.expiresMs ?? Number.POSITIVE_INFINITY) <= this.#group.nowMs)
      throw new DfsError("usage", "the file would have expired already");
    const targets = await this.#putTargets(request);
    for (const [source, pathOf] of targets)
      try {
        const path = pathOf();
        await this.#checkSource(source, path, request);
        if (source.kind === "stream") await this.#putStream(source, path, request, transfer);
        else await this.#putPath(source.path, path, request, transfer);
      } catch (error) {
        if (targets.length === 1 || !isOwnFault(error)) throw error;
        transfer.fail(source.kind === "path" ? source.path : source.name, error);
      }
    return transfer.summary();
  }

  async #checkSource(source: PutSource, path: DfsPath, request: PutRequest): Promise<void> {
    if (source.kind === "stream" || !(await stat(source.path)).isDirectory()) return;
    if (request.ifRevision !== undefined)
      throw new DfsError("usage", "a revision can be asked for with one file only", { path: source.path });
    if (request.recursive !== true)
      throw new DfsError("is-directory", "is a directory (use -R)", { path: source.path });
    if (this.nodeAt(path)?.kind === "file") throw new DfsError("not-directory", "not a directory", { path });
  }

  async #putTargets(request: PutRequest): Promise<readonly (readonly [PutSource, () => DfsPath])[]> {
    const isInto = this.nodeAt(request.target)?.kind === "directory";
    if (!isInto && request.sources.length > 1)
      throw new DfsError("not-directory", "not a directory", { path: request.target });
    if (!isInto) this.#directory(parentPath(request.target));
    for (const source of request.sources)
      if (source.kind === "path") await stat(source.path).catch((error: unknown) => Promise.reject(toDfsError(error)));
    return request.sources.map((source) => {
      const name = source.kind === "path" ? basename(source.path) : source.name;
      return [source, () => (isInto ? childPath(request.target, name) : request.target)] as const;
    });
  }

  async #putPath(local: string, path: DfsPath, request: PutRequest, transfer: Transfer): Promise<void> {
    const stats = await stat(local);
    if (!stats.isDirectory())
      return this.#putBytes(local, await readFile(local), stats.mtimeMs, stats.mode & 0o777, path, request, transfer);
    transfer.directories += 1;
    if (request.dryRun !== true && this.nodeAt(path) === undefined) {
      setChild(this.slot(path, "make"), newDirectory(stats.mtimeMs));
      this.changes += 1;
    }
    const puts = (await readdir(local)).map(
      (name) => () => this.#putPath(join(local, name), childPath(path, name), request, transfer),
    );
    if (this.#options.isParallel === true) await Promise.all(puts.map((put) => put()));
    else for (const put of puts) await put();
  }

  async #putStream(
    source: PutSource & { kind: "stream" },
    path: DfsPath,
    request: PutRequest,
    transfer: Transfer,
  ): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const piece of source.bytes) pieces.push(piece);
    await this.#putBytes(source.name, Buffer.concat(pieces), Date.now(), 0o644, path, request, transfer);
  }

  async #putBytes(
    local: string,
    bytes: Uint8Array,
    modifiedMs: number,
    mode: number,
    path: DfsPath,
    request: PutRequest,
    transfer: Transfer,
  ): Promise<void> {
    transfer.start(local, bytes.length);
    try {
      await this.#options.hold?.(transfer.signal);
      await transfer.pass(local, bytes.length);
      const slot = this.slot(path, "write");
      const there = this.nodeAt(path);
      if (there?.kind === "directory") throw new DfsError("is-directory", "is a directory", { path });
      const { ifRevision, expiresMs } = request;
      assertRevision(ifRevision, there, path);
      const isSame =
        there !== undefined &&
        Buffer.compare(newest(there).bytes, bytes) === 0 &&
        newest(there).expiresMs === expiresMs;
      if (there !== undefined && !isSame && request.force !== true && ifRevision === undefined)
        throw new DfsError("exists", "exists already (use -f)", { path });
      const revision = (there?.revisions.length ?? 0) + (isSame ? 0 : 1);
      if (request.dryRun === true) return transfer.done(local, "would-write", revision, bytes.length, 0);
      if (isSame) return transfer.done(local, "unchanged", revision, bytes.length, newest(there).copies);
      const copiesWanted = request.copies ?? this.network.policy.copies;
      const copies = this.network.copiesNow(copiesWanted);
      this.#assertQuota(slot.owner, bytes);
      const stored = this.#store(bytes, slot.owner);
      transfer.stored(stored);
      const added = { bytes, modifiedMs, mode, addedBytes: stored.newBytes, expiresMs, copies, copiesWanted };
      setChild(slot, fileWith([...(there?.revisions ?? []), added], there));
      this.changes += 1;
      transfer.done(local, "written", revision, bytes.length, copies);
    } catch (error) {
      transfer.fail(local, error);
    }
  }

  /** Equal pieces of one user are kept once. */
  #store(bytes: Uint8Array, owner: Member): { chunks: number; newChunks: number; newBytes: number } {
    const fresh = this.#freshPieces(bytes, owner);
    for (const key of fresh.keys()) this.#chunks.add(key);
    const newBytes = [...fresh.values()].reduce((sum, length) => sum + length, 0);
    return { chunks: Math.ceil(bytes.length / pieceBytes), newChunks: fresh.size, newBytes };
  }

  #freshPieces(bytes: Uint8Array, { id }: Member): ReadonlyMap<string, number> {
    const fresh = new Map<string, number>();
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      const key = `${id} ${createHash("sha256").update(piece).digest("hex")}`;
      if (!this.#chunks.has(key)) fresh.set(key, piece.length);
    }
    return fresh;
  }

  #assertQuota(owner: Member, bytes: Uint8Array): void {
    if (owner.quotaBytes === undefined) return;
    const added = [...this.#freshPieces(bytes, owner).values()].reduce((sum, length) => sum + length, 0);
    if (this.people.usedBytes(owner, this.world) + added <= owner.quotaBytes) return;
    throw new DfsError(
      "quota",
      `the files of ${owner.name} would cost more than the quota of ${owner.quotaBytes} bytes`,
    );
  }

  async get(request: GetRequest, options: PausableOptions = {}): Promise<TransferSummary> {
    await this.#turn(options);
    const target = await stat(request.target).catch(() => undefined);
    const isInto = target?.isDirectory() === true;
    if (!isInto && request.sources.length > 1)
      throw new DfsError("not-directory", "not a directory", { path: request.target });
    const transfer = new Transfer({ ...options, onPiece: this.#options.onPiece });
    for (const source of request.sources)
      try {
        if (this.#node(source).kind === "directory" && request.recursive !== true)
          throw new DfsError("is-directory", "is a directory (use -R)", { path: source });
        const local = isInto ? join(request.target, baseName(source)) : request.target;
        await this.#getNode(source, local, request, transfer);
      } catch (error) {
        if (request.sources.length === 1 || !isOwnFault(error)) throw error;
        transfer.fail(source, error);
      }
    return transfer.summary();
  }

  async #getNode(path: DfsPath, local: string, request: GetRequest, transfer: Transfer): Promise<void> {
    const node = this.#node(path);
    if (node.kind === "file") return this.#getFile(path, node, local, request, transfer);
    transfer.directories += 1;
    if (request.dryRun !== true) await mkdir(local, { recursive: true });
    for (const name of node.children.keys())
      await this.#getNode(childPath(path, name), join(local, name), request, transfer);
  }

  async #getFile(path: DfsPath, node: FileNode, local: string, request: GetRequest, transfer: Transfer): Promise<void> {
    const revision = revisionOf(node, request.revision);
    const number = request.revision ?? node.revisions.length;
    transfer.start(path, revision.bytes.length);
    try {
      await this.#options.hold?.(transfer.signal);
      await transfer.pass(path, revision.bytes.length);
      const there = await stat(local).catch(() => undefined);
      const isSame = there?.size === revision.bytes.length && there.mtimeMs === revision.modifiedMs;
      if (request.resume === true && isSame)
        return transfer.done(path, "unchanged", number, revision.bytes.length, revision.copies);
      if (there !== undefined && request.force !== true)
        throw new DfsError("exists", "exists already (use -f)", { path: local });
      if (request.dryRun === true) return transfer.done(path, "would-write", number, revision.bytes.length, 0);
      await stat(dirname(local));
      await writeFile(`${local}.part`, revision.bytes, { mode: revision.mode });
      await utimes(`${local}.part`, revision.modifiedMs / 1000, revision.modifiedMs / 1000);
      await rename(`${local}.part`, local);
      const chunks = Math.ceil(revision.bytes.length / pieceBytes);
      transfer.stored({ chunks, newChunks: chunks, newBytes: revision.bytes.length });
      transfer.done(path, "written", number, revision.bytes.length, revision.copies);
    } catch (error) {
      transfer.fail(path, error);
    }
  }

  async *read(path: DfsPath, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    await this.#turn(options);
    await this.#options.hold?.(options.signal);
    const node = this.#node(path);
    if (node.kind === "directory") throw new DfsError("is-directory", "is a directory");
    const { bytes } = revisionOf(node, options.revision);
    const offset = options.offsetBytes ?? 0;
    const start = offset < 0 ? Math.max(0, bytes.length + offset) : Math.min(offset, bytes.length);
    const end = Math.min(bytes.length, start + (options.lengthBytes ?? bytes.length));
    for (let at = start; at < end; at += pieceBytes) {
      await turn(options.signal);
      yield bytes.subarray(at, Math.min(end, at + pieceBytes));
    }
  }

  async *revisions(path: DfsPath, options?: CallOptions): AsyncGenerator<RevisionInfo> {
    await this.#turn(options);
    const { revisions } = this.#file(path);
    const { retainRevisions, retainMs } = this.network.policy;
    for (const [place, revision] of [...revisions.entries()].reverse()) {
      const { bytes, modifiedMs, mode, copies, addedBytes, expiresMs } = revision;
      const pushedOut = revisions[place + retainRevisions];
      yield {
        revision: place + 1,
        sizeBytes: bytes.length,
        mode,
        modifiedMs,
        committedMs: modifiedMs,
        copies,
        addedBytes,
        fileKey: fileKeyOf(digest(bytes)),
        isCurrent: place === revisions.length - 1,
        keptUntilMs: pushedOut === undefined ? undefined : pushedOut.modifiedMs + retainMs,
        expiresMs,
      };
    }
  }

  async restore(path: DfsPath, number: number, options?: CallOptions): Promise<number> {
    await this.#change(options);
    const node = this.#file(path);
    const slot = this.slot(path, "write");
    if (number === node.revisions.length)
      throw new DfsError("exists", `is at revision ${number} already: it is the newest`, { path });
    const restored = { ...revisionOf(node, number), addedBytes: 0, expiresMs: undefined };
    setChild(slot, fileWith([...node.revisions, restored], node));
    this.changes += 1;
    return node.revisions.length + 1;
  }

  #file(path: DfsPath): FileNode {
    const node = this.#node(path);
    if (node.kind === "directory") throw new DfsError("is-directory", "is a directory", { path });
    return node;
  }

  async recordedChanges(options?: CallOptions): Promise<readonly RecordedChange[]> {
    await turn(options?.signal);
    return this.#group.undo.changes(this.actor.id);
  }

  async undo(options: UndoOptions = {}): Promise<UndoReport> {
    await this.#turn({ signal: options.signal });
    if (options.dryRun !== true) this.#keepPast();
    return this.#group.undo.undo(this.actor.id, options, (path) => this.#shown(path));
  }

  /** A path of the world as the user sees it. */
  #shown(path: DfsPath): DfsPath {
    const [space, ...rest] = pathParts(path);
    const home = space === this.actor.id ? rootPath : childPath(rootPath, "shared");
    return rest.reduce<DfsPath>(childPath, home);
  }

  async why(path: DfsPath, options?: CallOptions): Promise<WhyReport> {
    await this.#turn(options);
    const node = this.#node(path);
    if (node.kind === "directory") throw new DfsError("is-directory", "is a directory");
    const { bytes, copiesWanted } = newest(node);
    const [shelf] = this.network.shelves(this.#stored()) as [ShelfBackup];
    const complete = shelf.links.filter(({ standing }) => standing === "owner" || standing === "full");
    return {
      path,
      revision: node.revisions.length,
      sizeBytes: bytes.length,
      fileKey: fileKeyOf(digest(bytes)),
      shelf: shelf.shelf,
      copiesWanted,
      chain: shelf.links.map(({ id, name, state, standing }) => ({ id, name, state, standing })),
      holders: complete.map(({ id, name }) => ({ id, name, answered: true, complete: true })),
      foundBy: "finger-table",
      chunks: complete.length === 0 ? 0 : Math.ceil(bytes.length / pieceBytes),
      sealedBytes: complete.length === 0 ? 0 : bytes.length,
      firstChunks: complete.length === 0 ? [] : [chunkIdOf(digest(bytes.subarray(0, pieceBytes)))],
      failuresToLoss: complete.length - 1,
    };
  }

  async status(options?: CallOptions): Promise<NetworkStatus> {
    await turn(options?.signal);
    const peers = await this.peers();
    const { hasQuorum } = this.#group;
    const stored = this.#stored();
    const safety = this.network.safety(stored);
    const away = peers.filter(({ state }) => state !== "up").map(({ name, state }) => `${name} (${state})`);
    const isWell = peers.length > 1 && away.length === 0;
    const wellReason = `every file has ${safety.fewestCopies} copies`;
    const illReason = peers.length > 1 ? `not up: ${away.join(", ")}` : "one peer only: every file has one copy";
    const illAdvice = peers.length > 1 ? "start dfs-peer there; see peers" : 'add a machine: "invite" makes an invite';
    const count = (wanted: PeerInfo["state"]): number => peers.filter(({ state }) => state === wanted).length;
    return {
      networkId: parseNetworkId("ab".repeat(32)),
      self: peers[0] as PeerInfo,
      health: !hasQuorum ? "unavailable" : isWell ? "healthy" : "degraded",
      reason: !hasQuorum ? "no majority of the coordinators answers" : isWell ? wellReason : illReason,
      advice: hasQuorum && !isWell ? illAdvice : undefined,
      peers: { up: count("up"), suspect: count("suspect"), down: count("down"), out: count("out") },
      group: this.#group.status,
      files: 3,
      directories: 1,
      logicalBytes: 2048,
      storedBytes: 4096,
      store: { chunks: 3, records: 3, bytes: 2048, freeBytes: 1024 ** 3, quarantined: 0, missing: this.missing },
      safety,
      announceQueue: 0,
      work: {
        flushes: 7,
        chunksHashed: 3,
        sent: [{ protocol: "/dfs-shell/rpc/1", frames: 20, bytes: 4000 }],
        calls: [{ method: "peers.beat", count: 10 }],
      },
      uptimeMs: 90_000,
      version: "0.1.0",
    };
  }

  async peers(options?: CallOptions): Promise<readonly PeerInfo[]> {
    await turn(options?.signal);
    return this.network.peers.map((peer) => ({ ...peer, coordinator: this.#isVoter(peer.name) }));
  }

  async backup(options?: CallOptions): Promise<readonly ShelfBackup[]> {
    await turn(options?.signal);
    return this.network.shelves(this.#stored());
  }

  async space(options?: CallOptions): Promise<SpaceReport> {
    await turn(options?.signal);
    const { logicalBytes, bytes } = this.#stored();
    const peers = this.network.storing.map(({ id, name, state, capacityBytes, usedBytes, freeBytes }) => ({
      id,
      name,
      state,
      capacityBytes,
      usedBytes,
      freeBytes,
    }));
    const own = { liveBytes: bytes, deadBytes: 1024, diskBytes: bytes + 1024 };
    return { peers, logicalBytes, storedBytes: bytes, own };
  }

  async policy(options?: CallOptions): Promise<NetworkPolicy> {
    await turn(options?.signal);
    return this.network.policy;
  }

  async setPolicy(change: Partial<NetworkPolicy>, options?: CallOptions): Promise<NetworkPolicy> {
    await this.#change(options);
    this.people.requireAdmin(this.actor);
    return this.network.setPolicy(change);
  }

  async orderStorage(peer: PeerName, order: StorageOrder | null, options?: CallOptions): Promise<void> {
    await this.#change(options);
    this.people.requireAdmin(this.actor);
    this.network.order(peer, order);
  }

  async revokePeer(peer: PeerName, options: RevokeOptions = {}): Promise<void> {
    await this.#change(options);
    this.people.requireAdmin(this.actor);
    this.network.revoke(peer, options.force === true);
  }

  async drainProgress(peer: PeerName, options?: CallOptions): Promise<DrainProgress> {
    await turn(options?.signal);
    await this.#options.hold?.(options?.signal);
    await turn(options?.signal);
    return this.network.drainProgress(peer);
  }

  async fsck(options: FsckOptions = {}): Promise<readonly FsckProgress[]> {
    await turn(options.signal);
    const results = this.network.fsck(options.peers, (progress) => options.onProgress?.(progress));
    await this.#options.hold?.(options.signal);
    await turn(options.signal);
    return results;
  }

  async *checks(options?: CallOptions): AsyncGenerator<CheckResult> {
    for (const result of this.#group.checks.results(this.#group.status)) {
      await turn(options?.signal);
      yield result;
    }
  }

  /** All revisions in the tree. */
  #stored(): StoredSums & { readonly logicalBytes: number } {
    const sums = { revisions: 0, bytes: 0, logicalBytes: 0 };
    const open: Node[] = [this.world];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node.kind === "directory") open.push(...node.children.values());
      else {
        sums.revisions += node.revisions.length;
        sums.bytes += node.revisions.reduce((sum, { addedBytes }) => sum + addedBytes, 0);
        sums.logicalBytes += newest(node).bytes.length;
      }
    }
    return sums;
  }

  async fingers(options?: CallOptions): Promise<FingersReport> {
    await turn(options?.signal);
    const [self, ...others] = this.network.peers;
    const addresses = ["/ip4/10.0.0.2/tcp/4001"];
    const fingers = others.map(({ id, name }) => ({ id, name, commonPrefixBits: 3, addresses }));
    return { self: (self as PeerInfo).id, fingers, records: 5, announceQueue: 0, cachedKeys: 1, sample: [] };
  }

  async invite(options: CallOptions & InviteRequest = {}): Promise<Invite> {
    await this.#change(options);
    const { expiresMs } = this.people.invite(options, this.actor, selfName);
    return { text: "dfs1-invite-text", expiresMs };
  }

  async staleness(options?: CallOptions): Promise<Staleness> {
    await turn(options?.signal);
    const { ageMs, hasQuorum } = this.#group;
    return { ageMs, hasQuorum, servedBy: selfName };
  }

  async changeCoordinator(change: CoordinatorChange, peer: PeerName, options?: CallOptions): Promise<void> {
    await this.#change(options);
    this.people.requireAdmin(this.actor);
    this.#group.change(change, peer);
  }

  async begin(options?: CallOptions): Promise<MemoryTransaction> {
    await turn(options?.signal);
    this.assertOpen();
    return new MemoryTransaction(this.#options, this.#group, this.actor);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  #isVoter(peer: PeerName): boolean {
    return this.#group.members.some(({ name, role }) => name === peer && role === "voter");
  }

  #makeRoom(node: Node, to: DfsPath, options: MoveOptions): void {
    const there = this.nodeAt(to);
    this.#directory(parentPath(to));
    if (there === undefined) return;
    if (there.kind === "directory")
      throw new DfsError(node.kind === "file" ? "is-directory" : "exists", "a directory is there already");
    if (node.kind === "directory") throw new DfsError("not-directory", "not a directory");
    if (options.force !== true) throw new DfsError("exists", "exists already (use -f)");
  }

  #node(path: DfsPath): Node {
    const node = this.nodeAt(path);
    if (node === undefined) throw new DfsError("not-found", "no such file or directory");
    return node;
  }

  #directory(path: DfsPath): DirectoryNode {
    const node = this.#node(path);
    if (node.kind === "file") throw new DfsError("not-directory", "not a directory");
    return node;
  }
}

class MemoryTransaction extends MemoryClient implements DfsTransaction {
  readonly #base: DirectoryNode;
  readonly #group: MemoryGroup;
  #isOver = false;

  constructor(options: MemoryClientOptions, group: MemoryGroup, actor: Member) {
    super(options, group, branch(group.world), actor);
    this.#base = branch(group.world);
    this.#group = group;
  }

  override begin(): Promise<never> {
    return Promise.reject(new DfsError("usage", "a transaction cannot be begun inside another one"));
  }

  override recordedChanges = withoutUndo;
  override undo = withoutUndo;
  override login = outside;
  override logout = outside;
  override addUser = outside;
  override changePassword = outside;
  override removeUser = outside;
  override setAdmin = outside;
  override setQuota = outside;
  override share = outside;
  override unshare = outside;
  override invite = outside;
  override revokeInvite = outside;
  override startTransfer = outside;
  override jobs = outside;
  override followJob = outside;
  override steerJob = outside;

  async commit(options?: CallOptions): Promise<{ readonly changes: number }> {
    await turn(options?.signal);
    this.assertOpen();
    this.#isOver = true;
    if (!this.#group.hasQuorum) throw new DfsError("no-quorum", "no majority of the coordinators answers");
    const { world } = this.#group;
    this.#group.past.keep(world, this.#group.nowMs);
    this.#group.undo.begin(options?.change, this.actor.id, this.#group.nowMs);
    for (const tree of [this.#base, this.world, world]) sweep(tree, this.#group.nowMs);
    merge(this.#base, this.world, world);
    return { changes: this.changes };
  }

  protected override assertOpen(): void {
    if (this.#isOver || this.isClosed) throw new DfsError("usage", "the transaction is over");
  }
}

function withoutUndo(): Promise<never> {
  return Promise.reject(new DfsError("usage", "an undo cannot be part of a transaction: ask for it outside"));
}

function outside(): Promise<never> {
  return Promise.reject(new DfsError("usage", "users, shares, invites and jobs are no part of a transaction"));
}

function setChild({ directory, name }: Slot, node: Node): void {
  directory.children.set(name, node);
}

interface TransferSteps extends PausableOptions {
  /** As MemoryClientOptions.onPiece. */
  readonly onPiece?: ((passedBytes: number, signal: AbortSignal) => Promise<void>) | undefined;
}

/** One running put or get: events out, totals kept. */
class Transfer {
  readonly signal: AbortSignal | undefined;
  directories = 0;
  readonly #options: TransferSteps;
  readonly #started = performance.now();
  readonly #copiesWanted: number | undefined;
  #copies = Number.POSITIVE_INFINITY;
  #totals = { files: 0, bytes: 0, unchanged: 0, failed: 0, chunks: 0, newChunks: 0, newBytes: 0 };
  #found = { files: 0, bytes: 0 };

  constructor(options: TransferSteps, copiesWanted?: number) {
    this.#options = options;
    this.signal = options.signal;
    this.#copiesWanted = copiesWanted;
  }

  start(path: string, sizeBytes: number): void {
    this.#found = { files: this.#found.files + 1, bytes: this.#found.bytes + sizeBytes };
    this.#options.onEvent?.({ type: "found", ...this.#found });
    this.#options.onEvent?.({ type: "started", path, sizeBytes });
  }

  /** Piece by piece; none passes while it is paused. */
  async pass(path: string, bytes: number): Promise<void> {
    const signal = this.signal ?? new AbortController().signal;
    for (let passed = 0; passed < bytes; passed += pieceBytes) {
      await this.#options.gate?.pass(signal);
      await turn(this.signal);
      await this.#options.onPiece?.(passed, signal);
      await turn(this.signal);
      this.#options.onEvent?.({ type: "progress", path, bytes: Math.min(bytes, passed + pieceBytes) });
    }
    await turn(this.signal);
  }

  stored(stored: { chunks: number; newChunks: number; newBytes: number }): void {
    this.#totals.chunks += stored.chunks;
    this.#totals.newChunks += stored.newChunks;
    this.#totals.newBytes += stored.newBytes;
  }

  done(
    path: string,
    outcome: "written" | "unchanged" | "would-write",
    revision: number,
    bytes: number,
    copies: number,
  ): void {
    this.#copies = Math.min(this.#copies, copies);
    this.#totals.files += 1;
    this.#totals.bytes += bytes;
    if (outcome === "unchanged") this.#totals.unchanged += 1;
    this.#options.onEvent?.({ type: "progress", path, bytes });
    this.#options.onEvent?.({ type: "done", path, outcome, revision, copies });
  }

  fail(path: string, thrown: unknown): void {
    const error = toDfsError(thrown);
    if (this.signal?.aborted === true) throw error;
    if (error.kind === "interrupted" || error.kind === "timeout") throw error;
    this.#totals.failed += 1;
    this.#options.onEvent?.({ type: "failed", path, error });
  }

  summary(): TransferSummary {
    const { newChunks, newBytes } = this.#totals;
    const elapsedMs = performance.now() - this.#started;
    return {
      ...this.#totals,
      directories: this.directories,
      sentChunks: newChunks,
      sentBytes: newBytes,
      copies: Number.isFinite(this.#copies) ? this.#copies : 0,
      copiesWanted: this.#copiesWanted,
      elapsedMs,
    };
  }
}

function assertRevision(wanted: number | undefined, there: FileNode | undefined, path: DfsPath): void {
  const revision = there?.revisions.length ?? 0;
  if (wanted === undefined || wanted === revision) return;
  const isThere = revision === 0 ? "there is no such file" : `the file is at revision ${revision}`;
  throw new DfsError("conflict", wanted === 0 ? isThere : `${isThere}, not revision ${wanted}`, { path });
}

async function turn(signal: AbortSignal | undefined): Promise<void> {
  await Promise.resolve();
  if (signal?.aborted === true) throw toDfsError(signal.reason);
}

function revisionOf(node: FileNode, number: number | undefined): Revision {
  const revision = number === undefined ? newest(node) : node.revisions[number - 1];
  if (revision === undefined)
    throw new DfsError(
      "not-found",
      `has no revision ${number}; kept: ${node.revisions.length === 1 ? 1 : `1 to ${node.revisions.length}`}`,
    );
  return revision;
}

function digest(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

function entryOf(path: DfsPath, node: Node): Entry {
  const common = { path, name: baseName(path) };
  if (node.kind === "directory") {
    const { modifiedMs } = node;
    const zero = { sizeBytes: 0, revision: 0, copies: 0, addedBytes: 0, historyBytes: 0 };
    return { ...common, ...zero, kind: "directory", mode: 0o755, modifiedMs, committedMs: modifiedMs };
  }
  const { bytes, modifiedMs, mode, addedBytes, expiresMs, copies } = newest(node);
  const historyBytes = node.revisions.slice(0, -1).reduce((sum, revision) => sum + revision.addedBytes, 0);
  const state = { modifiedMs, mode, addedBytes, historyBytes, committedMs: modifiedMs, copies };
  return {
    ...common,
    ...state,
    kind: "file",
    sizeBytes: bytes.length,
    revision: node.revisions.length,
    fileKey: fileKeyOf(digest(bytes)),
    expiresMs,
  };
}
