/**
 * Sessions: what one control connection, or the program that runs the peer itself, speaks to.
 *
 * A session acts for one user at a time: for `shared` until a login, or for whom the data folder remembers.
 *
 *   session ──acts for──> login ──owns──> the user's keys, and a client that seals, opens and signs with them
 */
import type { Account, InviteInfo, InviteRequest, LoginRequest, NewUser, UserInfo } from "../../core/accounts.ts";
import type {
  CallOptions,
  CoordinatorChange,
  DfsClient,
  DfsTransaction,
  Invite,
  NetworkPolicy,
  PolicyChange,
  RevokeOptions,
  StorageOrder,
} from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import type { JobId, PeerName, UserName } from "../../core/ids.ts";
import type { EndedJob, FollowOptions, Job, JobOrder, TransferRequest } from "../../core/jobs.ts";
import { administratorsNamedMax, rememberMsMax } from "../../core/limits.ts";
import { wipe } from "../../identity/credentials.ts";
import { type UserKeys, deriveUser } from "../../identity/user-keys.ts";
import type { CommandTarget } from "../command-session.ts";
import { jobRunner } from "../jobs/job-runner.ts";
import type { JobRunner } from "../jobs/transfer-job.ts";
import type { TransferJobs } from "../jobs/transfer-jobs.ts";
import type { FileClient } from "../peer-client.ts";
import type { Administration } from "./administration.ts";
import type { Authentication } from "./authentication.ts";
import { GuardedClient } from "./guarded-client.ts";
import { type Acting, Login, loggedOut } from "./login.ts";
import type { Remembered, RememberedLogin } from "./remembered-login.ts";
import { SessionTransaction } from "./session-transaction.ts";
import type { UserDirectory } from "./user-directory.ts";
import { whoIs } from "./whoami.ts";

export interface SessionParts {
  readonly shared: Acting;
  readonly directory: UserDirectory;
  readonly authentication: Authentication;
  readonly administration: Administration;
  readonly remembered: RememberedLogin;
  /** What reads and writes files as this user. */
  readonly clientOf: (keys: UserKeys) => FileClient;
  /** Commits as this user; as this peer for the shared one, which has no rights of its own. */
  readonly commandsOf: (keys: UserKeys) => CommandTarget;
  readonly jobs: TransferJobs;
  readonly nowMs: () => number;
  /** Stops the peer, where this session is its program's own. */
  readonly close: () => Promise<void>;
}

export class SessionClient extends GuardedClient implements DfsClient {
  readonly #parts: SessionParts;
  #login: Login | undefined;
  #remembered: Remembered | undefined;

  constructor(parts: SessionParts) {
    super();
    this.#parts = parts;
    const { present } = parts.remembered;
    if (present !== undefined) this.#actAs(present.name, deriveUser(present.rootKey), present);
  }

  protected override acting(): Acting {
    // Asking for it ends a remembered login whose time is over.
    if (this.#remembered !== undefined && this.#parts.remembered.present !== this.#remembered) this.#leave();
    return this.#login ?? this.#parts.shared;
  }

  async login({ name, password, rememberMs }: LoginRequest, { signal }: CallOptions = {}): Promise<Account> {
    checkRememberMs(rememberMs);
    const { authentication, nowMs, remembered } = this.#parts;
    const { info, keys, rootKey } = await authentication.authenticate(name, password, signal);
    try {
      const present =
        rememberMs === undefined ? undefined : await remembered.remember(name, rootKey, nowMs() + rememberMs);
      this.#actAs(name, keys, present);
      return { ...info, isShared: false, rememberedUntilMs: present?.expiresMs };
    } finally {
      wipe(rootKey);
    }
  }

  async logout(): Promise<void> {
    const login = this.#login;
    if (login !== undefined) this.#parts.jobs.cancelOf(login.keys.userId, loggedOut(login.name));
    this.#leave();
    await this.#parts.remembered.forget();
  }

  whoami({ signal }: CallOptions = {}): Promise<Account> {
    return whoIs(this.acting(), this.#parts.directory, this.#remembered?.expiresMs, signal);
  }

  users({ signal }: CallOptions = {}): Promise<readonly UserInfo[]> {
    return this.#parts.directory.all(signal);
  }

  addUser(user: NewUser, options: CallOptions = {}): Promise<UserInfo> {
    return this.#ordered(options, (commands, signal) => this.#parts.administration.addUser(user, commands, signal));
  }

  async changePassword(
    passwords: { readonly old: string; readonly new: string },
    options: CallOptions = {},
  ): Promise<void> {
    const { name } = this.#requireLogin();
    const { authentication } = this.#parts;
    await this.#ordered(options, async (commands, signal) => {
      const credential = await authentication.newCredential(name, passwords, signal);
      await commands.execute([{ op: "setCredential", credential }], signal);
    });
  }

  async removeUser(user: UserName, options: CallOptions = {}): Promise<void> {
    await this.#ordered(options, (commands, signal) => this.#parts.administration.removeUser(user, commands, signal));
    if (this.#login?.name === user) await this.logout();
  }

  setAdmin(user: UserName, isAdmin: boolean, options: CallOptions = {}): Promise<void> {
    return this.#ordered(options, (commands, signal) =>
      this.#parts.administration.setAdmin(user, isAdmin, commands, signal),
    );
  }

