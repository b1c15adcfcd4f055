/** A peer with its data folder held and its control socket open: what a daemon is, and what a shell starts when none runs. */
import { join } from "node:path";
import { hostname } from "node:os";
import { setFlagsFromString } from "node:v8";
import { DfsError } from "../core/errors.ts";
import { type PeerName, parsePeerName } from "../core/ids.ts";
import { heapGrowthPercent } from "../core/limits.ts";
import { decodeInvite } from "../identity/invite.ts";
import { decodePeerKey, encodePeerKey, generatePeerKey, peerIdOf } from "../identity/peer-identity.ts";
import { writeFileAtomic } from "../store/atomic-file.ts";
import { type DataFolder, openDataFolder } from "../store/data-folder.ts";
import type { ControlSession } from "./control/control-connection.ts";
import { ControlServer } from "./control/control-server.ts";
import { controlAddress } from "./data-folder-paths.ts";
import { foundSeat } from "./coordination/seat-files.ts";
import { type PeerSetup, newNetwork, newShelf } from "./founding.ts";
import { requestJoin } from "./join.ts";
import type { Log } from "./log.ts";
import { memberListBytes } from "./members.ts";
import { Peer, memberListFile } from "./peer.ts";
import { type Membership, type PeerConfig, loadMembership, saveMembership } from "./peer-config.ts";
import type { PeerSettings } from "./peer-settings.ts";
import { holdYoungGeneration } from "./young-generation.ts";

/** What the user asked for of a peer's setup. */
type SetupChanges = { readonly [Name in keyof PeerSetup]?: PeerSetup[Name] | undefined };

export interface RunningPeerOptions {
  readonly folder: string;
  /** How the peer presents itself; what is left out keeps its value, or gets the usual one. */
  readonly setup: SetupChanges;
  readonly listen?: string | undefined;
  /** Joins the network of this invite, when the folder belongs to none yet. */
  readonly invite?: string | undefined;
  /** Takes, with the invite, the place of a member whose disk is lost: of this one, or with null of the only one that is down. */
  readonly restore?: { readonly as: PeerName | null } | undefined;
  /** Whether this is the peer of a program that stays, which offers itself as a coordinator unless it was told otherwise. */
  readonly isDaemon: boolean;
  readonly settings: PeerSettings;
  /** The peer cannot go on; the process must end. */
  readonly onFault: (fault: DfsError) => void;
  readonly log: Log;
  /** Name and version of the program, for whoever finds the folder held. */
  readonly program: string;
  readonly version: string;
}

/**
 * Starts the peer of a data folder: the member that it is, a new one by the invite, or the founder of a new network.
 * Stopping the peer closes its control socket and lets go of the folder. Fails with `locked`, `version`, `integrity`,
 * `bad-invite`, `address-in-use`, `exists` (an invite to another network).
 */
