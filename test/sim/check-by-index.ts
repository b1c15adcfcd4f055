/**
 * Checker A: linearizability by index. Every answer carries the Raft index at which it took effect, so the order is
 * given and only has to be checked: against a model, and against real time.
 *
 * A history is a list of operations of clients; a model says what each should have answered. Cheap enough for
 * histories of any length.
 */

/** A sequential model: what an operation answers in a state, and the state after it. */
export interface Model<State, Input, Output> {
  readonly initial: State;
  step(state: State, input: Input): { readonly state: State; readonly output: Output };
  /** A text that is equal for equal states and for no others. */
  describe(state: State): string;
  isEqual(left: Output, right: Output): boolean;
}

/** One operation of one client. Times are any numbers that grow. */
export interface Operation<Input, Output> {
  readonly calledAt: number;
  /** Infinity when no answer came: it may have taken effect at any time after the call, or never. */
  readonly returnedAt: number;
  readonly input: Input;
  /** Undefined when no answer came. */
  readonly output: Output | undefined;
}

/** An operation whose answer said where it took effect: a write has an index of its own, a read that of the last entry it shows. */
export interface IndexedOperation<Input, Output> extends Operation<Input, Output> {
  readonly index: number;
  readonly isRead: boolean;
}

/** Returns what is wrong with a history, or undefined. Operations without an answer must be left out unless the log shows their index. */
export function checkByIndex<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly IndexedOperation<Input, Output>[],
): string | undefined {
  const ordered = history.toSorted(
    (left, right) => left.index - right.index || Number(left.isRead) - Number(right.isRead),
  );
  return checkAnswers(model, ordered) ?? checkRealTime(history);
}

function checkAnswers<State, Input, Output>(
  model: Model<State, Input, Output>,
  ordered: readonly IndexedOperation<Input, Output>[],
): string | undefined {
  let state = model.initial;
  let lastWrite: number | undefined;
  for (const { index, isRead, input, output } of ordered) {
    if (!isRead && index === lastWrite) return `two writes claim index ${index}`;
    if (!isRead) lastWrite = index;
    const step = model.step(state, input);
    if (isRead && model.describe(step.state) !== model.describe(state))
      return `a read at index ${index} changed the state`;
    state = step.state;
    if (output !== undefined && !model.isEqual(step.output, output))
      return `at index ${index} the answer was ${JSON.stringify(output)} and should be ${JSON.stringify(step.output)}`;
  }
  return undefined;
}

/** Whoever is called after another has returned must not take effect before it. */
function checkRealTime<Input, Output>(history: readonly IndexedOperation<Input, Output>[]): string | undefined {
  const byCall = history.toSorted((left, right) => left.calledAt - right.calledAt);
  const byReturn = history.toSorted((left, right) => left.returnedAt - right.returnedAt);
  let [returned, floor] = [0, 0];
  for (const operation of byCall) {
    for (; returned < byReturn.length; returned++) {
      const earlier = byReturn[returned] as IndexedOperation<Input, Output>;
      if (earlier.returnedAt >= operation.calledAt) break;
      floor = Math.max(floor, earlier.index);
    }
    const isLate = operation.isRead ? operation.index < floor : operation.index <= floor && floor > 0;
    if (isLate) return `an operation at index ${operation.index} was called after one at index ${floor} had returned`;
  }
  return undefined;
}
