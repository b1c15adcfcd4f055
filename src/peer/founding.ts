/** Founding a network: the keys of a first peer, and the first command of an empty catalogue. */
import { DfsError } from "../core/errors.ts";
import { type PeerId, type PeerName, type ShelfId, sharedUserName } from "../core/ids.ts";
import { type NetworkKeys, deriveNetwork, generateNetworkSecret } from "../identity/network-keys.ts";
import { encodePeerKey, generatePeerKey } from "../identity/peer-identity.ts";
import { sharedUserKeys } from "../identity/user-keys.ts";
import { signUserProof } from "../identity/user-proof.ts";
import type { CommandSession } from "./command-session.ts";
import type { Membership } from "./peer-config.ts";
import { randomId } from "./random-ids.ts";

/** How a peer presents itself. */
export interface PeerSetup {
  readonly name: PeerName;
  readonly zone: string;
  /** Bytes to offer; null for all that the disk has, 0 for a peer that stores nothing. */
  readonly capacityBytes: number | null;
  /** Whether it may become a coordinator as soon as one is needed; null for one that has only run in a shell, which comes and goes. */
  readonly coordinate: "auto" | "never" | null;
}

/** The membership of a first peer. */
export async function newNetwork({ name, zone, capacityBytes, coordinate }: PeerSetup): Promise<Membership> {
  const key = await generatePeerKey();
  const networkSecret = generateNetworkSecret();
  return {
    identity: encodePeerKey(key),
    networkSecret,
    config: {
      networkId: deriveNetwork(networkSecret).networkId,
      name,
      zone,
      capacityBytes,
      shelf: newShelf(capacityBytes),
      coordinate,
    },
  };
}

/** A shelf for a peer that offers storage. */
export function newShelf(capacityBytes: number | null): ShelfId | null {
  return capacityBytes === 0 ? null : randomId<ShelfId>();
}

/** Writes the network, its shared user and its first peer into an empty catalogue. */
export async function found(
  commands: CommandSession,
  self: PeerId,
  network: NetworkKeys,
  { config, networkSecret }: Membership,
): Promise<void> {
  const user = sharedUserKeys(networkSecret);
  if (config.networkId !== network.networkId)
    throw new DfsError("integrity", "network.key is not the key of the network that config.json names");
  const { name, zone, shelf, capacityBytes, coordinate } = config;
  await commands.execute([
    {
      op: "initNetwork",
      network: network.networkId,
      networkPublicKey: network.publicKey,
      sharedUser: {
        id: user.userId,
        publicKey: user.publicKey,
        boxPublicKey: user.boxPublicKey,
        proof: signUserProof(user, network.networkId, sharedUserName),
        rootDirectory: user.rootDirectory,
      },
      founder: {
        id: self,
        name,
        addresses: [],
        zone,
        capacityBytes: capacityBytes ?? 0,
        shelf,
        store: null, // made when the peer starts, and then told
        mayCoordinate: coordinate === "auto",
      },
    },
  ]);
}
