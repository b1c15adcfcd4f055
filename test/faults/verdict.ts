/**
 * The verdict on a history, by both checkers and by what the network has at the end.
 *
 * The checker by index needs to know where each operation took effect. The revisions of one file are numbered by the
 * catalogue in the order of its log, so within one file the revision is the index: that of a write is the one it made,
 * that of a read the one it saw. The content of every revision, read back at the end, tells the same of the writes
 * whose answer never came, and that no acknowledged one is missing or twice there.
 */
import { type IndexedOperation, type Operation, checkByIndex } from "../sim/check-by-index.ts";
import { isLinearizable, splitHistory } from "../sim/check-wing-gong.ts";
import { type History, isRead } from "./history.ts";
import { type Answers, type RegisterInput, drawerModel, registerModel, tookEffect } from "./models.ts";

/** The values of each register's revisions at the end, the first revision's first. */
export type RevisionValues = ReadonlyMap<string, readonly number[]>;

/** What is wrong with a history; empty when nothing is. */
export function violationsOf(history: History, revisions: RevisionValues): readonly string[] {
  const keyOf = ({ key }: { readonly key: string }): string => key;
  const registers = splitHistory(history.registers, keyOf);
  const drawers = splitHistory(history.drawers, keyOf);
  return [
    ...history.violations,
    ...registers.flatMap((part) => registerViolations(part, revisions)),
    ...registers.filter((part) => !isLinearizable(registerModel, part)).map(notLinearizable),
    ...drawers.filter((part) => !isLinearizable(drawerModel, part)).map(notLinearizable),
  ];
}

function registerViolations(part: readonly Operation<RegisterInput, Answers>[], all: RevisionValues): string[] {
  const key = (part[0] as Operation<RegisterInput, Answers>).input.key;
  const values = all.get(key) ?? [];
  const indexed = part.flatMap((operation) => {
    const index = indexOf(operation, values);
    return index === undefined ? [] : [{ ...operation, index, isRead: isRead(operation.input) }];
  });
  const fault = checkByIndex(registerModel, indexed);
  return [...unexplained(indexed, values), ...(fault === undefined ? [] : [fault])].map((text) => `${key}: ${text}`);
}

/** The revision that an operation made or saw; undefined for a change that did not happen. */
function indexOf(
  { input, output = [] }: Operation<RegisterInput, Answers>,
  values: readonly number[],
): number | undefined {
  const [answer = ""] = output;
  if (answer === "absent") return 0;
  const revision = /^revision (\d+)/.exec(answer)?.[1];
  if (revision !== undefined) return Number(revision);
  const value = Number(/^value (\d+)$/.exec(answer)?.[1]);
  const place = values.indexOf(answer === tookEffect && "value" in input ? input.value : value);
  return place === -1 ? undefined : place + 1;
}

/** Revisions that nobody made, acknowledged ones that are not there, and values that are there twice. */
function unexplained(
  indexed: readonly IndexedOperation<RegisterInput, Answers>[],
  values: readonly number[],
): readonly string[] {
  const made = new Map(indexed.flatMap(({ input, index }) => ("value" in input ? [[index, input.value]] : [])));
  const lost = Array.from(made).filter(([revision, value]) => values[revision - 1] !== value);
  const strange = values.map((_, index) => index + 1).filter((revision) => !made.has(revision));
  return [
    ...lost.map(
      ([revision, value]) => `revision ${revision} was acknowledged with ${value} and has ${values[revision - 1]}`,
    ),
    ...strange.map((revision) => `nobody wrote revision ${revision}`),
    ...(new Set(values).size < values.length ? [`a value was applied twice: ${values.join(" ")}`] : []),
  ];
}

function notLinearizable(part: readonly Operation<unknown, Answers>[]): string {
  const lines = part
    .toSorted((left, right) => left.calledAt - right.calledAt)
    .map(
      ({ calledAt, returnedAt, input, output }) =>
        `  ${calledAt.toFixed(2)}–${returnedAt.toFixed(2)} ${JSON.stringify(input)} → ${output?.join(", ")}`,
    );
  return `no order of these operations explains their answers:\n${lines.join("\n")}`;
}
