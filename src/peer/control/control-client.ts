/** DfsClient over the control socket of a peer that runs in another process. */
import { type Socket, connect } from "node:net";
import type {
  CallOptions,
  CopyOptions,
  DfsClient,
  Entry,
  FingersReport,
  GetRequest,
  Invite,
  ListOptions,
  ListPage,
  MoveOptions,
  NetworkStatus,
  PeerInfo,
  PutRequest,
  ReadOptions,
  RemoveOptions,
  TransferOptions,
  TransferSummary,
  WhyReport,
} from "../../core/client.ts";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { controlFrameBytesMax, rpcDeadlineMsMax } from "../../core/limits.ts";
import type { DfsPath } from "../../core/names.ts";
import { RpcClient } from "../wire/rpc-client.ts";
import { errorFromWire } from "../wire/rpc-messages.ts";
import { socketChannel } from "../wire/socket-channel.ts";
import { type WireTransferEvent, methods } from "./control-methods.ts";

/** Long calls have no deadline of their own: whoever waits cancels by the signal. */
const unhurried = { timeoutMs: rpcDeadlineMsMax };

/** A client of the peer that listens at `socketPath`. Fails with `unreachable` when none does. */
export async function connectControl(socketPath: string): Promise<DfsClient> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening = connect(socketPath);
    opening.once("connect", () => resolve(opening));
    opening.once("error", (error) =>
      reject(new DfsError("unreachable", "no peer answers at the control socket", { path: socketPath, cause: error })),
    );
  });
  return new ControlClient(new RpcClient(socketChannel(socket, controlFrameBytesMax)));
}

class ControlClient implements DfsClient {
  readonly #rpc: RpcClient;

  constructor(rpc: RpcClient) {
    this.#rpc = rpc;
  }

  stat(path: DfsPath, { signal }: CallOptions = {}): Promise<Entry> {
    return this.#rpc.call(methods.stat, { path }, { signal });
  }

  list(path: DfsPath, { signal, cursor, limit }: ListOptions = {}): Promise<ListPage> {
    return this.#rpc.call(methods.list, { path, cursor, limit }, { signal });
  }

  async *walk(path: DfsPath, { signal }: CallOptions = {}): AsyncIterable<Entry> {
    for await (const page of this.#rpc.items(methods.walk, { path }, { signal, ...unhurried })) yield* page;
  }

  async mkdir(path: DfsPath, { signal, parents }: CallOptions & { parents?: boolean | undefined } = {}): Promise<void> {
    await this.#rpc.call(methods.mkdir, { path, parents }, { signal });
  }

  async rmdir(path: DfsPath, { signal }: CallOptions = {}): Promise<void> {
    await this.#rpc.call(methods.rmdir, { path }, { signal });
  }

  remove(path: DfsPath, { signal, recursive }: RemoveOptions = {}): Promise<number> {
    return this.#rpc.call(methods.remove, { path, recursive }, { signal, ...unhurried });
  }

  async move(from: DfsPath, to: DfsPath, { signal, force }: MoveOptions = {}): Promise<void> {
    await this.#rpc.call(methods.move, { from, to, force }, { signal });
  }

  copy(from: DfsPath, to: DfsPath, { signal, force, recursive }: CopyOptions = {}): Promise<number> {
    return this.#rpc.call(methods.copy, { from, to, force, recursive }, { signal, ...unhurried });
  }

  put({ sources, ...request }: PutRequest, { signal, onEvent }: TransferOptions = {}): Promise<TransferSummary> {
    const streams = sources.flatMap((source) => (source.kind === "stream" ? [source.bytes] : []));
    if (streams.length > 1) return Promise.reject(new DfsError("usage", "only one source of a put can be a stream"));
    const params = {
      ...request,
      sources: sources.map((source) => (source.kind === "path" ? source : { kind: source.kind, name: source.name })),
    };
    return this.#rpc.callWithItems(methods.put, params, forward(onEvent), { signal, input: streams[0], ...unhurried });
  }

  get({ sources, ...request }: GetRequest, { signal, onEvent }: TransferOptions = {}): Promise<TransferSummary> {
    return this.#rpc.callWithItems(methods.get, { ...request, sources: [...sources] }, forward(onEvent), {
      signal,
      ...unhurried,
    });
  }

  read(path: DfsPath, { signal, offsetBytes, lengthBytes, revision }: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return this.#rpc.items(methods.read, { path, offsetBytes, lengthBytes, revision }, { signal, ...unhurried });
  }

  why(path: DfsPath, { signal }: CallOptions = {}): Promise<WhyReport> {
    return this.#rpc.call(methods.why, { path }, { signal });
  }

  status({ signal }: CallOptions = {}): Promise<NetworkStatus> {
    return this.#rpc.call(methods.status, {}, { signal });
  }

  peers({ signal }: CallOptions = {}): Promise<readonly PeerInfo[]> {
    return this.#rpc.call(methods.peers, {}, { signal });
  }

  fingers({ signal }: CallOptions = {}): Promise<FingersReport> {
    return this.#rpc.call(methods.fingers, {}, { signal });
  }

  invite({ signal, expiresInMs }: CallOptions & { expiresInMs?: number | undefined } = {}): Promise<Invite> {
    return this.#rpc.call(methods.invite, { expiresInMs }, { signal });
  }

  async close(): Promise<void> {
    await this.#rpc.close().catch((error: unknown) => {
      throw toDfsError(error);
    });
  }
}

function forward(onEvent: TransferOptions["onEvent"]): (events: readonly WireTransferEvent[]) => void {
  return (events) => {
    for (const event of events)
      onEvent?.(event.type === "failed" ? { ...event, error: errorFromWire(event.error) } : event);
  };
}
