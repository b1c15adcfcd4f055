/**
 * The invariants: looks at every member after every event, and remembers what no member may contradict later.
 *
 * It sees only what a member shows: its status, what it hands to its driver, and what it applies.
 */
import type { Entry, MemberId, Ready, Snapshot } from "../../src/raft/types.ts";
import type { AppendRequest, AppendResponse, Message, VoteRequest } from "../../src/raft/messages.ts";
import { demand } from "./violation.ts";
import { hashBytes, mix } from "./machine.ts";
import type { RaftStatus } from "../../src/raft/raft.ts";
import type { SimNode } from "./node.ts";

const termsMax = 1 << 20;

interface Seen {
  readonly hash: number;
  readonly prevTerm: number;
}

/** What was committed at one index. */
interface Committed {
  readonly entry: Entry;
  readonly hash: number;
  /** The term of the first member that knew. */
  readonly term: number;
}

/** What a member showed last, for comparison. */
interface Shown {
  term: number;
  commit: number;
  /** The highest term that left in any of its messages. */
  toldTerm: number;
  /** Who may get how many grants of a pre-vote. */
  readonly grantsDue: Map<MemberId, number>;
  /** Who must hear of this member's higher term with the next messages. */
  readonly refusalsDue: Set<MemberId>;
}

export class Observer {
  /** Everything that was injected and that happened, by name. */
  readonly counts = new Map<string, number>();
  readonly #leaders = new Map<number, MemberId>();
  readonly #entries = new Map<number, Seen>();
  readonly #committed: (Committed | undefined)[] = [];
  readonly #digests: number[] = [];
  readonly #votes = new Map<number, MemberId>();
  /** Leaders whose log was looked at when they came to lead. */
  readonly #complete = new Set<number>();
  readonly #shown = new Map<MemberId, Shown>();
  readonly #probes = new Map<string, number>();

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  /** The highest index that is known to be committed. */
  get lastCommitted(): number {
    return Math.max(1, this.#committed.length - 1);
  }

  committedAt(index: number): Entry | undefined {
    return this.#committed[index]?.entry;
  }

  /** After anything happened at `node`. */
  check(node: SimNode): void {
    const status = node.raft.status();
    const shown = this.#shownBy(node);
    demand(status.term >= shown.term, "monotone", () => `member ${node.id}: term fell to ${status.term}`);
    demand(status.commit >= shown.commit, "monotone", () => `member ${node.id}: commit fell to ${status.commit}`);
    shown.term = status.term;
    shown.commit = status.commit;
    if (status.role !== "leader") return;
    this.#checkLeader(status);
    this.#noteCommitted(node, status);
  }

  /** A member that starts again must remember what it told others. */
  checkStart(node: SimNode, term: number): void {
    const shown = this.#shownBy(node);
    demand(term >= shown.toldTerm, "durability", () => `member ${node.id} forgot term ${shown.toldTerm}`);
    shown.term = term;
    shown.commit = 0;
    shown.grantsDue.clear();
    shown.refusalsDue.clear();
  }

  /** What was read back must be a log that this group can have. */
  checkRecovered(node: SimNode, snapshot: Snapshot | undefined, entries: readonly Entry[]): void {
    let prevTerm = snapshot?.term ?? 0;
    for (const entry of entries) {
      const seen = this.#entries.get(entry.index * termsMax + entry.term);
      const isSame = seen !== undefined && seen.hash === hashOf(entry) && seen.prevTerm === prevTerm;
      demand(isSame, "log matching", () => `member ${node.id} read back an entry ${show(entry)} that nobody wrote`);
      prevTerm = entry.term;
    }
  }

  /** Ticks the member: it must not campaign while anything speaks against it. */
  aroundTick(node: SimNode): void {
    const before = node.raft.status();
    node.raft.tick();
    const after = node.raft.status();
    const isCampaigning = after.role !== before.role && after.role.endsWith("candidate");
    const isStale = isCampaigning && this.#hasCommittedChange(after.applied + 1, after.commit);
    demand(!isStale, "campaign rule", () => `member ${node.id} campaigns with an unapplied configuration change`);
    const isEarly = isCampaigning && node.isInstalling;
    demand(!isEarly, "campaign rule", () => `member ${node.id} campaigns before its snapshot is stored`);
    this.check(node);
  }

  /** Hands a message to the member: a question must not change what it may not change. */
  aroundStep(node: SimNode, message: Message): void {
    if (message.type !== "pre-vote" && message.type !== "vote") {
      this.#aroundAnswer(node, message);
      return;
    }
    const before = node.raft.status();
    node.raft.step(message);
    const after = node.raft.status();
    const isUntouched = before.term === after.term && before.vote === after.vote;
    const isShielded = before.isLeaderFresh && !message.isTransfer && message.term > before.term;
    if (message.type === "pre-vote") {
      demand(isUntouched, "pre-vote rule", () => `a pre-vote changed the term or vote of member ${node.id}`);
      this.#noteAnswerDue(node, message, before);
    } else
      demand(isUntouched || !isShielded, "fresh leader", () => `member ${node.id} voted although its leader is fresh`);
    this.check(node);
  }

  #aroundAnswer(node: SimNode, message: Message): void {
    if (message.type === "append") this.#aroundAppend(node, message);
    else if (message.type === "append-response" && message.rejected) this.#aroundRejection(node, message);
    else node.raft.step(message);
    this.check(node);
  }

