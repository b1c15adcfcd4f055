/** What this process's own peer does for its users, put together from the peer's parts. */
import { join } from "node:path";
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import type { EntryRow } from "../catalogue/rows.ts";
import type { PeerId } from "../core/ids.ts";
import type { FingerTableService } from "../dht/finger-table-service.ts";
import type { NetworkKeys } from "../identity/network-keys.ts";
import { sharedUserName } from "../core/ids.ts";
import { type UserKeys, sharedUserKeys } from "../identity/user-keys.ts";
import type { ChunkStore } from "../store/chunk-store.ts";
import type { CatalogueClient } from "./coordination/catalogue-client.ts";
import { CoordinatorChanges } from "./coordination/coordinator-changes.ts";
import { Administration } from "./accounts/administration.ts";
import { Authentication } from "./accounts/authentication.ts";
import { actingAsShared } from "./accounts/login.ts";
import type { RememberedLogin } from "./accounts/remembered-login.ts";
import { SessionClient, type SessionParts } from "./accounts/session.ts";
import { UserDirectory } from "./accounts/user-directory.ts";
import { CommandSession, type CommandTarget, recordedCommands } from "./command-session.ts";
import { CommandSessions } from "./command-sessions.ts";
import { ChunkCache } from "./chunk-cache.ts";
import type { ContentSourceOptions } from "./content-source.ts";
import { History } from "./history.ts";
import { makeInvite } from "./invitations.ts";
import { KnownFiles } from "./known-files/known-files.ts";
import type { Log } from "./log.ts";
import { TransferJobs } from "./jobs/transfer-jobs.ts";
import type { Members } from "./members.ts";
import { Namespace } from "./namespace.ts";
import { OwnNames } from "./names/name-finder.ts";
import { NamesIndexes } from "./names/names-indexes.ts";
import { NamesKeeper } from "./names/names-keeper.ts";
import { NetworkHolders } from "./network-holders.ts";
import { type FileClient, PeerClient, type PeerClientOptions } from "./peer-client.ts";
import type { Membership } from "./peer-config.ts";
import type { PeerLinks } from "./peer-links.ts";
import { copiesNow, usualCopies } from "./safety.ts";
import { networkRoom } from "./shelves/network-room.ts";
import { Placement } from "./shelves/placement.ts";
import { Reports } from "./reports.ts";
import { othersOf } from "./sharing/others.ts";
import { Sharing } from "./sharing/sharing.ts";
import type { ShelfHost } from "./shelves/shelf-host.ts";
import type { UserPacer } from "./shelves/user-pacer.ts";
import type { Upkeep } from "./shelves/upkeep.ts";
import { type CheckedPeer, CheckUp } from "./checks/check-up.ts";
import { DiskChecks } from "./disk-checks.ts";
import { StorageOrders } from "./storage-orders.ts";
import { StorageReports } from "./storage-reports.ts";
import { beginTransaction } from "./transaction/transaction.ts";
import { TreeChanges } from "./tree-changes.ts";
import { ChangeJournal } from "./undo/change-journal.ts";
import { Undo } from "./undo/undo.ts";

/** The parts of a running peer that its client speaks to. */
export interface ClientParts {
  readonly self: PeerId;
  /** Path of the data folder. */
  readonly folder: string;
  readonly network: NetworkKeys;
  readonly membership: Membership;
  readonly version: string;
  readonly members: Members;
  readonly links: PeerLinks;
  readonly catalogue: CatalogueClient;
  /** Commits as this peer. */
  readonly asPeer: CommandSession;
  readonly shelves: ShelfHost;
  readonly upkeep: Upkeep;
  readonly pacer: UserPacer;
  readonly store: ChunkStore;
  readonly pool: ChunkingPool;
  readonly fingers: FingerTableService;
  readonly remembered: RememberedLogin;
  readonly checked: CheckedPeer;
  readonly log: Log;
  /** Where others reach this peer now. */
  readonly addresses: () => readonly string[];
  /** Stops the peer. */
  readonly stop: () => Promise<void>;
}

/** The sessions of a running peer: each a client of its own, for the user that it acts for. */
export class OwnSessions {
  readonly #parts: SessionParts;
  readonly #names: NamesIndexes;
  readonly #keeper: NamesKeeper;
  readonly #jobs = new TransferJobs(Date.now);
  readonly #journal: ChangeJournal;
  readonly #known: KnownFiles;

