import { describe, expect, it } from "vitest";
import type { BackupLink, GroupMember, GroupStatus, ShelfBackup } from "../../../src/core/client.ts";
import { parsePeerId, parsePeerName, parseShelfId, parseUserName } from "../../../src/core/ids.ts";
import type { PeerAnswered } from "../../../src/peer/checks/asked-peers.ts";
import type { Finding } from "../../../src/peer/checks/check.ts";
import { judgeFreeSpace, judgeProbe } from "../../../src/peer/checks/disk-probe.ts";
import {
  judgeFileSystem,
  judgeMemory,
  judgeMode,
  judgeNode,
  judgeOpenFiles,
} from "../../../src/peer/checks/machine-checks.ts";
import {
  judgeAnnounceQueue,
  judgeFingers,
  judgeLag,
  judgeLeader,
  judgeQuorum,
  judgeRoundTrip,
  judgeSkew,
  judgeVersions,
} from "../../../src/peer/checks/network-judgements.ts";
import { judgePort, judgeReachable } from "../../../src/peer/checks/port-checks.ts";
import {
  judgeCopies,
  judgeLagOfBackups,
  judgeStore,
  judgeUsers,
  judgeVerified,
} from "../../../src/peer/checks/storage-judgements.ts";

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const hour = 3_600_000;
const nowMs = 1_000 * hour;
const id = parsePeerId(`12D3KooW${"A".repeat(44)}`);
const name = parsePeerName;

function answered(
  peer: string,
  aheadMs: number,
  roundTripMs = 2,
  version = "1.0.0",
  isCoordinator = true,
): PeerAnswered {
  return { id, name: name(peer), isCoordinator, answer: { aheadMs, roundTripMs, version } };
}
const silent = (peer: string): PeerAnswered => ({ id, name: name(peer), isCoordinator: true, reason: "no connection" });

function group(hasQuorum: boolean, members: readonly Partial<GroupMember>[], leader?: string): GroupStatus {
  const member: GroupMember = { name: name("ann"), role: "voter", isLeader: false, isActive: true, lagEntries: 0 };
  return {
    hasQuorum,
    term: 3,
    leader: leader === undefined ? undefined : name(leader),
    commitIndex: 9_000,
    appliedIndex: 9_000,
    members: members.map((each) => ({ ...member, ...each })),
    ageMs: 0,
  };
}

function shelf(links: readonly Partial<BackupLink>[], more: Partial<ShelfBackup> = {}): ShelfBackup {
  const names = ["ann", "ben", "cy"];
  return {
    shelf: parseShelfId("0".repeat(32)),
    home: name("ann"),
    epoch: 1,
    wanted: 2,
    revisions: 3,
    bytes: 3,
    links: links.map((link, index) => ({
      id,
      name: name(names[index] ?? "dan"),
      state: "up",
      standing: index === 0 ? "owner" : "full",
      ...link,
    })),
    ...more,
  };
}

const user = (text: string, isAdmin: boolean) => ({ name: parseUserName(text), isAdmin });

