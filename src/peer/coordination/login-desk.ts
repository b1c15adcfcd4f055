/**
 * Where the leading coordinator answers logins: a salt for every name, and the wrapped root key for who knows the password.
 *
 * Whether there is such a user is told to nobody: unknown names have salts as well, and what does not succeed has one
 * answer, after the same time. Tries are counted for each name and peer, each name, and each peer; those that succeed do
 * not count. The counts are soft state, and start anew with each leader.
 */
import { setTimeout as delay } from "node:timers/promises";
import { DfsError } from "../../core/errors.ts";
import type { PeerId, UserName } from "../../core/ids.ts";
import {
  loginAnswerMs,
  loginTriesMax,
  loginTriesOfNameMax,
  loginTriesOfPeerMax,
  loginTriesRememberedMax,
  loginTryMs,
  loginTryOfNameMs,
  loginTryOfPeerMs,
  peersMax,
} from "../../core/limits.ts";
import { decoySalt, isProofOf } from "../../identity/credentials.ts";
import type { UserCredential } from "../../catalogue/user-reader.ts";
import { wrongPassword } from "../../identity/password.ts";
import type { LoginAnswer } from "./catalogue-access.ts";
import { TokenBuckets } from "./token-buckets.ts";

export interface LoginDeskOptions {
  /** The credential of a user who has not ended, and has one. */
  readonly credentialOf: (name: UserName, signal: AbortSignal) => Promise<UserCredential | undefined>;
  /** See decoySaltKey. */
  readonly decoyKey: Uint8Array;
  readonly clock: LoginClock;
}

/** What a desk needs of a clock. */
export interface LoginClock {
  nowMs(): number;
  after(delayMs: number, signal: AbortSignal): Promise<unknown>;
}

export const loginClock: LoginClock = {
  nowMs: () => performance.now(),
  after: (delayMs, signal) => delay(delayMs, undefined, { signal }),
};

/** What no password gives: compared with where there is no user, so that this takes as long. */
const noVerifier = new Uint8Array(32);

export class LoginDesk {
  readonly #options: LoginDeskOptions;
  readonly #ofNameAndPeer = buckets(loginTriesMax, loginTryMs, loginTriesRememberedMax);
  readonly #ofName = buckets(loginTriesOfNameMax, loginTryOfNameMs, loginTriesRememberedMax);
  readonly #ofPeer = buckets(loginTriesOfPeerMax, loginTryOfPeerMs, peersMax);

  constructor(options: LoginDeskOptions) {
    this.#options = options;
  }

  /** The salt of a user's password; one that looks like any other where there is no such user. */
  async salt(name: UserName, signal: AbortSignal): Promise<Uint8Array> {
    return this.#inEqualTime(signal, async () => {
      const credential = await this.#options.credentialOf(name, signal);
      const decoy = decoySalt(this.#options.decoyKey, name);
      return credential?.salt ?? decoy;
    });
  }

  /**
   * The wrapped root key and the user's row, for the peer `from` that shows the proof of the user's password. Fails with `permission`
   * when name and proof do not belong together, and with `busy`, saying for how long, after too many of those.
   */
  async login(name: UserName, proof: Uint8Array, from: PeerId, signal: AbortSignal): Promise<LoginAnswer> {
    const giveBack = this.#count(name, from);
    const credential = await this.#inEqualTime(signal, async () => {
      const found = await this.#options.credentialOf(name, signal);
      const isRight = isProofOf(found?.verifier ?? noVerifier, proof);
      return isRight ? found : undefined;
    });
    if (credential === undefined) throw wrongPassword();
    giveBack();
    return { wrappedKey: credential.wrappedKey, user: credential.row };
  }

  /** Counts a try; returns what takes it back. */
  #count(name: UserName, from: PeerId): () => void {
    const counts: readonly (readonly [TokenBuckets, string])[] = [
      [this.#ofNameAndPeer, `${from} ${name}`],
      [this.#ofName, name],
      [this.#ofPeer, from],
    ];
    const nowMs = this.#options.clock.nowMs();
    const waitMs = Math.max(...counts.map(([tries, key]) => tries.waitMs(key, nowMs)));
    if (waitMs > 0) throw tooMany(waitMs);
    for (const [tries, key] of counts) tries.take(key, nowMs);
    return () => {
      for (const [tries, key] of counts) tries.give(key, this.#options.clock.nowMs());
    };
  }

  async #inEqualTime<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const [result] = await Promise.all([work(), this.#options.clock.after(loginAnswerMs, signal)]);
    return result;
  }
}

function buckets(tokensMax: number, refillMs: number, keysMax: number): TokenBuckets {
  return new TokenBuckets({ tokensMax, refillMs, keysMax });
}

function tooMany(waitMs: number): DfsError {
  const seconds = Math.ceil(waitMs / 1000);
  return new DfsError("busy", `too many logins with a wrong password: try again in ${seconds} s`, {
    retryAfterMs: waitMs,
  });
}