export async function startRunningPeer(options: RunningPeerOptions): Promise<Peer> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowthPercent}`);
  holdYoungGeneration();
  const data = await openDataFolder(options.folder, { program: options.program });
  const peer = await preparePeer(data, options);
  await peer.start();
  const control = new ControlServer(() => sessionOf(peer), controlAddress(data.path));
  peer.alsoStop(() => control.stop());
  try {
    await control.start();
  } catch (error) {
    await peer.stop();
    throw error;
  }
  return peer;
}

function sessionOf(peer: Peer): ControlSession {
  const client = peer.openSession();
  return { client, end: () => client.end() };
}

async function preparePeer(data: DataFolder, options: RunningPeerOptions): Promise<Peer> {
  try {
    const membership = await ensureMembership(data.path, options);
    const { settings, listen, log, version, onFault } = options;
    const peer = new Peer({ folder: data.path, membership, listen, settings, log, version, onFault });
    peer.alsoStop(() => data.release());
    return peer;
  } catch (error) {
    await data.release();
    throw error;
  }
}

/** Makes the data folder's peer a member by an invite, without starting it. Fails with `exists` when it is one already. */
export async function joinOnly(
  options: Omit<RunningPeerOptions, "invite"> & { readonly invite: string },
): Promise<Membership> {
  const data = await openDataFolder(options.folder, { program: options.program });
  try {
    const existing = await loadMembership(data.path);
    if (existing !== undefined) throw alreadyMember(data.path, existing);
    return await ensureMembership(data.path, options);
  } finally {
    await data.release();
  }
}

async function ensureMembership(folder: string, options: RunningPeerOptions): Promise<Membership> {
  const existing = await loadMembership(folder);
  if (existing !== undefined) {
    const isOther =
      options.invite !== undefined && decodeInvite(options.invite).networkId !== existing.config.networkId;
    if (isOther) throw alreadyMember(folder, existing);
    if (options.restore !== undefined)
      throw new DfsError(
        "exists",
        `this is the data folder of ${existing.config.name} already; --restore needs an empty one`,
        {
          path: folder,
        },
      );
    return withChanges(folder, existing, options);
  }
  const setup = { ...usualSetup(options.isDaemon), ...defined(options.setup) };
  const membership =
    options.invite === undefined
      ? await foundNetwork(folder, setup)
      : await joinByInvite(folder, options.invite, setup, options);
  await saveMembership(folder, membership);
  return membership;
}

/** A first peer is its network's coordinator, whatever it is later. */
async function foundNetwork(folder: string, setup: PeerSetup): Promise<Membership> {
  const membership = await newNetwork({ ...setup, coordinate: setup.coordinate ?? "auto" });
  await foundSeat(folder, peerIdOf(decodePeerKey(membership.identity)), Date.now());
  return membership;
}

function usualSetup(isDaemon: boolean): PeerSetup {
  return { name: defaultName(), zone: "", capacityBytes: null, coordinate: isDaemon ? "auto" : null };
}

async function joinByInvite(
  folder: string,
  text: string,
  setup: PeerSetup,
  { restore, log }: Pick<RunningPeerOptions, "restore" | "log">,
): Promise<Membership> {
  const invite = decodeInvite(text);
  const identity = encodePeerKey(await generatePeerKey());
  const { name, zone, capacityBytes, coordinate } = setup;
  const request = {
    name,
    zone,
    capacityBytes: capacityBytes ?? 0,
    shelf: newShelf(setup.capacityBytes),
    mayCoordinate: coordinate === "auto",
    restore,
  };
  const answer = await requestJoin(invite, identity, request, {
    nowMs: Date.now(),
    onRetry: ({ message }) => log.error(`not joined yet, trying again: ${message}`),
  });
  const { version, peers, shelves, policy, roster } = answer;
  await writeFileAtomic(join(folder, memberListFile), memberListBytes({ version, peers, shelves, policy, roster }));
  return {
    identity,
    networkSecret: answer.networkSecret,
    config: {
      networkId: invite.networkId,
      name: answer.name,
      zone,
      ...(answer.role === "client" ? asClient : { capacityBytes, shelf: answer.shelf, coordinate }),
    },
  };
}

/** What a machine that joined as a client offers. */
const asClient = { role: "client", capacityBytes: 0, shelf: null, coordinate: "never" } as const;

/** Refuses what a client cannot become by itself. */
function requireWithinRole(
  folder: string,
  { role }: PeerConfig,
  { capacityBytes, coordinate }: Partial<PeerSetup>,
): void {
  const isMore = (capacityBytes !== undefined && capacityBytes !== 0) || coordinate === "auto";
  if (role !== "client" || !isMore) return;
  throw new DfsError(
    "permission",
    "this machine joined as a client: to keep files or to coordinate, let it join anew, with another --data and an invite for storage (invite --role storage)",
    { path: folder },
  );
}

/** A zone or capacity given anew replaces the one of earlier; a peer that starts to offer storage gets a shelf. */
async function withChanges(
  folder: string,
  membership: Membership,
  { isDaemon, setup }: Pick<RunningPeerOptions, "isDaemon" | "setup">,
): Promise<Membership> {
  const { name: _, ...given } = defined(setup);
  requireWithinRole(folder, membership.config, given);
  const offers = isDaemon && membership.config.coordinate === null;
  const changes = offers ? { coordinate: "auto" as const, ...given } : given;
  if (Object.keys(changes).length === 0) return membership;
  const config = { ...membership.config, ...changes };
  const changed = { ...membership, config: { ...config, shelf: config.shelf ?? newShelf(config.capacityBytes) } };
  await saveMembership(folder, changed);
  return changed;
}

function defined(setup: SetupChanges): Partial<PeerSetup> {
  return Object.fromEntries(Object.entries(setup).filter(([, value]) => value !== undefined));
}

function alreadyMember(folder: string, { config }: Membership): DfsError {
  return new DfsError(
    "exists",
    `this machine is ${config.name} of network ${config.networkId.slice(0, 16)} already; to join another network, use another --data`,
    { path: folder },
  );
}

/** The machine's name, as far as it can be a peer's. */
function defaultName(): PeerName {
  const name = (hostname().split(".")[0] ?? "")
    .replace(/[^A-Za-z0-9._-]/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 63);
  return parsePeerName(name === "" ? "peer" : name);
}
