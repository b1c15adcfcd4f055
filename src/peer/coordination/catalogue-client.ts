/**
 * The catalogue as everything else in a peer uses it: whichever coordinator can answer.
 *
 * Reads go to this peer's own coordinator where there is one, else to the one that answered last. What only the leader
 * can do goes to the leader, as far as it is known, and follows the hints of those that are asked in its place. One call
 * asks each coordinator once at the most; whoever repeats it does so in a session.
 */
import { setTimeout as delay } from "node:timers/promises";
import type {
  ChangePage,
  DirectoryPage,
  EffectPage,
  EntryRow,
  InviteRow,
  NodeRow,
  ReferencedKey,
  RevisionPage,
  RevisionRow,
  SharePage,
  UserPage,
  UserRow,
} from "../../catalogue/rows.ts";
import type { EffectQuery } from "../../catalogue/effects-reader.ts";
import type { ShareQuery } from "../../catalogue/share-reader.ts";
import type { ChangeQuery } from "../../catalogue/user-reader.ts";
import { withDeadline } from "../../core/deadline.ts";
import { DfsError } from "../../core/errors.ts";
import type { FileKey, NodeId, PeerId, ShelfId, UserId, UserName, SessionId } from "../../core/ids.ts";
import { askNextAfterMs, busyPatienceMs, electionLookMs, noQuorumAfterMs } from "../../core/limits.ts";
import type { PeerLinks } from "../peer-links.ts";
import { whileBusy, withRetries } from "../retry.ts";
import { type Answer, AskingRound } from "./asking-round.ts";
import type {
  CatalogueAccess,
  CatalogueTotals,
  GroupReport,
  Heartbeat,
  LoginAnswer,
  MemberList,
  Presence,
  ReadCallOptions,
  Roster,
} from "./catalogue-access.ts";
import type { Coordinator } from "./coordinator.ts";
import { CoordinatorQuestions } from "./coordinator-questions.ts";
import { RemoteCoordinator } from "./remote-coordinator.ts";

export interface CatalogueClientOptions {
  readonly self: PeerId;
  readonly links: Pick<PeerLinks, "call">;
  /** This peer's own coordinator; undefined while it is none. */
  readonly own: () => Coordinator | undefined;
  readonly roster: () => Roster | undefined;
  /** A peer's name, for messages. */
  readonly nameOf: (peer: PeerId) => string | undefined;
}

type Call<Result> = (coordinator: CatalogueAccess, signal: AbortSignal) => Promise<Result>;

export class CatalogueClient implements CatalogueAccess {
  readonly #options: CatalogueClientOptions;
  /** Who led when something was last asked of the leader. */
  #leader: PeerId | undefined;
  /** Who answered the last read. */
  #reader: PeerId | undefined;
  readonly #questions = new CoordinatorQuestions();

  constructor(options: CatalogueClientOptions) {
    this.#options = options;
  }

