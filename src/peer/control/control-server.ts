/** Serves DfsClient to other processes of this machine over a Unix socket (a named pipe on Windows). */
import { chmod, rm } from "node:fs/promises";
import { type Server, type Socket, createServer } from "node:net";
import type { DfsClient, Entry, PutSource, TransferEvent } from "../../core/client.ts";
import { toDfsError } from "../../core/errors.ts";
import { controlConnectionsMax, controlFrameBytesMax, walkPageEntries } from "../../core/limits.ts";
import { errorToWire } from "../wire/rpc-messages.ts";
import { type RpcCall, route } from "../wire/rpc-method.ts";
import { pieces } from "../wire/pieces.ts";
import { routeTable, serveRpc } from "../wire/rpc-server.ts";
import { socketChannel } from "../wire/socket-channel.ts";
import { type WireTransferEvent, methods } from "./control-methods.ts";

export class ControlServer {
  readonly #client: DfsClient;
  readonly #path: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  /** Will serve `client` at the socket address `path`. */
  constructor(client: DfsClient, path: string) {
    this.#client = client;
    this.#path = path;
  }

  /** Listens; a socket file that a dead process left behind is replaced (the caller holds the data folder's lock). */
  async start(): Promise<void> {
    const isFile = !this.#path.startsWith("\\\\.\\pipe\\");
    if (isFile) await rm(this.#path, { force: true });
    const routes = routeTable(controlRoutes(this.#client));
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      void serveRpc(socketChannel(socket, controlFrameBytesMax), routes);
    });
    server.maxConnections = controlConnectionsMax;
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(toDfsError(error, { op: "control socket", path: this.#path })));
      server.listen(this.#path, resolve);
    });
    if (isFile) await chmod(this.#path, 0o600);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) =>
      this.#server === undefined ? resolve() : this.#server.close(() => resolve()),
    );
  }
}

function controlRoutes(client: DfsClient) {
  return [
    route(methods.stat, ({ path }, { signal }) => client.stat(path, { signal })),
    route(methods.list, ({ path, cursor, limit }, { signal }) => client.list(path, { cursor, limit, signal })),
    route(methods.walk, async ({ path }, call) => emitPages(client.walk(path, { signal: call.signal }), call)),
    route(methods.mkdir, ({ path, parents }, { signal }) => nothing(client.mkdir(path, { parents, signal }))),
    route(methods.rmdir, ({ path }, { signal }) => nothing(client.rmdir(path, { signal }))),
    route(methods.remove, ({ path, recursive }, { signal }) => client.remove(path, { recursive, signal })),
    route(methods.move, ({ from, to, force }, { signal }) => nothing(client.move(from, to, { force, signal }))),
    route(methods.copy, ({ from, to, ...options }, { signal }) => client.copy(from, to, { ...options, signal })),
    route(methods.put, ({ sources, ...request }, call) =>
      client.put(
        {
          ...request,
          sources: sources.map((source): PutSource =>
            source.kind === "path" ? source : { ...source, bytes: call.input },
          ),
        },
        { signal: call.signal, onEvent: eventSink(call) },
      ),
    ),
    route(methods.get, (request, call) => client.get(request, { signal: call.signal, onEvent: eventSink(call) })),
    route(methods.read, async ({ path, ...options }, call) => {
      for await (const bytes of client.read(path, { ...options, signal: call.signal })) {
        for (const piece of pieces(bytes)) await call.emit(piece);
      }
      return null;
    }),
    route(methods.why, ({ path }, { signal }) => client.why(path, { signal })),
    route(methods.status, (_, { signal }) => client.status({ signal })),
    route(methods.peers, (_, { signal }) => client.peers({ signal }).then((peers) => [...peers])),
    route(methods.fingers, (_, { signal }) => client.fingers({ signal })),
    route(methods.invite, ({ expiresInMs }, { signal }) => client.invite({ expiresInMs, signal })),
  ];
}

async function nothing(work: Promise<void>): Promise<null> {
  await work;
  return null;
}

async function emitPages(entries: AsyncIterable<Entry>, call: RpcCall<Entry[]>): Promise<null> {
  let page: Entry[] = [];
  for await (const entry of entries) {
    page.push(entry);
    if (page.length < walkPageEntries) continue;
    await call.emit(page);
    page = [];
  }
  if (page.length > 0) await call.emit(page);
  return null;
}

/**
 * Sends a transfer's events in order without holding the transfer up. When the reader is slow, progress of a file that
 * waits to be sent is replaced by newer progress, so that what waits is bounded by the files in work and finished.
 */
function eventSink(call: RpcCall<WireTransferEvent>): (event: TransferEvent) => void {
  const waiting: WireTransferEvent[] = [];
  let isSending = false;
  const send = async (): Promise<void> => {
    isSending = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await call.emit(next);
    isSending = false;
  };
  return (event) => {
    const wire: WireTransferEvent = event.type === "failed" ? { ...event, error: errorToWire(event.error) } : event;
    const last = waiting.at(-1);
    const replaces =
      last !== undefined && (wire.type === "progress" || wire.type === "found") && last.type === wire.type;
    if (replaces && (wire.type === "found" || (last.type === "progress" && last.path === wire.path)))
      waiting[waiting.length - 1] = wire;
    else waiting.push(wire);
    if (!isSending) send().catch(() => undefined); // the caller is gone; its transfer is aborted by the same signal
  };
}
