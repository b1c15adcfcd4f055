/** DfsClient of this process's own peer, put together from the peer's parts. */
import type { ChunkingPool } from "../chunking/chunking-pool.ts";
import type { DfsClient } from "../core/client.ts";
import type { PeerId } from "../core/ids.ts";
import type { FingerTableService } from "../dht/finger-table-service.ts";
import type { NetworkKeys } from "../identity/network-keys.ts";
import { sharedUserKeys } from "../identity/user-keys.ts";
import type { ChunkStore } from "../store/chunk-store.ts";
import type { CatalogueClient } from "./coordination/catalogue-client.ts";
import { CoordinatorChanges } from "./coordination/coordinator-changes.ts";
import { CommandSession } from "./command-session.ts";
import { CommandSessions } from "./command-sessions.ts";
import type { ContentSourceOptions } from "./content-source.ts";
import { makeInvite } from "./invitations.ts";
import type { Members } from "./members.ts";
import { Namespace } from "./namespace.ts";
import { NetworkHolders } from "./network-holders.ts";
import { PeerClient, type PeerClientOptions } from "./peer-client.ts";
import type { Membership } from "./peer-config.ts";
import type { PeerLinks } from "./peer-links.ts";
import { copiesNow, usualCopies } from "./safety.ts";
import { Placement } from "./shelves/placement.ts";
import { Reports } from "./reports.ts";
import type { ShelfHost } from "./shelves/shelf-host.ts";
import type { UserPacer } from "./shelves/user-pacer.ts";
import type { Upkeep } from "./shelves/upkeep.ts";
import { DiskChecks } from "./disk-checks.ts";
import { StorageOrders } from "./storage-orders.ts";
import { StorageReports } from "./storage-reports.ts";
import { beginTransaction } from "./transaction/transaction.ts";
import { TreeChanges } from "./tree-changes.ts";

/** The parts of a running peer that its client speaks to. */
export interface ClientParts {
  readonly self: PeerId;
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
  /** Where others reach this peer now. */
  readonly addresses: () => readonly string[];
  /** Stops the peer. */
  readonly stop: () => Promise<void>;
}

/** The client of a running peer, logged in as the shared user. */
export function ownClient(parts: ClientParts): DfsClient {
  const { asPeer, catalogue, fingers, links, members, membership, network, pool, self, shelves, store, version } =
    parts;
  const { networkId } = network;
  const user = sharedUserKeys(membership.networkSecret);
  const startedMs = Date.now();
  const namespace = new Namespace(user, catalogue, (row) => copiesNow(members, row));
  const asUser = (): CommandSession =>
    new CommandSession(
      { network: networkId, author: { user: user.userId }, sign: (bytes) => user.sign(bytes) },
      (command, signal) => catalogue.propose(command, signal),
    );
  const placement = new Placement({ self, own: shelves, members, links, catalogue, random: Math.random });
  const content: ContentSourceOptions = { store, links, pool, holders: new NetworkHolders(self, fingers, members) };
  const reportsOn = (shown: Namespace): Reports =>
    new Reports({
      self,
      networkId,
      version,
      catalogue,
      members,
      links,
      fingers,
      store,
      namespace: shown,
      content,
      startedMs,
      nowMs: Date.now,
    });
  const options: PeerClientOptions = {
    namespace,
    changes: new TreeChanges(namespace, new CommandSessions(asUser), Date.now),
    reports: reportsOn(namespace),
    put: () => ({
      namespace,
      pool,
      commands: asUser(),
      shelves: placement,
      usualCopies: () => usualCopies(members),
    }),
    get: { namespace, pool, content },
    invite: (expiresInMs, signal) =>
      makeInvite({ networkId, addresses: parts.addresses(), commands: asPeer, expiresInMs, signal }),
    storage: new StorageReports({
      self,
      catalogue,
      members,
      links,
      shelves,
      store,
      peers: (signal) => reportsOn(namespace).peers(signal),
    }),
    orders: new StorageOrders({ catalogue, members, commands: asPeer }),
    checks: new DiskChecks({ self, members, links, upkeep: parts.upkeep }),
    coordinators: new CoordinatorChanges({ catalogue, members, commands: asPeer }),
    begin: () => beginTransaction({ client: options, user, catalogue, commands: asUser(), reportsOn, nowMs: Date.now }),
    close: () => parts.stop(),
  };
  return new PeerClient(options);
}
