/** One session with a network in memory: for whom it acts, and where that user's paths lead. */
import type {
  Account,
  AccountsClient,
  InviteInfo,
  LoginRequest,
  NewUser,
  Share,
  ShareOptions,
  UserInfo,
} from "../../src/core/accounts.ts";
import type { CallOptions } from "../../src/core/client.ts";
import { DfsError } from "../../src/core/errors.ts";
import type { UserName } from "../../src/core/ids.ts";
import { baseName, childPath, parentPath, pathParts, resolvePath, rootPath } from "../../src/core/names.ts";
import type { DfsPath } from "../../src/core/names.ts";
import { pastTimeOf, timeAndPath } from "../../src/core/past-path.ts";
import { newDirectory, nodeAt } from "./memory-tree.ts";
import type { DirectoryNode, Node } from "./memory-tree.ts";
import { spaceOf } from "./memory-users.ts";
import type { Member, MemoryShare, MemoryUsers } from "./memory-users.ts";

type PlacedShare = MemoryShare & { readonly ownPath: DfsPath };

/** Where a path leads: into a user's space, perhaps through a share, or to a door, which is a directory of its own kind. */
type Located =
  | { readonly kind: "space"; readonly owner: Member; readonly path: DfsPath; readonly share?: PlacedShare | undefined }
  | { readonly kind: "door"; readonly directory: DirectoryNode };

/** Where an entry is kept. */
export interface Slot {
  readonly owner: Member;
  readonly directory: DirectoryNode;
  readonly name: string;
}

export abstract class MemorySession implements AccountsClient {
  protected readonly world: DirectoryNode;
  protected readonly people: MemoryUsers;
  #login: { readonly member: Member; readonly isRemembered: boolean } | undefined;

  constructor(world: DirectoryNode, people: MemoryUsers, actor?: Member) {
    this.world = world;
    this.people = people;
    const { remembered } = people;
    if (actor !== undefined) this.#login = { member: actor, isRemembered: false };
    else if (remembered !== undefined) this.#login = { member: remembered.member, isRemembered: true };
  }

  /** The start of a call that only looks, and of one that changes something. */
  protected abstract looking(options: CallOptions | undefined): Promise<void>;
  protected abstract changing(options: CallOptions | undefined): Promise<void>;
  protected abstract get nowMs(): number;
  /** The spaces of all users as they were at a time. */
  protected abstract worldAt(timeMs: number): DirectoryNode;
  /** A user logs out. */
  protected abstract leaving(member: Member): void;

