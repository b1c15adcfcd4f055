import { Group, Peer, electionTicks, entry, foundedStorage, member } from "./group.ts";
import { describe, expect, it } from "vitest";
import type { Snapshot } from "../../src/raft/types.ts";
import { foundingConfiguration } from "../../src/raft/configuration.ts";

const noData = new Uint8Array(0);

describe("handing over", () => {
  it("RAFT-18 the target leads at once, although its leader is fresh", () => {
    const group = Group.founded(3);
    group.elect(1);
    expect(group.peer(1).raft.transferLeader(member(3))).toBe(true);
    group.settle();
    expect(group.peers.map(({ raft }) => raft.status().leader)).toEqual([3, 3, 3]);
  });

  it("RAFT-18 a target that lags is brought up to date first", () => {
    const group = Group.founded(3);
    group.elect(1);
    group.isLost = ({ to }) => to === 3;
    for (let count = 0; count < 5; count++) group.peer(1).raft.propose(noData);
    group.settle();
    group.isLost = () => false;
    group.peer(1).raft.transferLeader(member(3));
    group.pass(5);
    expect(group.peer(3).raft.status()).toMatchObject({ role: "leader", lastIndex: 8 });
  });

  it("RAFT-18 meanwhile proposals are refused, and after an election timeout it is given up", () => {
    const group = Group.founded(3);
    group.elect(1);
    group.isLost = ({ from, to }) => from === 3 || to === 3;
    const { raft } = group.peer(1);
    raft.transferLeader(member(3));
    expect(raft.propose(noData)).toMatchObject({ accepted: false, reason: "transferring" });
    expect(raft.transferLeader(member(2))).toBe(false);
    group.pass(electionTicks);
    expect(raft.propose(noData).accepted).toBe(true);
  });

  it("RAFT-18 only a leader hands over, and only to another voter", () => {
    const group = Group.founded(3);
    group.elect(1);
    expect([1, 9].map((id) => group.peer(1).raft.transferLeader(member(id)))).toEqual([false, false]);
    expect(group.peer(2).raft.transferLeader(member(3))).toBe(false);
  });
});

function snapshotAt(index: number, term: number): Snapshot {
  return { index, term, configuration: foundingConfiguration([1, 2, 3, 7].map(member)), data: new Uint8Array([9]) };
}

function receive(peer: Peer, snapshot: Snapshot): void {
  peer.raft.step({ type: "snapshot", from: member(2), to: peer.id, term: 5, snapshot });
}

describe("snapshots", () => {
  it("RAFT-19 a snapshot replaces log, state and configuration, and is acknowledged once it is stored", () => {
    const peer = new Peer(member(1), foundedStorage([1, 2, 3], [2, 2, 2]));
    receive(peer, snapshotAt(9, 4));
    const ready = peer.raft.ready();
    expect(ready).toMatchObject({ snapshot: { index: 9 }, committed: [], hardState: { term: 5, commit: 9 } });
    expect(ready.messages).toMatchObject([{ type: "append-response", index: 9, rejected: false }]);
    peer.store(ready);
    peer.finish(ready);
    expect(peer.raft.status()).toMatchObject({ commit: 9, applied: 9, firstIndex: 10, lastIndex: 9, lastTerm: 4 });
    expect(peer.raft.configuration.voters).toEqual([1, 2, 3, 7]);
  });

  it("RAFT-19 one at or below the commit index is ignored", () => {
    const peer = new Peer(member(1), foundedStorage([1, 2, 3], [2, 2, 2]));
    receive(peer, snapshotAt(1, 1));
    expect(peer.drain()).toMatchObject([{ type: "append-response", index: 1 }]);
    expect(peer.raft.status()).toMatchObject({ lastIndex: 4, configuration: { voters: [1, 2, 3] } });
  });

  it("RAFT-19 one that the log matches only moves the commit index, and takes nothing away", () => {
    const peer = new Peer(member(1), foundedStorage([1, 2, 3], [2, 2, 2]));
    receive(peer, snapshotAt(3, 2));
    const ready = peer.raft.ready();
    expect(ready.snapshot).toBeUndefined();
    expect(peer.raft.status()).toMatchObject({ commit: 3, lastIndex: 4 });
  });

  it("RAFT-19 nobody campaigns while a snapshot waits to be stored", () => {
    const peer = new Peer(member(1), foundedStorage([1, 2, 3]));
    receive(peer, snapshotAt(9, 4));
    const ready = peer.raft.ready();
    peer.tick(5 * electionTicks);
    expect(peer.raft.status().role).toBe("follower");
    peer.store(ready);
    peer.finish(ready);
    peer.tick(1);
    expect(peer.raft.status().role).toBe("pre-candidate");
  });

  it.each([
    ["waits to be stored", false],
    ["is stored but not reported yet", true],
  ])("RAFT-23 a vote tells what is committed also while a snapshot %s", (_, isStored) => {
    const peer = new Peer(member(1), foundedStorage([1, 2, 3], [2]));
    const [from, to, term] = [member(2), member(1), 5];
    receive(peer, snapshotAt(9, 4));
    const ready = peer.raft.ready();
    if (isStored) peer.store(ready);
    const news = { ...entry(10, 5), kind: "no-op" as const };
    peer.raft.step({ type: "append", from, to, term, prevIndex: 9, prevTerm: 4, entries: [news], commit: 9 });
    peer.raft.step({ type: "pre-vote-response", from, to, term, granted: false, commit: 10, commitTerm: 5 });
    expect(peer.raft.status()).toMatchObject({ role: "follower", commit: 10, applied: 1 });
    if (!isStored) peer.store(ready);
    peer.finish(ready);
    peer.drain();
    expect(peer.applied).toEqual([news]);
  });

  it("RAFT-19 a snapshot that arrives while older entries are being applied keeps its configuration", () => {
    const peer = new Peer(member(1), foundedStorage([1, 2, 3]));
    const removal = { ...entry(2, 5), kind: "config" as const, data: new Uint8Array([3, 0, 0, 0, 0, 0, 0, 0, 3]) };
    peer.raft.step({
      type: "append",
      from: member(2),
      to: member(1),
      term: 5,
      prevIndex: 1,
      prevTerm: 1,
      entries: [removal],
      commit: 2,
    });
    const ready = peer.raft.ready();
    expect(ready.committed).toEqual([removal]);
    receive(peer, snapshotAt(9, 4));
    peer.store(ready);
    peer.finish(ready);
    expect(peer.raft.configuration.voters).toEqual([1, 2, 3, 7]);
    peer.drain();
    expect(peer.raft.status()).toMatchObject({ applied: 9, commit: 9 });
  });

  it("RAFT-19 a member behind the compacted log gets the snapshot; a failed one is sent again", () => {
    const group = Group.founded(3);
    group.elect(1);
    group.isLost = ({ to }) => to === 3;
    for (let count = 0; count < 5; count++) group.peer(1).raft.propose(noData);
    group.settle();
    const { storage, raft } = group.peer(1);
    storage.keep({ index: 6, term: 2, configuration: raft.configuration, data: noData });
    storage.compact(6);
    group.isLost = ({ type }) => type === "snapshot";
    group.pass(3);
    expect(raft.progress().get(member(3))?.mode).toBe("snapshot");
    raft.reportSnapshot(member(3), false);
    group.isLost = () => false;
    group.pass(3);
    raft.reportSnapshot(member(3), true);
    group.pass(2);
    expect(group.peer(3).raft.status()).toMatchObject({ applied: 7, firstIndex: 7 });
    expect(raft.progress().get(member(3))?.mode).toBe("replicate");
  });
});
