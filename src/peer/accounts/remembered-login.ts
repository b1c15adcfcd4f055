/** The login that this data folder remembers, and the sessions that live on it. */
import { setMaxListeners } from "node:events";
import { toDfsError } from "../../core/errors.ts";
import type { NetworkId, UserName } from "../../core/ids.ts";
import { wipe } from "../../identity/credentials.ts";
import type { Log } from "../log.ts";
import { type SavedLogin, loadLogin, removeLogin, saveLogin } from "./login-file.ts";

/** One remembered login; `ended` aborts when it is forgotten or its time is over. */
export interface Remembered {
  readonly name: UserName;
  /** 32 bytes; overwritten at the end. */
  readonly rootKey: Uint8Array;
  readonly expiresMs: number;
  readonly ended: AbortSignal;
}

export interface RememberedLoginOptions {
  /** Of `login.key`. */
  readonly path: string;
  readonly network: NetworkId;
  readonly nowMs: () => number;
  readonly log: Log;
}

interface Present extends Remembered {
  end(): void;
}

/** The longest that a timer can wait. */
const timerMsMax = 2 ** 31 - 1;

export class RememberedLogin {
  readonly #options: RememberedLoginOptions;
  #present: Present | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Changes of the file, one after the other, so that it never says something else than the memory. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: RememberedLoginOptions) {
    this.#options = options;
  }

  /** Reads what an earlier run remembered. A file that cannot be used is left alone and told to the log: people log in again. */
  async load(): Promise<void> {
    const { path, network, nowMs, log } = this.#options;
    try {
      const saved = await loadLogin(path);
      if (saved === undefined) return;
      if (saved.network === network && saved.expiresMs > nowMs()) this.#begin(saved);
      else await removeLogin(path);
    } catch (error) {
      log.warn(`nobody is logged in: ${toDfsError(error).message}`);
    }
  }

  /** What sessions start with now. */
  get present(): Remembered | undefined {
    if (this.#present !== undefined && this.#present.expiresMs <= this.#options.nowMs()) this.#expire();
    return this.#present;
  }

  /** Remembers a login in the place of the one before. Fails as a disk does. */
  remember(name: UserName, rootKey: Uint8Array, expiresMs: number): Promise<Remembered> {
    const { path, network } = this.#options;
    return this.#inTurn(async () => {
      await saveLogin(path, { network, name, rootKey, expiresMs });
      this.#end();
      return this.#begin({ name, rootKey: Uint8Array.from(rootKey), expiresMs });
    });
  }

  /** Forgets it, and ends it for every session that lives on it. Fails as a disk does. */
  forget(): Promise<void> {
    this.#end();
    return this.#inTurn(async () => {
      this.#end();
      await removeLogin(this.#options.path);
    });
  }

  /** Lets go of the keys in memory; the file stays for the next run. */
  stop(): void {
    this.#end();
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined); // each caller learns of its own failure
    return done;
  }

  #begin({ name, rootKey, expiresMs }: Omit<SavedLogin, "network">): Remembered {
    const ending = new AbortController();
    setMaxListeners(0, ending.signal); // one for each session and job that lives on it, and both are bounded
    const end = (): void => {
      ending.abort();
      wipe(rootKey);
    };
    this.#present = { name, rootKey, expiresMs, ended: ending.signal, end };
    this.#await(expiresMs);
    return this.#present;
  }

  #await(expiresMs: number): void {
    const waitMs = Math.min(timerMsMax, Math.max(0, expiresMs - this.#options.nowMs()));
    this.#timer = setTimeout(() => {
      if (this.present !== undefined) this.#await(expiresMs);
    }, waitMs);
    this.#timer.unref();
  }

  #expire(): void {
    this.#end();
    const removed = this.#inTurn(async () => {
      if (this.#present === undefined) await removeLogin(this.#options.path);
    });
    removed.catch((error: unknown) =>
      this.#options.log.warn(`the expired login is not removed: ${toDfsError(error).message}`),
    );
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#present?.end();
    this.#present = undefined;
  }
}
