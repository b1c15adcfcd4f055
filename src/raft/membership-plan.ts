/**
 * Which configuration change a leader should make next: a pure decision, taken again after every change.
 *
 * A group rests at an odd number of voters only: two or four tolerate no more failures than one or three, and need one
 * more member for every decision. It passes through an even number only when the next step is at hand. A leader does not
 * remove itself but hands over first: the others might not hear of its removal before it is gone.
 */
import type { Configuration, MemberId } from "./types.ts";

/** What the decision is made from. */
export interface MembershipView {
  readonly configuration: Configuration;
  /** The leader itself. */
  readonly self: MemberId;
  /** Members that are active and caught up. */
  readonly ready: ReadonlySet<MemberId>;
  /** Members that are lost or shall leave. */
  readonly out: ReadonlySet<MemberId>;
  /** Ids for newcomers that wait to become learners, none of them ever used. */
  readonly spares: readonly MemberId[];
  /** How many voters the group should have: 1, 3 or 5. */
  readonly votersWanted: number;
  /** Learners to keep beside the voters, so that one is caught up when a voter fails. */
  readonly learnersWanted: number;
  /** For tests only: the mistake `rest-at-two`. */
  readonly mayRestAtEven?: boolean;
}

/** One step of the plan: a change, or the leadership to be handed to `id`. What the core refuses for the moment is planned again. */
export interface PlannedStep {
  readonly type: "add-learner" | "promote" | "remove" | "transfer";
  readonly id: MemberId;
}

/** The next step, or undefined when the group is as it should be or nothing can be done about it yet. */
export function planConfigChange(view: MembershipView): PlannedStep | undefined {
  const isEven = view.configuration.voters.length % 2 === 0;
  return (isEven ? leaveEven(view) : (replaceVoter(view) ?? resize(view))) ?? tendLearners(view);
}

/** From an even number the shortest way out: drop who is out, grow if somebody is ready and wanted, else shrink. */
function leaveEven(view: MembershipView): PlannedStep | undefined {
  const { voters } = view.configuration;
  const [learner] = candidates(view);
  if (votersOut(view).length > 0) return dropVoter(view);
  if (voters.length < view.votersWanted && learner !== undefined) return { type: "promote", id: learner };
  return view.mayRestAtEven === true ? undefined : dropVoter(view);
}

/** A voter that is out is replaced by a learner that is ready: first promote, then remove. */
function replaceVoter(view: MembershipView): PlannedStep | undefined {
  const [learner] = candidates(view);
  if (votersOut(view).length === 0 || learner === undefined) return undefined;
  return { type: "promote", id: learner };
}

function resize(view: MembershipView): PlannedStep | undefined {
  const { voters } = view.configuration;
  const [learner, second] = candidates(view);
  const isStepAtHand = second !== undefined || view.mayRestAtEven === true;
  if (voters.length < view.votersWanted && learner !== undefined && isStepAtHand)
    return { type: "promote", id: learner };
  return voters.length > view.votersWanted ? dropVoter(view) : undefined;
}

/** Removes one voter: one that is out, else the youngest that does not lead. */
function dropVoter(view: MembershipView): PlannedStep | undefined {
  const { configuration, self, ready, out } = view;
  const others = configuration.voters.filter((id) => id !== self);
  const leaving = votersOut(view)[0] ?? others.at(-1);
  if (leaving === undefined) return undefined;
  if (leaving !== self) return { type: "remove", id: leaving };
  const heir = others.find((id) => ready.has(id) && !out.has(id));
  return heir === undefined ? undefined : { type: "transfer", id: heir };
}

function tendLearners(view: MembershipView): PlannedStep | undefined {
  const { voters, learners } = view.configuration;
  const lost = learners.find((id) => view.out.has(id));
  if (lost !== undefined) return { type: "remove", id: lost };
  const missingVoters = Math.max(0, view.votersWanted - voters.length) + votersOut(view).length;
  const [spare] = view.spares;
  if (spare === undefined || learners.length >= missingVoters + view.learnersWanted) return undefined;
  return { type: "add-learner", id: spare };
}

/** Voters that are out, the leader last. */
function votersOut({ configuration, out, self }: MembershipView): readonly MemberId[] {
  const others = configuration.voters.filter((id) => out.has(id) && id !== self);
  return out.has(self) && configuration.voters.includes(self) ? [...others, self] : others;
}

function candidates({ configuration, ready, out }: MembershipView): readonly MemberId[] {
  return configuration.learners.filter((id) => ready.has(id) && !out.has(id));
}
