/** What a peer in this process does for one user: each call handed to the part of the peer that does it. */
import type { AccountsClient, Share, ShareOptions } from "../core/accounts.ts";
import type { CheckResult } from "../core/checks.ts";
import type {
  CallOptions,
  CoordinatorChange,
  CopyOptions,
  DfsClient,
  DrainProgress,
  Entry,
  FindOptions,
  FingersReport,
  Found,
  FsckOptions,
  FsckProgress,
  GetRequest,
  ListOptions,
  ListPage,
  MoveOptions,
  NetworkPolicy,
  NetworkStatus,
  PeerInfo,
  PolicyChange,
  PutRequest,
  ReadOptions,
  RemoveOptions,
  RevokeOptions,
  ShelfBackup,
  SpaceReport,
  Staleness,
  StorageOrder,
  TransferSummary,
  WhyReport,
} from "../core/client.ts";
import type { NamedEntries, NamesOptions, NamesPage } from "../core/directory-names.ts";
import type { RevisionInfo } from "../core/history.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { FindQuery } from "../core/find-query.ts";
import type { PeerName, UserName } from "../core/ids.ts";
import type { JobsClient } from "../core/jobs.ts";
import { pageRowsMax } from "../core/limits.ts";
import type { DfsPath } from "../core/names.ts";
import type { RecordedChange, UndoOptions, UndoReport } from "../core/undo.ts";
import type { ChangeRecorder } from "./command-session.ts";
import { RefusedEntries } from "./refused-entries.ts";
import { readContent } from "./content-reader.ts";
import { type GetOptions, GetTransfer } from "./get-transfer.ts";
import type { History } from "./history.ts";
import { cursorText, cursorToken } from "./listing-cursor.ts";
import type { Namespace } from "./namespace.ts";
import { namedEntries, namesOf } from "./names/directory-names.ts";
import { type OwnNames, findNames } from "./names/name-finder.ts";
import type { PutOptions } from "./put-options.ts";
import { PutTransfer } from "./put-transfer.ts";
import type { CheckUp } from "./checks/check-up.ts";
import type { CoordinatorChanges } from "./coordination/coordinator-changes.ts";
import type { DiskChecks } from "./disk-checks.ts";
import type { PausableOptions } from "./jobs/pause-gate.ts";
import type { Reports } from "./reports.ts";
import type { Sharing } from "./sharing/sharing.ts";
import { SpaceCopy } from "./space-copy.ts";
import type { StorageOrders } from "./storage-orders.ts";
import type { StorageReports } from "./storage-reports.ts";
import type { TreeChanges } from "./tree-changes.ts";
import type { Undo } from "./undo/undo.ts";

export interface PeerClientOptions {
  readonly namespace: Namespace;
  /** Changes of the tree, whose commands the recorder hears of. */
  readonly changes: (recorder?: ChangeRecorder) => TreeChanges;
  /** The indexes of names that may be used; without them, names are found by walking. */
  readonly names?: OwnNames | undefined;
  readonly history: (recorder?: ChangeRecorder) => History;
  readonly reports: Reports;
  /** A put has a session of commands of its own, so that it waits for no other. */
  readonly put: (recorder?: ChangeRecorder) => PutOptions;
  /** Records changes, and takes them back; absent inside a transaction. */
  readonly undo?: Undo | undefined;
  readonly get: GetOptions;
  readonly coordinators: CoordinatorChanges;
  readonly storage: StorageReports;
  readonly orders: StorageOrders;
  readonly checks: DiskChecks;
  readonly checkUp: CheckUp;
  /** Absent for the shared user. */
  readonly sharing?: Sharing | undefined;
  readonly begin: () => FileTransaction;
}

/** A DfsClient without what belongs to a session: who it acts for, and users. */
export interface FileClient
  extends
    Omit<DfsClient, keyof AccountsClient | keyof JobsClient | "invite" | "begin" | "close">,
    Pick<AccountsClient, "share" | "unshare" | "shares"> {
  put(request: PutRequest, options?: PausableOptions): Promise<TransferSummary>;
  get(request: GetRequest, options?: PausableOptions): Promise<TransferSummary>;
  /** As DfsClient.begin: a transaction of the same user. */
  begin(options?: CallOptions): Promise<FileTransaction>;
  /** Closes what is kept open for this user. */
  release(): Promise<void>;
}

