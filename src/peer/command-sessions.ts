/**
 * Changes of one author that need not wait for each other.
 *
 * While there are few callers, each has a command of its own, in a session of its own. Of many callers those that come
 * while a command is under way share the next one: one signature, one place in the log, one answer for all of them. That
 * costs each some waiting and all of them much less work. Callers that were just answered often have another change: the
 * next command waits for them too, but no longer than one takes. A command happens as a whole or not at
 * all, so when one caller's change is refused the others are sent again without it, and it is asked for alone. Callers
 * whose changes are recorded, to be taken back one by one, share only with those of the same change.
 */
import type { Operation } from "../catalogue/operation.ts";
import type { OperationResult } from "../catalogue/result.ts";
import { toDfsError } from "../core/errors.ts";
import { aloneCommandsMax, sharedGatherMsMax, sharedOperationsMax, sharingCallersMin } from "../core/limits.ts";
import { type ChangeRecorder, CommandRefused, type CommandTarget } from "./command-session.ts";

interface Waiting {
  readonly operations: readonly Operation[];
  readonly signal: AbortSignal | undefined;
  readonly recorder: ChangeRecorder | undefined;
  readonly resolve: (results: readonly OperationResult[]) => void;
  readonly reject: (error: unknown) => void;
}

export class CommandSessions implements CommandTarget {
  readonly #open: () => CommandTarget;
  readonly #resting: CommandTarget[] = [];
  #waiting: Waiting[] = [];
  /** The callers of each command that is under way. */
  readonly #underWay = new Set<readonly Waiting[]>();
  /** How many callers the next shared command waits for. */
  #expected = 0;
  #gathering: NodeJS.Timeout | undefined;

  /** `open` makes one more session. */
  constructor(open: () => CommandTarget) {
    this.#open = open;
  }

  /** All of one call's operations happen, or none; those of calls at the same time happen in any order. */
  execute(
    operations: readonly Operation[],
    signal?: AbortSignal,
    recorder?: ChangeRecorder,
  ): Promise<readonly OperationResult[]> {
    if (signal?.aborted === true) return Promise.reject(toDfsError(signal.reason));
    return new Promise((resolve, reject) => {
      const abandon = (): void => reject(toDfsError(signal?.reason));
      const leave = (): void => signal?.removeEventListener("abort", abandon);
      signal?.addEventListener("abort", abandon, { once: true });
      this.#waiting.push({
        operations,
        signal,
        recorder,
        resolve: (results) => (leave(), resolve(results)),
        reject: (error) => (leave(), reject(error)),
      });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    if (this.#gathering !== undefined && this.#waiting.length < this.#expected) return;
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    while (this.#waiting.length > 0 && this.#underWay.size < this.#atOnceMax()) {
      const callers = this.#take().filter(({ signal }) => signal?.aborted !== true);
      if (callers.length === 0) continue;
      this.#underWay.add(callers);
      const startedMs = performance.now();
      void this.#run(callers).finally(() => {
        this.#underWay.delete(callers);
        if (callers.length > 1) this.#gather(callers.length, performance.now() - startedMs);
        this.#dispatch();
      });
    }
  }

  /** Has the next command wait for the callers of one that took `tookMs`: each is likely to have another change. */
  #gather(callers: number, tookMs: number): void {
    this.#expected = Math.min(callers + this.#waiting.length, sharedOperationsMax);
    clearTimeout(this.#gathering);
    const stopGathering = (): void => {
      this.#expected = 0;
      this.#dispatch();
    };
    this.#gathering = setTimeout(stopGathering, Math.min(sharedGatherMsMax, tookMs));
  }

  /** How many commands may be under way: many callers share one, but who has nobody to share with need not wait for the others. */
  #atOnceMax(): number {
    if (this.#isNextAlone()) return aloneCommandsMax;
    const underWay = Array.from(this.#underWay).reduce((sum, { length }) => sum + length, 0);
    const callers = Math.max(this.#waiting.length + underWay, this.#expected);
    return callers > sharingCallersMin ? 1 : sharingCallersMin;
  }

  /** Whether the one that has waited longest is recorded, and no other that waits or is under way is of its change. */
  #isNextAlone(): boolean {
    const [next, ...others] = this.#waiting;
    if (next?.recorder === undefined) return false;
    const isOfIt = ({ recorder }: Waiting): boolean => recorder === next.recorder;
    return !others.some(isOfIt) && !Array.from(this.#underWay).some(([first]) => first !== undefined && isOfIt(first));
  }

  /** Those that have waited longest: one, or as many of one change as fit into a shared command. */
  #take(): readonly Waiting[] {
    let count = 0;
    let operations = 0;
    for (const caller of this.#waiting) {
      operations += caller.operations.length;
      const isOther = caller.recorder !== this.#waiting[0]?.recorder;
      if (count > 0 && (isOther || operations > sharedOperationsMax)) break;
      count += 1;
    }
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return taken;
  }

  async #run(callers: readonly Waiting[]): Promise<void> {
    const session = this.#resting.pop() ?? this.#open();
    try {
      await this.#commit(session, callers);
    } catch (error) {
      for (const { reject } of callers) reject(error);
    }
    this.#resting.push(session);
  }

  async #commit(session: CommandTarget, callers: readonly Waiting[]): Promise<void> {
    const [only] = callers;
    if (only === undefined) return;
    if (callers.length === 1) {
      only.resolve(await session.execute(only.operations, only.signal, only.recorder));
      return;
    }
    try {
      const operations = callers.flatMap((caller) => caller.operations);
      const results = await session.execute(operations, undefined, only.recorder);
      let next = 0;
      for (const caller of callers) caller.resolve(results.slice(next, (next += caller.operations.length)));
    } catch (error) {
      const refused = refusedCaller(error, callers);
      if (refused === undefined) throw error;
      await this.#commit(
        session,
        callers.filter((caller) => caller !== refused),
      );
      await this.#commitAlone(session, refused);
    }
  }

  /** What the others did meanwhile may even have made it possible. */
  async #commitAlone(session: CommandTarget, caller: Waiting): Promise<void> {
    try {
      await this.#commit(session, [caller]);
    } catch (error) {
      caller.reject(error);
    }
  }
}

/** Whose operation it was that had a shared command refused; undefined where the command failed otherwise. */
function refusedCaller(error: unknown, callers: readonly Waiting[]): Waiting | undefined {
  if (!(error instanceof CommandRefused) || error.operation === undefined) return undefined;
  let end = 0;
  for (const caller of callers) {
    end += caller.operations.length;
    if (error.operation < end) return caller;
  }
  return undefined;
}
