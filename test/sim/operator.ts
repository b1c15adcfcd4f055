/** Those who run the group: they replace lost members, grow and shrink it by plan, and now and then try what they must not. */
import { changedConfiguration, decodeConfigChange } from "../../src/raft/configuration.ts";
import type { Configuration, Entry, MemberId } from "../../src/raft/types.ts";
import type { ConfigChange } from "../../src/raft/configuration.ts";
import type { Observer } from "./observer.ts";
import type { Profile } from "./profile.ts";
import type { Prng } from "./prng.ts";
import type { SimNode } from "./node.ts";
import { demand } from "./violation.ts";
import { majorityOf } from "../../src/raft/quorum.ts";
import { planConfigChange } from "../../src/raft/membership-plan.ts";

const noContext = new Uint8Array(0);

export class Operator {
  /** The configuration after the last committed change. */
  configuration: Configuration;
  /** Members that are lost or shall leave. */
  readonly out = new Set<MemberId>();
  readonly #prng: Prng;
  readonly #profile: Profile;
  readonly #observer: Observer;
  readonly #mayRestAtEven: boolean;
  #configurationIndex = 1;
  #lastChangeIndex = 1;
  #lastApplied = 1;

  constructor(prng: Prng, profile: Profile, observer: Observer, founding: Configuration, mayRestAtEven: boolean) {
    this.#prng = prng;
    this.#profile = profile;
    this.#observer = observer;
    this.configuration = founding;
    this.#mayRestAtEven = mayRestAtEven;
  }

  /** Whether a proposed change may still be on its way. */
  get isChanging(): boolean {
    return this.#lastChangeIndex > this.#lastApplied;
  }

  /** An entry was applied somewhere. */
  applied(entry: Entry): void {
    this.#lastApplied = Math.max(this.#lastApplied, entry.index);
    if (entry.kind !== "config" || entry.index <= this.#configurationIndex) return;
    this.#configurationIndex = entry.index;
    const change = decodeConfigChange(entry.data);
    const configuration = changedConfiguration(this.configuration, change);
    if (configuration === undefined) return;
    this.configuration = configuration;
    const members = [...configuration.voters, ...configuration.learners];
    for (const id of this.out) if (!members.includes(id)) this.out.delete(id);
    this.#observer.count(`changes: ${change.type}`);
  }

  /** Whether `id` may be asked to leave: nobody else is leaving or lost, and nothing is under way. */
  canRetire(id: MemberId): boolean {
    const { voters, learners } = this.configuration;
    return !this.isChanging && this.out.size === 0 && (voters.includes(id) || learners.includes(id));
  }

  /**
   * Whether the group can do without `id` for good, whatever is under way. Until a majority has applied the last
   * change, the members of before count as well, and one that was removed must not be switched off.
   */
  canLose(id: MemberId, nodes: readonly SimNode[]): boolean {
    const { voters } = this.configuration;
    if (this.isChanging || this.out.size > 0) return false;
    const hasHeard = (node: SimNode): boolean =>
      voters.includes(node.id) && node.machine.applied >= this.#configurationIndex && node.state !== "lost";
    if (nodes.filter((node) => node.id !== id && hasHeard(node)).length < majorityOf(voters.length)) return false;
    return !voters.includes(id) || voters.length - 1 >= majorityOf(voters.length);
  }

  /** Makes the next planned change, if there is one. */
  operate(leader: SimNode, nodes: readonly SimNode[]): void {
    const { configuration, commit } = leader.raft.status();
    const ready = new Set<MemberId>();
    for (const [id, { match, isActive }] of leader.raft.progress())
      if (isActive && match + this.#profile.promoteLagEntriesMax >= commit) ready.add(id);
    const spares = nodes.filter((node) => node.isUp && node.id > configuration.highestId && !this.out.has(node.id));
    const planned = planConfigChange({
      configuration,
      self: leader.id,
      ready,
      out: this.out,
      spares: spares.map((node) => node.id),
      votersWanted: this.#profile.votersWanted,
      learnersWanted: this.#profile.learnersWanted,
      mayRestAtEven: this.#mayRestAtEven,
    });
    if (planned?.type === "transfer") leader.raft.transferLeader(planned.id);
    else if (planned !== undefined)
      this.#propose(leader, nodes, { type: planned.type, id: planned.id, context: noContext });
  }

  /** Tries a change that nobody planned: the core must refuse what breaks a rule. */
  beReckless(leader: SimNode, nodes: readonly SimNode[]): void {
    const { configuration } = leader.raft.status();
    const learners = configuration.learners.filter((id) => !this.out.has(id));
    const members = [...configuration.voters, ...configuration.learners];
    const former = nodes.filter((node) => node.id <= configuration.highestId && !members.includes(node.id));
    const spares = nodes.filter((node) => node.isUp && node.id > configuration.highestId);
    if (this.canRetire(leader.id) && this.#prng.chance(0.3))
      this.#propose(leader, nodes, { type: "remove", id: leader.id, context: noContext });
    else if (former.length > 0 && this.#prng.chance(0.4))
      this.#propose(leader, nodes, { type: "add-learner", id: this.#prng.pick(former).id, context: noContext });
    else if (learners.length > 0 && this.#prng.chance(0.7))
      this.#propose(leader, nodes, { type: "promote", id: this.#prng.pick(learners), context: noContext });
    else
      for (const spare of spares.slice(0, 2))
        this.#propose(leader, nodes, { type: "add-learner", id: spare.id, context: noContext });
  }

  #propose(leader: SimNode, nodes: readonly SimNode[], change: ConfigChange): void {
    const before = leader.raft.status();
    const proposal = leader.raft.proposeConfigChange(change);
    if (!proposal.accepted) return;
    this.#observer.count("changes proposed");
    const isAlone =
      proposal.index === before.lastIndex + 1 && !leader.hasChangeWithin(before.applied + 1, before.lastIndex);
    const isFollowing = this.#isOwnChangePending(leader, before.applied);
    demand(isAlone && !isFollowing, "one change at a time", () => `member ${leader.id} took a second change`);
    this.#lastOwn.set(leader.id, { life: leader.life, term: before.term, index: proposal.index });
    this.#lastChangeIndex = Math.max(this.#lastChangeIndex, proposal.index);
    const commitTerm = leader.storage.term(before.commit) ?? before.term;
    demand(
      commitTerm === before.term,
      "change rule",
      () => `member ${leader.id} took a change before its no-op committed`,
    );
    if (change.type === "add-learner")
      demand(
        change.id > before.configuration.highestId,
        "fresh ids",
        () => `member id ${change.id} was given out twice`,
      );
    if (change.type !== "promote") return;
    const learner = nodes.find((node) => node.id === change.id);
    const reached = (learner?.storage.lastIndex() ?? 0) + this.#profile.promoteLagEntriesMax;
    demand(
      reached >= before.commit,
      "promotion",
      () => `learner ${change.id} was promoted at ${reached} of ${before.commit}`,
    );
  }

  /** Changes that a leader took, and may not have handed to its disk yet. */
  readonly #lastOwn = new Map<MemberId, { readonly life: number; readonly term: number; readonly index: number }>();

  #isOwnChangePending(leader: SimNode, applied: number): boolean {
    const last = this.#lastOwn.get(leader.id);
    const { term } = leader.raft.status();
    return last !== undefined && last.life === leader.life && last.term === term && last.index > applied;
  }
}
