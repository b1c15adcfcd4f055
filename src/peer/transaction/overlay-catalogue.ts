/** The catalogue as one transaction sees it: the rows of the network with the transaction's own changes laid over them. */
import type { Operation } from "../../catalogue/operation.ts";
import type { DirectoryPage, EntryRow, NodeRow, RevisionPage, RevisionRow, SharePage } from "../../catalogue/rows.ts";
import type { ShareQuery } from "../../catalogue/share-reader.ts";
import type { NodeId, UserId } from "../../core/ids.ts";
import { transactionDirectoriesMax } from "../../core/limits.ts";
import type { CatalogueReader, ReadCallOptions } from "../coordination/catalogue-access.ts";
import { hexOf } from "../random-ids.ts";
import { type BaseFacts, readBaseFacts } from "./base-facts.ts";
import { PendingTree } from "./pending-tree.ts";

export class OverlayCatalogue implements CatalogueReader {
  /** The network, which knows nothing of the directories that the transaction made. */
  readonly #base: CatalogueReader;
  readonly #onRead: () => void;
  /** Directories that were looked up, with the one that holds each: what tells that one would be moved into itself. */
  readonly #parents = new Map<NodeId, NodeId>();
  /** Whose the directories are in which something was looked up. */
  readonly #owners = new Map<NodeId, UserId>();
  /** The transaction's changes. */
  tree = new PendingTree();

