/** One coordinator on another peer, over RPC. */
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
import type { FileKey, NodeId, PeerId, ShelfId, UserId, UserName, SessionId } from "../../core/ids.ts";
import { coordinatorTryMs } from "../../core/limits.ts";
import type { CoordinatorQuestions } from "./coordinator-questions.ts";
import type { PeerLinks } from "../peer-links.ts";
import type { RpcMethod } from "../wire/rpc-method.ts";
import type {
  CatalogueAccess,
  CatalogueTotals,
  GroupReport,
  Heartbeat,
  LoginAnswer,
  MemberList,
  Presence,
  ReadCallOptions,
} from "./catalogue-access.ts";
import { catalogueMethods } from "./catalogue-methods.ts";

export class RemoteCoordinator implements CatalogueAccess {
  readonly #links: Pick<PeerLinks, "call">;
  readonly #peer: PeerId;
  readonly #questions: CoordinatorQuestions;

  /** `questions` are those of all objects like this one. */
  constructor(links: Pick<PeerLinks, "call">, peer: PeerId, questions: CoordinatorQuestions) {
    this.#links = links;
    this.#peer = peer;
    this.#questions = questions;
  }

  async entry(
    user: UserId,
    parent: NodeId,
    token: Uint8Array,
    { signal, stale, at }: ReadCallOptions = {},
  ): Promise<EntryRow | undefined> {
    return (await this.#read(catalogueMethods.entry, { user, parent, token, at, stale }, signal)) ?? undefined;
  }

  entries(
    user: UserId,
    parent: NodeId,
    tokens: readonly Uint8Array[],
    { signal, stale, at }: ReadCallOptions = {},
  ): Promise<readonly (EntryRow | null)[]> {
    return this.#read(catalogueMethods.entries, { user, parent, tokens: [...tokens], at, stale }, signal);
  }

  list(
    user: UserId,
    parent: NodeId,
    after: Uint8Array | undefined,
    limit: number,
    { signal, stale, at, isBrief }: ReadCallOptions = {},
  ): Promise<DirectoryPage> {
    return this.#read(catalogueMethods.list, { user, parent, after, limit, at, isBrief, stale }, signal);
  }

  async revision(
    node: NodeId,
    revision: number,
    { signal, stale }: ReadCallOptions = {},
  ): Promise<RevisionRow | undefined> {
    return (await this.#read(catalogueMethods.revision, { node, revision, stale }, signal)) ?? undefined;
  }

  revisions(
    node: NodeId,
    before: number | undefined,
    limit: number,
    { signal, stale }: ReadCallOptions = {},
  ): Promise<RevisionPage> {
    return this.#read(catalogueMethods.revisions, { node, before, limit, stale }, signal);
  }

  lineage(node: NodeId, { signal, stale }: ReadCallOptions = {}): Promise<readonly NodeRow[]> {
    return this.#read(catalogueMethods.lineage, { node, stale }, signal);
  }

  shares(query: ShareQuery, after: SharePage["next"], { signal, stale }: ReadCallOptions = {}): Promise<SharePage> {
    return this.#read(catalogueMethods.shares, { query, after, stale }, signal);
  }

  users(after: UserName | undefined, limit: number, { signal, stale }: ReadCallOptions = {}): Promise<UserPage> {
    return this.#read(catalogueMethods.users, { after, limit, stale }, signal);
  }

  async user(user: UserId, { signal, stale }: ReadCallOptions = {}): Promise<UserRow | undefined> {
    return (await this.#read(catalogueMethods.user, { user, stale }, signal)) ?? undefined;
  }

  async userByName(name: UserName, { signal, stale }: ReadCallOptions = {}): Promise<UserRow | undefined> {
    return (await this.#read(catalogueMethods.userByName, { name, stale }, signal)) ?? undefined;
  }

  invites({ signal, stale }: ReadCallOptions = {}): Promise<readonly InviteRow[]> {
    return this.#read(catalogueMethods.invites, { stale }, signal);
  }

  changes(user: UserId, query: ChangeQuery, { signal, stale }: ReadCallOptions = {}): Promise<ChangePage> {
    return this.#read(catalogueMethods.changes, { user, ...query, stale }, signal);
  }

  async outcome(
    session: SessionId,
    sequence: number,
    { signal, stale }: ReadCallOptions = {},
  ): Promise<Uint8Array | undefined> {
    return (await this.#read(catalogueMethods.outcome, { session, sequence, stale }, signal)) ?? undefined;
  }

  effects(query: EffectQuery, { signal, stale }: ReadCallOptions = {}): Promise<EffectPage> {
    return this.#read(catalogueMethods.effects, { ...query, stale }, signal);
  }

  members(signal?: AbortSignal): Promise<MemberList> {
    return this.#ask(catalogueMethods.members, {}, signal);
  }

  totals({ signal, stale }: ReadCallOptions = {}): Promise<CatalogueTotals> {
    return this.#read(catalogueMethods.totals, { stale }, signal);
  }

  references(shelf: ShelfId, fileKeys: readonly FileKey[], signal?: AbortSignal): Promise<readonly boolean[]> {
    return this.#read(catalogueMethods.references, { shelf, fileKeys: [...fileKeys] }, signal);
  }

  drops(shelf: ShelfId, limit: number, signal?: AbortSignal): Promise<readonly FileKey[]> {
    return this.#read(catalogueMethods.drops, { shelf, limit }, signal);
  }

  referencedKeys(
    shelf: ShelfId,
    after: FileKey | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly ReferencedKey[]> {
    return this.#read(catalogueMethods.referencedKeys, { shelf, after, limit }, signal);
  }

  group(signal?: AbortSignal): Promise<GroupReport> {
    return this.#ask(catalogueMethods.group, {}, signal);
  }

  presence(signal?: AbortSignal): Promise<readonly Presence[]> {
    return this.#ask(catalogueMethods.presence, {}, signal);
  }

  heartbeat(beat: Heartbeat, signal?: AbortSignal): Promise<number> {
    return this.#ask(catalogueMethods.heartbeat, beat, signal);
  }

  loginSalt(name: UserName, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#ask(catalogueMethods.loginSalt, { name }, signal);
  }

  login(name: UserName, proof: Uint8Array, signal?: AbortSignal): Promise<LoginAnswer> {
    return this.#ask(catalogueMethods.login, { name, proof }, signal);
  }

  propose(command: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#ask(catalogueMethods.propose, { command }, signal);
  }

  async transfer(to: PeerId, signal?: AbortSignal): Promise<void> {
    await this.#ask(catalogueMethods.transfer, { to }, signal);
  }

  #read<Params, Result>(
    method: RpcMethod<Params, Result>,
    params: Params,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    return this.#questions.run(this.#peer, signal, () => this.#ask(method, params, signal));
  }

  #ask<Params, Result>(
    method: RpcMethod<Params, Result>,
    params: Params,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    return this.#links.call(this.#peer, method, params, { signal, timeoutMs: coordinatorTryMs });
  }
}
