import { Group, Peer, electionTicks, foundedStorage, member } from "./group.ts";
import { describe, expect, it } from "vitest";
import type { ConfigChange } from "../../src/raft/configuration.ts";
import { MemoryStorage } from "../../src/raft/memory-storage.ts";

const noContext = new Uint8Array(0);

function change(type: ConfigChange["type"], id: number): ConfigChange {
  return { type, id: member(id), context: noContext };
}

/** Three voters with 1 as leader, whose log is compacted, and one empty machine. */
function withNewcomer(): Group {
  const group = Group.founded(3);
  group.elect(1);
  group.peers.push(new Peer(member(4), new MemoryStorage()));
  return group;
}

function propose(group: Group, id: number, wanted: ConfigChange): string {
  const proposal = group.peer(id).raft.proposeConfigChange(wanted);
  group.settle();
  group.pass(2);
  return proposal.accepted ? "accepted" : proposal.reason;
}

describe("membership", () => {
  it("RAFT-16 a newcomer joins as a learner, catches up by a snapshot, and becomes a voter", () => {
    const group = withNewcomer();
    expect(propose(group, 1, change("add-learner", 4))).toBe("accepted");
    group.peer(1).raft.reportSnapshot(member(4), true);
    group.pass(3);
    expect(group.peer(4).raft.status()).toMatchObject({
      commit: 3,
      configuration: { voters: [1, 2, 3], learners: [4] },
    });
    expect(propose(group, 1, change("promote", 4))).toBe("accepted");
    for (const peer of group.peers)
      expect(peer.raft.configuration).toEqual({ voters: [1, 2, 3, 4], learners: [], highestId: 4 });
  });

  it("RAFT-16 a learner does not count: the majority of the voters decides, and it alone", () => {
    const group = withNewcomer();
    propose(group, 1, change("add-learner", 4));
    group.isLost = ({ from, to }) => [from, to].some((id) => id === 2 || id === 3);
    group.peer(1).raft.propose(new Uint8Array(1));
    group.settle();
    expect(group.peer(1).raft.status()).toMatchObject({ commit: 3, lastIndex: 4 });
  });

  it("RAFT-16 a learner that lags is not promoted", () => {
    const group = withNewcomer();
    group.isLost = ({ to }) => to === 4;
    propose(group, 1, change("add-learner", 4));
    expect(propose(group, 1, change("promote", 4))).toBe("not-caught-up");
  });

  it("RAFT-16 one change at a time: the next is taken when the last is applied", () => {
    const group = withNewcomer();
    const { raft } = group.peer(1);
    expect(raft.proposeConfigChange(change("add-learner", 4)).accepted).toBe(true);
    expect(raft.proposeConfigChange(change("add-learner", 5))).toMatchObject({ reason: "change-pending" });
    group.settle();
    expect(raft.proposeConfigChange(change("add-learner", 5)).accepted).toBe(true);
  });

  it("RAFT-16 no change before an entry of the leader's own term has committed", () => {
    const group = Group.founded(3);
    group.isLost = ({ type }) => type === "append";
    group.elect(1);
    expect(group.peer(1).raft.proposeConfigChange(change("add-learner", 4))).toMatchObject({
      reason: "term-not-committed",
    });
  });

  it("RAFT-16 an id that was ever a member is not given out again", () => {
    const group = withNewcomer();
    expect(propose(group, 1, change("remove", 3))).toBe("accepted");
    expect(propose(group, 1, change("add-learner", 3))).toBe("change-invalid");
    expect(propose(group, 1, change("add-learner", 4))).toBe("accepted");
  });

  it.each([change("promote", 2), change("promote", 9), change("remove", 9), change("add-learner", 2)])(
    "RAFT-16 a change that makes no sense is refused: $type $id",
    (wanted) => expect(propose(withNewcomer(), 1, wanted)).toBe("change-invalid"),
  );

  it("RAFT-16 the last voter cannot be removed", () => {
    const group = Group.founded(1);
    group.elect(1);
    expect(propose(group, 1, change("remove", 1))).toBe("change-invalid");
  });

  it("RAFT-16 a removed leader steps down once its removal is applied, and the others elect another", () => {
    let chance = 0;
    const group = Group.founded(3, { random: () => (chance = (chance + 0.37) % 1) });
    group.elect(1);
    expect(propose(group, 1, change("remove", 1))).toBe("accepted");
    expect(group.peer(1).raft.status()).toMatchObject({ role: "follower", configuration: { voters: [2, 3] } });
    group.pass(6 * electionTicks);
    expect([2, 3]).toContain(group.peer(2).raft.status().leader);
  });

  it("RAFT-16 nobody campaigns with a committed change that it has not applied", () => {
    const group = Group.founded(3);
    group.elect(1);
    const [leader, follower] = [group.peer(1), group.peer(2)];
    leader.raft.proposeConfigChange(change("add-learner", 4));
    const requests = leader.drain();
    for (const message of requests) if (message.to === 3) group.peer(3).raft.step(message);
    for (const message of group.peer(3).drain()) leader.raft.step(message);
    for (const message of [...requests, ...leader.drain()]) follower.raft.step(message);
    const ready = follower.raft.ready();
    expect(ready.committed.map(({ kind }) => kind)).toEqual(["config"]);
    follower.tick(5 * electionTicks);
    expect(follower.raft.status().role).toBe("follower");
    follower.store(ready);
    follower.finish(ready);
    follower.tick(1);
    expect(follower.raft.status().role).toBe("pre-candidate");
  });

  it("RAFT-16 a member that does not know yet that it was promoted gives its vote", () => {
    const learner = new Peer(member(4), foundedStorage([1, 2, 3], [2]));
    const request = {
      type: "vote",
      from: member(2),
      to: member(4),
      term: 3,
      lastIndex: 2,
      lastTerm: 2,
      isTransfer: false,
    } as const;
    learner.raft.step(request);
    expect(learner.drain()).toMatchObject([{ type: "vote-response", granted: true }]);
  });

  it("RAFT-23 votes tell what is committed, so that those whom a leader leaves behind can go on without it", () => {
    const group = Group.founded(2);
    group.elect(1);
    const [gone, left] = [group.peer(1), group.peer(2)];
    gone.raft.proposeConfigChange(change("remove", 1));
    gone.raft.propose(new Uint8Array(1));
    // The removal arrives, the entry behind it and the news that the removal is committed do not.
    for (const message of gone.drain())
      if (message.type === "append") left.raft.step({ ...message, entries: message.entries.slice(0, 1) });
    for (const message of left.drain()) gone.raft.step(message);
    gone.drain();
    expect(gone.raft.status()).toMatchObject({ role: "follower", commit: 3, lastIndex: 4 });
    expect(left.raft.status()).toMatchObject({ commit: 2, lastIndex: 3, configuration: { voters: [1, 2] } });
    group.pass(4 * electionTicks);
    expect(left.raft.status()).toMatchObject({ role: "leader", configuration: { voters: [2] } });
  });
});
