import { describe, expect, it } from "vitest";
import { parseUserName } from "../../../src/core/ids.ts";
import { generateRootKey } from "../../../src/identity/credentials.ts";
import { deriveUser } from "../../../src/identity/user-keys.ts";
import { Login } from "../../../src/peer/accounts/login.ts";
import type { FileClient } from "../../../src/peer/peer-client.ts";

const never = new AbortController().signal;

/** Work that goes on until its signal aborts, and then takes a while to end. */
function slow(signal: AbortSignal): { readonly promise: Promise<void>; finish(): void } {
  let finish = (): void => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    finish = resolve;
    signal.addEventListener("abort", () => setImmediate(() => reject(signal.reason as Error)));
  });
  return { promise, finish };
}

function newLogin() {
  const keys = deriveUser(generateRootKey());
  const secrets = [keys.dedupSecret, keys.namesKey, keys.pastKey, keys.rootKeyring.bytes];
  let releases = 0;
  const client = {
    release: () => {
      releases += 1;
      return Promise.resolve();
    },
  } as FileClient;
  const login = new Login({ client, name: parseUserName("ann"), keys });
  const areWiped = (): boolean => secrets.every((secret) => secret.every((byte) => byte === 0));
  return { keys, login, areWiped, releases: () => releases };
}

const loggedOut = expect.objectContaining({ kind: "not-logged-in" });

describe("a login", () => {
  it("SESS-2 ends the calls under way with `not-logged-in`, and takes no new ones", async () => {
    const { login, releases } = newLogin();
    const call = login.run(never, (signal) => slow(signal).promise);
    login.end();
    login.end();
    await expect(call).rejects.toThrow(loggedOut);
    expect(releases()).toBe(1);
    await expect(login.run(never, () => Promise.resolve(1))).rejects.toThrow(loggedOut);
  });

  it("SESS-2 ends a listing in its midst", async () => {
    const { login } = newLogin();
    async function* items(): AsyncGenerator<number> {
      for (let item = 0; ; item += 1) yield item;
    }
    const seen: number[] = [];
    const walk = async (): Promise<void> => {
      for await (const item of login.stream(never, items)) {
        seen.push(item);
        if (item === 2) login.end();
      }
    };
    await expect(walk()).rejects.toThrow(loggedOut);
    expect(seen).toEqual([0, 1, 2]);
  });

  it("SESS-2 what a call did before the end stays done, and a caller who gives up is told that", async () => {
    const { login } = newLogin();
    await expect(login.run(never, () => Promise.resolve("done"))).resolves.toBe("done");
    const caller = new AbortController();
    const call = login.run(caller.signal, (signal) => slow(signal).promise);
    caller.abort(new Error("the caller gave up"));
    await expect(call).rejects.toThrow("the caller gave up");
  });

  it("SESS-3 overwrites the keys when the last call is over, and not while one still uses them", async () => {
    const { keys, login, areWiped } = newLogin();
    const { rootKeyring } = keys;
    let work: ReturnType<typeof slow> | undefined;
    const call = login.run(never, () => (work = slow(never)).promise);
    login.end();
    expect(areWiped()).toBe(false);
    expect(keys.dedupSecret).toHaveLength(32);
    work?.finish();
    await call;
    expect(areWiped()).toBe(true);
    const uses = [() => keys.dedupSecret, () => keys.rootKeyring, () => keys.sign(new Uint8Array(1))];
    for (const use of [...uses, () => rootKeyring.attributeKey(0), () => rootKeyring.nameCipher(0)])
      expect(use).toThrow(loggedOut);
  });

  it("SESS-3 overwrites the keys at once when nothing is under way", () => {
    const { login, areWiped } = newLogin();
    login.end();
    login.end();
    expect(areWiped()).toBe(true);
  });
});