  constructor(parts: ClientParts) {
    this.#names = new NamesIndexes(parts);
    this.#journal = new ChangeJournal({ path: join(parts.folder, "undo.db"), nowMs: Date.now, log: parts.log });
    this.#known = new KnownFiles({ path: join(parts.folder, "known-files.db"), nowMs: Date.now, log: parts.log });
    const { asPeer, catalogue, membership, network, remembered } = parts;
    const { networkId } = network;
    const shared = sharedUserKeys(membership.networkSecret);
    this.#keeper = new NamesKeeper({ indexes: this.#names, catalogue, remembered, shared, log: parts.log });
    this.#keeper.start();
    const directory = new UserDirectory({ network: networkId, shared, catalogue });
    const authentication = new Authentication({ network: networkId, catalogue, directory });
    const commandsOf = (keys: UserKeys): CommandTarget => (keys === shared ? asPeer : commandsAs(parts, keys));
    const clientOf = userClients(
      parts,
      { shared, names: this.#names, directory, journal: this.#journal, known: this.#known },
      commandsOf,
    );
    this.#parts = {
      shared: actingAsShared({ client: clientOf(shared), name: sharedUserName, keys: shared }),
      directory,
      authentication,
      administration: new Administration({
        forgetUser: (user) => this.#names.forget(user),
        catalogue,
        directory,
        authentication,
        makeInvite: (request, commands, signal) =>
          makeInvite({ networkId, addresses: parts.addresses(), commands, request, signal }),
      }),
      remembered,
      clientOf,
      commandsOf,
      jobs: this.#jobs,
      nowMs: Date.now,
      close: () => parts.stop(),
    };
  }

  /** Ends the jobs, and closes what sessions keep open. */
  async stop(): Promise<void> {
    await this.#jobs.stop();
    await this.#keeper.stop();
    this.#journal.stop();
    this.#known.stop();
    await this.#names.stop();
  }

  /** A new session, which acts for whom the data folder remembers, or for the shared user. */
  open(): SessionClient {
    return new SessionClient(this.#parts);
  }
}

/** What the clients of all users have in common. */
interface SharedByUsers {
  readonly shared: UserKeys;
  readonly names: NamesIndexes;
  readonly directory: UserDirectory;
  readonly journal: ChangeJournal;
  readonly known: KnownFiles;
}

/** Makes clients that read and write files as one user. */
function userClients(
  parts: ClientParts,
  { shared, names, directory, journal, known }: SharedByUsers,
  commandsOf: (keys: UserKeys) => CommandTarget,
): (keys: UserKeys) => FileClient {
  const { catalogue, fingers, links, members, network, pool, self, shelves, store, version } = parts;
  const startedMs = Date.now();
  const placement = new Placement({ self, own: shelves, members, links, catalogue, random: Math.random });
  const holders = new NetworkHolders(self, fingers, members);
  const content: ContentSourceOptions = { store, links, pool, holders, cache: new ChunkCache() };
  const reportsOn = (namespace: Namespace): Reports =>
    new Reports({
      self,
      networkId: network.networkId,
      version,
      catalogue,
      members,
      links,
      fingers,
      store,
      namespace,
      content,
      startedMs,
      nowMs: Date.now,
    });
  return (user) => {
    const copies = (row: EntryRow): number => copiesNow(members, row);
    const others =
      user === shared ? undefined : othersOf({ network: network.networkId, user, shared, catalogue, copies });
    const namespace = new Namespace(user, catalogue, copies, others);
    const asUser = (): CommandSession => commandsAs(parts, user);
    const orders = commandsOf(user);
    const reports = reportsOn(namespace);
    const storage = new StorageReports({
      self,
      catalogue,
      members,
      links,
      shelves,
      store,
      peers: (signal) => reports.peers(signal),
    });
    const sessions = new CommandSessions(asUser);
    const undo = new Undo({ journal, namespace, user, shared, catalogue, commands: asUser() });
    const options: PeerClientOptions = {
      namespace,
      names: new OwnNames(names, [user, shared]),
      changes: (recorder) => new TreeChanges(namespace, recordedCommands(sessions, recorder), Date.now),
      history: (recorder) => new History({ namespace, commands: recordedCommands(sessions, recorder), members }),
      reports,
      undo,
      put: (recorder) => ({
        namespace,
        pool,
        commands: recordedCommands(asUser(), recorder),
        shelves: placement,
        known,
        trees: {
          get log() {
            const { roster } = members;
            return roster && `${roster.group}.${roster.generation}`;
          },
          changes: (owner, query, signal) => catalogue.changes(owner, query, { signal }),
          copies: (row) => copiesNow(members, row),
        },
        room: (owner, signal) => networkRoom({ catalogue, members }, owner, signal),
        usualCopies: () => usualCopies(members),
      }),
      get: { namespace, pool, content },
      storage,
      orders: new StorageOrders({ catalogue, members, commands: orders }),
      checks: new DiskChecks({ self, members, links, upkeep: parts.upkeep }),
      checkUp: new CheckUp({
        ...parts,
        ...parts.checked,
        reports,
        backup: (signal) => storage.backup(signal),
        users: (signal) => directory.all(signal),
        clocks: { nowMs: Date.now, steadyMs: () => performance.now() },
      }),
      coordinators: new CoordinatorChanges({ catalogue, members, commands: orders }),
      sharing: others && new Sharing({ user, namespace, others, catalogue, commands: asUser() }),
      begin: () =>
        beginTransaction({
          client: options,
          user,
          others,
          catalogue,
          commands: asUser(),
          undo,
          reportsOn,
          nowMs: Date.now,
        }),
    };
    return new PeerClient(options);
  };
}

/** Commits as a user. */
function commandsAs({ network, catalogue }: ClientParts, user: UserKeys): CommandSession {
  return new CommandSession(
    { network: network.networkId, author: { user: user.userId }, sign: (bytes) => user.sign(bytes) },
    (command, signal) => catalogue.propose(command, signal),
  );
}
