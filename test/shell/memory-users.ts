/** The users of a network in memory: what its catalogue knows of them, their shares and invites, and one data folder's remembered login. */
import { createHash } from "node:crypto";
import type { InviteInfo, InviteRequest, InviteRole, UserInfo } from "../../src/core/accounts.ts";
import { DfsError } from "../../src/core/errors.ts";
import type { PeerName, UserId, UserName } from "../../src/core/ids.ts";
import { parseUserId, parseUserName } from "../../src/core/ids.ts";
import { inviteMs, inviteMsMax, inviteUsesMax } from "../../src/core/limits.ts";
import { childPath, rootPath } from "../../src/core/names.ts";
import type { DfsPath } from "../../src/core/names.ts";
import { costBytes, newDirectory, nodeAt, pathOfNode } from "./memory-tree.ts";
import type { DirectoryNode } from "./memory-tree.ts";

export interface Member {
  readonly name: UserName;
  readonly id: UserId;
  password: string;
  isAdmin: boolean;
  quotaBytes: number | undefined;
  /** Bytes of removed files, which are kept for a while. */
  removedBytes: number;
}

export interface MemoryShare {
  readonly owner: Member;
  readonly grantee: Member;
  readonly node: number;
  /** What the grantee finds it by, below `/from/OWNER`. */
  readonly name: string;
  mayWrite: boolean;
  readonly sinceMs: number;
}

const triesAtOnce = 5;
const msPerTry = 10_000;
const passwordCharacters = { min: 10, max: 256, different: 5 };
const sharedName = parseUserName("shared");
const hex = (text: string): string => createHash("sha256").update(text).digest("hex");

export class MemoryUsers {
  readonly shared: Member;
  /** The user that new sessions of the data folder start with. */
  remembered: { readonly member: Member; readonly untilMs: number } | undefined;
  readonly #now: () => number;
  readonly #members = new Map<UserName, Member>();
  readonly #tries = new Map<UserName, { left: number; atMs: number }>();
  #shares: MemoryShare[] = [];
  #invites: InviteInfo[] = [];
  #made = 0;

  /** `world` gets a space for each user, under the user's id. */
  constructor(world: DirectoryNode, now: () => number) {
    this.#now = now;
    this.shared = this.#enter(sharedName, "", world);
  }