  setQuota(user: UserName, quotaBytes: number | null, options: CallOptions = {}): Promise<void> {
    return this.#ordered(options, (commands, signal) =>
      this.#parts.administration.setQuota(user, quotaBytes, commands, signal),
    );
  }

  invite({ signal, ...request }: CallOptions & InviteRequest = {}): Promise<Invite> {
    return this.#ordered({ signal }, (commands, bounded) =>
      this.#parts.administration.invite(request, commands, bounded),
    );
  }

  invites({ signal }: CallOptions = {}): Promise<readonly InviteInfo[]> {
    return this.#parts.administration.invites(signal);
  }

  revokeInvite(id: string, options: CallOptions = {}): Promise<void> {
    return this.#ordered(options, (commands, signal) => this.#parts.administration.revokeInvite(id, commands, signal));
  }

  override async changeCoordinator(
    change: CoordinatorChange,
    peer: PeerName,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#requireRight(options);
    await super.changeCoordinator(change, peer, options);
  }

  override async setPolicy(change: PolicyChange, options: CallOptions = {}): Promise<NetworkPolicy> {
    await this.#requireRight(options);
    return super.setPolicy(change, options);
  }

  override async orderStorage(peer: PeerName, order: StorageOrder | null, options: CallOptions = {}): Promise<void> {
    await this.#requireRight(options);
    await super.orderStorage(peer, order, options);
  }

  override async revokePeer(peer: PeerName, options: RevokeOptions = {}): Promise<void> {
    await this.#requireRight(options);
    await super.revokePeer(peer, options);
  }

  async startTransfer(request: TransferRequest, label: string): Promise<JobId> {
    return this.#parts.jobs.start(this.#jobRunner(), request, label);
  }

  async jobs(): Promise<readonly Job[]> {
    return this.#parts.jobs.list(this.acting().keys.userId);
  }

  async followJob(id: JobId, options: FollowOptions = {}): Promise<EndedJob> {
    return this.#parts.jobs.follow(this.acting().keys.userId, id, options);
  }

  async steerJob(id: JobId, order: JobOrder, { signal }: CallOptions = {}): Promise<void> {
    return this.#parts.jobs.steer(this.acting().keys.userId, id, order, signal);
  }

  async jobsAtStake(): Promise<number> {
    return this.#parts.jobs.unfinished;
  }

  async begin(options: CallOptions = {}): Promise<DfsTransaction> {
    const acting = this.acting();
    const transaction = await acting.run(options.signal, (signal) => acting.client.begin({ ...options, signal }));
    const { administration, directory } = this.#parts;
    return new SessionTransaction({ acting, transaction, administration, directory });
  }

  /** Ends the session, but not what the data folder remembers. */
  end(): void {
    this.#leave();
  }

  close(): Promise<void> {
    this.end();
    return this.#parts.close();
  }

  /** Fails with `permission`, naming administrators, before anything else is said to who is none. The catalogue decides in the end. */
  async #requireRight({ signal }: CallOptions): Promise<void> {
    const { name } = this.acting();
    const administrators = (await this.#parts.directory.all(signal)).filter(({ isAdmin }) => isAdmin);
    if (administrators.length === 0 || administrators.some((user) => user.name === name)) return;
    const names = administrators.slice(0, administratorsNamedMax).map((user) => user.name);
    throw new DfsError("permission", `only an administrator may do this: log in as one, or ask ${names.join(", ")}`);
  }

  /** Makes an order as whom this session acts for. */
  async #ordered<Result>(
    { signal }: CallOptions,
    work: (commands: CommandTarget, signal: AbortSignal | undefined) => Promise<Result>,
  ): Promise<Result> {
    const acting = this.acting();
    return acting.run(signal, (bounded) => work(this.#parts.commandsOf(acting.keys), bounded));
  }

  /** A job outlives the session; what it needs of a login is its own, and ends with it, or when a remembered one does. */
  #jobRunner(): JobRunner {
    const acting = this.acting();
    const login = this.#login?.branch(this.#parts.clientOf(acting.keys));
    const ended = this.#remembered?.ended;
    const end = (): void => login?.end();
    ended?.addEventListener("abort", end, { once: true });
    return jobRunner(login ?? acting, () => {
      ended?.removeEventListener("abort", end);
      end();
    });
  }

  #requireLogin(): Login {
    this.acting();
    if (this.#login === undefined) throw new DfsError("not-logged-in", "nobody is logged in: login NAME");
    return this.#login;
  }

  #actAs(name: UserName, keys: UserKeys, remembered: Remembered | undefined): void {
    this.#leave();
    const login = new Login({ client: this.#parts.clientOf(keys), name, keys });
    this.#login = login;
    this.#remembered = remembered;
    remembered?.ended.addEventListener("abort", () => login.end(), { once: true });
  }

  #leave(): void {
    this.#login?.end();
    this.#login = undefined;
    this.#remembered = undefined;
  }
}

function checkRememberMs(rememberMs: number | undefined): void {
  if (rememberMs === undefined || (Number.isSafeInteger(rememberMs) && rememberMs > 0 && rememberMs <= rememberMsMax))
    return;
  throw new DfsError("usage", `a login is remembered for ${rememberMsMax / 86_400_000} days at the most`);
}
