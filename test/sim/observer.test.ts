import type { Entry, MemberId } from "../../src/raft/types.ts";
import { describe, expect, it } from "vitest";
import { encodeConfigChange, foundingConfiguration } from "../../src/raft/configuration.ts";
import { Machine } from "./machine.ts";
import type { Message } from "../../src/raft/messages.ts";
import type { Mistake } from "./mistakes.ts";
import type { NodeHost } from "./node.ts";
import { Observer } from "./observer.ts";
import { Prng } from "./prng.ts";
import { SimNode } from "./node.ts";
import { drawProfile } from "./profile.ts";

const [one, two, three] = [1, 2, 3] as MemberId[] as [MemberId, MemberId, MemberId];
const electionTicks = 4;
const applyBytesMax = 12;
const unruly: Mistake = "campaign-with-unapplied-change";
const change = { type: "add-learner", id: 4 as MemberId, context: new Uint8Array(0) } as const;
const noOp = (index: number, term: number): Entry => ({ index, term, kind: "no-op", data: new Uint8Array(0) });
const config = (index: number, term: number): Entry => ({
  index,
  term,
  kind: "config",
  data: encodeConfigChange(change),
});

/** Three voters with quick disks. Their messages wait in `out`; nothing happens by itself. */
class Trio {
  readonly observer = new Observer();
  readonly out: Message[] = [];
  readonly nodes: readonly SimNode[];

  constructor(...mistakes: readonly Mistake[]) {
    const prng = new Prng(1);
    const pace = { electionTicks, applyBytesMax, appendBytesMax: 1000, appendsInFlightMax: 8, snapshotEntries: 0 };
    const profile = { ...drawProfile(prng), ...pace };
    const host: NodeHost = {
      profile,
      prng,
      mistakes: new Set(mistakes),
      observer: this.observer,
      snapshotTicksMax: 0,
      dispatch: (_node, ready) => this.out.push(...ready.messages),
      applied: () => undefined,
      readAnswered: () => undefined,
    };
    const configuration = foundingConfiguration([one, two, three]);
    const founding = { index: 1, term: 1, configuration, data: new Machine().encode(true) };
    this.nodes = [one, two, three].map((id) => new SimNode(host, id, founding));
  }

  node(id: MemberId): SimNode {
    return this.nodes.find((node) => node.id === id) as SimNode;
  }

  drive(id: MemberId): void {
    while (this.node(id).drive());
  }

  /** Delivers to `ids`, and keeps the rest. */
  deliverTo(...ids: readonly MemberId[]): void {
    for (const message of this.out.splice(0))
      if (ids.includes(message.to)) this.observer.aroundStep(this.node(message.to), message);
      else this.out.push(message);
  }

  settle(): void {
    do {
      this.deliverTo(one, two, three);
      for (const { id } of this.nodes) this.drive(id);
    } while (this.out.length > 0);
  }

  /** The leader of `term` sends its only entry, already committed or not, behind the founding snapshot. */
  append(from: MemberId, to: MemberId, entry: Entry, commit: number): void {
    const { term } = entry;
    const head = { type: "append", from, to, term } as const;
    this.observer.aroundStep(this.node(to), { ...head, prevIndex: 1, prevTerm: 1, entries: [entry], commit });
  }

  /** Nobody is heard of at `id`, and its disk does nothing. */
  wait(id: MemberId): void {
    for (let ticks = 0; ticks < 2 * electionTicks; ticks++) this.node(id).tick();
  }
}

describe("the observer's rule of campaigns", () => {
  it("RAFT-1 a change that the disk still has, but that the log has replaced, forbids nothing", () => {
    const trio = new Trio();
    trio.append(two, one, config(2, 2), 1);
    trio.drive(one);
    trio.append(three, one, noOp(2, 3), 2);
    expect(trio.node(one).hasChangeWithin(2, 2)).toBe(true);
    trio.wait(one);
    expect(trio.node(one).raft.status()).toMatchObject({ role: "pre-candidate", commit: 2, applied: 1 });
  });

  it("RAFT-3 a committed change counts before it is on the disk", () => {
    const trio = new Trio(unruly);
    trio.append(two, three, config(2, 2), 2);
    trio.drive(three);
    trio.append(two, one, config(2, 2), 2);
    expect(trio.node(one).hasChangeWithin(2, 2)).toBe(false);
    expect(() => trio.wait(one)).toThrow("campaigns with an unapplied configuration change");
  });

  it("RAFT-3 a committed change counts before anybody applies it", () => {
    const trio = new Trio(unruly);
    const leader = trio.node(two);
    leader.raft.campaign();
    trio.drive(two);
    trio.settle();
    expect(leader.raft.status().role).toBe("leader");
    expect(leader.raft.propose(new Uint8Array(applyBytesMax))).toMatchObject({ accepted: true, index: 3 });
    expect(leader.raft.proposeConfigChange(change)).toMatchObject({ accepted: true, index: 4 });
    trio.drive(two);
    trio.deliverTo(three);
    trio.drive(three);
    trio.deliverTo(two);
    // The leader begins with the first page, which ends before the change, and tells that all is committed.
    while (trio.out.every(({ type, to }) => type !== "append" || to !== three)) leader.drive();
    expect(leader.raft.status().applied).toBeLessThan(4);
    trio.deliverTo(one);
    expect(trio.node(one).raft.status().commit).toBe(4);
    expect(() => trio.wait(one)).toThrow("campaigns with an unapplied configuration change");
  });
});
