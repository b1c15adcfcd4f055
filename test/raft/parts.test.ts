import * as fc from "fast-check";
import {
  changedConfiguration,
  decodeConfigChange,
  encodeConfigChange,
  foundingConfiguration,
} from "../../src/raft/configuration.ts";
import { describe, expect, it } from "vitest";
import { entry, foundedStorage, member } from "./group.ts";
import { DfsError } from "../../src/core/errors.ts";
import type { Entry } from "../../src/raft/types.ts";
import type { MembershipView } from "../../src/raft/membership-plan.ts";
import { RaftLog } from "../../src/raft/raft-log.ts";
import { majorityReached } from "../../src/raft/quorum.ts";
import { noFaults } from "../../src/raft/faults.ts";
import { planConfigChange } from "../../src/raft/membership-plan.ts";

const noContext = new Uint8Array(0);

describe("configuration changes as bytes", () => {
  it("RAFT-21 type, id and context are written as FORMATS.md says", () => {
    const change = { type: "promote", id: member(0x0102), context: new Uint8Array([0xaa, 0xbb]) } as const;
    expect([...encodeConfigChange(change)]).toEqual([2, 0, 0, 0, 0, 0, 0, 1, 2, 0xaa, 0xbb]);
  });

  it("RAFT-21 what is written is read back", () => {
    const types = fc.constantFrom("add-learner", "promote", "remove");
    const ids = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(types, ids, fc.uint8Array({ maxLength: 200 }), (type, id, context) => {
        const change = { type, id: member(id), context };
        expect(decodeConfigChange(encodeConfigChange(change))).toEqual(change);
      }),
    );
  });

  it("RAFT-21 other bytes are refused, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          expect([...encodeConfigChange(decodeConfigChange(bytes))]).toEqual([...bytes]);
        } catch (error) {
          expect((error as DfsError).kind).toBe("protocol");
        }
      }),
    );
    expect(() => decodeConfigChange(new Uint8Array(5000).fill(1))).toThrow(DfsError);
  });

  it("RAFT-21 a context that is too long is refused before it is written", () => {
    const change = { type: "remove", id: member(1), context: new Uint8Array(4097) } as const;
    expect(() => encodeConfigChange(change)).toThrow(expect.objectContaining({ kind: "usage" }));
  });
});

describe("majorities", () => {
  it("RAFT-8 the value that a majority has reached is the one that counting finds", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 7 }), (values) => {
        const isReached = (value: number): boolean => values.filter((one) => one >= value).length * 2 > values.length;
        const expected = Math.max(0, ...values.filter(isReached));
        expect(majorityReached([...values])).toBe(expected);
      }),
    );
  });
});

describe("the log", () => {
  const logOf = (terms: readonly number[]): RaftLog => new RaftLog(foundedStorage([1], terms), 1, 1, noFaults);

  it("RAFT-19 a change that a snapshot has replaced is not looked for, one behind the snapshot is", () => {
    const change = (index: number, term: number): Entry => ({ ...entry(index, term), kind: "config" });
    const storage = foundedStorage([1]);
    storage.append([change(2, 2), entry(3, 2), entry(4, 2)]);
    const log = new RaftLog(storage, 1, 1, noFaults);
    log.restore({ index: 3, term: 3, configuration: foundingConfiguration([member(1)]), data: noContext });
    expect(log.hasUnappliedChange(1)).toBe(false);
    log.merge([entry(4, 3), change(5, 3)]);
    log.commitTo(4);
    expect(log.hasUnappliedChange(1)).toBe(false);
    log.commitTo(5);
    expect(log.hasUnappliedChange(1)).toBe(true);
  });

  it("RAFT-10 entries that were replaced while they were being stored stay to be stored", () => {
    const log = logOf([]);
    log.append([entry(2, 2), entry(3, 2)]);
    log.merge([entry(2, 3)]);
    log.storedTo(3, 2);
    log.storedTo(2, 2);
    expect(log.unstable).toEqual([entry(2, 3)]);
    log.storedTo(2, 3);
    expect(log.unstable).toEqual([]);
  });

  it("RAFT-20 reading spans what is stored and what is not, at least one entry and within the bytes asked for", () => {
    const storage = foundedStorage([1]);
    storage.append([entry(2, 2, "aaaa"), entry(3, 2, "bbbb")]);
    const log = new RaftLog(storage, 1, 1, noFaults);
    log.append([entry(4, 2, "cccc"), entry(5, 2, "dddd")]);
    const indexes = (low: number, bytesMax: number): number[] =>
      log.entriesFrom(low, bytesMax).map(({ index }) => index);
    expect(indexes(2, 0)).toEqual([2]);
    expect(indexes(2, 8)).toEqual([2, 3]);
    expect(indexes(2, 12)).toEqual([2, 3, 4]);
    expect(indexes(4, 0)).toEqual([4]);
    expect(indexes(2, 99)).toEqual([2, 3, 4, 5]);
    expect(indexes(6, 99)).toEqual([]);
  });

  it("RAFT-20 the last agreement that is possible is the last entry whose term is not higher", () => {
    const log = logOf([2, 2, 4, 4]);
    expect([log.lastAgreement(5, 3), log.lastAgreement(5, 4), log.lastAgreement(99, 4)]).toEqual([
      { index: 3, term: 2 },
      { index: 5, term: 4 },
      { index: 5, term: 4 },
    ]);
  });
});

