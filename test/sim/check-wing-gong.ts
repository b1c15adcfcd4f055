/**
 * Checker B: linearizability without any help from indexes. Wing and Gong's search (1993) with Lowe's cache (2017).
 *
 * Call and return events lie in a linked list in the order of time. The search takes any operation whose call comes
 * before the first return, tries it on the model, and lifts both its events out when the answer fits and the pair of
 * operations taken and state reached is new; at a return it cannot pass, it puts the last one back and tries the next.
 */
import type { Model, Operation } from "./check-by-index.ts";

interface Event<Input, Output> {
  readonly operation: Operation<Input, Output>;
  readonly id: number;
  readonly isCall: boolean;
  /** The return of a call. */
  match: Event<Input, Output> | undefined;
  previous: Event<Input, Output> | undefined;
  next: Event<Input, Output> | undefined;
}

/** What was taken, and the state before. */
interface Taken<State, Input, Output> {
  readonly call: Event<Input, Output>;
  readonly before: State;
}

/** Whether some order of the operations explains every answer. Exponential at worst: split histories first (`splitHistory`). */
export function isLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): boolean {
  const head = eventList(history);
  const taken: Taken<State, Input, Output>[] = [];
  const seen = new Set<string>();
  let bits = 0n;
  let state = model.initial;
  let event = head.next;
  while (head.next !== undefined) {
    if (event?.isCall === true) {
      const step = model.step(state, event.operation.input);
      const nextBits = bits | (1n << BigInt(event.id));
      const key = `${nextBits.toString(36)}|${model.describe(step.state)}`;
      if (isAnswer(model, event.operation, step.output) && !seen.has(key)) {
        seen.add(key);
        taken.push({ call: event, before: state });
        [state, bits] = [step.state, nextBits];
        lift(event);
        event = head.next;
      } else event = event.next;
      continue;
    }
    // Only operations that never returned are left, and those need not have happened.
    if (event === undefined || event.operation.returnedAt === Number.POSITIVE_INFINITY) return true;
    const last = taken.pop();
    if (last === undefined) return false;
    [state, bits] = [last.before, bits & ~(1n << BigInt(last.call.id))];
    unlift(last.call);
    event = last.call.next;
  }
  return true;
}

/** Splits a history by what its operations touch, so that each part can be checked by itself. */
export function splitHistory<Input, Output>(
  history: readonly Operation<Input, Output>[],
  keyOf: (input: Input) => string,
): readonly (readonly Operation<Input, Output>[])[] {
  const parts = new Map<string, Operation<Input, Output>[]>();
  for (const operation of history) {
    const key = keyOf(operation.input);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [operation]);
    else part.push(operation);
  }
  return [...parts.values()];
}

function isAnswer<State, Input, Output>(
  model: Model<State, Input, Output>,
  { output }: Operation<Input, Output>,
  expected: Output,
): boolean {
  return output === undefined || model.isEqual(output, expected);
}

/** The events in the order of time, behind a head that is none of them; at the same moment calls come first. */
function eventList<Input, Output>(history: readonly Operation<Input, Output>[]): Event<Input, Output> {
  const events = history.flatMap((operation, id) => {
    const returned = newEvent(operation, id, false);
    return [newEvent(operation, id, true, returned), returned];
  });
  events.sort((left, right) => timeOf(left) - timeOf(right) || Number(right.isCall) - Number(left.isCall));
  const head = newEvent(undefined as unknown as Operation<Input, Output>, -1, false);
  let last = head;
  for (const event of events) {
    event.previous = last;
    last.next = event;
    last = event;
  }
  return head;
}

function newEvent<Input, Output>(
  operation: Operation<Input, Output>,
  id: number,
  isCall: boolean,
  match?: Event<Input, Output>,
): Event<Input, Output> {
  return { operation, id, isCall, match, previous: undefined, next: undefined };
}

function timeOf<Input, Output>({ operation, isCall }: Event<Input, Output>): number {
  return isCall ? operation.calledAt : operation.returnedAt;
}

/** Takes a call and its return out of the list; both remember where they were. */
function lift<Input, Output>(call: Event<Input, Output>): void {
  for (const event of [call, call.match as Event<Input, Output>]) {
    if (event.previous !== undefined) event.previous.next = event.next;
    if (event.next !== undefined) event.next.previous = event.previous;
  }
}

/** Puts back what was lifted last. */
function unlift<Input, Output>(call: Event<Input, Output>): void {
  for (const event of [call.match as Event<Input, Output>, call]) {
    if (event.previous !== undefined) event.previous.next = event;
    if (event.next !== undefined) event.next.previous = event;
  }
}
