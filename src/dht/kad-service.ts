import { kadDHT, passthroughMapper } from "@libp2p/kad-dht";
import type { KadDHT, KadDHTComponents, KadDHTInit } from "@libp2p/kad-dht";
import { DfsError } from "../core/errors.ts";
import type { NetworkId } from "../core/ids.ts";
import { fingersPerBucketMax, kadStreamsMax } from "../core/limits.ts";

type Datastore = KadDHTComponents["datastore"];

const networkIdCharacters = 16;

/** The protocol under which the peers of one network speak Kademlia: peers of other networks do not even share its name. */
export function kadProtocol(networkId: NetworkId): string {
  return `/dfs-shell/${networkId.slice(0, networkIdCharacters)}/kad/1.0.0`;
}

/** The options of kad-dht, each with the reason why its default does not serve a private network. */
export function kadOptions(networkId: NetworkId): KadDHTInit {
  return {
    protocol: kadProtocol(networkId),
    // By default a peer without a public address only asks and never answers.
    clientMode: false,
    // By default private addresses are dropped, and the table stays empty on a local network.
    peerInfoMapper: passthroughMapper,
    kBucketSize: fingersPerBucketMax,
    // Ten peers know each other after 1.4 s; with the default second they take several.
    initialQuerySelfInterval: 200,
    // By default two frozen peers stretch a query to 37 s.
    networkDialTimeout: { minTimeout: 500, maxTimeout: 2_000 },
    // By default up to a minute; but whom a busy machine answers too late is not taken in, so not as short as above.
    pingNewContactTimeout: { minTimeout: 2_000, maxTimeout: 5_000 },
    pingOldContactTimeout: { minTimeout: 2_000, maxTimeout: 5_000 },
    // By default the 33rd stream is opened and then reset.
    maxInboundStreams: kadStreamsMax,
    maxOutboundStreams: kadStreamsMax,
    // Values and providers are not used: see closedDatastore.
    validators: {},
    selectors: {},
    // A query without peers would wait for some; every query here has a signal instead.
    allowQueryWithZeroPeers: false,
  };
}

function refuse(): never {
  throw new DfsError("permission", "this network keeps no stock Kademlia records; announce file keys instead");
}

/**
 * A datastore that is empty and stays so.
 *
 * kad-dht stores the provider and value records that any peer sends it, without a quota; ours are kept elsewhere, so
 * it gets nothing to fill. Its routing table does not use the datastore.
 */
const closedDatastore: Datastore = {
  has: () => false,
  get: () => {
    throw Object.assign(new Error("not found"), { name: "NotFoundError" });
  },
  put: refuse,
  // eslint-disable-next-line require-yield
  putMany: async function* () {
    refuse();
  },
  getMany: async function* () {},
  delete: () => {},
  deleteMany: async function* () {},
  query: async function* () {},
  queryKeys: async function* () {},
  batch: () => ({ put: refuse, delete: () => {}, commit: () => {} }),
};

/** The libp2p service that keeps this network's routing table. Needs the services `identify` and `ping` beside it. */
export function kadService(networkId: NetworkId): (components: KadDHTComponents) => KadDHT {
  return (components) =>
    kadDHT(kadOptions(networkId))({
      peerId: components.peerId,
      privateKey: components.privateKey,
      registrar: components.registrar,
      addressManager: components.addressManager,
      peerStore: components.peerStore,
      connectionManager: components.connectionManager,
      events: components.events,
      logger: components.logger,
      ping: components.ping,
      datastore: closedDatastore,
      ...(components.metrics === undefined ? {} : { metrics: components.metrics }),
    });
}