describe("the membership plan", () => {
  const view = (parts: Partial<MembershipView>): MembershipView => ({
    configuration: foundingConfiguration([member(1)]),
    self: member(1),
    ready: new Set(),
    out: new Set(),
    spares: [],
    votersWanted: 3,
    learnersWanted: 0,
    ...parts,
  });
  const group = (voters: readonly number[], learners: readonly number[] = []): MembershipView["configuration"] => ({
    voters: voters.map(member),
    learners: learners.map(member),
    highestId: Math.max(...voters, ...learners),
  });
  const ids = (...list: number[]): Set<ReturnType<typeof member>> => new Set(list.map(member));

  it.each([
    ["a group of one takes a newcomer as a learner", { spares: [member(2)] }, { type: "add-learner", id: 2 }],
    ["one ready learner is not enough to grow", { configuration: group([1], [2]), ready: ids(2) }, undefined],
    ["two are", { configuration: group([1], [2, 3]), ready: ids(2, 3) }, { type: "promote", id: 2 }],
    ["from two it goes on to three", { configuration: group([1, 2], [3]), ready: ids(3) }, { type: "promote", id: 3 }],
    ["or back to one", { configuration: group([1, 2], [3]) }, { type: "remove", id: 2 }],
    ["a lost voter waits for its successor", { configuration: group([1, 2, 3], [4]), out: ids(3) }, undefined],
    [
      "which is promoted first",
      { configuration: group([1, 2, 3], [4]), out: ids(3), ready: ids(4) },
      { type: "promote", id: 4 },
    ],
    ["and then the lost one goes", { configuration: group([1, 2, 3, 4]), out: ids(3) }, { type: "remove", id: 3 }],
    [
      "a leader that shall leave hands over first",
      { configuration: group([1, 2]), out: ids(1), ready: ids(2) },
      { type: "transfer", id: 2 },
    ],
    ["a lost learner goes", { configuration: group([1, 2, 3], [4]), out: ids(4) }, { type: "remove", id: 4 }],
    [
      "a group that is too large shrinks, the leader last",
      { configuration: group([1, 2, 3]), self: member(3), votersWanted: 1 },
      { type: "remove", id: 2 },
    ],
    ["a group as it should be stays", { configuration: group([1, 2, 3]), spares: [member(4)] }, undefined],
  ] as const)("RAFT-17 %s", (_, parts, expected) => {
    expect(planConfigChange(view(parts))).toEqual(expected);
  });

  it("RAFT-17 however it starts, a group with everybody at hand comes to rest at the odd number wanted", () => {
    const sizes = fc.constantFrom(1, 3, 5);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.nat(5),
        sizes,
        fc.boolean(),
        (voters, spares, votersWanted, isSelfOut) => {
          let configuration = foundingConfiguration(Array.from({ length: voters }, (_, at) => member(at + 1)));
          let self = member(1);
          const out = isSelfOut ? ids(1) : ids();
          for (let step = 0; ; step++) {
            expect(step).toBeLessThan(60);
            const all = Array.from({ length: voters + spares }, (_, at) => member(at + 1));
            const ready = new Set([...configuration.voters, ...configuration.learners]);
            const waiting = all.filter((id) => id > configuration.highestId);
            const next = planConfigChange(view({ configuration, self, ready, out, spares: waiting, votersWanted }));
            if (next === undefined) break;
            if (next.type === "transfer") self = next.id;
            else
              configuration =
                changedConfiguration(configuration, { type: next.type, id: next.id, context: noContext }) ??
                configuration;
          }
          expect(configuration.voters.length % 2).toBe(1);
          expect(configuration.voters.length).toBeLessThanOrEqual(votersWanted);
          expect(configuration.voters).toContain(self);
        },
      ),
    );
  });
});
