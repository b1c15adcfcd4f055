/**
 * What a person can ask about users: logging in, accounts, shares, quotas, administrators and invites.
 *
 * A client acts for one user at a time: for `shared`, the user without a password, until `login`. Logged in, `/` is the
 * user's own root; `/shared` leads to the space that every member reads and writes, and `/from/USER/NAME` to what other
 * users share with this one. Both are doors: reached by their paths, and not part of any listing, walk or search of `/`.
 */
import type { CallOptions } from "./client.ts";
import type { PeerName, UserId, UserName } from "./ids.ts";
import type { DfsPath } from "./names.ts";

/** Who this client acts for. */
export interface Account {
  readonly name: UserName;
  readonly id: UserId;
  /** Whether it is the user without a password: nobody is logged in then. */
  readonly isShared: boolean;
  readonly isAdmin: boolean;
  /** Bytes that the user's files cost, earlier and removed revisions included as long as they are kept. */
  readonly usedBytes: number;
  /** Bytes that they may cost; absent without a quota. */
  readonly quotaBytes?: number | undefined;
  /** First 16 hexadecimal digits of the SHA-256 of the user's public keys: what two people compare before they share. */
  readonly fingerprint: string;
  /** Until when the login is remembered on this machine, in milliseconds since 1970; absent when it ends with the session. */
  readonly rememberedUntilMs?: number | undefined;
}

/** A user of the network as every member sees it. */
export type UserInfo = Omit<Account, "isShared" | "rememberedUntilMs">;

export interface LoginRequest {
  readonly name: UserName;
  readonly password: string;
  /** For so many milliseconds every session on this data folder starts logged in; without it only this session is. */
  readonly rememberMs?: number | undefined;
}

export interface NewUser {
  readonly name: UserName;
  readonly password: string;
  readonly quotaBytes?: number | undefined;
}

/** One share: what the owner gave to another user. */
export interface Share {
  readonly owner: UserName;
  readonly grantee: UserName;
  /** Where the sharing or receiving user finds it: `/docs/plan` for the owner, `/from/ann/plan` for the other one. */
  readonly path: DfsPath;
  readonly kind: "file" | "directory";
  readonly mayWrite: boolean;
  readonly sinceMs: number;
}

export interface ShareOptions extends CallOptions {
  readonly write?: boolean | undefined;
}

/** What a machine that joins with an invite becomes: one that may keep files, or one that only uses them. */
export type InviteRole = "storage" | "client";

export interface InviteRequest {
  readonly expiresInMs?: number | undefined;
  /** Machines that may join with it, 1 to `inviteUsesMax`; 1 without it. */
  readonly uses?: number | undefined;
  /** `storage` without it. */
  readonly role?: InviteRole | undefined;
}

/** An invite that still counts; its secret is known only to who made it. */
export interface InviteInfo {
  /** First 8 hexadecimal digits of its hash, or more where that is not unique: what `revokeInvite` takes. */
  readonly id: string;
  readonly role: InviteRole;
  readonly usesLeft: number;
  readonly expiresMs: number;
  /** The peer, or the user, that made it. */
  readonly createdBy: PeerName | UserName;
}

/** Calls that only administrators may make fail with `permission` for others, and say who the administrators are. */
export interface AccountsClient {
  /**
   * Acts for this user from now on. Fails with `permission` when user and password do not belong together (whether
   * there is such a user is not told), and with `busy`, after several tries, until some time has passed.
   */
  login(request: LoginRequest, options?: CallOptions): Promise<Account>;
  /** Acts for `shared` again; forgets a remembered login of this data folder. Resolves too when nobody was logged in. */
  logout(options?: CallOptions): Promise<void>;
  whoami(options?: CallOptions): Promise<Account>;
  /** Every user, `shared` too, in the order of their names. */
  users(options?: CallOptions): Promise<readonly UserInfo[]>;
  /**
   * Makes a user, without logging in. The first one becomes administrator, and anybody may make it; later ones only an
   * administrator. Fails with `exists`, `permission`, and `usage` for a password that is too weak.
   */
  addUser(user: NewUser, options?: CallOptions): Promise<UserInfo>;
  /** Another password for who is logged in. Fails with `permission` when `old` is not the present one, `usage` for a weak one, `not-logged-in`. */
  changePassword(passwords: { readonly old: string; readonly new: string }, options?: CallOptions): Promise<void>;
  /** Ends a user, by an administrator or by the user; the files go after the retention. Fails with `not-found`, `permission`, and `usage` for the last administrator while there are other users. */
  removeUser(user: UserName, options?: CallOptions): Promise<void>;
  /** Administrators only. Fails with `not-found`, `permission`, and `usage` for the last administrator. */
  setAdmin(user: UserName, isAdmin: boolean, options?: CallOptions): Promise<void>;
  /** Administrators only; null takes the quota away. Fails with `not-found`, `permission`. */
  setQuota(user: UserName, quotaBytes: number | null, options?: CallOptions): Promise<void>;
  /**
   * Gives another user a file, or a directory with all that is and will be in it; no data moves. Shared again, `write`
   * is changed. Fails with `not-found`, `not-logged-in`, and `usage` for the root, for oneself, and for what is not one's own.
   */
  share(path: DfsPath, user: UserName, options?: ShareOptions): Promise<Share>;
  /** Takes a share back: what is written from now on has a new key; what the other one has read or could read before stays known to them. Fails with `not-found`. */
  unshare(path: DfsPath, user: UserName, options?: CallOptions): Promise<void>;
  /** What this user has given (`by`) or been given (`to`). */
  shares(direction: "by" | "to", options?: CallOptions): Promise<readonly Share[]>;
  /** Invites that still count. */
  invites(options?: CallOptions): Promise<readonly InviteInfo[]>;
  /** Fails with `not-found`, and with `usage` when several invites have an id that begins so. */
  revokeInvite(id: string, options?: CallOptions): Promise<void>;
}
