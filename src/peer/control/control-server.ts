/**
 * Serves DfsClient to other processes of this machine over a Unix socket (a named pipe on Windows), in TLS: what is said
 * there, passwords included, can be read only by who has the key in the data folder when the connection is made.
 */
import { setTimeout as delay, setImmediate as turnOfEvents } from "node:timers/promises";
import { chmod, rm } from "node:fs/promises";
import type { Server, Socket } from "node:net";
import { createServer } from "node:tls";
import type { PutSource, TransferEvent, TransferOptions } from "../../core/client.ts";
import { toDfsError } from "../../core/errors.ts";
import {
  controlCallsInFlightMax,
  controlConnectionsMax,
  controlFrameBytesMax,
  controlHandshakeMs,
  transferEventsGatherMs,
  transferEventsPerMessage,
  transferEventsWaitingMax,
} from "../../core/limits.ts";
import { CallBudget } from "../wire/call-budget.ts";
import { errorToWire } from "../wire/rpc-messages.ts";
import { type RpcCall, route } from "../wire/rpc-method.ts";
import { pieces } from "../wire/pieces.ts";
import { pskTls } from "../wire/psk-tls.ts";
import { routeTable, serveRpc } from "../wire/rpc-server.ts";
import { socketChannel } from "../wire/socket-channel.ts";
import { accountRoutes } from "./account-routes.ts";
import { ControlConnection, ControlConnections, type ControlSession } from "./control-connection.ts";
import { type ControlAddress, controlKeyIdentity, createControlKey, removeControlKey } from "./control-key.ts";
import { methods } from "./control-methods.ts";
import { directoryRoutes } from "./directory-routes.ts";
import { emitPages, pagesOf } from "./emit-pages.ts";
import { columnsOf } from "./entry-columns.ts";
import { historyRoutes } from "./history-routes.ts";
import { jobRoutes } from "./job-routes.ts";
import { storageRoutes } from "./storage-routes.ts";
import type { WireTransferEvent } from "./transfer-schemas.ts";
import { undoRoutes } from "./undo-routes.ts";

export class ControlServer {
  readonly #openSession: () => ControlSession;
  readonly #address: ControlAddress;
  readonly #sockets = new Set<Socket>();
  readonly #connections = new ControlConnections();
  /** One for all who are attached: whoever has the key is the peer's operator. */
  readonly #budget = new CallBudget({ inFlightMax: controlCallsInFlightMax });
  readonly #handshakeMs: number;
  #server: Server | undefined;

  /** Will serve a session of its own to each connection at `address`; who does not show the key within `handshakeMs` is cut off. */
  constructor(openSession: () => ControlSession, address: ControlAddress, handshakeMs = controlHandshakeMs) {
    this.#openSession = openSession;
    this.#address = address;
    this.#handshakeMs = handshakeMs;
  }

  /**
   * Makes a new key and listens; what a dead process left behind is replaced (the caller holds the data folder's lock).
   * Fails as the system does.
   */
  async start(): Promise<void> {
    const { socketPath, keyPath } = this.#address;
    const isFile = !socketPath.startsWith("\\\\.\\pipe\\");
    if (isFile) await rm(socketPath, { force: true });
    const key = await createControlKey(keyPath);
    const server = createServer({
      ...pskTls,
      handshakeTimeout: this.#handshakeMs,
      pskCallback: (_socket, identity) => (identity === controlKeyIdentity ? key : null),
    });
    server.maxConnections = controlConnectionsMax;
    server.on("connection", (socket: Socket) => this.#track(socket));
    server.on("tlsClientError", (_error, socket) => socket.destroy()); // no key, a wrong one, or no handshake at all
    server.on("secureConnection", (socket) => void this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(toDfsError(error, { op: "control socket", path: socketPath })));
      server.listen(socketPath, resolve);
    });
    if (isFile) await chmod(socketPath, 0o600);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  /** Serves one connection; its end abandons its transaction, and logs out. */
  async #serve(socket: Socket): Promise<void> {
    const connection = new ControlConnection(this.#openSession(), this.#connections);
    await serveRpc(
      socketChannel(socket, controlFrameBytesMax, { isPrompt: true }),
      routeTable(controlRoutes(connection)),
      this.#budget,
    );
    await connection.end();
  }