  #enter(name: UserName, password: string, world: DirectoryNode): Member {
    this.#made += 1;
    const id = parseUserId(hex(`${name} ${this.#made}`).slice(0, 32));
    const member = { name, id, password, isAdmin: false, quotaBytes: undefined, removedBytes: 0 };
    this.#members.set(name, member);
    world.children.set(id, newDirectory(0));
    return member;
  }

  add(name: UserName, password: string, quotaBytes: number | undefined, actor: Member, world: DirectoryNode): Member {
    const isFirst = this.#members.size === 1;
    if (!isFirst) this.requireAdmin(actor);
    if (this.#members.has(name)) throw new DfsError("exists", "there is a user of this name already", { path: name });
    assertStrong(password, name);
    const member = this.#enter(name, password, world);
    member.isAdmin = isFirst;
    member.quotaBytes = quotaBytes;
    return member;
  }

  isThere(member: Member): boolean {
    return this.#members.get(member.name) === member;
  }

  get members(): readonly Member[] {
    return [...this.#members.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  named(name: UserName): Member {
    const member = this.#members.get(name);
    if (member === undefined) throw new DfsError("not-found", "there is no such user", { path: name });
    return member;
  }

  /** Anybody may do what administrators do while there is none. */
  requireAdmin(actor: Member): void {
    const admins = this.members.filter(({ isAdmin }) => isAdmin).map(({ name }) => name);
    if (actor.isAdmin || admins.length === 0) return;
    throw new DfsError("permission", `only an administrator may do this: ask ${admins.join(", ")}`);
  }

  /** The user that name and password are of. */
  checked(name: UserName, password: string): Member {
    this.#spendTry(name);
    const member = this.#members.get(name);
    if (member === undefined || member === this.shared || member.password !== password)
      throw new DfsError("permission", "wrong user or password");
    this.#tries.delete(name);
    return member;
  }

  #spendTry(name: UserName): void {
    const now = this.#now();
    const tries = this.#tries.get(name) ?? { left: triesAtOnce, atMs: now };
    const left = Math.min(triesAtOnce, tries.left + (now - tries.atMs) / msPerTry);
    this.#tries.set(name, { left: left < 1 ? left : left - 1, atMs: now });
    if (left >= 1) return;
    throw new DfsError("busy", "too many wrong passwords for this user", { retryAfterMs: (1 - left) * msPerTry });
  }

  setPassword(member: Member, old: string, next: string): void {
    if (member.password !== old) throw new DfsError("permission", "the old password is wrong");
    assertStrong(next, member.name);
    member.password = next;
  }

  remove(name: UserName, actor: Member): void {
    const member = this.named(name);
    if (member !== actor) this.requireAdmin(actor);
    if (member === this.shared) throw new DfsError("usage", "the shared user cannot be removed");
    if (this.#members.size > 2) this.#assertOthersAdminister(member);
    this.#members.delete(name);
    this.#shares = this.#shares.filter(({ owner, grantee }) => owner !== member && grantee !== member);
  }

  setAdmin(name: UserName, isAdmin: boolean, actor: Member): void {
    this.requireAdmin(actor);
    const member = this.named(name);
    if (member === this.shared) throw new DfsError("usage", "the shared user cannot be an administrator");
    if (!isAdmin) this.#assertOthersAdminister(member);
    member.isAdmin = isAdmin;
  }

  setQuota(name: UserName, quotaBytes: number | null, actor: Member): void {
    this.requireAdmin(actor);
    this.named(name).quotaBytes = quotaBytes ?? undefined;
  }

  #assertOthersAdminister(member: Member): void {
    if (member.isAdmin && !this.members.some((other) => other.isAdmin && other !== member))
      throw new DfsError("usage", `${member.name} is the last administrator: make another one first`);
  }

  /** Gives or changes a share. */
  share(owner: Member, node: number, name: string, grantee: Member, mayWrite: boolean): MemoryShare {
    const there = this.#shares.find((share) => share.node === node && share.grantee === grantee);
    if (there !== undefined) {
      there.mayWrite = mayWrite;
      return there;
    }
    const taken = new Set(
      this.#shares.filter((share) => share.owner === owner && share.grantee === grantee).map((share) => share.name),
    );
    let free = name;
    for (let number = 2; taken.has(free); number += 1) free = `${name} (${number})`;
    const share = { owner, grantee, node, name: free, mayWrite, sinceMs: this.#now() };
    this.#shares.push(share);
    return share;
  }

  unshare(node: number, grantee: Member): void {
    const kept = this.#shares.filter((share) => share.node !== node || share.grantee !== grantee);
    if (kept.length === this.#shares.length) throw new DfsError("not-found", `it is not shared with ${grantee.name}`);
    this.#shares = kept;
  }

  /** The shares of what is still there. */
  shares(world: DirectoryNode): readonly (MemoryShare & { readonly ownPath: DfsPath })[] {
    return this.#shares.flatMap((share) => {
      const ownPath = pathOfNode(spaceOf(share.owner, world), share.node);
      return ownPath === undefined ? [] : [{ ...share, ownPath }];
    });
  }

  invite(
    { expiresInMs = inviteMs, uses = 1, role = "storage" }: InviteRequest,
    actor: Member,
    maker: PeerName,
  ): InviteInfo {
    this.requireAdmin(actor);
    if (!Number.isSafeInteger(uses) || uses < 1 || uses > inviteUsesMax)
      throw new DfsError("usage", `an invite is for 1 to ${inviteUsesMax} machines`);
    if (!(expiresInMs > 0 && expiresInMs <= inviteMsMax))
      throw new DfsError("usage", "an invite is valid for 30 days at the most");
    this.#made += 1;
    const createdBy = actor === this.shared ? maker : actor.name;
    const invite = {
      id: hex(`invite ${this.#made}`).slice(0, 8),
      role: role satisfies InviteRole,
      usesLeft: uses,
      expiresMs: this.#now() + expiresInMs,
      createdBy,
    };
    this.#invites.push(invite);
    return invite;
  }

  invites(): readonly InviteInfo[] {
    return this.#invites.filter(({ expiresMs }) => expiresMs > this.#now());
  }

  revokeInvite(id: string, actor: Member): void {
    this.requireAdmin(actor);
    const matching = this.invites().filter((invite) => invite.id.startsWith(id));
    if (matching.length === 0) throw new DfsError("not-found", "there is no such invite", { path: id });
    if (matching.length > 1) throw new DfsError("usage", "several invites begin so", { path: id });
    this.#invites = this.#invites.filter((invite) => !matching.includes(invite));
  }

  info(member: Member, world: DirectoryNode): UserInfo {
    const { name, id, isAdmin, quotaBytes } = member;
    const fingerprint = hex(`keys ${id}`).slice(0, 16);
    return { name, id, isAdmin, quotaBytes, usedBytes: this.usedBytes(member, world), fingerprint };
  }

  usedBytes(member: Member, world: DirectoryNode): number {
    return costBytes(spaceOf(member, world)) + member.removedBytes;
  }
}

/** The root of a user's own files. */
export function spaceOf({ id }: Pick<Member, "id">, world: DirectoryNode): DirectoryNode {
  return nodeAt(world, childPath(rootPath, id)) as DirectoryNode;
}

function assertStrong(password: string, name: UserName): void {
  const { min, max, different } = passwordCharacters;
  const characters = Array.from(password.normalize("NFC"));
  const fault =
    characters.length < min || characters.length > max
      ? `a password has ${min} to ${max} characters`
      : new Set(characters).size < different
        ? `a password has at least ${different} different characters`
        : password.toLowerCase().includes(name)
          ? "a password does not contain the user's name"
          : undefined;
  if (fault !== undefined) throw new DfsError("usage", fault);
}
