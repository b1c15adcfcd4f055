import { Group, Peer, electionTicks, foundedStorage, member, ofType } from "./group.ts";
import { describe, expect, it } from "vitest";
import type { VoteRequest } from "../../src/raft/messages.ts";

function request(
  type: VoteRequest["type"],
  from: number,
  to: number,
  term: number,
  last: readonly [number, number],
): VoteRequest {
  const [lastIndex, lastTerm] = last;
  return { type, from: member(from), to: member(to), term, lastIndex, lastTerm, isTransfer: false };
}

describe("elections", () => {
  it("RAFT-6 three members elect a leader, which confirms itself with a no-op", () => {
    const group = Group.founded(3);
    group.elect(1);
    expect(group.transcript).toEqual([
      "1 -> 2 pre-vote, term 2: log ends at 1@1",
      "1 -> 3 pre-vote, term 2: log ends at 1@1",
      "2 -> 1 pre-vote-response, term 2: granted",
      "3 -> 1 pre-vote-response, term 2: granted",
      "1 -> 2 vote, term 2: log ends at 1@1",
      "1 -> 3 vote, term 2: log ends at 1@1",
      "2 -> 1 vote-response, term 2: granted",
      "3 -> 1 vote-response, term 2: granted",
      "1 -> 2 append, term 2: [2@2] behind 1@1, commit 1",
      "1 -> 3 append, term 2: [2@2] behind 1@1, commit 1",
      "2 -> 1 append-response, term 2: have 2",
      "3 -> 1 append-response, term 2: have 2",
      "1 -> 2 append, term 2: [] behind 2@2, commit 2",
      "1 -> 3 append, term 2: [] behind 2@2, commit 2",
      "2 -> 1 append-response, term 2: have 2",
      "3 -> 1 append-response, term 2: have 2",
    ]);
    expect(group.peers.map((peer) => peer.applied.map((one) => one.kind))).toEqual([["no-op"], ["no-op"], ["no-op"]]);
  });

  it("RAFT-6 a member votes once in a term, and its vote survives a restart", () => {
    const storage = foundedStorage([1, 2, 3]);
    const voter = new Peer(member(1), storage);
    voter.raft.step(request("vote", 2, 1, 5, [1, 1]));
    expect(ofType(voter.drain(), "vote-response")).toMatchObject([{ to: 2, granted: true }]);
    const restarted = new Peer(member(1), storage);
    restarted.raft.step(request("vote", 3, 1, 5, [9, 4]));
    restarted.raft.step(request("vote", 2, 1, 5, [1, 1]));
    expect(ofType(restarted.drain(), "vote-response")).toMatchObject([
      { to: 3, granted: false },
      { to: 2, granted: true },
    ]);
  });

  it("RAFT-6 a vote leaves only with the hard state that keeps it", () => {
    const voter = new Peer(member(1), foundedStorage([1, 2, 3]));
    voter.raft.step(request("vote", 2, 1, 5, [1, 1]));
    const ready = voter.raft.ready();
    expect(ready.hardState).toEqual({ term: 5, vote: 2, commit: 1 });
    expect(ready.messages).toMatchObject([{ type: "vote-response", granted: true }]);
  });

  it("RAFT-9 a candidate counts its own vote only when it is on the disk", () => {
    const peer = new Peer(member(1), foundedStorage([1]));
    peer.tick(electionTicks);
    const ready = peer.raft.ready();
    expect(ready.hardState).toMatchObject({ term: 2, vote: 1 });
    expect(peer.raft.status().role).toBe("candidate");
    peer.store(ready);
    peer.finish(ready);
    expect(peer.raft.status().role).toBe("leader");
  });

  it.each([
    { name: "a higher last term wins, however short the log", last: [2, 4], granted: true },
    { name: "the same last entry wins", last: [4, 3], granted: true },
    { name: "a longer log of the same last term wins", last: [5, 3], granted: true },
    { name: "a shorter log of the same last term loses", last: [3, 3], granted: false },
    { name: "a lower last term loses, however long the log", last: [99, 2], granted: false },
  ] as const)("RAFT-7 (5.4.1) $name", ({ last, granted }) => {
    for (const type of ["pre-vote", "vote"] as const) {
      const voter = new Peer(member(1), foundedStorage([1, 2, 3], [2, 3, 3]));
      voter.raft.step(request(type, 2, 1, 9, last));
      expect(ofType(voter.drain(), `${type}-response`)).toMatchObject([{ granted }]);
    }
  });

  it("RAFT-12 a pre-vote changes neither term nor vote, on either side", () => {
    const group = Group.founded(3);
    const [asking, asked] = [group.peer(1), group.peer(2)];
    asking.tick(electionTicks);
    for (const message of asking.drain()) asked.raft.step(message);
    expect(asked.drain()).toMatchObject([{ type: "pre-vote-response", term: 2, granted: true }]);
    expect([asking, asked].map(({ raft }) => [raft.status().term, raft.status().vote])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it("RAFT-12 a refusal carries the higher term, and the candidate joins it", () => {
    const ahead = new Peer(member(1), foundedStorage([1, 2, 3], [], 7));
    const behind = new Peer(member(2), foundedStorage([1, 2, 3], [2, 2], 2));
    behind.tick(electionTicks);
    for (const message of behind.drain()) ahead.raft.step(message);
    for (const message of ahead.drain()) behind.raft.step(message);
    expect(behind.raft.status()).toMatchObject({ term: 7, role: "follower" });
  });

  it("RAFT-13 nobody is elected while the leader is fresh", () => {
    const group = Group.founded(3);
    group.elect(1);
    for (const type of ["pre-vote", "vote"] as const) group.peer(2).raft.step(request(type, 3, 2, 9, [9, 9]));
    expect(group.peer(2).drain()).toEqual([]);
    expect(group.peer(2).raft.status()).toMatchObject({ term: 2, leader: 1 });
  });

  it("RAFT-13 a member with a higher term answers the old leader, and so comes back", () => {
    const group = Group.founded(3);
    group.elect(1);
    const stuck = new Peer(member(3), foundedStorage([1, 2, 3], [], 9));
    group.peers[2] = stuck;
    group.pass(3 * electionTicks);
    const status = stuck.raft.status();
    expect(status.term).toBeGreaterThanOrEqual(9);
    expect(status.leader).not.toBe(0);
    expect(status.commit).toBe(group.peer(1).raft.status().commit);
  });

  it("RAFT-14 a leader that hears of no majority steps down within two election timeouts", () => {
    const group = Group.founded(3);
    group.elect(1);
    const leader = group.peer(1);
    leader.tick(2 * electionTicks);
    expect(leader.raft.status()).toMatchObject({ role: "follower", term: 2 });
    expect(leader.raft.propose(new Uint8Array(1))).toEqual({ accepted: false, reason: "not-leader", leader: 0 });
  });

  it("RAFT-14 a leader that hears of a majority stays", () => {
    const group = Group.founded(3);
    group.elect(1);
    group.isLost = ({ from, to }) => from === 3 || to === 3;
    group.pass(5 * electionTicks);
    expect(group.peer(1).raft.status()).toMatchObject({ role: "leader", term: 2 });
  });

  it("RAFT-22 a member whose log is of a newer term than its hard state joins that term", () => {
    const peer = new Peer(member(1), foundedStorage([1, 2, 3], [4], 2));
    expect(peer.raft.status()).toMatchObject({ term: 4, vote: 0 });
  });

  it("RAFT-22 a member whose disk has lost what was committed does not start", () => {
    const storage = foundedStorage([1, 2, 3], [2]);
    storage.setHardState({ term: 2, vote: member(2), commit: 7 });
    expect(() => new Peer(member(1), storage)).toThrow(expect.objectContaining({ kind: "integrity" }));
  });
});
