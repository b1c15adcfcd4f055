import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type UserName, parseUserName } from "../../../src/core/ids.ts";
import {
  loginAnswerMs,
  loginTriesMax,
  loginTriesOfNameMax,
  loginTriesOfPeerMax,
  loginTryMs,
  loginTryOfNameMs,
} from "../../../src/core/limits.ts";
import type { UserCredential } from "../../../src/catalogue/user-reader.ts";
import { decoySaltKey } from "../../../src/identity/credentials.ts";
import { LoginDesk } from "../../../src/peer/coordination/login-desk.ts";
import { TokenBuckets } from "../../../src/peer/coordination/token-buckets.ts";
import { testPeer } from "./members.ts";

const ann = parseUserName("ann");
const rightProof = new Uint8Array(randomBytes(32));
const wrongProof = new Uint8Array(randomBytes(32));
const credential: UserCredential = {
  row: { name: ann } as UserCredential["row"],
  salt: new Uint8Array(randomBytes(16)),
  verifier: new Uint8Array(createHash("sha256").update(rightProof).digest()),
  wrappedKey: new Uint8Array(randomBytes(60)),
};
const neverAborted = new AbortController().signal;
const [here, there] = [testPeer(1), testPeer(2)];

/** A clock that a test moves: who waits goes on when its time has come. */
class Clock {
  #nowMs = 1_000_000;
  readonly waits: number[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number): Promise<void> {
    this.waits.push(delayMs);
    return Promise.resolve();
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
  }
}

function newDesk() {
  const clock = new Clock();
  const lookups: UserName[] = [];
  const desk = new LoginDesk({
    credentialOf: (name) => {
      lookups.push(name);
      return Promise.resolve(name === ann ? credential : undefined);
    },
    decoyKey: decoySaltKey(new Uint8Array(32).fill(5)),
    clock,
  });
  const attempt = (name: UserName, proof: Uint8Array, from = here) =>
    desk.login(name, proof, from, neverAborted).then(
      () => "in",
      (error: { kind: string; message: string; retryAfterMs?: number }) => error,
    );
  return { desk, clock, lookups, attempt };
}

const refused = { kind: "permission", message: "wrong user or password" };

describe("the login desk", () => {
  it("LOGIN-9 gives the wrapped key to who shows the password's proof, and to nobody else", async () => {
    const { desk, attempt } = newDesk();
    expect(await desk.salt(ann, neverAborted)).toEqual(credential.salt);
    const { wrappedKey, row: user } = credential;
    expect(await desk.login(ann, rightProof, here, neverAborted)).toEqual({ wrappedKey, user });
    expect(await attempt(ann, wrongProof)).toMatchObject(refused);
    expect(await attempt(ann, new Uint8Array(0))).toMatchObject(refused);
    expect(await attempt(ann, credential.verifier)).toMatchObject(refused);
  });

  it("LOGIN-10 does the same for a name that no user has: a salt, one look, one answer, after the same time", async () => {
    const { desk, clock, lookups, attempt } = newDesk();
    const nobody = parseUserName("nobody");
    const salt = await desk.salt(nobody, neverAborted);
    expect(salt).toHaveLength(credential.salt.length);
    expect(await desk.salt(nobody, neverAborted)).toEqual(salt);
    const known = await attempt(ann, wrongProof);
    const unknown = await attempt(nobody, wrongProof);
    expect(unknown).toEqual(known);
    expect(unknown).toMatchObject(refused);
    expect(await attempt(nobody, new Uint8Array(32))).toMatchObject(refused);
    expect(lookups).toEqual([nobody, nobody, ann, nobody, nobody]);
    expect(clock.waits).toEqual([1, 2, 3, 4, 5].map(() => loginAnswerMs));
  });

  it("LOGIN-10 answers unknown names `busy` after as many tries as known ones", async () => {
    const { attempt } = newDesk();
    for (const name of [ann, parseUserName("nobody")]) {
      for (let tries = 0; tries < loginTriesMax; tries += 1)
        expect(await attempt(name, wrongProof)).toMatchObject(refused);
      expect(await attempt(name, wrongProof)).toMatchObject({ kind: "busy", retryAfterMs: loginTryMs });
    }
  });

  it("LOGIN-11 lets one peer try a name a few times, then once in a while; even the right password waits", async () => {
    const { clock, attempt } = newDesk();
    for (let tries = 0; tries < loginTriesMax; tries += 1) await attempt(ann, wrongProof);
    expect(await attempt(ann, rightProof)).toMatchObject({ kind: "busy", retryAfterMs: loginTryMs });
    clock.advance(loginTryMs - 1);
    expect(await attempt(ann, rightProof)).toMatchObject({ kind: "busy", retryAfterMs: 1 });
    clock.advance(1);
    expect(await attempt(ann, wrongProof)).toMatchObject(refused);
    expect(await attempt(ann, wrongProof)).toMatchObject({ kind: "busy" });
    expect(await attempt(ann, rightProof, there)).toBe("in");
  });

  it("LOGIN-11 lets all peers together try a name some more times, then once in a while", async () => {
    const { clock, attempt } = newDesk();
    let peer = 0;
    for (let tries = 0; tries < loginTriesOfNameMax; tries += 1) {
      if (tries % loginTriesMax === 0) peer += 1;
      expect(await attempt(ann, wrongProof, testPeer(peer))).toMatchObject(refused);
    }
    const fresh = testPeer(peer + 1);
    expect(await attempt(ann, rightProof, fresh)).toMatchObject({ kind: "busy", retryAfterMs: loginTryOfNameMs });
    clock.advance(loginTryOfNameMs);
    expect(await attempt(ann, rightProof, fresh)).toBe("in");
  });

  it("LOGIN-11 lets one peer try a list of names no longer than its share", async () => {
    const { attempt } = newDesk();
    const outcomes = [];
    for (let tries = 0; tries < loginTriesOfPeerMax + 1; tries += 1)
      outcomes.push(await attempt(parseUserName(`user${tries}`), wrongProof));
    expect(outcomes.slice(0, -1)).toEqual(outcomes.slice(0, -1).map(() => expect.objectContaining(refused)));
    expect(outcomes.at(-1)).toMatchObject({ kind: "busy" });
    expect(await attempt(ann, rightProof, there)).toBe("in");
  });

  it("LOGIN-11 does not count logins that succeed", async () => {
    const { attempt } = newDesk();
    for (let logins = 0; logins < 3 * loginTriesOfPeerMax; logins += 1)
      expect(await attempt(ann, rightProof)).toBe("in");
  });
});

describe("token buckets", () => {
  it("LOGIN-11 remember no more keys than told, those used last", () => {
    const buckets = new TokenBuckets({ tokensMax: 1, refillMs: 1_000, keysMax: 2 });
    for (const key of ["one", "two", "three"]) buckets.take(key, 0);
    expect(["one", "two", "three"].map((key) => buckets.waitMs(key, 0))).toEqual([0, 1_000, 1_000]);
  });
});
