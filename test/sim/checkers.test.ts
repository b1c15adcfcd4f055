import type { IndexedOperation, Model, Operation } from "./check-by-index.ts";
import { describe, expect, it } from "vitest";
import { isLinearizable, splitHistory } from "./check-wing-gong.ts";
import { checkByIndex } from "./check-by-index.ts";
import * as fc from "fast-check";

type Input =
  | { readonly kind: "write"; readonly key: string; readonly value: number }
  | { readonly kind: "read"; readonly key: string };

/** Registers by name: a write answers nothing (0), a read the last value. */
const registers: Model<Readonly<Record<string, number>>, Input, number> = {
  initial: {},
  step: (state, input) =>
    input.kind === "write"
      ? { state: { ...state, [input.key]: input.value }, output: 0 }
      : { state, output: state[input.key] ?? 0 },
  describe: (state) => JSON.stringify(Object.entries(state).toSorted(([left], [right]) => left.localeCompare(right))),
  isEqual: (left, right) => left === right,
};

const write = (value: number, key = "x"): Input => ({ kind: "write", key, value });
const read = (key = "x"): Input => ({ kind: "read", key });

function operation(
  calledAt: number,
  returnedAt: number,
  input: Input,
  output: number | undefined,
): Operation<Input, number> {
  return { calledAt, returnedAt, input, output };
}

function indexed(operationOf: Operation<Input, number>, index: number): IndexedOperation<Input, number> {
  return { ...operationOf, index, isRead: operationOf.input.kind === "read" };
}

const never = Number.POSITIVE_INFINITY;

const goodHistories: Readonly<Record<string, readonly Operation<Input, number>[]>> = {
  empty: [],
  sequential: [operation(1, 2, write(1), 0), operation(3, 4, read(), 1)],
  "concurrent reads that see both orders once": [
    operation(1, 10, write(1), 0),
    operation(2, 3, read(), 0),
    operation(4, 5, read(), 1),
  ],
  "a write without an answer that took effect": [operation(1, never, write(7), undefined), operation(5, 6, read(), 7)],
  "a write without an answer that never did": [operation(1, never, write(7), undefined), operation(5, 6, read(), 0)],
  "a write without an answer that took effect late": [
    operation(1, never, write(7), undefined),
    operation(5, 6, read(), 0),
    operation(7, 8, read(), 7),
  ],
  "two concurrent writes, the later answer first": [
    operation(1, 10, write(1), 0),
    operation(2, 9, write(2), 0),
    operation(11, 12, read(), 1),
  ],
};

const badHistories: Readonly<Record<string, readonly Operation<Input, number>[]>> = {
  "a stale read": [operation(1, 2, write(1), 0), operation(3, 4, write(2), 0), operation(5, 6, read(), 1)],
  "a read from the future": [operation(1, 2, read(), 1), operation(3, 4, write(1), 0)],
  "a value that nobody wrote": [operation(1, 2, write(1), 0), operation(3, 4, read(), 9)],
  "two reads that see a write come and go": [
    operation(1, 20, write(1), 0),
    operation(2, 3, read(), 1),
    operation(4, 5, read(), 0),
  ],
  "a lost write": [operation(1, 2, write(1), 0), operation(3, 4, read(), 0)],
  "an unanswered write that comes and goes": [
    operation(1, never, write(7), undefined),
    operation(2, 3, read(), 7),
    operation(4, 5, read(), 0),
  ],
};

describe("the checker that knows no indexes", () => {
  it.each(Object.entries(goodHistories))("RAFT-4 accepts %s", (_, history) => {
    expect(isLinearizable(registers, history)).toBe(true);
  });

  it.each(Object.entries(badHistories))("RAFT-4 refuses %s", (_, history) => {
    expect(isLinearizable(registers, history)).toBe(false);
  });

  it("RAFT-4 splits a history by what it touches, and finds the bad part", () => {
    const history = [
      operation(1, 2, write(1, "a"), 0),
      operation(1, 2, write(2, "b"), 0),
      operation(3, 4, read("a"), 1),
      operation(3, 4, read("b"), 0),
    ];
    const parts = splitHistory(history, (input) => input.key);
    expect(parts.map((part) => isLinearizable(registers, part))).toEqual([true, false]);
  });

  it("RAFT-4 accepts whatever a real register did, and refuses it with one answer changed", () => {
    const steps = fc.array(fc.record({ isWrite: fc.boolean(), early: fc.nat(3), late: fc.nat(3) }), {
      minLength: 2,
      maxLength: 14,
    });
    fc.assert(
      fc.property(steps, fc.nat(), (list, broken) => {
        const history = playedAt(list);
        expect(isLinearizable(registers, history)).toBe(true);
        const reads = history.filter(({ input }) => input.kind === "read");
        if (reads.length === 0) return;
        const victim = reads[broken % reads.length] as Operation<Input, number>;
        const spoilt = history.map((one) => (one === victim ? { ...one, output: 999 } : one));
        expect(isLinearizable(registers, spoilt)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});

/** Operations that take effect at 10, 20, 30 …, and are called and answered a little around that. */
function playedAt(
  list: readonly { readonly isWrite: boolean; readonly early: number; readonly late: number }[],
): Operation<Input, number>[] {
  let state = registers.initial;
  return list.map(({ isWrite, early, late }, at) => {
    const moment = (at + 1) * 10;
    const input = isWrite ? write(at + 1) : read();
    const step = registers.step(state, input);
    state = step.state;
    return operation(moment - early * 8, moment + late * 8 + 1, input, step.output);
  });
}

describe("the checker by index", () => {
  const good = [
    indexed(operation(1, 2, write(1), 0), 5),
    indexed(operation(3, 9, write(2), 0), 7),
    indexed(operation(4, 5, read(), 1), 6),
    indexed(operation(10, 11, read(), 2), 7),
  ];

  it("RAFT-5 accepts a history whose answers and times fit its indexes", () => {
    expect(checkByIndex(registers, good)).toBeUndefined();
  });

  it.each([
    ["a wrong answer", [...good, indexed(operation(12, 13, read(), 1), 7)], "should be 2"],
    ["two writes at one index", [...good, indexed(operation(12, 13, write(3), 0), 7)], "two writes"],
    ["a read behind its time", [...good, indexed(operation(12, 13, read(), 1), 5)], "was called after"],
    ["a write behind its time", [...good, indexed(operation(12, 13, write(3, "y"), 0), 6)], "was called after"],
    ["a read that writes", [{ ...indexed(operation(12, 13, write(3), 0), 8), isRead: true }], "changed the state"],
  ])("RAFT-5 refuses %s", (_, history, expected) => {
    expect(checkByIndex(registers, history)).toContain(expected);
  });
});
