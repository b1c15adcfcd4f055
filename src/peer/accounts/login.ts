/**
 * A login: one user for whom a session's calls are made, until it ends.
 *
 * Calls that are under way when it ends fail with `not-logged-in`, and so do transactions that it began; what was
 * committed before stays. The user's keys are overwritten when the last of those calls is over, and the last job of the
 * user that was started with them.
 */
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { UserName } from "../../core/ids.ts";
import type { UserKeys } from "../../identity/user-keys.ts";
import type { FileClient } from "../peer-client.ts";

/** For whom calls are made, and what keeps them from outliving it. */
export interface Acting {
  readonly client: FileClient;
  readonly name: UserName;
  readonly keys: UserKeys;
  /** Makes a call; the signal that `work` gets ends it with this login as well. */
  run<Result>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal | undefined) => Promise<Result>,
  ): Promise<Result>;
  /** The same for a call that gives items. */
  stream<Item>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal | undefined) => AsyncIterable<Item>,
  ): AsyncIterable<Item>;
}

export interface LoginParts {
  readonly client: FileClient;
  readonly name: UserName;
  readonly keys: UserKeys;
  /** Who else has the keys; nobody without it. */
  readonly holders?: KeyHolders | undefined;
}

/** The logins that share one user's keys: the last one that is over overwrites them. */
class KeyHolders {
  readonly #keys: UserKeys;
  #count = 0;

  constructor(keys: UserKeys) {
    this.#keys = keys;
  }

  take(): void {
    this.#count += 1;
  }

  give(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#keys.wipe();
  }
}

/** The shared user, who is nobody's login and never ends. */
export function actingAsShared(parts: LoginParts): Acting {
  return { ...parts, run: (signal, work) => work(signal), stream: (signal, work) => work(signal) };
}

export class Login implements Acting {
  readonly client: FileClient;
  readonly name: UserName;
  readonly keys: UserKeys;
  readonly #ending = new AbortController();
  readonly #holders: KeyHolders;
  #calls = 0;

  constructor({ client, name, keys, holders = new KeyHolders(keys) }: LoginParts) {
    this.client = client;
    this.name = name;
    this.keys = keys;
    this.#holders = holders;
    holders.take();
  }

  /** A login of the same user that goes on when this one ends, with a client of its own. */
  branch(client: FileClient): Login {
    if (this.hasEnded) throw loggedOut(this.name);
    return new Login({ client, name: this.name, keys: this.keys, holders: this.#holders });
  }

  get hasEnded(): boolean {
    return this.#ending.signal.aborted;
  }

  /** Ends the calls that are under way; no further ones are made. */
  end(): void {
    if (this.hasEnded) return;
    this.#ending.abort(loggedOut(this.name));
    void this.client.release();
    if (this.#calls === 0) this.#holders.give();
  }

  async run<Result>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const call = this.#enter(signal);
    try {
      return await work(call.signal);
    } catch (error) {
      throw this.#fault(error);
    } finally {
      call.leave();
    }
  }

  async *stream<Item>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => AsyncIterable<Item>,
  ): AsyncGenerator<Item> {
    const call = this.#enter(signal);
    try {
      for await (const item of work(call.signal)) {
        if (this.hasEnded) throw loggedOut(this.name);
        yield item;
      }
    } catch (error) {
      throw this.#fault(error);
    } finally {
      call.leave();
    }
  }

  /** A signal that aborts with the caller's or with this login; AbortSignal.any is not used, see deadline.ts. */
  #enter(parent: AbortSignal | undefined): { readonly signal: AbortSignal; leave(): void } {
    if (this.hasEnded) throw loggedOut(this.name);
    if (parent?.aborted === true) throw toDfsError(parent.reason);
    const call = new AbortController();
    const own = this.#ending.signal;
    const onEnd = (): void => call.abort(own.reason);
    const onParent = (): void => call.abort(parent?.reason);
    own.addEventListener("abort", onEnd);
    parent?.addEventListener("abort", onParent);
    this.#calls += 1;
    return {
      signal: call.signal,
      leave: () => {
        own.removeEventListener("abort", onEnd);
        parent?.removeEventListener("abort", onParent);
        this.#calls -= 1;
        if (this.#calls === 0 && this.hasEnded) this.#holders.give();
      },
    };
  }

  /** Whatever a call failed with after the end, the end is why. */
  #fault(error: unknown): unknown {
    return this.hasEnded ? loggedOut(this.name) : error;
  }
}

/** Why what a user had under way ends with the login. */
export function loggedOut(name: UserName): DfsError {
  return new DfsError("not-logged-in", `${name} has logged out: what was under way for this user has ended`);
}