  entry(user: UserId, parent: NodeId, token: Uint8Array, options?: ReadCallOptions): Promise<EntryRow | undefined> {
    return this.#read(
      (coordinator, signal) => coordinator.entry(user, parent, token, { ...options, signal }),
      options?.signal,
    );
  }

  entries(
    user: UserId,
    parent: NodeId,
    tokens: readonly Uint8Array[],
    options?: ReadCallOptions,
  ): Promise<readonly (EntryRow | null)[]> {
    return this.#read(
      (coordinator, signal) => coordinator.entries(user, parent, tokens, { ...options, signal }),
      options?.signal,
    );
  }

  list(
    user: UserId,
    parent: NodeId,
    after: Uint8Array | undefined,
    limit: number,
    options?: ReadCallOptions,
  ): Promise<DirectoryPage> {
    return this.#read(
      (coordinator, signal) => coordinator.list(user, parent, after, limit, { ...options, signal }),
      options?.signal,
    );
  }

  revision(node: NodeId, revision: number, options?: ReadCallOptions): Promise<RevisionRow | undefined> {
    return this.#read(
      (coordinator, signal) => coordinator.revision(node, revision, { ...options, signal }),
      options?.signal,
    );
  }

  revisions(node: NodeId, before: number | undefined, limit: number, options?: ReadCallOptions): Promise<RevisionPage> {
    return this.#read(
      (coordinator, signal) => coordinator.revisions(node, before, limit, { ...options, signal }),
      options?.signal,
    );
  }

  lineage(node: NodeId, options?: ReadCallOptions): Promise<readonly NodeRow[]> {
    return this.#read((coordinator, signal) => coordinator.lineage(node, { ...options, signal }), options?.signal);
  }

  shares(query: ShareQuery, after: SharePage["next"], options?: ReadCallOptions): Promise<SharePage> {
    return this.#read(
      (coordinator, signal) => coordinator.shares(query, after, { ...options, signal }),
      options?.signal,
    );
  }

  users(after: UserName | undefined, limit: number, options?: ReadCallOptions): Promise<UserPage> {
    return this.#read(
      (coordinator, signal) => coordinator.users(after, limit, { ...options, signal }),
      options?.signal,
    );
  }

  user(user: UserId, options?: ReadCallOptions): Promise<UserRow | undefined> {
    return this.#read((coordinator, signal) => coordinator.user(user, { ...options, signal }), options?.signal);
  }

  userByName(name: UserName, options?: ReadCallOptions): Promise<UserRow | undefined> {
    return this.#read((coordinator, signal) => coordinator.userByName(name, { ...options, signal }), options?.signal);
  }

  invites(options?: ReadCallOptions): Promise<readonly InviteRow[]> {
    return this.#read((coordinator, signal) => coordinator.invites({ ...options, signal }), options?.signal);
  }

  changes(user: UserId, query: ChangeQuery, options?: ReadCallOptions): Promise<ChangePage> {
    return this.#read(
      (coordinator, signal) => coordinator.changes(user, query, { ...options, signal }),
      options?.signal,
    );
  }

  outcome(session: SessionId, sequence: number, options?: ReadCallOptions): Promise<Uint8Array | undefined> {
    return this.#read(
      (coordinator, signal) => coordinator.outcome(session, sequence, { ...options, signal }),
      options?.signal,
    );
  }

  effects(query: EffectQuery, options?: ReadCallOptions): Promise<EffectPage> {
    return this.#read((coordinator, signal) => coordinator.effects(query, { ...options, signal }), options?.signal);
  }

  members(signal?: AbortSignal): Promise<MemberList> {
    return this.#read((coordinator, bounded) => coordinator.members(bounded), signal);
  }

  totals(options?: ReadCallOptions): Promise<CatalogueTotals> {
    return this.#read((coordinator, signal) => coordinator.totals({ ...options, signal }), options?.signal);
  }

  references(shelf: ShelfId, fileKeys: readonly FileKey[], signal?: AbortSignal): Promise<readonly boolean[]> {
    return this.#read((coordinator, bounded) => coordinator.references(shelf, fileKeys, bounded), signal);
  }

  drops(shelf: ShelfId, limit: number, signal?: AbortSignal): Promise<readonly FileKey[]> {
    return this.#read((coordinator, bounded) => coordinator.drops(shelf, limit, bounded), signal);
  }

  referencedKeys(
    shelf: ShelfId,
    after: FileKey | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly ReferencedKey[]> {
    return this.#read((coordinator, bounded) => coordinator.referencedKeys(shelf, after, limit, bounded), signal);
  }

  /** The leader's report where there is a leader, else that of whoever answers. */
  async group(signal?: AbortSignal): Promise<GroupReport> {
    const report = await this.nearestGroup(signal);
    const { leader } = report;
    if (report.isLeader || leader === null) return report;
    try {
      return await withDeadline(askNextAfterMs, signal, (bounded) => this.#access(leader).group(bounded));
    } catch {
      signal?.throwIfAborted();
      return report;
    }
  }

  /** The report of the coordinator that reads go to. */
  nearestGroup(signal?: AbortSignal): Promise<GroupReport> {
    return this.#read((coordinator, bounded) => coordinator.group(bounded), signal);
  }

  presence(signal?: AbortSignal): Promise<readonly Presence[]> {
    return this.#leadNow((coordinator, bounded) => coordinator.presence(bounded), signal);
  }

  heartbeat(beat: Heartbeat, signal?: AbortSignal): Promise<number> {
    return this.#leadNow((coordinator, bounded) => coordinator.heartbeat(beat, bounded), signal);
  }

  loginSalt(name: UserName, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#leadNow((coordinator, bounded) => coordinator.loginSalt(name, bounded), signal);
  }

  login(name: UserName, proof: Uint8Array, signal?: AbortSignal): Promise<LoginAnswer> {
    return this.#leadNow((coordinator, bounded) => coordinator.login(name, proof, bounded), signal);
  }

  /** This peer's own coordinator takes it without further ado while it leads. */
  propose(command: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const own = this.#options.own();
    if (own?.log.isLeader === true) return own.propose(command, signal);
    return this.#lead((coordinator, bounded) => coordinator.propose(command, bounded), signal);
  }

  async transfer(to: PeerId, signal?: AbortSignal): Promise<void> {
    await this.#leadNow((coordinator, bounded) => coordinator.transfer(to, bounded), signal);
  }

  /** While all are busy it waits for as long as they say, and asks again. */
  async #read<Result>(call: Call<Result>, signal: AbortSignal | undefined): Promise<Result> {
    const ask = async (): Promise<Result> => {
      const own = this.#options.own() === undefined ? undefined : this.#options.self;
      const { result, peer } = await this.#ask(own ?? this.#reader, call, signal);
      this.#reader = peer;
      return result;
    };
    return withRetries({ ...whileBusy, forMs: busyPatienceMs, signal }, ask);
  }

  async #lead<Result>(call: Call<Result>, signal: AbortSignal | undefined): Promise<Result> {
    const first = this.#options.own()?.log.leader ?? this.#leader;
    // Whoever does not answer now is not the first to be asked the next time.
    this.#leader = undefined;
    const { result, peer } = await this.#ask(first, call, signal);
    this.#leader = peer;
    return result;
  }

  /** For calls that nobody else repeats: waits for an election to end, for as long as one may take. */
  async #leadNow<Result>(call: Call<Result>, signal: AbortSignal | undefined): Promise<Result> {
    const deadlineMs = performance.now() + noQuorumAfterMs;
    for (;;) {
      try {
        return await this.#lead(call, signal);
      } catch (error) {
        const isElecting = error instanceof DfsError && error.kind === "not-leader";
        if (!isElecting || performance.now() >= deadlineMs) throw withoutLeader(error);
        await delay(electionLookMs, undefined, { signal });
      }
    }
  }

  /** Asks `first`, or whom it names; where that takes long or comes to nothing, all others at once. */
  async #ask<Result>(
    first: PeerId | undefined,
    call: Call<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Answer<Result>> {
    const { roster, self } = this.#options;
    const known = (roster()?.members ?? []).map(({ peer }) => peer);
    const round = new AskingRound({
      first: first ?? this.#firstToAsk(known),
      others: this.#options.own() === undefined ? known.filter((peer) => peer !== self) : [self, ...known],
      call: (peer, bounded) => call(this.#access(peer), bounded),
      signal,
    });
    const outcome = await round.run();
    if ("peer" in outcome) return outcome;
    throw this.#summary(outcome.failures, outcome.asked);
  }

  #firstToAsk(known: readonly PeerId[]): PeerId | undefined {
    const { own, self } = this.#options;
    return own() === undefined ? known.find((peer) => peer !== self) : self;
  }

  #access(peer: PeerId): CatalogueAccess {
    const own = peer === this.#options.self ? this.#options.own() : undefined;
    return own ?? new RemoteCoordinator(this.#options.links, peer, this.#questions);
  }

  /** What all the failures come to: an election is worth waiting for, a missing majority or silence is not. */
  #summary(failures: readonly DfsError[], asked: ReadonlySet<PeerId>): DfsError {
    const electing = failures.find(({ kind }) => kind === "not-leader" || kind === "busy");
    const telling = electing ?? failures.find(({ kind }) => kind === "no-quorum");
    if (telling !== undefined) return telling;
    if (asked.size === 0)
      return new DfsError("unreachable", "no coordinator is known here; start this peer while another one is up");
    const names = Array.from(asked, (peer) => this.#options.nameOf(peer) ?? peer).join(", ");
    const who =
      asked.size === 1 ? `${names}, which keeps the catalogue, does not answer` : `no coordinator (${names}) answers`;
    return new DfsError(
      "unreachable",
      `${who} (${failures[0]?.message ?? "not in time"}); start dfs-peer there, and see status`,
      { cause: failures[0] },
    );
  }
}

/** `not-leader` as those see it who cannot do anything about it: for now no majority agrees. Other errors stay. */
export function withoutLeader(error: unknown): unknown {
  if (!(error instanceof DfsError) || error.kind !== "not-leader") return error;
  return new DfsError("no-quorum", "the coordinators have not agreed on a leader: try again in a moment", {
    cause: error,
  });
}
