import { Group, electionTicks, member, ofType } from "./group.ts";
import { describe, expect, it } from "vitest";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("reads", () => {
  it("RAFT-15 leader, followers and learners are told the index from which a read is current", () => {
    const group = Group.founded(3);
    group.elect(1);
    group.peer(1).raft.propose(bytes("a"));
    group.settle();
    for (const peer of group.peers) expect(peer.raft.readIndex(70 + peer.id)).toBe(true);
    group.settle();
    expect(group.peers.map(({ reads }) => reads)).toEqual([
      [{ context: 71, index: 3 }],
      [{ context: 72, index: 3 }],
      [{ context: 73, index: 3 }],
    ]);
  });

  it("RAFT-15 a leader that hears of no majority answers no read", () => {
    const group = Group.founded(3);
    group.elect(1);
    group.isLost = () => true;
    group.peer(1).raft.readIndex(7);
    group.settle();
    expect(group.peer(1).reads).toEqual([]);
    group.pass(2 * electionTicks);
    expect(group.peer(1).reads).toEqual([{ context: 7, index: undefined }]);
  });

  it("RAFT-15 acknowledgements from before the read do not confirm it", () => {
    const group = Group.founded(3);
    group.elect(1);
    const leader = group.peer(1);
    leader.tick(1);
    const beats = ofType(leader.drain(), "heartbeat");
    for (const beat of beats) group.peer(beat.to).raft.step(beat);
    leader.raft.readIndex(7);
    leader.drain();
    for (const id of [2, 3]) for (const message of group.peer(id).drain()) leader.raft.step(message);
    leader.drain();
    expect(leader.reads).toEqual([]);
    group.pass(1);
    expect(leader.reads).toEqual([{ context: 7, index: 2 }]);
  });

  it("RAFT-15 a new leader answers no read before an entry of its own term has committed", () => {
    const group = Group.founded(3);
    group.isLost = ({ type }) => type === "append";
    group.elect(1);
    expect(group.peer(1).raft.status().role).toBe("leader");
    group.peer(1).raft.readIndex(7);
    group.pass(2);
    expect(group.peer(1).reads).toEqual([]);
    group.isLost = () => false;
    group.pass(2);
    expect(group.peer(1).reads).toEqual([{ context: 7, index: 2 }]);
  });

  it("RAFT-15 every forwarded read travels under a number of its own, also after a restart", () => {
    const ids = [0.25, 0.75].map((chance) => {
      const group = Group.founded(3, { random: () => chance });
      group.elect(1);
      const { raft } = group.peer(2);
      raft.readIndex(7);
      raft.readIndex(7);
      return ofType(group.peer(2).drain(), "read-request").map(({ readId }) => readId);
    });
    expect(new Set(ids.flat()).size).toBe(4);
  });

  it("RAFT-15 a forwarded read without an answer is given back within an election timeout", () => {
    const group = Group.founded(3);
    group.elect(1);
    group.isLost = ({ type }) => type === "read-request";
    expect(group.peer(2).raft.readIndex(7)).toBe(true);
    group.pass(electionTicks);
    expect(group.peer(2).reads).toEqual([{ context: 7, index: undefined }]);
  });

  it("RAFT-15 a read is refused where no leader is known or too many wait", () => {
    const group = Group.founded(3, { readsPendingMax: 2 });
    expect(group.peer(2).raft.readIndex(1)).toBe(false);
    group.elect(1);
    for (const id of [1, 2])
      expect([1, 2, 3].map((context) => group.peer(id).raft.readIndex(context))).toEqual([true, true, false]);
  });

  it("RAFT-15 reads that gather before a turn share one round of heartbeats", () => {
    const group = Group.founded(3);
    group.elect(1);
    const leader = group.peer(1);
    for (let context = 1; context <= 50; context++) leader.raft.readIndex(context);
    expect(ofType(leader.drain(), "heartbeat").map(({ to }) => to)).toEqual([member(2), member(3)]);
    group.pass(1);
    expect(leader.reads).toHaveLength(50);
  });
});
