/** A network of one shelf in memory, for tests of a client's puts and transactions: real rules, real chunks, no wire. */
import { decodeCommand, encodeCommand } from "../../src/catalogue/command.ts";
import type { Operation } from "../../src/catalogue/operation.ts";
import { ShelfOwner } from "../../src/backup/replication/shelf-owner.ts";
import { ChunkingPool } from "../../src/chunking/chunking-pool.ts";
import type { DfsClient, PutRequest, TransferSummary } from "../../src/core/client.ts";
import type { ChangePage } from "../../src/catalogue/rows.ts";
import type { ChangeQuery } from "../../src/catalogue/user-reader.ts";
import type { FileKey, LeaseId, UserId, UserName } from "../../src/core/ids.ts";
import { leaseMs } from "../../src/core/limits.ts";
import { type DfsPath, resolvePath } from "../../src/core/names.ts";
import { signAsPeer } from "../../src/identity/peer-identity.ts";
import type { UserKeys } from "../../src/identity/user-keys.ts";
import { CommandSession, type Propose, recordedCommands } from "../../src/peer/command-session.ts";
import type { ContentSourceOptions } from "../../src/peer/content-source.ts";
import type { HolderDirectory } from "../../src/peer/holder-picker.ts";
import { History } from "../../src/peer/history.ts";
import type { KnownFiles } from "../../src/peer/known-files/known-files.ts";
import { createLog } from "../../src/peer/log.ts";
import { BusyGate } from "../../src/peer/load/busy-gate.ts";
import { PeerSpeeds } from "../../src/peer/load/peer-speeds.ts";
import { Namespace } from "../../src/peer/namespace.ts";
import { PeerClient, type PeerClientOptions } from "../../src/peer/peer-client.ts";
import type { Room } from "../../src/peer/put-room.ts";
import type { Reports } from "../../src/peer/reports.ts";
import { CatalogueChain } from "../../src/peer/shelves/catalogue-chain.ts";
import type { ShelfPort } from "../../src/peer/shelves/shelf-port.ts";
import { UserPacer } from "../../src/peer/shelves/user-pacer.ts";
import { systemClock } from "../../src/peer/shelves/upkeep.ts";
import { randomId } from "../../src/peer/random-ids.ts";
import { type Others, type OthersOptions, othersOf } from "../../src/peer/sharing/others.ts";
import { Sharing } from "../../src/peer/sharing/sharing.ts";
import { beginTransaction } from "../../src/peer/transaction/transaction.ts";
import { TreeChanges } from "../../src/peer/tree-changes.ts";
import { ChangeJournal } from "../../src/peer/undo/change-journal.ts";
import { Undo, type UndoParts } from "../../src/peer/undo/undo.ts";
import { MemoryChunkStore } from "../../src/store/memory-chunk-store.ts";
import { World, founder, founderKey, founderShelf, network, shared } from "../catalogue/world.ts";

export const at = (path: string): DfsPath => resolvePath(path);

/** The catalogue's queries as a peer makes them. */
export function readerOf({ catalogue }: World): OthersOptions["catalogue"] & UndoParts["catalogue"] {
  return {
    entry: (user, parent, token, options) => Promise.resolve(catalogue.entry(user, parent, token, options?.at)),
    entries: (user, parent, tokens, options) => Promise.resolve(catalogue.entries(user, parent, tokens, options?.at)),
    list: (user, parent, after, limit, options) =>
      Promise.resolve(catalogue.list(user, parent, { after, limit, at: options?.at })),
    revisions: (node, before, limit) => Promise.resolve(catalogue.revisions(node, before, limit)),
    revision: (node, revision) => Promise.resolve(catalogue.revision(node, revision)),
    lineage: (node) => Promise.resolve(catalogue.lineage(node)),
    outcome: (session, sequence) => Promise.resolve(catalogue.outcome(session, sequence)),
    effects: (query) => Promise.resolve(catalogue.effects(query)),
    shares: (query, after) => Promise.resolve(catalogue.shares(query, after)),
    user: (user) => Promise.resolve(catalogue.user(user)),
    userByName: (name) => Promise.resolve(catalogue.userByName(name)),
  };
}

/** One user of a file space. */
export interface SpaceUser {
  readonly name: UserName;
  readonly keys: UserKeys;
  readonly client: PeerClient;
  readonly namespace: Namespace;
  readonly sharing: Sharing;
}

