import { Group, Peer, electionTicks, entry, foundedStorage, member, ofType } from "./group.ts";
import { describe, expect, it } from "vitest";
import type { AppendRequest } from "../../src/raft/messages.ts";
import { raftOutboxMessagesMax } from "../../src/core/limits.ts";
import type { Entry } from "../../src/raft/types.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = (entries: readonly Entry[]): string[] =>
  entries.filter(({ kind }) => kind === "command").map(({ data }) => new TextDecoder().decode(data));

function append(prev: readonly [number, number], entries: readonly Entry[], commit: number, term = 5): AppendRequest {
  const [prevIndex, prevTerm] = prev;
  return { type: "append", from: member(2), to: member(1), term, prevIndex, prevTerm, entries, commit };
}

describe("replication", () => {
  it("RAFT-8 what a majority has stored is committed and applied by all, in order", () => {
    const group = Group.founded(3);
    group.elect(1);
    for (const text of ["a", "b", "c"]) expect(group.peer(1).raft.propose(bytes(text)).accepted).toBe(true);
    group.settle();
    for (const peer of group.peers) expect(texts(peer.applied)).toEqual(["a", "b", "c"]);
  });

  it("RAFT-8 everything proposed before a turn travels in one append", () => {
    const group = Group.founded(3);
    group.elect(1);
    for (const text of ["a", "b", "c"]) group.peer(1).raft.propose(bytes(text));
    const appends = ofType(group.peer(1).raft.ready().messages, "append");
    expect(appends.map(({ entries }) => entries.length)).toEqual([3, 3]);
  });

  it("RAFT-8 (figure 8) an entry of an older term is not committed by counting", () => {
    const storages = [
      foundedStorage([1, 2, 3], [2], 3),
      foundedStorage([1, 2, 3], [], 3),
      foundedStorage([1, 2, 3], [], 3),
    ];
    // One entry at a time: the old one reaches a majority before the no-op of the new term does.
    const group = new Group(storages.map((storage, at) => new Peer(member(at + 1), storage, { appendBytesMax: 0 })));
    const hasOldEntry = (id: number): boolean => group.peer(1).raft.progress().get(member(id))?.match === 2;
    group.isLost = ({ type, to }) => type === "append" && hasOldEntry(to);
    group.elect(1);
    expect(group.peer(1).raft.status()).toMatchObject({ role: "leader", term: 4 });
    expect(group.peer(1).raft.progress().get(member(2))?.match).toBe(2);
    expect(group.peer(1).raft.status().commit).toBe(1);
    group.isLost = () => false;
    group.pass(2);
    expect(group.peer(1).raft.status().commit).toBe(3);
  });

  it("RAFT-25 a leader's appends may leave before its disk has them, and nothing that others count on", () => {
    const group = Group.founded(3);
    const [leader, follower] = [group.peer(1), group.peer(2)];
    leader.raft.campaign();
    group.settle();
    leader.raft.propose(bytes("a"));
    const sent = leader.raft.ready();
    expect(sent.mustStoreFirst).toBe(false);
    const [toFollower] = ofType(sent.messages, "append");
    follower.raft.step(toFollower as AppendRequest);
    const answer = follower.raft.ready();
    expect(answer).toMatchObject({ mustStoreFirst: true, entries: [{ index: 3 }] });
    follower.store(answer);
    follower.finish(answer);
    for (const message of answer.messages) leader.raft.step(message);
    // One of three has it: the leader's disk does not yet.
    expect(leader.raft.status().commit).toBe(2);
    leader.store(sent);
    leader.finish(sent);
    expect(leader.raft.status().commit).toBe(3);
  });

  it("RAFT-25 a vote, and the first entry of a term with it, waits for the disk", () => {
    const [one, two] = Group.founded(3).peers as [Peer, Peer, Peer];
    one.raft.campaign();
    const asked = one.raft.ready();
    one.finish(asked);
    for (const message of asked.messages) two.raft.step(message);
    for (const message of two.drain()) one.raft.step(message);
    const request = one.raft.ready();
    expect(request).toMatchObject({ hardState: { term: 2 }, mustStoreFirst: true });
    one.store(request);
    one.finish(request);
    for (const message of request.messages) two.raft.step(message);
    expect(two.raft.ready()).toMatchObject({ hardState: { term: 2, vote: 1 }, mustStoreFirst: true });
  });

  it("RAFT-9 a leader's own entries count only once they are on its disk, in a group of one too", () => {
    const peer = new Peer(member(1), foundedStorage([1]));
    peer.tick(electionTicks);
    peer.drain();
    peer.raft.propose(bytes("a"));
    const ready = peer.raft.ready();
    expect(texts(ready.entries)).toEqual(["a"]);
    expect(texts(ready.committed)).toEqual([]);
    expect(peer.raft.status().commit).toBe(2);
    peer.store(ready);
    peer.finish(ready);
    expect(peer.raft.status().commit).toBe(3);
    peer.drain();
    expect(texts(peer.applied)).toEqual(["a"]);
  });

  it("RAFT-10 only what conflicts is truncated: an old append takes nothing away", () => {
    const follower = new Peer(member(1), foundedStorage([1, 2, 3], [2, 2, 2, 2], 5));
    follower.raft.step(append([1, 1], [entry(2, 2), entry(3, 2)], 1));
    expect(follower.raft.status()).toMatchObject({ lastIndex: 5, lastTerm: 2 });
    follower.raft.step(append([3, 2], [entry(4, 5)], 1));
    expect(follower.raft.status()).toMatchObject({ lastIndex: 4, lastTerm: 5 });
  });

  it("RAFT-10 a conflict at a committed entry stops the member", () => {
    const follower = new Peer(member(1), foundedStorage([1, 2, 3], [2, 2, 2], 5));
    follower.raft.step(append([4, 2], [], 3));
    expect(() => follower.raft.step(append([3, 2], [entry(3, 5)], 3))).toThrow(
      expect.objectContaining({ kind: "internal" }),
    );
  });

  it("RAFT-11 a follower commits no further than the last entry that the leader has confirmed", () => {
    const follower = new Peer(member(1), foundedStorage([1, 2, 3], [2, 2, 2, 2], 5));
    follower.raft.step(append([1, 1], [entry(2, 2)], 5));
    expect(follower.raft.status().commit).toBe(2);
  });

  it("RAFT-11 a heartbeat carries no commit index beyond what the member is known to have", () => {
    const group = Group.founded(3);
    group.elect(1);
    group.isLost = ({ to, type }) => to === 3 && type === "append";
    group.peer(1).raft.propose(bytes("a"));
    group.settle();
    group.peer(1).tick(1);
    const beats = ofType(group.peer(1).drain(), "heartbeat");
    expect(beats.map(({ to, commit }) => [to, commit])).toEqual([
      [2, 3],
      [3, 2],
    ]);
  });

  it("RAFT-20 a diverged follower is found again with no more probes than there are terms", () => {
    const terms = (count: number, term: number): number[] => Array.from({ length: count }, () => term);
    const leading = new Peer(member(1), foundedStorage([1, 2], [...terms(50, 2), ...terms(50, 4)]));
    const lagging = new Peer(member(2), foundedStorage([1, 2], [...terms(20, 2), ...terms(60, 3)], 4));
    const group = new Group([leading, lagging]);
    group.elect(1);
    const rejections = group.transcript.filter((line) => line.includes(": no, ask at"));
    expect(rejections).toHaveLength(2);
    expect(lagging.raft.status()).toMatchObject({ lastIndex: 102, commit: 102 });
  });

  it("RAFT-20 no more appends are in flight than the window allows, and a lost one is sent again", () => {
    const group = Group.founded(2, { appendsInFlightMax: 2, appendBytesMax: 1 });
    group.elect(1);
    group.isLost = ({ type }) => type === "append";
    for (const text of ["a", "b", "c", "d"]) group.peer(1).raft.propose(bytes(text));
    expect(ofType(group.peer(1).drain(), "append")).toHaveLength(2);
    group.isLost = () => false;
    group.pass(4);
    expect(texts(group.peer(2).applied)).toEqual(["a", "b", "c", "d"]);
  });

  it("RAFT-24 a leader refuses more than it may hold uncommitted, and takes it when there is room", () => {
    const group = Group.founded(3, { uncommittedBytesMax: 10 });
    group.elect(1);
    const leader = group.peer(1).raft;
    expect(leader.propose(new Uint8Array(8)).accepted).toBe(true);
    expect(leader.propose(new Uint8Array(8))).toMatchObject({
      accepted: false,
      reason: "too-much-uncommitted",
      leader: 1,
    });
    expect(leader.status().lastIndex).toBe(3);
    group.settle();
    expect(leader.propose(new Uint8Array(8)).accepted).toBe(true);
  });

  it("RAFT-24 a follower refuses a proposal and names the leader", () => {
    const group = Group.founded(3);
    group.elect(1);
    expect(group.peer(2).raft.propose(bytes("a"))).toEqual({ accepted: false, reason: "not-leader", leader: 1 });
  });

  it("RAFT-20 messages that wait for a disk which does nothing are bounded, and the group recovers from their loss", () => {
    const group = Group.founded(3);
    group.elect(1);
    const leader = group.peer(1);
    leader.raft.propose(bytes("a"));
    const stuck = leader.raft.ready();
    for (let count = 0; count < 5000; count++)
      leader.raft.step({ type: "read-request", from: member(2), to: member(1), term: 2, readId: count });
    for (let count = 0; count < 5000; count++)
      leader.raft.step({
        type: "vote",
        from: member(2),
        to: member(1),
        term: 1,
        lastIndex: 1,
        lastTerm: 1,
        isTransfer: false,
      });
    leader.store(stuck);
    leader.finish(stuck);
    expect(leader.raft.ready().messages).toHaveLength(raftOutboxMessagesMax);
    leader.raft.advance();
    group.pass(3);
    for (const peer of group.peers) expect(texts(peer.applied)).toEqual(["a"]);
  });

  it("RAFT-20 committed entries are handed out in portions", () => {
    const group = Group.founded(1, { applyBytesMax: 2 });
    group.elect(1);
    const peer = group.peer(1);
    for (const text of ["a", "b", "c", "d", "e"]) peer.raft.propose(bytes(text));
    peer.turn();
    expect(peer.raft.ready().committed).toHaveLength(2);
  });
});
