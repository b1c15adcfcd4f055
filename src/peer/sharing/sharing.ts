/**
 * Giving to other users, and taking back.
 *
 * To share is to seal a node's keyring for another user, and a row of the catalogue: no data moves. To take a share back
 * is to give the node a new key, which everybody else who has it is given too. What is below gets new keys when it is
 * next written to; but what is shared by itself down there gets one at once, with all that lies between, because those who
 * have it would otherwise go on with keys that are known to who has lost it.
 */
import type { Operation } from "../../catalogue/operation.ts";
import type { ShareRow, UserRow } from "../../catalogue/rows.ts";
import type { Share, ShareOptions } from "../../core/accounts.ts";
import type { CallOptions } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import { type NodeId, type UserName, sharedUserName } from "../../core/ids.ts";
import { batchOperationsMax, commandBytesMax, keyGenerationsMax } from "../../core/limits.ts";
import { type DfsPath, childPath, isWithin, rootPath } from "../../core/names.ts";
import { operationBytes } from "../../catalogue/command.ts";
import type { UserKeys } from "../../identity/user-keys.ts";
import type { CommandTarget } from "../command-session.ts";
import type { CatalogueReader } from "../coordination/catalogue-access.ts";
import { KeyRenewal, whenRekeyed } from "../key-renewal.ts";
import type { Located } from "../located.ts";
import type { Namespace } from "../namespace.ts";
import { requireWritable } from "../sealed-operations.ts";
import type { Others } from "./others.ts";
import { shareRows } from "./share-rows.ts";

export interface SharingOptions {
  /** Who is logged in. */
  readonly user: UserKeys;
  readonly namespace: Namespace;
  readonly others: Others;
  readonly catalogue: Pick<CatalogueReader, "shares">;
  /** Commits as the user. */
  readonly commands: CommandTarget;
}

export class Sharing {
  readonly #options: SharingOptions;
  readonly #renewal: KeyRenewal;

  constructor(options: SharingOptions) {
    this.#options = options;
    this.#renewal = new KeyRenewal(options.namespace, options.commands);
  }

