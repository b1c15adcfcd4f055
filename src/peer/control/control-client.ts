/** DfsClient over the control socket of a peer that runs in another process. */
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
import type { CheckResult } from "../../core/checks.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { FindQuery } from "../../core/find-query.ts";
import type { PeerName } from "../../core/ids.ts";
import { controlFrameBytesMax, rpcDeadlineMsMax } from "../../core/limits.ts";
import type { DfsPath } from "../../core/names.ts";
import type { RecordedChange, UndoOptions, UndoReport } from "../../core/undo.ts";
import { RpcClient } from "../wire/rpc-client.ts";
import { errorFromWire } from "../wire/rpc-messages.ts";
import { socketChannel } from "../wire/socket-channel.ts";
import { openControlSocket } from "./control-connect.ts";
import type { ControlAddress } from "./control-key.ts";
import { entriesIn } from "./entry-columns.ts";
import { methods } from "./control-methods.ts";
import { JobsCaller } from "./jobs-caller.ts";
import type { WireFsckProgress } from "./storage-methods.ts";
import type { WireTransferEvent } from "./transfer-schemas.ts";

/** Long calls have no deadline of their own: whoever waits cancels by the signal. */
const unhurried = { timeoutMs: rpcDeadlineMsMax };

/** A client of the peer that listens at `address`. Fails as `openControlSocket` does. */
export async function connectControl(address: ControlAddress): Promise<DfsClient> {
  return new ControlClient(await openChannel(address), address);
}

async function openChannel(address: ControlAddress): Promise<RpcClient> {
  return new RpcClient(socketChannel(await openControlSocket(address), controlFrameBytesMax));
}

class ControlClient extends JobsCaller implements DfsClient {
  readonly #address: ControlAddress;

  constructor(rpc: RpcClient, address: ControlAddress) {
    super(rpc);
    this.#address = address;
  }

  get hasEnded(): boolean {
    return this.rpc.hasEnded;
  }

  stat(path: DfsPath, { signal, stale }: CallOptions = {}): Promise<Entry> {
    return this.rpc.call(methods.stat, { path, stale }, { signal });
  }

  async list(path: DfsPath, { signal, stale, cursor, limit }: ListOptions = {}): Promise<ListPage> {
    const params = { path, cursor, limit, stale };
    const { entries, refused, next } = await this.rpc.call(methods.list, params, { signal });
    return { entries: entriesIn(entries), refused: refused?.map(errorFromWire), next };
  }

  async *walk(path: DfsPath, { signal, stale }: CallOptions = {}): AsyncIterable<Entry> {
    for await (const page of this.rpc.items(methods.walk, { path, stale }, { signal, ...unhurried }))
      yield* entriesIn(page);
  }

  async *find(path: DfsPath, query: FindQuery, { signal, stale, whole }: FindOptions = {}): AsyncIterable<Found> {
    const params = { path, query, whole, stale };
    for await (const page of this.rpc.items(methods.find, params, { signal, ...unhurried })) yield* page;
  }

  async mkdir(
    path: DfsPath,
    { signal, parents, change }: CallOptions & { parents?: boolean | undefined } = {},
  ): Promise<void> {
    await this.rpc.call(methods.mkdir, { path, parents, change }, { signal });
  }

  async rmdir(path: DfsPath, { signal, change }: CallOptions = {}): Promise<void> {
    await this.rpc.call(methods.rmdir, { path, change }, { signal });
  }

  remove(path: DfsPath, { signal, recursive, change }: RemoveOptions = {}): Promise<number> {
    return this.rpc.call(methods.remove, { path, recursive, change }, { signal, ...unhurried });
  }

  async move(from: DfsPath, to: DfsPath, { signal, force, change }: MoveOptions = {}): Promise<void> {
    await this.rpc.call(methods.move, { from, to, force, change }, { signal });
  }

  copy(from: DfsPath, to: DfsPath, { signal, force, recursive, change }: CopyOptions = {}): Promise<number> {
    return this.rpc.call(methods.copy, { from, to, force, recursive, change }, { signal, ...unhurried });
  }

  put(
    { sources, ...request }: PutRequest,
    { signal, change, onEvent }: TransferOptions = {},
  ): Promise<TransferSummary> {
    const streams = sources.flatMap((source) => (source.kind === "stream" ? [source.bytes] : []));
    if (streams.length > 1) return Promise.reject(new DfsError("usage", "only one source of a put can be a stream"));
    const params = {
      ...request,
      change,
      sources: sources.map((source) => (source.kind === "path" ? source : { kind: source.kind, name: source.name })),
    };
    return this.rpc.callWithItems(methods.put, params, forward(onEvent), { signal, input: streams[0], ...unhurried });
  }

  get({ sources, ...request }: GetRequest, { signal, stale, onEvent }: TransferOptions = {}): Promise<TransferSummary> {
    const params = { ...request, sources: [...sources], stale };
    return this.rpc.callWithItems(methods.get, params, forward(onEvent), { signal, ...unhurried });
  }

