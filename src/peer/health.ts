/** The state of a network in words: its peers, its coordinators, and what to do about them. */
import type { GroupStatus, NetworkStatus, PeerInfo, PeerState } from "../core/client.ts";
import type { PeerId, PeerName } from "../core/ids.ts";
import { downAfterMs, suspectAfterMs } from "../core/limits.ts";
import type { GroupReport } from "./coordination/catalogue-access.ts";

/** How a peer stands that was last heard of so long ago. */
export function stateOf(ageMs: number): PeerState {
  if (ageMs >= downAfterMs) return "down";
  return ageMs >= suspectAfterMs ? "suspect" : "up";
}

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

/** One word, the reason, and the command that helps. */
export function health(
  group: GroupStatus,
  peers: readonly PeerInfo[],
): Pick<NetworkStatus, "health" | "reason" | "advice"> {
  if (!group.hasQuorum) return withoutQuorum(group);
  const missing = peers.filter((peer) => peer.state !== "up");
  if (missing.length > 0) {
    const names = missing.map((peer) => `${peer.name} (${peer.state})`).join(", ");
    return {
      health: "degraded",
      reason: `not up: ${names}; files on ${missing.length === 1 ? "it" : "them"} cannot be read meanwhile`,
      advice: "start dfs-peer there; see peers",
    };
  }
  const storage = peers.filter((peer) => peer.capacityBytes > 0).length;
  if (storage === 0)
    return {
      health: "unavailable",
      reason: "no peer offers storage",
      advice: "start dfs-peer with a --capacity above 0",
    };
  const machines = peers.length === 1 ? "this peer is up" : `all ${peers.length} peers are up`;
  return { health: "healthy", reason: `${machines}; each file is on one disk` };
}

function withoutQuorum({ members }: GroupStatus): Pick<NetworkStatus, "health" | "reason" | "advice"> {
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
