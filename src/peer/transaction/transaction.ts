/**
 * A transaction: changes that happen all at once, or not at all.
 *
 * It is a client of its own over an *overlay*, the rows of the network with the transaction's *pending* changes laid
 * over them, so that it sees what it did. Each change is answered with the outcome that the catalogue would give it
 * (a *prediction*), and kept. The commit sends all of them as one command, which the catalogue carries out whole or
 * refuses; it compares revisions and names, so that whatever others changed meanwhile under the transaction's feet ends
 * it with a conflict. What is only read is not guarded. Files are uploaded when they are put: their chunks wait on their
 * shelves under lease.
 */
import type {
  CallOptions,
  GetRequest,
  NetworkPolicy,
  PutRequest,
  ReadOptions,
  TransferOptions,
  TransferSummary,
} from "../../core/client.ts";
import type { Share } from "../../core/accounts.ts";
import type { Operation } from "../../catalogue/operation.ts";
import { DfsError, type ErrorKind } from "../../core/errors.ts";
import { commitTriesMax } from "../../core/limits.ts";
import type { DfsPath } from "../../core/names.ts";
import type { UserKeys } from "../../identity/user-keys.ts";
import { type ChangeRecorder, CommandRefused, type CommandTarget } from "../command-session.ts";
import { pauseBeforeConfirming } from "../commit-queue.ts";
import type { CatalogueReader, ReadCallOptions } from "../coordination/catalogue-access.ts";
import type { Located } from "../located.ts";
import { Namespace } from "../namespace.ts";
import { type FileTransaction, PeerClient, type PeerClientOptions } from "../peer-client.ts";
import type { Reports } from "../reports.ts";
import type { Others } from "../sharing/others.ts";
import { TreeChanges } from "../tree-changes.ts";
import type { Undo } from "../undo/undo.ts";
import { KeptUploads } from "./kept-uploads.ts";
import { OverlayCatalogue } from "./overlay-catalogue.ts";
import { TransactionCommands } from "./transaction-commands.ts";
import { TransactionLife } from "./transaction-life.ts";

export interface TransactionParts {
  /** The parts of the client that the transaction is begun by. */
  readonly client: PeerClientOptions;
  readonly user: UserKeys;
  /** What the user has to do with others; absent for the shared user. */
  readonly others?: Pick<Others, "doors" | "boxes"> | undefined;
  /** The network's. */
  readonly catalogue: CatalogueReader;
  /** Where the commit goes, as the user. */
  readonly commands: CommandTarget;
  /** Records the commit. */
  readonly undo: Pick<Undo, "recorded">;
  /** Reports on the files that a namespace shows. */
  readonly reportsOn: (namespace: Namespace) => Reports;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** Refusals that the prediction rules out, unless somebody else changed something since. */
const conflicts: ReadonlySet<ErrorKind> = new Set([
  "conflict",
  "exists",
  "not-found",
  "not-empty",
  "not-directory",
  "is-directory",
  "rekeyed",
]);

/** A new transaction of the user. Nobody else sees it before its commit. */
export function beginTransaction({
  client,
  user,
  others,
  catalogue,
  commands,
  undo,
  reportsOn,
  nowMs,
}: TransactionParts): FileTransaction {
  const uploads = new KeptUploads();
  const life = new TransactionLife(() => void uploads.end());
  const overlay = new OverlayCatalogue(catalogue, () => life.requireOpen());
  const kept = new TransactionCommands({ user: user.userId, overlay, nowMs, requireOpen: () => life.requireOpen() });
  const namespace = new TransactionNamespace(user, overlay, life, others);
  const options: PeerClientOptions = {
    ...client,
    namespace,
    names: undefined,
    changes: () => new TreeChanges(namespace, kept, nowMs),
    history: () => client.history().over(namespace, kept),
    undo: undefined,
    reports: reportsOn(namespace),
    put: () => {
      const put = client.put();
      return {
        ...put,
        namespace,
        commands: kept,
        trees: undefined, // what the transaction changed is in no log
        shelves: {
          shelfFor: async (existing, signal, fits) => {
            kept.requireRoom(); // no chunk is sent for a change that cannot be kept
            return put.shelves.shelfFor(existing, signal, fits);
          },
          takes: (shelf) => put.shelves.takes(shelf),
          avoid: (shelf) => put.shelves.avoid(shelf),
        },
        keepUpload: (session) => uploads.keep(session),
      };
    },
    get: { ...client.get, namespace },
  };
  return new Transaction(options, { life, kept, uploads, commands, undo });
}

/** Refuses even what it could answer without a read once the transaction is over. */
class TransactionNamespace extends Namespace {
  readonly #life: TransactionLife;

