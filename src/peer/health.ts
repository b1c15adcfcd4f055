/** The state of a network in words: its peers, its coordinators, and what to do about them. */
import type { GroupStatus, NetworkStatus, PeerInfo, SafetyStatus } from "../core/client.ts";
import type { PeerId, PeerName } from "../core/ids.ts";
import { isThere } from "./safety.ts";
import type { GroupReport } from "./coordination/catalogue-access.ts";

/** A group of which nobody answers. */
export const unknownGroup: GroupStatus = {
  hasQuorum: false,
  term: 0,
  commitIndex: 0,
  appliedIndex: 0,
  members: [],
  ageMs: 0,
};

/** A coordinator's report with names; `name` gives a peer's. */
export function groupStatus(report: GroupReport, name: (peer: PeerId) => PeerName): GroupStatus {
  const { hasQuorum, term, leader, commitIndex, appliedIndex, ageMs, lastIndex } = report;
  return {
    hasQuorum,
    term,
    ...(leader === null ? {} : { leader: name(leader) }),
    commitIndex,
    appliedIndex,
    ageMs,
    members: report.members.map(({ peer, isVoter, isLeader, isActive, matchIndex }) => ({
      name: name(peer),
      role: isVoter ? "voter" : "learner",
      isLeader,
      isActive,
      ...(matchIndex === null || !report.isLeader
        ? {}
        : { matchIndex, lagEntries: Math.max(0, lastIndex - matchIndex) }),
    })),
  };
}

/** What one word on a network is judged by. */
export interface HealthInput {
  readonly group: GroupStatus;
  readonly peers: readonly PeerInfo[];
  readonly safety: SafetyStatus;
  /** Peers that store files and are to stay. */
  readonly stores: readonly PeerInfo[];
  /** Disks that a put needs, as far as there are peers that store files. */
  readonly minCopies: number;
  /** Chunks that are damaged or lost on this peer's disk and not mended yet. */
  readonly missingHere: number;
}

type Health = Pick<NetworkStatus, "health" | "reason" | "advice">;

/** One word, the reason, and the command that helps; what weighs most comes first. */
export function health(input: HealthInput): Health {
  const { group, missingHere, peers, safety } = input;
  if (!group.hasQuorum) return withoutQuorum(group);
  const trouble = withoutDisks(input) ?? unreadable(safety) ?? halted(safety) ?? tooFewCopies(input) ?? notUp(peers);
  if (trouble !== undefined) return trouble;
  if (missingHere > 0)
    return {
      health: "degraded",
      reason: `${missingHere} chunks on this peer's disk are damaged or lost, and are fetched again from others`,
      advice: "fsck",
    };
  const machines = peers.length === 1 ? "this peer is up" : `all ${peers.length} peers are up`;
  const disks = safety.fewestCopies === 1 ? "each file is on one disk" : `each file is on ${safety.fewestCopies} disks`;
  return { health: "healthy", reason: `${machines}; ${disks}` };
}

/** Whether a put can find as many disks as it needs. */
function withoutDisks({ minCopies, stores }: HealthInput): Health | undefined {
  if (stores.length === 0)
    return {
      health: "unavailable",
      reason: "no peer offers storage",
      advice: "start dfs-peer with a --capacity above 0",
    };
  const there = stores.filter(({ state }) => isThere(state)).length;
  const needed = Math.min(minCopies, stores.length);
  if (there >= needed) return undefined;
  const away = stores.filter(({ state }) => !isThere(state)).map(({ name }) => name);
  return {
    health: "unavailable",
    reason: `a put needs ${needed} disks, and ${there} answer${there === 1 ? "s" : ""}; not up: ${away.join(", ")}`,
    advice: `start dfs-peer there, or put --copies ${Math.max(1, there)}, or policy min-copies ${Math.max(1, there)}`,
  };
}

function unreadable({ unreadableRevisions }: SafetyStatus): Health | undefined {
  if (unreadableRevisions === 0) return undefined;
  return {
    health: "degraded",
    reason: `${unreadableRevisions} revisions are complete on no disk that answers`,
    advice: "backup (says which peers have them: start them)",
  };
}

function halted({ halted: missing }: SafetyStatus): Health | undefined {
  if (missing === undefined) return undefined;
  return {
    health: "degraded",
    reason: `${missing.join(", ")} vanished at once, which is too many to copy everything anew by itself`,
    advice: `start them; or, if one is gone for good, peer remove --force`,
  };
}

function tooFewCopies({ safety, peers }: HealthInput): Health | undefined {
  const { belowRevisions, fewestCopies } = safety;
  if (belowRevisions === 0) return undefined;
  const away = peers.filter(({ state }) => !isThere(state)).map(({ name, state }) => `${name} is ${state}`);
  const because = away.length === 0 ? "they are copied now" : away.join(", ");
  const disks = fewestCopies === 1 ? "one disk" : `${fewestCopies} disks`;
  return {
    health: "degraded",
    reason: `${belowRevisions} revisions are on fewer disks than they should be, some on ${disks}: ${because}`,
    advice: "backup",
  };
}

function notUp(peers: readonly PeerInfo[]): Health | undefined {
  const missing = peers.filter((peer) => peer.state !== "up");
  if (missing.length === 0) return undefined;
  const names = missing.map((peer) => `${peer.name} (${peer.state})`).join(", ");
  return { health: "degraded", reason: `not up: ${names}; every file can be read all the same`, advice: "peers" };
}

function withoutQuorum({ members }: GroupStatus): Health {
  const voters = members.filter(({ role }) => role === "voter");
  const silent = voters.filter(({ isActive }) => !isActive).map(({ name }) => name);
  const [only] = voters;
  if (voters.length === 1 && only !== undefined)
    return {
      health: "unavailable",
      reason: `${only.name}, which keeps the catalogue, does not answer`,
      advice: `start dfs-peer on ${only.name}`,
    };
  return {
    health: "unavailable",
    reason: `a majority of the ${voters.length} coordinators does not answer, so nothing can be changed`,
    advice: `start dfs-peer on ${silent.join(", ") || "them"}; what is known can be read with --stale`,
  };
}