const silent = createLog(() => undefined, { level: "silent", json: false });

export class FileSpace {
  readonly world = World.founded();
  readonly store = new MemoryChunkStore();
  readonly pool = new ChunkingPool({ threads: 1 });
  /** What each command that reached the catalogue asked for. */
  readonly proposed: Uint8Array[] = [];
  /** The time that commands are stamped with. */
  nowMs = Date.now;
  /** What becomes of each operation on its way, for coordinators that cannot be trusted. */
  alter: ((operation: Operation) => Operation) | undefined;
  /** Called after each command was applied: what it fails with keeps the answer back. */
  afterPropose: () => Promise<void> = () => Promise.resolve();
  /** Called before each command is applied. */
  beforePropose: () => Promise<void> = () => Promise.resolve();
  /** Everything is here: there are no links to ask, and no holders to look for. */
  readonly content: ContentSourceOptions = {
    store: this.store,
    links: { reclaim: () => undefined } as unknown as ContentSourceOptions["links"],
    holders: nobody,
    pool: this.pool,
  };
  /** What may be added, as a put is told. */
  room: Room = { quota: undefined, freeBytesOf: () => undefined };
  readonly owner: ShelfOwner;
  /** What was changed from this machine. */
  journal = new ChangeJournal({ path: ":memory:", nowMs: Date.now, log: silent });
  /** The catalogue's log and the changes in it, as a put asks for them. */
  readonly trees = {
    log: "log" as string | undefined,
    changes: (owner: UserId, query: ChangeQuery): Promise<ChangePage> =>
      Promise.resolve(this.world.catalogue.changes(owner, query)),
    copies: ({ copies }: { readonly copies: number }): number => copies,
  };
  /** What is known of local files; nothing without it. */
  known: KnownFiles | undefined;
  readonly client: PeerClient;

