/** What the clients of a workload did and saw, by one process's monotonic clock. */
import type { ErrorKind } from "../../src/core/errors.ts";
import type { Operation } from "../sim/check-by-index.ts";
import { type Answers, type DrawerInput, type RegisterInput, tookEffect } from "./models.ts";

export type Input = RegisterInput | DrawerInput;

/** How an operation ended: with an answer; with a refusal that says nothing but that nothing happened; or nobody knows. */
export type Outcome =
  | { readonly kind: "answered"; readonly answer: string }
  | { readonly kind: "refused" }
  | { readonly kind: "unknown" };

const drawerKinds: ReadonlySet<string> = new Set(["create", "remove", "move", "list"]);
const readKinds: ReadonlySet<string> = new Set(["stat", "read", "list"]);

/** Whether an input changes nothing. */
export const isRead = (input: Input): boolean => readKinds.has(input.kind);

/** Every operation of one run, and how many went which way. */
export class History {
  readonly registers: Operation<RegisterInput, Answers>[] = [];
  readonly drawers: Operation<DrawerInput, Answers>[] = [];
  readonly counts = { answered: 0, refused: 0, unknown: 0 };
  /** How often each kind of error came. */
  readonly errors = new Map<ErrorKind, number>();
  /** When changes were acknowledged, in the order of time. */
  readonly acknowledgedMs: number[] = [];
  /** What no history may hold, whatever the order of its operations. */
  readonly violations: string[] = [];

  /** Takes in an operation that was called at `calledMs` and has just ended. */
  add(input: Input, calledMs: number, outcome: Outcome): void {
    this.counts[outcome.kind] += 1;
    const nowMs = performance.now();
    if (outcome.kind === "refused" || (outcome.kind === "unknown" && isRead(input))) return;
    const answer = outcome.kind === "answered" ? outcome.answer : tookEffect;
    const returnedAt = outcome.kind === "answered" ? nowMs : Number.POSITIVE_INFINITY;
    const times = { calledAt: calledMs, returnedAt, output: [answer] };
    if (isDrawerInput(input)) this.drawers.push({ ...times, input });
    else this.registers.push({ ...times, input });
    if (isAcknowledgement(input, outcome)) this.acknowledgedMs.push(nowMs);
  }

  noteError(kind: ErrorKind): void {
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1);
  }

  /** The longest time without an acknowledged change between two moments, in milliseconds. */
  longestGapMs(fromMs: number, toMs: number): number {
    const moments = [fromMs, ...this.acknowledgedMs.filter((at) => at >= fromMs && at <= toMs), toMs];
    return Math.max(...moments.slice(1).map((at, index) => at - (moments[index] as number)));
  }
}

function isDrawerInput(input: Input): input is DrawerInput {
  return drawerKinds.has(input.kind);
}

/** Whether a change was told to have happened. */
function isAcknowledgement(input: Input, outcome: Outcome): boolean {
  return (
    !isRead(input) &&
    outcome.kind === "answered" &&
    (outcome.answer === "done" || outcome.answer.startsWith("revision"))
  );
}
