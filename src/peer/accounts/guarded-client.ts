/** A DfsClient whose calls are made for whoever it acts for at their beginning, and do not outlive that. */
import type {
  CallOptions,
  CoordinatorChange,
  CopyOptions,
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
  TransferOptions,
  TransferSummary,
  WhyReport,
} from "../../core/client.ts";
import type { Share, ShareOptions } from "../../core/accounts.ts";
import type { NamedEntries, NamesOptions, NamesPage } from "../../core/directory-names.ts";
import type { CheckResult } from "../../core/checks.ts";
import type { RevisionInfo } from "../../core/history.ts";
import type { FindQuery } from "../../core/find-query.ts";
import type { PeerName, UserName } from "../../core/ids.ts";
import type { DfsPath } from "../../core/names.ts";
import type { RecordedChange, UndoOptions, UndoReport } from "../../core/undo.ts";
import type { FileClient } from "../peer-client.ts";
import type { Acting } from "./login.ts";

type Guarded = Omit<FileClient, "begin" | "close" | "release">;

export abstract class GuardedClient implements Guarded {
  /** Whom a call that is made now acts for. Fails when nobody any more. */
  protected abstract acting(): Acting;

  /** Makes a call of `client` for whoever this client acts for now. */
  protected async call<Options extends CallOptions, Result>(
    options: Options,
    work: (client: FileClient, options: Options) => Promise<Result>,
  ): Promise<Result> {
    const acting = this.acting();
    return acting.run(options.signal, (signal) => work(acting.client, { ...options, signal }));
  }