  read(path: DfsPath, { signal, ...options }: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return this.rpc.items(methods.read, { path, ...options }, { signal, ...unhurried });
  }

  recordedChanges({ signal }: CallOptions = {}): Promise<readonly RecordedChange[]> {
    return this.rpc.call(methods.recordedChanges, {}, { signal });
  }

  undo({ signal, ...options }: UndoOptions = {}): Promise<UndoReport> {
    const { redo, dryRun, skip } = options;
    return this.rpc.call(methods.undo, { redo, dryRun, skip }, { signal, ...unhurried });
  }

  why(path: DfsPath, { signal, stale }: CallOptions = {}): Promise<WhyReport> {
    return this.rpc.call(methods.why, { path, stale }, { signal });
  }

  status({ signal }: CallOptions = {}): Promise<NetworkStatus> {
    return this.rpc.call(methods.status, {}, { signal });
  }

  peers({ signal }: CallOptions = {}): Promise<readonly PeerInfo[]> {
    return this.rpc.call(methods.peers, {}, { signal });
  }

  fingers({ signal }: CallOptions = {}): Promise<FingersReport> {
    return this.rpc.call(methods.fingers, {}, { signal });
  }

  staleness({ signal }: CallOptions = {}): Promise<Staleness> {
    return this.rpc.call(methods.staleness, {}, { signal });
  }

  async changeCoordinator(change: CoordinatorChange, peer: PeerName, { signal }: CallOptions = {}): Promise<void> {
    await this.rpc.call(methods.changeCoordinator, { change, peer }, { signal, ...unhurried });
  }

  backup({ signal }: CallOptions = {}): Promise<readonly ShelfBackup[]> {
    return this.rpc.call(methods.backup, {}, { signal });
  }

  space({ signal }: CallOptions = {}): Promise<SpaceReport> {
    return this.rpc.call(methods.space, {}, { signal });
  }

  policy({ signal }: CallOptions = {}): Promise<NetworkPolicy> {
    return this.rpc.call(methods.policy, {}, { signal });
  }

  setPolicy(change: PolicyChange, { signal }: CallOptions = {}): Promise<NetworkPolicy> {
    return this.rpc.call(methods.setPolicy, change, { signal });
  }

  async orderStorage(peer: PeerName, order: StorageOrder | null, { signal }: CallOptions = {}): Promise<void> {
    await this.rpc.call(methods.orderStorage, { peer, order }, { signal });
  }

  async revokePeer(peer: PeerName, { force, signal }: RevokeOptions = {}): Promise<void> {
    await this.rpc.call(methods.revokePeer, { peer, force }, { signal });
  }

  drainProgress(peer: PeerName, { signal }: CallOptions = {}): Promise<DrainProgress> {
    return this.rpc.call(methods.drainProgress, { peer }, { signal });
  }

  async fsck({ signal, peers, onProgress }: FsckOptions = {}): Promise<readonly FsckProgress[]> {
    const params = { peers: peers === undefined ? undefined : [...peers] };
    const onItem = (progress: WireFsckProgress): void => onProgress?.(fsckFromWire(progress));
    const results = await this.rpc.callWithItems(methods.fsck, params, onItem, { signal, ...unhurried });
    return results.map(fsckFromWire);
  }

  checks({ signal }: CallOptions = {}): AsyncIterable<CheckResult> {
    return this.rpc.items(methods.checks, {}, { signal });
  }

  /** A transaction has a connection of its own: the server knows it by that. It is begun by this one, whose user it is of. */
  async begin({ signal }: CallOptions = {}): Promise<DfsTransaction> {
    const rpc = await openChannel(this.#address);
    try {
      const { ticket } = await rpc.call(methods.ticket, {}, { signal });
      await this.rpc.call(methods.begin, { ticket }, { signal });
    } catch (error) {
      await rpc.close();
      throw error;
    }
    return new ControlTransaction(rpc, this.#address);
  }

  async close(): Promise<void> {
    await this.rpc.close().catch((error: unknown) => {
      throw toDfsError(error);
    });
  }
}

class ControlTransaction extends ControlClient implements DfsTransaction {
  override begin(): Promise<DfsTransaction> {
    return Promise.reject(new DfsError("usage", "a transaction cannot be begun inside another one"));
  }

  commit({ signal, change }: CallOptions = {}): Promise<{ readonly changes: number }> {
    return this.rpc.call(methods.commit, { change }, { signal, ...unhurried });
  }
}

function fsckFromWire({ error, ...progress }: WireFsckProgress): FsckProgress {
  return error === undefined ? progress : { ...progress, error: errorFromWire(error) };
}

function forward(onEvent: TransferOptions["onEvent"]): (events: readonly WireTransferEvent[]) => void {
  return (events) => {
    for (const event of events)
      onEvent?.(event.type === "failed" ? { ...event, error: errorFromWire(event.error) } : event);
  };
}