/** As DfsTransaction, for one user. */
export interface FileTransaction extends FileClient {
  commit(options?: CallOptions): Promise<{ readonly changes: number }>;
  /** Abandons what is not committed. */
  close(): Promise<void>;
}

export class PeerClient implements FileClient {
  readonly #options: PeerClientOptions;

  constructor(options: PeerClientOptions) {
    this.#options = options;
  }

  async stat(path: DfsPath, options: CallOptions = {}): Promise<Entry> {
    return (await this.#options.namespace.require(path, options)).entry;
  }

  async list(path: DfsPath, { cursor, limit, ...options }: ListOptions = {}): Promise<ListPage> {
    const directory = await this.#options.namespace.requireDirectory(path, options);
    const { children, refused, next } = await this.#options.namespace.page(
      directory,
      cursorToken(cursor),
      Math.min(limit ?? pageRowsMax, pageRowsMax),
      options,
    );
    const left = refused.length === 0 ? undefined : refused.map(({ error }) => error);
    return { entries: children.map((child) => child.entry), refused: left, next: cursorText(next) };
  }

  names(path: DfsPath, options: NamesOptions = {}): Promise<NamesPage> {
    return namesOf(this.#options, path, options);
  }

  entries(path: DfsPath, names: readonly string[], options: CallOptions = {}): Promise<NamedEntries> {
    return namedEntries(this.#options, path, names, options);
  }

  async *walk(path: DfsPath, options: CallOptions = {}): AsyncIterable<Entry> {
    const place = await this.#options.namespace.require(path, options);
    const refused = new RefusedEntries();
    const reading = { ...options, onRefused: refused.note };
    for await (const { entry } of this.#options.namespace.walk(place, reading)) yield entry;
    refused.end(path);
  }

  find(path: DfsPath, query: FindQuery, options: FindOptions = {}): AsyncIterable<Found> {
    return findNames(this.#options, path, query, options);
  }

  mkdir(path: DfsPath, options: CallOptions & { readonly parents?: boolean | undefined } = {}): Promise<void> {
    return this.recorded(options, (recorder) => this.#options.changes(recorder).makeDirectory(path, options));
  }

  rmdir(path: DfsPath, options: CallOptions = {}): Promise<void> {
    return this.recorded(options, (recorder) => this.#options.changes(recorder).removeDirectory(path, options.signal));
  }

  remove(path: DfsPath, options: RemoveOptions = {}): Promise<number> {
    return this.recorded(options, (recorder) => this.#options.changes(recorder).remove(path, options));
  }

  move(from: DfsPath, to: DfsPath, options: MoveOptions = {}): Promise<void> {
    return this.recorded(options, (recorder) => this.#options.changes(recorder).move(from, to, options));
  }

  copy(from: DfsPath, to: DfsPath, options: CopyOptions = {}): Promise<number> {
    const { namespace, changes, put, get } = this.#options;
    return this.recorded(options, (recorder) => {
      if (namespace.spacePath(from) === namespace.spacePath(to)) return changes(recorder).copy(from, to, options);
      const parts = { namespace, changes: changes(recorder), put: () => put(recorder), content: get.content };
      return new SpaceCopy(parts).copy(from, to, options);
    });
  }

  put(request: PutRequest, options: PausableOptions = {}): Promise<TransferSummary> {
    return this.recorded(options, (recorder) => new PutTransfer(this.#options.put(recorder), request, options).run());
  }

  get(request: GetRequest, options: PausableOptions = {}): Promise<TransferSummary> {
    return new GetTransfer(this.#options.get, request, options).run();
  }

  async *read(path: DfsPath, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    const signal = options.signal ?? neverAborted();
    const { namespace, get } = this.#options;
    const reading = { signal, stale: options.stale };
    const file = await namespace.requireFile(path, reading);
    const { content } =
      options.revision === undefined ? file : await namespace.revision(file, options.revision, reading);
    const sizeBytes = content.reference.plaintextBytes;
    const first = options.offsetBytes ?? 0;
    const offsetBytes = Math.min(sizeBytes, first < 0 ? Math.max(0, sizeBytes + first) : first);
    const lengthBytes = Math.min(sizeBytes - offsetBytes, options.lengthBytes ?? Number.MAX_SAFE_INTEGER);
    yield* readContent(content, { offsetBytes, lengthBytes }, get.content, signal);
  }

  async *revisions(path: DfsPath, options: CallOptions = {}): AsyncIterable<RevisionInfo> {
    yield* this.#options.history().revisions(path, options);
  }

  restore(path: DfsPath, revision: number, options: CallOptions = {}): Promise<number> {
    return this.recorded(options, (recorder) => this.#options.history(recorder).restore(path, revision, options));
  }

  async recordedChanges(): Promise<readonly RecordedChange[]> {
    return this.#requireUndo().changes();
  }

  async undo(options: UndoOptions = {}): Promise<UndoReport> {
    return this.#requireUndo().undo(options);
  }

  #requireUndo(): Undo {
    const { undo } = this.#options;
    if (undo === undefined) throw new DfsError("usage", "an undo cannot be part of a transaction: ask for it outside");
    return undo;
  }

  /** Does `work` as part of the change that the options name. */
  protected recorded<Result>(
    { change }: CallOptions,
    work: (recorder: ChangeRecorder | undefined) => Promise<Result>,
  ): Promise<Result> {
    const { undo } = this.#options;
    return undo === undefined ? work(undefined) : undo.recorded(change, work);
  }

  why(path: DfsPath, { signal = neverAborted(), stale }: CallOptions = {}): Promise<WhyReport> {
    return this.#options.reports.why(path, { signal, stale });
  }

  status({ signal }: CallOptions = {}): Promise<NetworkStatus> {
    return this.#options.reports.status(signal);
  }

  staleness({ signal }: CallOptions = {}): Promise<Staleness> {
    return this.#options.reports.staleness(signal);
  }

  peers({ signal }: CallOptions = {}): Promise<readonly PeerInfo[]> {
    return this.#options.reports.peers(signal);
  }

  fingers(): Promise<FingersReport> {
    return this.#options.reports.fingers();
  }

  async share(path: DfsPath, user: UserName, options?: ShareOptions): Promise<Share> {
    return this.#requireSharing().share(path, user, options);
  }

  async unshare(path: DfsPath, user: UserName, options?: CallOptions): Promise<void> {
    return this.#requireSharing().unshare(path, user, options);
  }

  async shares(direction: "by" | "to", options?: CallOptions): Promise<readonly Share[]> {
    return this.#requireSharing()[direction](options);
  }

  #requireSharing(): Sharing {
    const { sharing } = this.#options;
    if (sharing === undefined)
      throw new DfsError("not-logged-in", "nobody is logged in, and what is everybody's is not shared: login NAME");
    return sharing;
  }

  async begin({ signal }: CallOptions = {}): Promise<FileTransaction> {
    if (signal?.aborted === true) throw toDfsError(signal.reason);
    return this.#options.begin();
  }

  changeCoordinator(change: CoordinatorChange, peer: PeerName, { signal }: CallOptions = {}): Promise<void> {
    return this.#options.coordinators.change(change, peer, signal);
  }

  backup({ signal }: CallOptions = {}): Promise<readonly ShelfBackup[]> {
    return this.#options.storage.backup(signal);
  }

  space({ signal }: CallOptions = {}): Promise<SpaceReport> {
    return this.#options.storage.space(signal);
  }

  async policy(): Promise<NetworkPolicy> {
    return this.#options.orders.policy();
  }

  setPolicy(change: PolicyChange, { signal }: CallOptions = {}): Promise<NetworkPolicy> {
    return this.#options.orders.setPolicy(change, signal);
  }

  orderStorage(peer: PeerName, order: StorageOrder | null, { signal }: CallOptions = {}): Promise<void> {
    return this.#options.orders.order(peer, order, signal);
  }

  revokePeer(peer: PeerName, { force = false, signal }: RevokeOptions = {}): Promise<void> {
    return this.#options.orders.revoke(peer, force, signal);
  }

  drainProgress(peer: PeerName, { signal }: CallOptions = {}): Promise<DrainProgress> {
    return this.#options.orders.progress(peer, signal);
  }

  fsck(options: FsckOptions = {}): Promise<readonly FsckProgress[]> {
    return this.#options.checks.run(options);
  }

  checks(options: CallOptions = {}): AsyncIterable<CheckResult> {
    return this.#options.checkUp.run(options);
  }

  async release(): Promise<void> {
    await this.#options.names?.release();
  }
}

function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