describe("judgements of checks", () => {
  it.each<readonly [what: string, finding: Finding, outcome: Finding["outcome"], found: RegExp]>([
    ["node", judgeNode("20.19.0"), "ok", /20\.19\.0/],
    ["a newer node", judgeNode("24.1.0"), "ok", /24\.1\.0/],
    ["an old node", judgeNode("20.18.9"), "fault", /older than 20\.19/],
    ["memory", judgeMemory(GiB), "ok", /1\.0 GiB/],
    ["little memory", judgeMemory(100 * MiB), "warning", /only 100\.0 MiB/],
    ["files", judgeOpenFiles(65_536), "ok", /65536/],
    ["few files", judgeOpenFiles(1_024), "warning", /only 1024 .*needs 2048/],
    ["any files", judgeOpenFiles(Number.MAX_SAFE_INTEGER), "ok", /any number/],
    ["no limit known", judgeOpenFiles(undefined), "ok", /no limit/],
    ["a private folder", judgeMode("/d", 0o700), "ok", /private/],
    ["an open folder", judgeMode("/d", 0o750), "fault", /others .*750/],
    ["a shut folder", judgeMode("/d", 0o500), "fault", /owner may not.*500/],
    ["ext4", judgeFileSystem(0xef53), "ok", /on a disk/],
    ["NFS", judgeFileSystem(0x6969), "warning", /on NFS/],
    ["tmpfs", judgeFileSystem(0x01021994), "warning", /in memory/],
    ["room", judgeFreeSpace(5 * GiB), "ok", /5\.0 GiB free/],
    ["little room", judgeFreeSpace(500 * MiB), "warning", /only 500\.0 MiB/],
    ["no room", judgeFreeSpace(64 * MiB), "fault", /takes no more files/],
    ["a disk", judgeProbe(20), "ok", /20 ms \(200\.0 MiB\/s\)/],
    ["a slow disk", judgeProbe(4_000), "warning", /slow.*4\.0 s \(1\.0 MiB\/s\)/],
    ["chunks", judgeStore({ chunks: 3, missing: 0, quarantined: 0 }), "ok", /3 chunks/],
    ["lost chunks", judgeStore({ chunks: 3, missing: 1, quarantined: 1 }), "fault", /1 chunk of this disk is damaged/],
    [
      "mended chunks",
      judgeStore({ chunks: 3, missing: 0, quarantined: 2 }),
      "warning",
      /2 damaged pieces were set aside/,
    ],
    ["the port", judgePort(4001, undefined), "ok", /4001, as before/],
    ["a taken port", judgePort(4002, 4001), "warning", /4001 .*taken.*4002/],
    ["nobody to reach it", judgeReachable(0, []), "ok", /no other peer yet/],
    ["nobody who answers", judgeReachable(2, []), "warning", /no other peer answers/],
    ["reached", judgeReachable(2, [{ name: "ben", reason: null }]), "ok", /ben can reach/],
    [
      "reached by some",
      judgeReachable(2, [
        { name: "ben", reason: null },
        { name: "cy", reason: "refused" },
      ]),
      "warning",
      /not every .*cy \(refused\)/,
    ],
    ["not reached", judgeReachable(2, [{ name: "cy", reason: "refused" }]), "fault", /cannot reach this one: cy/],
    ["no clocks", judgeSkew([silent("ben")]), "ok", /no other coordinator's clock/],
    ["a good clock", judgeSkew([answered("ben", 1_500)]), "ok", /within 2\.0 s/],
    ["a slow answer", judgeSkew([answered("ben", 3_000, 5_000)]), "ok", /within/],
    ["a clock behind", judgeSkew([answered("ben", 5_000)]), "warning", /5\.0 s behind ben's/],
    ["a clock far ahead", judgeSkew([answered("ben", -90_000)]), "fault", /90\.0 s ahead of ben's/],
    ["a plain peer's clock", judgeSkew([answered("ben", 90_000, 2, "1", false)]), "ok", /no other coordinator's/],
    ["an answer", judgeRoundTrip([answered("ben", 0, 12)]), "ok", /ben, answers in 12 ms/],
    [
      "slow answers",
      judgeRoundTrip([answered("ben", 0, 12), answered("cy", 0, 900)]),
      "warning",
      /cy, answers in 900 ms/,
    ],
    ["a silent one", judgeRoundTrip([answered("ben", 0), silent("cy")]), "warning", /cy \(no connection\)/],
    ["silence", judgeRoundTrip([silent("cy")]), "fault", /no other coordinator answers/],
    ["a lone coordinator", judgeRoundTrip([answered("ben", 0, 2, "1", false)]), "ok", /no other peer is/],
    ["a quorum", judgeQuorum(group(true, [{}, {}, {}])), "ok", /3 of 3 coordinators/],
    ["one silent", judgeQuorum(group(true, [{}, {}, { name: name("cy"), isActive: false }])), "warning", /silent: cy/],
    [
      "no quorum",
      judgeQuorum(group(false, [{}, { isActive: false }, { isActive: false }])),
      "fault",
      /no majority of 3/,
    ],
    ["a leader", judgeLeader(group(true, [{}], "ann")), "ok", /ann leads in term 3/],
    ["no leader", judgeLeader(group(true, [{}])), "fault", /no coordinator leads/],
    ["little lag", judgeLag(group(true, [{ lagEntries: 9 }])), "ok", /entry 9000/],
    ["lag", judgeLag(group(true, [{ name: name("cy"), lagEntries: 5_000 }])), "warning", /cy lacks 5000 entries/],
    ["fingers", judgeFingers(2, 2), "ok", /2 fingers for 2 other peers/],
    ["no fingers", judgeFingers(0, 2), "warning", /no other peer is in the finger table/],
    ["a lone peer", judgeFingers(0, 0), "ok", /0 other peers/],
    ["keys to announce", judgeAnnounceQueue(7), "ok", /7 file keys/],
    ["many keys", judgeAnnounceQueue(70_000), "warning", /70000 file keys/],
    ["one version", judgeVersions("1.0.0", [answered("ben", 0)]), "ok", /this peer and 1 other run version 1\.0\.0/],
    ["two versions", judgeVersions("1.1.0", [answered("ben", 0)]), "warning", /version 1\.1\.0, but ben runs 1\.0\.0/],
    ["no files", judgeCopies([shelf([{}], { revisions: 0 })]), "ok", /no files yet/],
    ["all copies", judgeCopies([shelf([{}, {}])]), "ok", /1 shelf with files, each on all its disks/],
    ["few copies", judgeCopies([shelf([{}, { standing: "away" }])]), "warning", /ann on 1 of 2 disks/],
    ["copies on the way", judgeCopies([shelf([{}, { standing: "filling" }])]), "warning", /too few/],
    [
      "no copy",
      judgeCopies([shelf([{ standing: "away" }, { standing: "away" }])]),
      "fault",
      /files of ann are complete on no disk/,
    ],
    ["no lag", judgeLagOfBackups([shelf([{}, { lagChanges: 5, lagBytes: 10 }])]), "ok", /no backup peer lacks much/],
    [
      "many changes",
      judgeLagOfBackups([shelf([{}, { lagChanges: 5_000, lagBytes: 0 }])]),
      "warning",
      /ben lacks 5000 changes/,
    ],
    [
      "many bytes",
      judgeLagOfBackups([shelf([{}, { lagChanges: 5, lagBytes: 9 * GiB }])]),
      "warning",
      /9\.0 GiB\) of ann/,
    ],
    ["verified", judgeVerified([shelf([{}, { verifiedMs: nowMs - 1_000 }])], nowMs), "ok", /compare/],
    [
      "long not verified",
      judgeVerified([shelf([{}, { verifiedMs: nowMs - 9 * hour }])], nowMs),
      "warning",
      /ben of ann, 9 h ago/,
    ],
    ["no users", judgeUsers([user("shared", false)]), "ok", /nobody has an account/],
    ["an administrator", judgeUsers([user("ann", true), user("bob", false)]), "ok", /2 users; administrators: ann/],
    ["no administrator", judgeUsers([user("bob", false)]), "fault", /no user is an administrator/],
  ])("DOCTOR-8 %s", (_what, finding, outcome, found) => {
    expect(finding).toMatchObject({ outcome, found: expect.stringMatching(found) as string });
    expect(finding.advice === undefined, "advice where something is wrong, and only there").toBe(outcome === "ok");
  });

  it("DOCTOR-8 says on which machine the clock is to be set", () => {
    const here = judgeSkew([answered("ben", 5_000), answered("cy", 5_000)]);
    const there = judgeSkew([answered("ben", 0), answered("cy", 5_000), answered("dan", 0)]);
    expect(here.advice).toMatch(/^set the clock here/);
    expect(there.advice).toMatch(/^set the clock on cy/);
  });

  it("DOCTOR-8 waits for copies that are on the way, and sends to the others", () => {
    expect(judgeCopies([shelf([{}, { standing: "filling" }])]).advice).toMatch(/^wait/);
    expect(judgeCopies([shelf([{}, { standing: "away" }])]).advice).toMatch(/^backup/);
  });
});
