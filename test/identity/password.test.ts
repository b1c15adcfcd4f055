import { describe, expect, it } from "vitest";
import { parseUserName } from "../../src/core/ids.ts";
import { passwordCharactersMax, passwordsWaitingMax, passwordThreadsMax } from "../../src/core/limits.ts";
import { hashPassword } from "../../src/identity/password-hash.ts";
import { checkPassword, passwordBytes, passwordFault } from "../../src/identity/password.ts";

const ann = parseUserName("ann");
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const cheap = { memoryKiB: 256, passes: 1 };

describe("passwords", () => {
  it.each([
    ["short one", "at least 10 characters"],
    ["aaaabbbbcccc", "at least 5 different"],
    ["planning trip", "the user's name"],
    ["my ANN is great", "the user's name"],
    ["x1y2z".repeat(52), "more than 256"],
    ["valid until \ud800", "valid Unicode"],
  ])("LOGIN-3 %j is refused with the reason, which does not quote it", (password, reason) => {
    expect(passwordFault(password, ann)).toContain(reason);
    const refusal = expect.objectContaining({ kind: "usage", message: expect.not.stringContaining(password) });
    expect(() => checkPassword(password, ann)).toThrow(refusal);
  });

  it.each(["correct horse", "1234567890", "päßwörtlich", "🐎🔋📎🧷🐎🔋📎🧷🪡🧵", "x1y2z".repeat(51)])(
    "LOGIN-3 %j will do",
    (password) => {
      expect(() => checkPassword(password, ann)).not.toThrow();
    },
  );

  it("LOGIN-3 a short name may be part of a password, as it is of most words", () => {
    expect(passwordFault("a good passphrase", parseUserName("a"))).toBeUndefined();
  });

  it("LOGIN-3 composed and decomposed characters give the same bytes", () => {
    expect(passwordBytes("e\u0301te\u0301 1936 bis")).toEqual(passwordBytes("\u00e9t\u00e9 1936 bis"));
  });

  it("LOGIN-3 what cannot be a password is a wrong one before any work is done", () => {
    for (const impossible of ["", "x".repeat(passwordCharactersMax + 1), "e\u0301".repeat(100_000)])
      expect(() => passwordBytes(impossible)).toThrow(expect.objectContaining({ kind: "permission" }));
  });
});

/** From test.c of the reference implementation that RFC 9106 names; RFC 9106's own vector has associated data, which no password has. */
const published = [
  [2, 65_536, 1, "password", "somesalt", "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"],
  [2, 256, 1, "password", "somesalt", "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"],
  [2, 256, 2, "password", "somesalt", "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"],
  [1, 65_536, 1, "password", "somesalt", "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98"],
  [4, 65_536, 1, "password", "somesalt", "9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c"],
  [2, 65_536, 1, "differentpassword", "somesalt", "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde"],
  [2, 65_536, 1, "password", "diffsalt", "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c"],
] as const;

describe("argon2id in a thread", () => {
  it.each(published)("LOGIN-4 gives the published vector of t=%i, m=%i KiB, p=%i, %s, %s", async (...vector) => {
    const [passes, memoryKiB, lanes, password, salt, hash] = vector;
    const options = { passes, memoryKiB, lanes, hashBytes: 32 };
    const hashed = await hashPassword(text(password), text(salt), options);
    expect(Buffer.from(hashed).toString("hex")).toBe(hash);
  });

  it("LOGIN-4 at the usual cost stays the same from version to version", async () => {
    const hash = await hashPassword(text("correct horse"), new Uint8Array(16).fill(7));
    expect(Buffer.from(hash).toString("hex")).toMatchInlineSnapshot(
      `"a97723a476d33abe3abd6041ef03be6f797e958329ee5b25f2c6bf49e93156bdc16495197094f31851e68127b1335aa4b3f007504414ee36310c924d02be2cad"`,
    );
  });

  it("LOGIN-5 hashes a few passwords at once, lets some wait, and answers the others `busy`", async () => {
    const hash = () =>
      hashPassword(text("password"), text("somesalt"), cheap).then(
        () => "hashed",
        ({ kind }) => kind,
      );
    const outcomes = await Promise.all(Array.from({ length: passwordThreadsMax + passwordsWaitingMax + 3 }, hash));
    expect(outcomes.filter((outcome) => outcome === "hashed")).toHaveLength(passwordThreadsMax + passwordsWaitingMax);
    expect(outcomes.filter((outcome) => outcome === "busy")).toHaveLength(3);
  });

  it("LOGIN-5 an abort ends the thread in the midst of its work, and gives its place to the next", async () => {
    const long = { memoryKiB: 65_536, passes: 1_000, signal: AbortSignal.timeout(200) };
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map(() => hashPassword(text("password"), text("somesalt"), long)),
    );
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: "rejected", reason: { kind: "timeout" } });
    await expect(hashPassword(text("password"), text("somesalt"), cheap)).resolves.toHaveLength(64);
  });

  it("LOGIN-5 what the function refuses comes back as an error", async () => {
    await expect(hashPassword(text("password"), text("short"), cheap)).rejects.toMatchObject({ kind: "internal" });
  });
});