  async *#items<Options extends CallOptions, Item>(
    options: Options,
    work: (client: FileClient, options: Options) => AsyncIterable<Item>,
  ): AsyncGenerator<Item> {
    const acting = this.acting();
    yield* acting.stream(options.signal, (signal) => work(acting.client, { ...options, signal }));
  }

  stat(path: DfsPath, options: CallOptions = {}): Promise<Entry> {
    return this.call(options, (client, bounded) => client.stat(path, bounded));
  }

  list(path: DfsPath, options: ListOptions = {}): Promise<ListPage> {
    return this.call(options, (client, bounded) => client.list(path, bounded));
  }

  names(path: DfsPath, options: NamesOptions = {}): Promise<NamesPage> {
    return this.call(options, (client, bounded) => client.names(path, bounded));
  }

  entries(path: DfsPath, names: readonly string[], options: CallOptions = {}): Promise<NamedEntries> {
    return this.call(options, (client, bounded) => client.entries(path, names, bounded));
  }

  walk(path: DfsPath, options: CallOptions = {}): AsyncIterable<Entry> {
    return this.#items(options, (client, bounded) => client.walk(path, bounded));
  }

  find(path: DfsPath, query: FindQuery, options: FindOptions = {}): AsyncIterable<Found> {
    return this.#items(options, (client, bounded) => client.find(path, query, bounded));
  }

  mkdir(path: DfsPath, options: CallOptions & { readonly parents?: boolean | undefined } = {}): Promise<void> {
    return this.call(options, (client, bounded) => client.mkdir(path, bounded));
  }

  rmdir(path: DfsPath, options: CallOptions = {}): Promise<void> {
    return this.call(options, (client, bounded) => client.rmdir(path, bounded));
  }

  remove(path: DfsPath, options: RemoveOptions = {}): Promise<number> {
    return this.call(options, (client, bounded) => client.remove(path, bounded));
  }

  move(from: DfsPath, to: DfsPath, options: MoveOptions = {}): Promise<void> {
    return this.call(options, (client, bounded) => client.move(from, to, bounded));
  }

  copy(from: DfsPath, to: DfsPath, options: CopyOptions = {}): Promise<number> {
    return this.call(options, (client, bounded) => client.copy(from, to, bounded));
  }

  put(request: PutRequest, options: TransferOptions = {}): Promise<TransferSummary> {
    return this.call(options, (client, bounded) => client.put(request, bounded));
  }

  get(request: GetRequest, options: TransferOptions = {}): Promise<TransferSummary> {
    return this.call(options, (client, bounded) => client.get(request, bounded));
  }

  read(path: DfsPath, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return this.#items(options, (client, bounded) => client.read(path, bounded));
  }

  revisions(path: DfsPath, options: CallOptions = {}): AsyncIterable<RevisionInfo> {
    return this.#items(options, (client, bounded) => client.revisions(path, bounded));
  }

  restore(path: DfsPath, revision: number, options: CallOptions = {}): Promise<number> {
    return this.call(options, (client, bounded) => client.restore(path, revision, bounded));
  }

  share(path: DfsPath, user: UserName, options: ShareOptions = {}): Promise<Share> {
    return this.call(options, (client, bounded) => client.share(path, user, bounded));
  }

  unshare(path: DfsPath, user: UserName, options: CallOptions = {}): Promise<void> {
    return this.call(options, (client, bounded) => client.unshare(path, user, bounded));
  }

  shares(direction: "by" | "to", options: CallOptions = {}): Promise<readonly Share[]> {
    return this.call(options, (client, bounded) => client.shares(direction, bounded));
  }

  recordedChanges(options: CallOptions = {}): Promise<readonly RecordedChange[]> {
    return this.call(options, (client, bounded) => client.recordedChanges(bounded));
  }

  undo(options: UndoOptions = {}): Promise<UndoReport> {
    return this.call(options, (client, bounded) => client.undo(bounded));
  }

  why(path: DfsPath, options: CallOptions = {}): Promise<WhyReport> {
    return this.call(options, (client, bounded) => client.why(path, bounded));
  }

  status(options: CallOptions = {}): Promise<NetworkStatus> {
    return this.call(options, (client, bounded) => client.status(bounded));
  }

  staleness(options: CallOptions = {}): Promise<Staleness> {
    return this.call(options, (client, bounded) => client.staleness(bounded));
  }

  peers(options: CallOptions = {}): Promise<readonly PeerInfo[]> {
    return this.call(options, (client, bounded) => client.peers(bounded));
  }

  fingers(options: CallOptions = {}): Promise<FingersReport> {
    return this.call(options, (client, bounded) => client.fingers(bounded));
  }

  changeCoordinator(change: CoordinatorChange, peer: PeerName, options: CallOptions = {}): Promise<void> {
    return this.call(options, (client, bounded) => client.changeCoordinator(change, peer, bounded));
  }

  backup(options: CallOptions = {}): Promise<readonly ShelfBackup[]> {
    return this.call(options, (client, bounded) => client.backup(bounded));
  }

  space(options: CallOptions = {}): Promise<SpaceReport> {
    return this.call(options, (client, bounded) => client.space(bounded));
  }

  policy(options: CallOptions = {}): Promise<NetworkPolicy> {
    return this.call(options, (client, bounded) => client.policy(bounded));
  }

  setPolicy(change: PolicyChange, options: CallOptions = {}): Promise<NetworkPolicy> {
    return this.call(options, (client, bounded) => client.setPolicy(change, bounded));
  }

  orderStorage(peer: PeerName, order: StorageOrder | null, options: CallOptions = {}): Promise<void> {
    return this.call(options, (client, bounded) => client.orderStorage(peer, order, bounded));
  }

  revokePeer(peer: PeerName, options: RevokeOptions = {}): Promise<void> {
    return this.call(options, (client, bounded) => client.revokePeer(peer, bounded));
  }

  drainProgress(peer: PeerName, options: CallOptions = {}): Promise<DrainProgress> {
    return this.call(options, (client, bounded) => client.drainProgress(peer, bounded));
  }

  fsck(options: FsckOptions = {}): Promise<readonly FsckProgress[]> {
    return this.call(options, (client, bounded) => client.fsck(bounded));
  }

  checks(options: CallOptions = {}): AsyncIterable<CheckResult> {
    return this.#items(options, (client, bounded) => client.checks(bounded));
  }
}
