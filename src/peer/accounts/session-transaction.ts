/** A transaction of whom a session acted for when it was begun; it ends with that login. */
import type { Account, InviteInfo, UserInfo } from "../../core/accounts.ts";
import type { CallOptions, DfsTransaction, Invite } from "../../core/client.ts";
import { DfsError } from "../../core/errors.ts";
import type { EndedJob, Job } from "../../core/jobs.ts";
import type { JobId } from "../../core/ids.ts";
import type { FileTransaction } from "../peer-client.ts";
import type { Administration } from "./administration.ts";
import { GuardedClient } from "./guarded-client.ts";
import type { Acting } from "./login.ts";
import type { UserDirectory } from "./user-directory.ts";
import { whoIs } from "./whoami.ts";

export interface SessionTransactionParts {
  /** Who began it. */
  readonly acting: Acting;
  readonly transaction: FileTransaction;
  readonly directory: UserDirectory;
  readonly administration: Administration;
}

export class SessionTransaction extends GuardedClient implements DfsTransaction {
  readonly #parts: SessionTransactionParts;
  readonly #acting: Acting;

  constructor(parts: SessionTransactionParts) {
    super();
    this.#parts = parts;
    const { acting, transaction } = parts;
    this.#acting = {
      client: transaction,
      name: acting.name,
      keys: acting.keys,
      run: (signal, work) => acting.run(signal, work),
      stream: (signal, work) => acting.stream(signal, work),
    };
  }

  protected override acting(): Acting {
    return this.#acting;
  }

  commit(options: CallOptions = {}): Promise<{ readonly changes: number }> {
    return this.#acting.run(options.signal, (signal) => this.#parts.transaction.commit({ ...options, signal }));
  }

  close(): Promise<void> {
    return this.#parts.transaction.close();
  }

  begin(): Promise<DfsTransaction> {
    return Promise.reject(new DfsError("usage", "a transaction cannot be begun inside another one"));
  }

  whoami({ signal }: CallOptions = {}): Promise<Account> {
    return whoIs(this.#acting, this.#parts.directory, undefined, signal);
  }

  users({ signal }: CallOptions = {}): Promise<readonly UserInfo[]> {
    return this.#parts.directory.all(signal);
  }

  invites({ signal }: CallOptions = {}): Promise<readonly InviteInfo[]> {
    return this.#parts.administration.invites(signal);
  }

  invite(): Promise<Invite> {
    return Promise.reject(notInside("an invite"));
  }

  revokeInvite(): Promise<void> {
    return Promise.reject(notInside("an invite"));
  }

  login(): Promise<Account> {
    return Promise.reject(notInside("a login"));
  }

  logout(): Promise<void> {
    return Promise.reject(notInside("a logout"));
  }

  addUser(): Promise<UserInfo> {
    return Promise.reject(notInside("a new user"));
  }

  changePassword(): Promise<void> {
    return Promise.reject(notInside("a new password"));
  }

  removeUser(): Promise<void> {
    return Promise.reject(notInside("the end of a user"));
  }

  setAdmin(): Promise<void> {
    return Promise.reject(notInside("a change of the administrators"));
  }

  setQuota(): Promise<void> {
    return Promise.reject(notInside("a quota"));
  }

  startTransfer(): Promise<JobId> {
    return Promise.reject(notInside("a job"));
  }

  jobs(): Promise<readonly Job[]> {
    return Promise.reject(notInside("a job"));
  }

  followJob(): Promise<EndedJob> {
    return Promise.reject(notInside("a job"));
  }

  steerJob(): Promise<void> {
    return Promise.reject(notInside("a job"));
  }

  async jobsAtStake(): Promise<number> {
    return 0;
  }
}

function notInside(what: string): DfsError {
  return new DfsError("usage", `${what} cannot be part of a transaction: ask for it outside`);
}