  /** Ends every connection, and removes the socket and its key. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) =>
      this.#server === undefined ? resolve() : this.#server.close(() => resolve()),
    );
    await removeControlKey(this.#address.keyPath);
  }
}

function controlRoutes(connection: ControlConnection) {
  return [
    route(methods.stat, ({ path, stale }, { signal }) => connection.client.stat(path, { stale, signal })),
    route(methods.list, async ({ path, ...options }, { signal }) => {
      const { entries, refused, next } = await connection.client.list(path, { ...options, signal });
      return { entries: columnsOf(entries), refused: refused?.map(errorToWire), next };
    }),
    route(methods.walk, async ({ path, stale }, call) => {
      const entries = connection.client.walk(path, { stale, signal: call.signal });
      for await (const page of pagesOf(entries)) await call.emit(columnsOf(page));
      return null;
    }),
    route(methods.find, async ({ path, query, whole, stale }, call) =>
      emitPages(connection.client.find(path, query, { whole, stale, signal: call.signal }), call),
    ),
    route(methods.mkdir, ({ path, ...options }, { signal }) =>
      nothing(connection.client.mkdir(path, { ...options, signal })),
    ),
    route(methods.rmdir, ({ path, change }, { signal }) => nothing(connection.client.rmdir(path, { change, signal }))),
    route(methods.remove, ({ path, ...options }, { signal }) => connection.client.remove(path, { ...options, signal })),
    route(methods.move, ({ from, to, ...options }, { signal }) =>
      nothing(connection.client.move(from, to, { ...options, signal })),
    ),
    route(methods.copy, ({ from, to, ...options }, { signal }) =>
      connection.client.copy(from, to, { ...options, signal }),
    ),
    route(methods.put, ({ sources, change, ...request }, call) => {
      const withInput = sources.map((source): PutSource =>
        source.kind === "path" ? source : { ...source, bytes: call.input },
      );
      return withEvents(call, (options) =>
        connection.client.put({ ...request, sources: withInput }, { ...options, change }),
      );
    }),
    route(methods.get, ({ stale, ...request }, call) =>
      withEvents(call, (options) => connection.client.get(request, { ...options, stale })),
    ),
    route(methods.read, async ({ path, ...options }, call) => {
      for await (const bytes of connection.client.read(path, { ...options, signal: call.signal })) {
        for (const piece of pieces(bytes)) await call.emit(piece);
      }
      return null;
    }),
    route(methods.why, ({ path, stale }, { signal }) => connection.client.why(path, { stale, signal })),
    route(methods.status, (_, { signal }) => connection.client.status({ signal })),
    route(methods.peers, (_, { signal }) => connection.client.peers({ signal }).then((peers) => [...peers])),
    route(methods.fingers, (_, { signal }) => connection.client.fingers({ signal })),
    route(methods.staleness, (_, { signal }) => connection.client.staleness({ signal })),
    route(methods.changeCoordinator, ({ change, peer }, { signal }) =>
      nothing(connection.client.changeCoordinator(change, peer, { signal })),
    ),
    ...directoryRoutes(() => connection.client),
    ...storageRoutes(() => connection.client),
    ...accountRoutes(() => connection.client),
    route(methods.checks, async (_, call) => {
      for await (const result of connection.client.checks({ signal: call.signal })) await call.emit(result);
      return null;
    }),
    ...historyRoutes(() => connection.client),
    ...jobRoutes(() => connection.client),
    ...undoRoutes(() => connection.client),
    route(methods.ticket, () => Promise.resolve({ ticket: connection.ticket() })),
    route(methods.begin, ({ ticket }, { signal }) => nothing(connection.begin(ticket, { signal }))),
    route(methods.commit, ({ change }, { signal }) => connection.commit({ change, signal })),
  ];
}

async function nothing(work: Promise<void>): Promise<null> {
  await work;
  return null;
}

/**
 * Runs a transfer and sends its events in order, all that wait in one message, without holding the transfer up; the
 * last one is sent before the transfer's result. Progress that waits to be sent is replaced by newer progress of the
 * same file. A reader that falls far behind misses what became of files that went well; the summary counts them, and
 * failures always reach it.
 */
async function withEvents<Result>(
  call: RpcCall<WireTransferEvent[]>,
  transfer: (options: TransferOptions) => Promise<Result>,
): Promise<Result> {
  let waiting: WireTransferEvent[] = [];
  let sending: Promise<void> | undefined;
  const over = new AbortController();
  const send = async (): Promise<void> => {
    await turnOfEvents();
    while (waiting.length > 0) {
      const batch = waiting.slice(0, transferEventsPerMessage);
      waiting = waiting.slice(transferEventsPerMessage);
      await call.emit(batch);
      if (waiting.length < transferEventsPerMessage)
        await delay(transferEventsGatherMs, undefined, { signal: over.signal }).catch(() => undefined);
    }
    sending = undefined;
  };
  const onEvent = (event: TransferEvent): void => {
    const wire: WireTransferEvent = event.type === "failed" ? { ...event, error: errorToWire(event.error) } : event;
    const last = waiting.at(-1);
    if (last !== undefined && isNewer(wire, last)) waiting[waiting.length - 1] = wire;
    else if (waiting.length < transferEventsWaitingMax || wire.type === "failed") waiting.push(wire);
    // Where sending fails the caller is gone, and its transfer is aborted by the same signal.
    sending ??= send().catch(() => undefined);
  };
  try {
    return await transfer({ signal: call.signal, onEvent });
  } finally {
    over.abort();
    await sending;
  }
}

/** Whether an event says all that the one before it said. */
function isNewer(event: WireTransferEvent, before: WireTransferEvent): boolean {
  if (event.type === "found") return before.type === "found";
  return event.type === "progress" && before.type === "progress" && event.path === before.path;
}