  /** Fails with `not-found`, `quota` when there are too many shares, and `usage` for the root, for oneself, and for what is not one's own. */
  async share(path: DfsPath, name: UserName, { write = false, signal }: ShareOptions = {}): Promise<Share> {
    const grantee = await this.#grantee(name, signal);
    const place = await whenRekeyed(async () => {
      const fresh = await this.#renewal.fresh(await this.#own(path, signal), signal);
      const sealed = this.#options.others.boxes.seal(fresh, grantee);
      const { node, keyring } = fresh;
      const fields = { node, grantee: grantee.user, mayWrite: write, sealed, generation: keyring.generation };
      await this.#options.commands.execute([{ op: "share", ...fields }], signal);
      return fresh;
    });
    const row = (await this.#rowsOf(place, signal)).find((share) => share.grantee === grantee.user);
    if (row === undefined) throw new DfsError("not-found", "was taken back or removed meanwhile", { path });
    return this.#given(row, path, place.entry.kind, await this.#ownName(signal), name);
  }

  /** Fails with `not-found`, and `usage` where there have been too many keys. */
  async unshare(path: DfsPath, name: UserName, { signal }: CallOptions = {}): Promise<void> {
    const { user } = await this.#options.others.users.byName(name, { signal });
    const rest = await whenRekeyed(async () => {
      const fresh = await this.#renewal.fresh(await this.#own(path, signal), signal);
      const rows = await this.#rowsOf(fresh, signal);
      if (!rows.some(({ grantee }) => grantee === user))
        throw new DfsError("not-found", `is not shared with ${name}; see shares`, { path });
      if (fresh.keyring.isFull)
        throw new DfsError("usage", `has had ${keyGenerationsMax} keys: copy it, and share the copy anew`, { path });
      const inside = await this.#sharedInside(fresh, signal);
      const [first, ...later] = commandsOf(await this.#renewal.operations(fresh, inside, user, signal));
      await this.#options.commands.execute(first ?? [], signal);
      return later.length === 0 ? [] : inside;
    });
    for (const inside of rest)
      await this.#renewal.fresh(await this.#options.namespace.require(inside, { signal }), signal);
  }

  /** What the user has given. */
  async by({ signal }: CallOptions = {}): Promise<readonly Share[]> {
    const { catalogue, user, namespace, others } = this.#options;
    const owner = await this.#ownName(signal);
    const found: Share[] = [];
    for (const row of await shareRows(catalogue, { by: user.userId }, { signal })) {
      const place = await namespace.pathOf(row.node, { signal });
      const grantee = await others.users.byId(row.grantee, { signal });
      if (place !== undefined && grantee !== undefined)
        found.push(this.#given(row, place.path, place.kind, owner, grantee.name));
    }
    return found;
  }

  /** What the user has been given. */
  async to({ signal }: CallOptions = {}): Promise<readonly Share[]> {
    const grantee = await this.#ownName(signal);
    const received = await this.#options.others.received.all({ signal });
    return received.map(({ ownerName: owner, shownName, kind, mayWrite, createdMs: sinceMs }) => {
      const path = childPath(childPath(childPath(rootPath, "from"), owner), shownName);
      return { owner, grantee, path, kind, mayWrite, sinceMs };
    });
  }

  #given(
    { mayWrite, createdMs }: ShareRow,
    path: DfsPath,
    kind: Share["kind"],
    owner: UserName,
    grantee: UserName,
  ): Share {
    return { owner, grantee, path, kind, mayWrite, sinceMs: createdMs };
  }

  #rowsOf({ node }: Located, signal: AbortSignal | undefined): Promise<readonly ShareRow[]> {
    return shareRows(this.#options.catalogue, { of: node }, { signal });
  }

  async #ownName(signal: AbortSignal | undefined): Promise<UserName> {
    const row = await this.#options.others.users.byId(this.#options.user.userId, { signal });
    if (row === undefined) throw new DfsError("not-logged-in", "this user was removed: log in as another one");
    return row.name;
  }

  async #grantee(name: UserName, signal: AbortSignal | undefined): Promise<UserRow> {
    if (name === sharedUserName)
      throw new DfsError("usage", "what is for everybody belongs into /shared: copy it there", { path: name });
    const row = await this.#options.others.users.byName(name, { signal });
    if (row.user === this.#options.user.userId) throw new DfsError("usage", "it is your own already", { path: name });
    return row;
  }

  /** What is at a path of the user's own tree. */
  async #own(path: DfsPath, signal: AbortSignal | undefined): Promise<Located> {
    const place = await this.#options.namespace.require(path, { signal });
    if (path === rootPath) throw new DfsError("usage", "the root cannot be shared: share what is in it", { path });
    requireWritable(place);
    if (place.space.path !== rootPath)
      throw new DfsError("usage", "is not your own: only its owner can share it", { path });
    return place;
  }

  /** Paths of what is shared by itself below a place. */
  async #sharedInside(place: Located, signal: AbortSignal | undefined): Promise<readonly DfsPath[]> {
    const { catalogue, namespace, user } = this.#options;
    const rows = await shareRows(catalogue, { by: user.userId }, { signal });
    const nodes = new Set<NodeId>(rows.map(({ node }) => node));
    nodes.delete(place.node);
    const inside: DfsPath[] = [];
    for (const node of nodes) {
      const found = await namespace.pathOf(node, { signal });
      if (found !== undefined && isWithin(found.path, place.path)) inside.push(found.path);
    }
    return inside;
  }
}

/** The operations in order, in as few commands as they fit into. */
function commandsOf(operations: readonly Operation[]): readonly (readonly Operation[])[] {
  const commands: Operation[][] = [];
  let room = 0;
  for (const operation of operations) {
    const bytes = operationBytes(operation);
    const last = commands.at(-1);
    if (last === undefined || last.length >= batchOperationsMax || bytes > room) {
      commands.push([operation]);
      room = commandBytesMax / 2 - bytes;
    } else {
      last.push(operation);
      room -= bytes;
    }
  }
  return commands;
}