  constructor(user: UserKeys, overlay: OverlayCatalogue, life: TransactionLife, others: TransactionParts["others"]) {
    const doors = others?.doors.over(overlay);
    super(user, overlay, undefined, others === undefined || doors === undefined ? undefined : { ...others, doors });
    this.#life = life;
  }

  override async locate(path: DfsPath, options?: ReadCallOptions): Promise<Located | undefined> {
    this.#life.requireOpen();
    return super.locate(path, options);
  }
}

interface TransactionState {
  readonly life: TransactionLife;
  readonly kept: TransactionCommands;
  readonly uploads: KeptUploads;
  readonly commands: CommandTarget;
  readonly undo: Pick<Undo, "recorded">;
}

class Transaction extends PeerClient implements FileTransaction {
  readonly #state: TransactionState;

  constructor(options: PeerClientOptions, state: TransactionState) {
    super(options);
    this.#state = state;
  }

  override put(request: PutRequest, options?: TransferOptions): Promise<TransferSummary> {
    return this.#state.life.during(() => super.put(request, options));
  }

  override get(request: GetRequest, options?: TransferOptions): Promise<TransferSummary> {
    return this.#state.life.during(() => super.get(request, options));
  }

  override async *read(path: DfsPath, options?: ReadOptions): AsyncIterable<Uint8Array> {
    const leave = this.#state.life.enter();
    try {
      yield* super.read(path, options);
    } finally {
      leave();
    }
  }

  override begin(): Promise<FileTransaction> {
    return Promise.reject(new DfsError("usage", "a transaction cannot be begun inside another one"));
  }

  override share(): Promise<Share> {
    return Promise.reject(notInside("a share"));
  }

  override unshare(): Promise<void> {
    return Promise.reject(notInside("a share"));
  }

  override setPolicy(): Promise<NetworkPolicy> {
    return Promise.reject(notInside("a change of the policy"));
  }

  override orderStorage(): Promise<void> {
    return Promise.reject(notInside("an order about a peer"));
  }

  override revokePeer(): Promise<void> {
    return Promise.reject(notInside("an order about a peer"));
  }

  override changeCoordinator(): Promise<void> {
    return Promise.reject(notInside("a change of the coordinators"));
  }

  async close(): Promise<void> {
    this.#state.life.end();
    await this.#state.uploads.end();
  }

  /** The shelves are told at the end, whatever came of it; then each keeps what was committed. */
  async commit({ signal, change }: CallOptions = {}): Promise<{ readonly changes: number }> {
    const { life, kept, uploads, undo } = this.#state;
    life.requireOpen();
    life.end();
    try {
      const operations = kept.operations();
      if (operations.length > 0) await undo.recorded(change, (recorder) => this.#send(operations, signal, recorder));
      return { changes: operations.length };
    } catch (error) {
      throw commitFault(error);
    } finally {
      await uploads.end();
    }
  }

  /** Where a chain has changed under a file, the shelf's present owner confirms it, and the commit is tried again. */
  async #send(
    kept: readonly Operation[],
    signal: AbortSignal | undefined,
    recorder: ChangeRecorder | undefined,
  ): Promise<void> {
    const { uploads, commands } = this.#state;
    let operations = kept;
    for (let tries = 1; ; tries += 1) {
      try {
        await commands.execute(operations, signal, recorder);
        return;
      } catch (error) {
        if (!isMoved(error) || tries >= commitTriesMax) throw error;
        await pauseBeforeConfirming(tries, signal);
        operations = await uploads.confirm(operations);
      }
    }
  }
}

function isMoved(error: unknown): boolean {
  return error instanceof CommandRefused && error.kind === "moved";
}

function commitFault(error: unknown): unknown {
  if (!(error instanceof CommandRefused) || error.operation === undefined || !conflicts.has(error.kind)) return error;
  return new DfsError(
    "conflict",
    `nothing was changed: change ${error.operation + 1} of the transaction is not possible any more: ${error.message}`,
    { cause: error },
  );
}

function notInside(what: string): DfsError {
  return new DfsError("usage", `${what} cannot be part of a transaction: ask for it outside`);
}