  /** Whom this session acts for. */
  protected get actor(): Member {
    const { shared } = this.people;
    if (this.#login === undefined) return shared;
    const { member, isRemembered } = this.#login;
    const { remembered } = this.people;
    if (isRemembered && (remembered?.member !== member || remembered.untilMs <= this.nowMs)) this.#login = undefined;
    if (this.#login === undefined) return shared;
    if (!this.people.isThere(member))
      throw new DfsError("not-logged-in", `the user ${member.name} was removed: log in as another one, or log out`);
    return member;
  }

  protected get home(): DirectoryNode {
    return spaceOf(this.actor, this.world);
  }

  async login({ name, password, rememberMs }: LoginRequest, options?: CallOptions): Promise<Account> {
    await this.changing(options);
    const member = this.people.checked(name, password);
    this.#login = { member, isRemembered: rememberMs !== undefined };
    if (rememberMs !== undefined) this.people.remembered = { member, untilMs: this.nowMs + rememberMs };
    return this.#account();
  }

  async logout(options?: CallOptions): Promise<void> {
    await this.looking({ ...options, stale: true });
    if (this.#login !== undefined) this.leaving(this.#login.member);
    this.#login = undefined;
    this.people.remembered = undefined;
  }

  async whoami(options?: CallOptions): Promise<Account> {
    await this.looking(options);
    return this.#account();
  }

  #account(): Account {
    const { actor } = this;
    const untilMs = this.#login?.isRemembered === true ? this.people.remembered?.untilMs : undefined;
    return {
      ...this.people.info(actor, this.world),
      isShared: actor === this.people.shared,
      rememberedUntilMs: untilMs,
    };
  }

  async users(options?: CallOptions): Promise<readonly UserInfo[]> {
    await this.looking(options);
    return this.people.members.map((member) => this.people.info(member, this.world));
  }

  async addUser({ name, password, quotaBytes }: NewUser, options?: CallOptions): Promise<UserInfo> {
    await this.changing(options);
    return this.people.info(this.people.add(name, password, quotaBytes, this.actor, this.world), this.world);
  }

  async changePassword(
    passwords: { readonly old: string; readonly new: string },
    options?: CallOptions,
  ): Promise<void> {
    await this.changing(options);
    this.people.setPassword(this.#named(), passwords.old, passwords.new);
  }

  async removeUser(user: UserName, options?: CallOptions): Promise<void> {
    await this.changing(options);
    this.people.remove(user, this.actor);
  }

  async setAdmin(user: UserName, isAdmin: boolean, options?: CallOptions): Promise<void> {
    await this.changing(options);
    this.people.setAdmin(user, isAdmin, this.actor);
  }

  async setQuota(user: UserName, quotaBytes: number | null, options?: CallOptions): Promise<void> {
    await this.changing(options);
    this.people.setQuota(user, quotaBytes, this.actor);
  }

  async share(path: DfsPath, user: UserName, options: ShareOptions = {}): Promise<Share> {
    await this.changing(options);
    const owner = this.#named();
    const grantee = this.people.named(user);
    if (grantee === owner) throw new DfsError("usage", "it is yours already");
    if (grantee === this.people.shared) throw new DfsError("usage", "copy it to /shared to give it to everybody");
    const node = this.#own(path);
    const { sinceMs, mayWrite } = this.people.share(owner, node.id, baseName(path), grantee, options.write === true);
    return { owner: owner.name, grantee: user, path, kind: node.kind, mayWrite, sinceMs };
  }

  async unshare(path: DfsPath, user: UserName, options?: CallOptions): Promise<void> {
    await this.changing(options);
    this.#named();
    this.people.unshare(this.#own(path).id, this.people.named(user));
  }

  async shares(direction: "by" | "to", options?: CallOptions): Promise<readonly Share[]> {
    await this.looking(options);
    const { actor } = this;
    const isBy = direction === "by";
    return this.people
      .shares(this.world)
      .filter(({ owner, grantee }) => (isBy ? owner : grantee) === actor)
      .map((share) => ({
        owner: share.owner.name,
        grantee: share.grantee.name,
        path: isBy ? share.ownPath : resolvePath(`/from/${share.owner.name}/${share.name}`),
        kind: (nodeAt(spaceOf(share.owner, this.world), share.ownPath) as Node).kind,
        mayWrite: share.mayWrite,
        sinceMs: share.sinceMs,
      }));
  }

  async invites(options?: CallOptions): Promise<readonly InviteInfo[]> {
    await this.looking(options);
    return this.people.invites();
  }

  async revokeInvite(id: string, options?: CallOptions): Promise<void> {
    await this.changing(options);
    this.people.revokeInvite(id, this.actor);
  }

  #named(): Member {
    const { actor } = this;
    if (actor === this.people.shared) throw new DfsError("not-logged-in", "nobody is logged in: see login");
    return actor;
  }

  /** The node at a path of the user's own space, not its root. */
  #own(path: DfsPath): Node {
    const located = this.#located(path);
    if (located?.kind === "door" || (located !== undefined && located.owner !== this.actor))
      throw new DfsError("usage", "only what is your own can be shared");
    if (path === rootPath) throw new DfsError("usage", "the root cannot be shared: share a directory in it");
    const node = this.nodeAt(path);
    if (node === undefined) throw new DfsError("not-found", "no such file or directory");
    return node;
  }

  /** What is at `path`, doors included. */
  protected nodeAt(path: DfsPath): Node | undefined {
    const { timeMs, path: rest } = timeAndPath(path);
    if (timeMs !== undefined) return this.#nodeInPast(timeMs, rest);
    const located = this.#located(path);
    if (located === undefined || located.kind === "door") return located?.directory;
    return nodeAt(spaceOf(located.owner, this.world), located.path);
  }

  #nodeInPast(timeMs: number, path: DfsPath): Node | undefined {
    if (timeMs > this.nowMs) throw new DfsError("not-found", "is a time that is still to come");
    const isOthers = this.actor !== this.people.shared && pathParts(path)[0] === "from";
    if (isOthers) throw new DfsError("permission", "the past of what others share is theirs alone");
    const located = this.#located(path);
    if (located?.kind !== "space") return undefined;
    const space = this.worldAt(timeMs).children.get(located.owner.id) ?? newDirectory(0);
    return nodeAt(space as DirectoryNode, located.path);
  }

  /** Where the entry at `path` is, or would be, kept. `use` says what is to become of it. */
  protected slot(path: DfsPath, use: "make" | "write" | "remove"): Slot {
    if (use !== "remove") this.assertNotReserved(path);
    if (timeAndPath(path).timeMs !== undefined)
      throw new DfsError("permission", "the past cannot be changed; copy it to another place with cp", { path });
    const located = this.#located(path);
    if (located === undefined)
      throw new DfsError("permission", "only its owner can change what is shared here", { path });
    if (located.kind === "door" || located.path === rootPath)
      throw new DfsError("permission", "a root cannot be changed itself", { path });
    const { owner, share } = located;
    if (share?.mayWrite === false)
      throw new DfsError("permission", `${owner.name} shares this for reading only`, { path });
    if (share?.ownPath === located.path && use === "remove")
      throw new DfsError("permission", `this is what ${owner.name} shares: only ${owner.name} can move or remove it`, {
        path,
      });
    const directory = nodeAt(spaceOf(owner, this.world), parentPath(located.path));
    if (directory === undefined) throw new DfsError("not-found", "no such file or directory");
    if (directory.kind === "file") throw new DfsError("not-directory", "not a directory");
    return { owner, directory, name: baseName(located.path) };
  }

  protected assertNotReserved(path: DfsPath): void {
    const isNamed = this.actor !== this.people.shared;
    const isRoot = ["/", ...(isNamed ? ["/shared"] : [])].includes(parentPath(path));
    const isPast = isRoot && pastTimeOf(baseName(path)) !== undefined;
    if (isPast || (isNamed && (path === "/shared" || path === "/from")))
      throw new DfsError("invalid-name", `${path} is a door, and no other entry can have this name`, { path });
  }

  #located(path: DfsPath): Located | undefined {
    const { actor } = this;
    const [first, user, name, ...rest] = pathParts(path);
    if (actor === this.people.shared || (first !== "shared" && first !== "from"))
      return { kind: "space", owner: actor, path };
    if (first === "shared")
      return { kind: "space", owner: this.people.shared, path: resolvePath(pathParts(path).slice(1).join("/")) };
    const given = this.people.shares(this.world).filter(({ grantee }) => grantee === actor);
    if (user === undefined)
      return { kind: "door", directory: directoryOf(given.map((share) => [share.owner.name, newDirectory(0)])) };
    const theirs = given.filter(({ owner }) => owner.name === user);
    if (theirs.length === 0) return undefined;
    if (name === undefined)
      return { kind: "door", directory: directoryOf(theirs.map((share) => [share.name, this.#sharedNode(share)])) };
    const share = theirs.find((each) => each.name === name);
    if (share === undefined) return undefined;
    return { kind: "space", owner: share.owner, path: rest.reduce<DfsPath>(childPath, share.ownPath), share };
  }

  #sharedNode({ owner, ownPath }: PlacedShare): Node {
    return nodeAt(spaceOf(owner, this.world), ownPath) as Node;
  }
}

function directoryOf(children: readonly (readonly [string, Node])[]): DirectoryNode {
  return { ...newDirectory(0), children: new Map(children) };
}