  /** `onRead` is called before each read, and may refuse it by throwing. */
  constructor(base: CatalogueReader, onRead: () => void) {
    const isMade = (directory: NodeId): boolean => this.tree.madeKind(directory) !== undefined;
    this.#base = {
      entry: (...call) => (isMade(call[1]) ? Promise.resolve(undefined) : base.entry(...call)),
      entries: (...call) => (isMade(call[1]) ? Promise.resolve(call[2].map(() => null)) : base.entries(...call)),
      list: (...call) => (isMade(call[1]) ? Promise.resolve({ rows: [], next: null }) : base.list(...call)),
      revision: (...call) => base.revision(...call),
      revisions: (...call) => base.revisions(...call),
      lineage: (...call) => base.lineage(...call),
      shares: (...call) => base.shares(...call),
    };
    this.#onRead = onRead;
  }

  async entry(
    user: UserId,
    parent: NodeId,
    token: Uint8Array,
    options?: ReadCallOptions,
  ): Promise<EntryRow | undefined> {
    this.#onRead();
    this.#rememberOwner(parent, user);
    if (options?.at !== undefined) return this.#base.entry(user, parent, token, options);
    const pending = this.tree.name(parent, token);
    if (pending !== undefined) return pending ?? undefined;
    const row = await this.#base.entry(user, parent, token, options);
    if (row?.kind === "directory") this.#remember(row.node, parent);
    const changed = this.tree.name(parent, token); // while the row was on its way
    return changed === undefined ? row : (changed ?? undefined);
  }

  /** Names that the transaction changed end what is asked of the network at once, so that a few calls may be needed. */
  async entries(
    user: UserId,
    parent: NodeId,
    tokens: readonly Uint8Array[],
    options?: ReadCallOptions,
  ): Promise<readonly (EntryRow | null)[]> {
    this.#onRead();
    this.#rememberOwner(parent, user);
    if (options?.at !== undefined) return this.#base.entries(user, parent, tokens, options);
    const isPending = (token: Uint8Array): boolean => this.tree.name(parent, token) !== undefined;
    const first = tokens.findIndex(isPending);
    const [token] = tokens;
    if (first === 0 && token !== undefined) return [this.tree.name(parent, token) ?? null];
    const unchanged = first < 0 ? tokens : tokens.slice(0, first);
    const rows = await this.#base.entries(user, parent, unchanged, options);
    for (const row of rows) if (row?.kind === "directory") this.#remember(row.node, parent);
    // What changed while the rows were on their way is asked for again.
    const changed = unchanged.findIndex(isPending);
    if (changed < 0) return rows;
    return changed === 0 ? this.entries(user, parent, tokens, options) : rows.slice(0, changed);
  }

  /** A page may be shorter than `limit` before the last one. */
  async list(
    user: UserId,
    parent: NodeId,
    after: Uint8Array | undefined,
    limit: number,
    options?: ReadCallOptions,
  ): Promise<DirectoryPage> {
    this.#rememberOwner(parent, user);
    if (options?.at !== undefined) {
      this.#onRead();
      return this.#base.list(user, parent, after, limit, options);
    }
    for (let from = after; ;) {
      this.#onRead();
      const page = await this.#base.list(user, parent, from, limit, options);
      const laidOver = layOver(page, this.tree.names(parent), from, limit);
      if (laidOver.rows.length > 0 || laidOver.next === null) return laidOver;
      from = laidOver.next;
    }
  }

  /** Revisions of the transaction have no index yet: theirs is 0. */
  revision(node: NodeId, revision: number, options?: ReadCallOptions): Promise<RevisionRow | undefined> {
    this.#onRead();
    const pending = this.tree.revision(node, revision);
    return pending === undefined ? this.#base.revision(node, revision, options) : Promise.resolve(pending);
  }

  /** The transaction's own come first: they follow those of the network. A page may have more than `limit`. */
  async revisions(
    node: NodeId,
    before: number | undefined,
    limit: number,
    options?: ReadCallOptions,
  ): Promise<RevisionPage> {
    this.#onRead();
    const page = await this.#base.revisions(node, before, limit, options);
    const pending = before === undefined ? this.tree.revisions(node).toReversed() : [];
    return { ...page, rows: [...pending, ...page.rows] };
  }

  /** Of the network: shares are no part of a transaction. */
  lineage(node: NodeId, options?: ReadCallOptions): Promise<readonly NodeRow[]> {
    this.#onRead();
    return this.#base.lineage(node, options);
  }

  shares(query: ShareQuery, after: SharePage["next"], options?: ReadCallOptions): Promise<SharePage> {
    this.#onRead();
    return this.#base.shares(query, after, options);
  }

  /** What the network has of the names that the operations touch; `user` has the directories in which nothing was looked up. */
  facts(user: UserId, operations: readonly Operation[], options: ReadCallOptions): Promise<BaseFacts> {
    const ownerOf = (directory: NodeId): UserId => this.#owners.get(directory) ?? user;
    return readBaseFacts(this.#base, ownerOf, operations, (directory) => this.#parents.get(directory), options);
  }

  /** Whose tree a directory is in, for changes in it. */
  #rememberOwner(directory: NodeId, user: UserId): void {
    this.#owners.set(directory, user);
    if (this.#owners.size <= transactionDirectoriesMax) return;
    for (const oldest of this.#owners.keys()) return void this.#owners.delete(oldest);
  }

  #remember(directory: NodeId, parent: NodeId): void {
    this.#parents.delete(directory);
    this.#parents.set(directory, parent);
    if (this.#parents.size <= transactionDirectoriesMax) return;
    for (const oldest of this.#parents.keys()) return void this.#parents.delete(oldest);
  }
}

/** A page of the network after `after`, with the names that a transaction changed in its range. */
function layOver(
  page: DirectoryPage,
  names: ReturnType<PendingTree["names"]>,
  after: Uint8Array | undefined,
  limit: number,
): DirectoryPage {
  if (names.size === 0) return page;
  const { next } = page;
  const isInRange = (token: Uint8Array): boolean =>
    (after === undefined || Buffer.compare(token, after) > 0) && (next === null || Buffer.compare(token, next) <= 0);
  const kept = page.rows.filter((row) => !names.has(hexOf(row.token)));
  const added = [...names.values()].filter((row) => row !== null && isInRange(row.token));
  const rows = [...kept, ...(added as typeof kept)].sort((one, other) => Buffer.compare(one.token, other.token));
  const most = Math.max(1, limit);
  if (rows.length <= most) return { rows, next };
  return { rows: rows.slice(0, most), next: rows[most - 1]?.token ?? null };
}