  /** A follower may take as committed only what the leader has just confirmed. */
  #aroundAppend(node: SimNode, request: AppendRequest): void {
    const before = node.raft.status().commit;
    node.raft.step(request);
    const { commit } = node.raft.status();
    const confirmed = Math.max(before, request.prevIndex + request.entries.length);
    demand(commit <= confirmed, "commit rule", () => `member ${node.id} committed ${commit} of ${confirmed} confirmed`);
  }

  /** Counts the futile probes of one leader at one member: each must rule out a term of the leader's log. */
  #aroundRejection(node: SimNode, response: AppendResponse): void {
    const progress = node.raft.progress().get(response.from);
    const before = progress?.mode === "probe" ? progress.next : 0;
    node.raft.step(response);
    if (progress === undefined || progress.next >= before) return;
    const key = `${node.id}/${node.life}/${response.term}/${response.from}`;
    const probes = (this.#probes.get(key) ?? 0) + 1;
    this.#probes.set(key, probes);
    const terms = node.countTerms();
    demand(probes <= terms + 1, "probing", () => `member ${node.id} needed ${probes} probes with ${terms} terms`);
  }

  /** Before the driver carries anything out. */
  checkReady(node: SimNode, ready: Ready): void {
    const status = node.raft.status();
    let previous: Entry | undefined;
    for (const entry of ready.entries) {
      const prevTerm = previous?.term ?? this.#termBefore(node, ready, entry.index);
      this.#checkEntry(node, entry, prevTerm, status);
      previous = entry;
    }
    for (const entry of ready.committed) this.#checkCommitted(node, entry, status.term);
    for (const message of ready.messages) this.#checkAnswer(node, message);
    const [forgotten] = this.#shownBy(node).refusalsDue;
    demand(forgotten === undefined, "pre-vote rule", () => `member ${node.id} hid its higher term from ${forgotten}`);
  }

  /** When a message leaves: what it says is said for good. */
  checkSent(node: SimNode, message: Message): void {
    if (message.type === "pre-vote" || message.type === "pre-vote-response") return;
    if (message.type === "vote") this.#checkVote(node.id, message.term, node.id);
    if (message.type === "vote-response" && message.granted) this.#checkVote(node.id, message.term, message.to);
    const shown = this.#shownBy(node);
    shown.toldTerm = Math.max(shown.toldTerm, message.term);
  }

  /** After the member has applied an entry. */
  checkApplied(node: SimNode, entry: Entry): void {
    const { machine } = node;
    const expected = this.#committed[entry.index]?.hash;
    demand(
      expected === hashOf(entry),
      "state machine safety",
      () => `member ${node.id} applied another ${show(entry)}`,
    );
    this.#checkDigest(node, entry.index);
    const isOnce = machine.counters.every((count, session) => count === machine.sessions[session]);
    demand(
      isOnce,
      "exactly once",
      () => `a command was applied twice or skipped: ${machine.counters.join()} of ${machine.sessions.join()}`,
    );
  }

  /** After the member has installed a snapshot. */
  installed(node: SimNode): void {
    this.count("snapshots installed");
    this.#checkDigest(node, node.machine.applied);
  }

  /** A new leader must have every entry that an earlier term committed. */
  checkComplete(node: SimNode): void {
    const { id, role, term, firstIndex } = node.raft.status();
    if (role !== "leader" || this.#complete.has(id * termsMax + term)) return;
    this.#complete.add(id * termsMax + term);
    let index = this.#committed.length - 1;
    while (index > 0 && (this.#committed[index]?.term ?? 0) >= term) index--;
    if (index < firstIndex) return;
    const own = node.storage.term(index);
    const committed = this.#committed[index]?.entry;
    if (committed === undefined) return;
    demand(
      own === committed.term,
      "leader completeness",
      () => `leader ${node.id} of term ${term} lacks ${show(committed)}`,
    );
  }

  #shownBy(node: SimNode): Shown {
    const known = this.#shown.get(node.id);
    if (known !== undefined) return known;
    const fresh: Shown = { term: 0, commit: 0, toldTerm: 0, grantsDue: new Map(), refusalsDue: new Set() };
    this.#shown.set(node.id, fresh);
    return fresh;
  }

  #checkLeader(status: RaftStatus): void {
    const { id, term, configuration } = status;
    const other = this.#leaders.get(term);
    demand(
      other === undefined || other === id,
      "election safety",
      () => `members ${other} and ${id} both lead term ${term}`,
    );
    demand(configuration.voters.includes(id), "removed leader", () => `leader ${id} is no voter any more`);
    if (other !== undefined) return;
    this.#leaders.set(term, id);
    this.count("leaders elected");
  }

  /** A leader is the first to know that an entry is committed, and its driver has all that could be counted. */
  #noteCommitted(node: SimNode, { commit, term }: RaftStatus): void {
    const { storage } = node;
    const low = Math.max(this.#committed.length, storage.firstIndex());
    const high = Math.min(commit, storage.lastIndex()) + 1;
    if (low >= high) return;
    for (const entry of storage.entries(low, high, Number.POSITIVE_INFINITY)) this.#checkCommitted(node, entry, term);
  }

  /** By what is committed, not by what a member's disk still has there: its log may have replaced that, and not stored it yet. */
  #hasCommittedChange(first: number, last: number): boolean {
    for (let index = first; index <= last; index++) if (this.#committed[index]?.entry.kind === "config") return true;
    return false;
  }

  #noteAnswerDue(node: SimNode, request: VoteRequest, { term, lastTerm, lastIndex }: RaftStatus): void {
    const isGoodEnough =
      request.lastTerm > lastTerm || (request.lastTerm === lastTerm && request.lastIndex >= lastIndex);
    const { grantsDue, refusalsDue } = this.#shownBy(node);
    if (isGoodEnough) grantsDue.set(request.from, (grantsDue.get(request.from) ?? 0) + 1);
    if (request.term < term) refusalsDue.add(request.from);
  }

  #termBefore(node: SimNode, ready: Ready, index: number): number {
    if (ready.snapshot?.index === index - 1) return ready.snapshot.term;
    return node.storage.term(index - 1) ?? 0;
  }

  #checkEntry(node: SimNode, entry: Entry, prevTerm: number, status: RaftStatus): void {
    const key = entry.index * termsMax + entry.term;
    const hash = hashOf(entry);
    const seen = this.#entries.get(key);
    if (seen === undefined) {
      this.#entries.set(key, { hash, prevTerm });
      const isFirst = status.role === "leader" && entry.term === status.term && prevTerm !== entry.term;
      demand(!isFirst || entry.kind === "no-op", "no-op rule", () => `term ${entry.term} begins with a ${entry.kind}`);
    } else {
      const isSame = seen.hash === hash && seen.prevTerm === prevTerm;
      demand(isSame, "log matching", () => `member ${node.id} has another ${show(entry)} behind term ${prevTerm}`);
    }
  }

  #checkCommitted(node: SimNode, entry: Entry, term: number): void {
    const known = this.#committed[entry.index];
    const hash = hashOf(entry);
    if (known === undefined) this.#committed[entry.index] = { entry, hash, term };
    else
      demand(known.hash === hash, "state machine safety", () => `member ${node.id} committed another ${show(entry)}`);
  }

  #checkAnswer(node: SimNode, message: Message): void {
    if (message.type !== "pre-vote-response") return;
    const { grantsDue, refusalsDue } = this.#shownBy(node);
    refusalsDue.delete(message.to);
    if (!message.granted) return;
    const due = grantsDue.get(message.to) ?? 0;
    demand(due > 0, "pre-vote rule", () => `member ${node.id} granted a pre-vote to the older log of ${message.to}`);
    grantsDue.set(message.to, due - 1);
  }

  #checkVote(voter: MemberId, term: number, candidate: MemberId): void {
    const key = voter * termsMax + term;
    const before = this.#votes.get(key);
    demand(
      before === undefined || before === candidate,
      "one vote",
      () => `member ${voter} voted twice in term ${term}`,
    );
    this.#votes.set(key, candidate);
  }

  #checkDigest(node: SimNode, index: number): void {
    const digest = node.machine.digest();
    const known = this.#digests[index];
    if (known === undefined) this.#digests[index] = digest;
    else demand(known === digest, "state digest", () => `member ${node.id} has another state at index ${index}`);
  }
}

function hashOf(entry: Entry): number {
  return mix(mix(hashBytes(entry.data), entry.term), entry.kind.length) >>> 0;
}

function show(entry: Entry): string {
  return `entry ${entry.index} of term ${entry.term} (${entry.kind})`;
}
