/** What a coordinator answers from its own catalogue, each from one look at it. */
import type { Catalogue } from "../../catalogue/catalogue.ts";
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
import type { FileKey, NodeId, ShelfId, UserId, UserName, SessionId } from "../../core/ids.ts";
import type { CatalogueReader, ReadCallOptions, ShelfReader, UserReader } from "./catalogue-access.ts";

export abstract class CoordinatorReads implements CatalogueReader, ShelfReader, UserReader {
  /** Reads see every command that was acknowledged before, unless they may be stale. */
  protected abstract read<Result>(
    options: ReadCallOptions | undefined,
    query: (catalogue: Catalogue) => Result,
  ): Promise<Result>;
  /** Milliseconds since 1970. */
  protected abstract nowMs(): number;

  entry(user: UserId, parent: NodeId, token: Uint8Array, options?: ReadCallOptions): Promise<EntryRow | undefined> {
    return this.read(options, (catalogue) => catalogue.entry(user, parent, token, options?.at));
  }

  entries(
    user: UserId,
    parent: NodeId,
    tokens: readonly Uint8Array[],
    options?: ReadCallOptions,
  ): Promise<readonly (EntryRow | null)[]> {
    return this.read(options, (catalogue) => catalogue.entries(user, parent, tokens, options?.at));
  }

  list(
    user: UserId,
    parent: NodeId,
    after: Uint8Array | undefined,
    limit: number,
    options?: ReadCallOptions,
  ): Promise<DirectoryPage> {
    return this.read(options, (catalogue) => catalogue.list(user, parent, { ...options, after, limit }));
  }

  revision(node: NodeId, revision: number, options?: ReadCallOptions): Promise<RevisionRow | undefined> {
    return this.read(options, (catalogue) => catalogue.revision(node, revision));
  }

  revisions(node: NodeId, before: number | undefined, limit: number, options?: ReadCallOptions): Promise<RevisionPage> {
    return this.read(options, (catalogue) => catalogue.revisions(node, before, limit));
  }

  lineage(node: NodeId, options?: ReadCallOptions): Promise<readonly NodeRow[]> {
    return this.read(options, (catalogue) => catalogue.lineage(node));
  }

  shares(query: ShareQuery, after: SharePage["next"], options?: ReadCallOptions): Promise<SharePage> {
    return this.read(options, (catalogue) => catalogue.shares(query, after));
  }

  users(after: UserName | undefined, limit: number, options?: ReadCallOptions): Promise<UserPage> {
    return this.read(options, (catalogue) => catalogue.users({ after, limit }));
  }

  user(user: UserId, options?: ReadCallOptions): Promise<UserRow | undefined> {
    return this.read(options, (catalogue) => catalogue.user(user));
  }

  userByName(name: UserName, options?: ReadCallOptions): Promise<UserRow | undefined> {
    return this.read(options, (catalogue) => catalogue.userByName(name));
  }

  invites(options?: ReadCallOptions): Promise<readonly InviteRow[]> {
    const nowMs = this.nowMs();
    return this.read(options, (catalogue) => catalogue.invites().filter(({ expiresMs }) => expiresMs > nowMs));
  }

  changes(user: UserId, query: ChangeQuery, options?: ReadCallOptions): Promise<ChangePage> {
    return this.read(options, (catalogue) => catalogue.changes(user, query));
  }

  outcome(session: SessionId, sequence: number, options?: ReadCallOptions): Promise<Uint8Array | undefined> {
    return this.read(options, (catalogue) => catalogue.outcome(session, sequence));
  }

  effects(query: EffectQuery, options?: ReadCallOptions): Promise<EffectPage> {
    return this.read(options, (catalogue) => catalogue.effects(query));
  }

  references(shelf: ShelfId, fileKeys: readonly FileKey[], signal?: AbortSignal): Promise<readonly boolean[]> {
    return this.read({ signal }, (catalogue) => catalogue.references(shelf, fileKeys));
  }

  drops(shelf: ShelfId, limit: number, signal?: AbortSignal): Promise<readonly FileKey[]> {
    return this.read({ signal }, (catalogue) => catalogue.drops(shelf, limit));
  }

  referencedKeys(
    shelf: ShelfId,
    after: FileKey | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly ReferencedKey[]> {
    return this.read({ signal }, (catalogue) => catalogue.referencedKeys(shelf, after, limit));
  }
}
