import { describe, expect, it } from "vitest";
import { DfsError } from "../../../src/core/errors.ts";
import {
  groupCommandBytesMax,
  groupCommandsMax,
  waitingCommandBytesMax,
  waitingCommandsMax,
} from "../../../src/core/limits.ts";
import { Proposals } from "../../../src/peer/coordination/proposals.ts";
import { founding, peerSession, putFile, userSession } from "../../catalogue/world.ts";
import { TestGroup, until } from "./members.ts";

const { signal } = new AbortController();
const options = { signal };
const small = new Uint8Array(1);
const heavy = new Uint8Array(groupCommandBytesMax / 2);

describe("commands on their way", () => {
  it("GROUP-9 a turn takes a bounded number and size of them, those that waited longest first", () => {
    const proposals = new Proposals();
    const add = (command: Uint8Array): void => void proposals.add(command, undefined, signal);
    for (let place = 0; place < groupCommandsMax + 10; place += 1) add(Uint8Array.of(place % 256));
    const first = proposals.take();
    expect(first).toHaveLength(groupCommandsMax);
    expect(first[3]?.command).toEqual(Uint8Array.of(3));
    expect(proposals.take()).toHaveLength(10);
    for (const command of [heavy, heavy, heavy]) add(command);
    expect(proposals.take()).toHaveLength(2);
    expect(proposals.take()).toHaveLength(1);
    expect(proposals.isWaiting).toBe(false);
  });

  it("GROUP-10 a full queue answers busy and says when to come back", async () => {
    const proposals = new Proposals();
    const busy = expect.objectContaining({ kind: "busy", retryAfterMs: expect.any(Number) as number });
    for (let place = 0; place < waitingCommandsMax; place += 1) void proposals.add(small, undefined, signal);
    await expect(proposals.add(small, undefined, signal)).rejects.toThrow(busy);
    while (proposals.isWaiting) proposals.take();
    for (let bytes = 0; bytes < waitingCommandBytesMax; bytes += heavy.length)
      void proposals.add(heavy, undefined, signal);
    await expect(proposals.add(small, undefined, signal)).rejects.toThrow(busy);
    proposals.take();
    void proposals.add(small, undefined, signal);
  });

  it("GROUP-11 a member whose disk failed acknowledges nothing more, and tells what happened", async () => {
    const group = await TestGroup.of(1);
    try {
      const leader = await group.leader();
      await leader.coordinator.log.propose(peerSession().next(founding), options);
      leader.breakDisk(new DfsError("io", "the disk failed"));
      const command = userSession().next(putFile("a"));
      const stopped = expect.objectContaining({
        kind: "unreachable",
        message: expect.stringContaining("the disk failed") as string,
      });
      await expect(leader.coordinator.log.propose(command, options)).rejects.toThrow(stopped);
      await expect(leader.coordinator.log.propose(command, options)).rejects.toThrow(stopped);
      await expect(leader.coordinator.log.readBarrier(options)).rejects.toThrow(stopped);
      expect(leader.faults).toMatchObject([{ kind: "io" }]);
      await leader.stop();
      await leader.start();
      await group.leader();
      await leader.coordinator.log.propose(command, options);
      expect(leader.coordinator.catalogue.counts().files).toBe(1);
    } finally {
      await group.close();
    }
  });

  it("GROUP-12 a command that was abandoned before its turn never happens", async () => {
    const group = await TestGroup.of(1);
    try {
      const { coordinator } = await group.leader();
      await coordinator.log.propose(peerSession().next(founding), options);
      const controller = new AbortController();
      const kept = coordinator.log.propose(userSession("kept").next(putFile("kept")), options);
      const dropped = coordinator.log.propose(userSession("dropped").next(putFile("dropped")), controller);
      controller.abort();
      await expect(dropped).rejects.toMatchObject({ kind: "interrupted" });
      await kept;
      await until(() => coordinator.log.status.applied === coordinator.log.status.lastIndex);
      expect(coordinator.catalogue.counts().files).toBe(1);
    } finally {
      await group.close();
    }
  });
});