  constructor() {
    const peer = { peer: founder };
    const sign = (bytes: Uint8Array): Uint8Array => signAsPeer(founderKey, bytes);
    const commands = new CommandSession({ network: network.networkId, author: peer, sign }, this.#propose);
    this.owner = new ShelfOwner({
      shelf: founderShelf,
      self: founder,
      store: this.store,
      chain: new CatalogueChain(founderShelf, commands),
      linkTo: () => {
        throw new Error("a network of one has no other links");
      },
      clock: systemClock,
      pacer: new UserPacer(),
      newLease: () => randomId<LeaseId>(),
      refresh: () => undefined,
      leaseMs,
      log: silent,
    });
    const alone = { peer: founder, keepsFrom: 1, hasFrom: 1, isFilled: true };
    this.owner.setChain({ epoch: 1, links: [alone] }, 1);
    this.client = this.#client(shared);
  }

  /** The same for a shell, which asks it for nothing that belongs to sessions. */
  get dfsClient(): DfsClient {
    const close = (): Promise<void> => Promise.resolve();
    const get = (client: PeerClient, name: string): unknown => {
      const member: unknown = name === "close" ? close : Reflect.get(client, name);
      return typeof member === "function" ? member.bind(client) : member;
    };
    return new Proxy(this.client, { get }) as unknown as DfsClient;
  }

  async start(): Promise<void> {
    await this.pool.start();
  }

  async stop(): Promise<void> {
    await this.pool.stop();
    await this.owner.stop();
    this.journal.stop();
    this.world[Symbol.dispose]();
  }

  /** Makes users, the first of whom is administrator, each with a client of its own. */
  withUsers(...names: string[]): readonly SpaceUser[] {
    return this.world.withUsers(...names).map(({ name, keys }) => {
      const catalogue = readerOf(this.world);
      const others = othersOf({
        network: network.networkId,
        user: keys,
        shared,
        catalogue,
        copies: ({ copies }) => copies,
      });
      const namespace = new Namespace(keys, catalogue, undefined, others);
      const commands = this.#commandsOf(keys);
      const sharing = new Sharing({ user: keys, namespace, others, catalogue, commands });
      return { name, keys, client: this.#client(keys, others), namespace, sharing };
    });
  }

  readonly #members = ((world) => ({
    get policy() {
      return world.catalogue.policy();
    },
  }))(this.world);

  #commandsOf(user: UserKeys): CommandSession {
    const author = { network: network.networkId, author: { user: user.userId }, sign: user.sign.bind(user) };
    return new CommandSession(author, this.#propose);
  }

  /** Leases that are open on the shelf. */
  async leases(): Promise<readonly LeaseId[]> {
    return (await this.store.leases(undefined, 100)).map(({ lease }) => lease);
  }

  async has(fileKey: FileKey | undefined): Promise<boolean> {
    const [isHere] = await this.store.hasRecords(fileKey === undefined ? [] : [fileKey]);
    return isHere === true;
  }

  readonly #propose: Propose = async (command) => {
    await this.beforePropose();
    this.proposed.push(command);
    const index = this.world.catalogue.appliedIndex() + 1;
    const applied = this.alter === undefined ? command : altered(command, this.alter);
    const [result] = this.world.catalogue.applyBatch([{ index, timeMs: this.nowMs(), command: applied }]);
    await this.afterPropose();
    return result ?? new Uint8Array(0);
  };

  #shelf(): ShelfPort {
    const { owner } = this;
    return {
      shelf: founderShelf,
      isLocal: true,
      holdLease: (lease, _, signal) => owner.holdLease(lease, 1, signal),
      pin: (lease, digests, signal) => owner.pin(lease, digests, signal),
      putChunks: (lease, chunks, signal) => owner.putChunks(lease, chunks, signal),
      addRecords: (lease, fileKeys, _, signal) => owner.addRecords(lease, fileKeys, 1, signal),
      endLease: (lease, signal) => owner.endLease(lease, signal),
    };
  }

  #client(user: UserKeys, others?: Others): PeerClient {
    const catalogue = readerOf(this.world);
    const namespace = new Namespace(user, catalogue, undefined, others);
    const asUser = (): CommandSession => this.#commandsOf(user);
    const { pool } = this;
    const shelf = this.#shelf();
    const { journal } = this;
    const undo = new Undo({ journal, namespace, user, shared, catalogue, commands: asUser() });
    const options: PeerClientOptions = {
      ...({} as PeerClientOptions),
      namespace,
      changes: (recorder) => new TreeChanges(namespace, recordedCommands(asUser(), recorder), Date.now),
      history: (recorder) =>
        new History({ namespace, commands: recordedCommands(asUser(), recorder), members: this.#members }),
      undo,
      put: (recorder) => ({
        namespace,
        pool,
        commands: recordedCommands(asUser(), recorder),
        shelves: { shelfFor: () => Promise.resolve(shelf), takes: () => true, avoid: () => false },
        known: this.known,
        trees: this.trees,
        usualCopies: () => 1,
        room: () => Promise.resolve(this.room),
      }),
      get: {
        namespace,
        pool,
        content: this.content,
      },
      begin: () =>
        beginTransaction({
          client: options,
          user,
          others,
          catalogue,
          commands: asUser(),
          undo,
          reportsOn: () => undefined as unknown as Reports,
          nowMs: Date.now,
        }),
    };
    return new PeerClient(options);
  }
}

/** There is no other peer that has anything. */
const nobody: HolderDirectory = {
  speeds: new PeerSpeeds(),
  busy: new BusyGate(),
  find: () => Promise.resolve({ holders: [], foundBy: "catalogue", fallbackReason: undefined }),
  foresee: () => Promise.resolve(),
  chainOf: () => Promise.resolve([]),
  nameOf: () => undefined,
  forget: () => undefined,
  suspect: () => undefined,
  isSuspect: () => false,
};

/** A command with other operations; the catalogue does not look at the signature. */
function altered(bytes: Uint8Array, alter: (operation: Operation) => Operation): Uint8Array {
  const { network, author, session, sequence, operations } = decodeCommand(bytes);
  const fields = { network, author, session, sequence, operations: operations.map(alter) };
  return encodeCommand(fields, (signed) => shared.sign(signed));
}

/** Puts text as one file. */
export function putText(
  client: Pick<PeerClient, "put">,
  target: string,
  content: string,
  request: Partial<PutRequest> = {},
): Promise<TransferSummary> {
  const bytes = (async function* () {
    yield Buffer.from(content);
  })();
  const source = { kind: "stream", bytes, name: "stream" } as const;
  return client.put({ sources: [source], target: at(target), ...request });
}

export async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}
