import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "cborg";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type NetworkId, parseUserName } from "../../../src/core/ids.ts";
import { generateRootKey } from "../../../src/identity/credentials.ts";
import { loadLogin } from "../../../src/peer/accounts/login-file.ts";
import { RememberedLogin } from "../../../src/peer/accounts/remembered-login.ts";

const network = "ab".repeat(32) as NetworkId;
const ann = parseUserName("ann");
const hourMs = 3_600_000;
const rootKey = generateRootKey();

describe("the remembered login", () => {
  let folder: string;
  let path: string;
  let nowMs: number;
  let warnings: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "dfs-login-"));
    path = join(folder, "login.key");
    nowMs = 1_800_000_000_000;
    warnings = [];
  });
  afterEach(() => rm(folder, { recursive: true }));

  function newMemory(of: NetworkId = network): RememberedLogin {
    const warn = (message: string): void => void warnings.push(message);
    const log = { error: warn, warn, info: () => undefined, debug: () => undefined };
    return new RememberedLogin({ path, network: of, nowMs: () => nowMs, log });
  }

  const exists = (): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    );

  it("SESS-5 survives a restart, in a file that only its owner may read", async () => {
    const memory = newMemory();
    await memory.remember(ann, rootKey, nowMs + hourMs);
    memory.stop();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const next = newMemory();
    await next.load();
    expect(next.present).toMatchObject({ name: "ann", rootKey, expiresMs: nowMs + hourMs });
    expect(warnings).toEqual([]);
    next.stop();
  });

  it("SESS-5 is over after its time: for whoever lives on it, in memory, and on the disk", async () => {
    const memory = newMemory();
    const remembered = await memory.remember(ann, rootKey, nowMs + hourMs);
    nowMs += hourMs - 1;
    expect(memory.present).toBe(remembered);
    nowMs += 1;
    expect(memory.present).toBeUndefined();
    expect(remembered.ended.aborted).toBe(true);
    expect(remembered.rootKey.every((byte) => byte === 0)).toBe(true);
    await vi.waitFor(async () => expect(await exists()).toBe(false));
    await memory.remember(ann, rootKey, nowMs + 1);
    memory.stop();
    nowMs += 1;
    const next = newMemory();
    await next.load();
    expect(next.present).toBeUndefined();
    expect(await exists()).toBe(false);
  });

  it("SESS-5 ends by itself when nobody asks for it", async () => {
    vi.useFakeTimers({ now: nowMs, toFake: ["setTimeout", "clearTimeout"] });
    try {
      const memory = newMemory();
      const monthMs = 31 * 24 * hourMs; // longer than a timer can wait
      const remembered = await memory.remember(ann, rootKey, nowMs + monthMs);
      for (let day = 0; day < 31; day += 1) {
        expect(remembered.ended.aborted).toBe(false);
        nowMs += 24 * hourMs;
        await vi.advanceTimersByTimeAsync(24 * hourMs);
      }
      expect(remembered.ended.aborted).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it("SESS-5 a new one takes the place of the one before, which ends", async () => {
    const memory = newMemory();
    const first = await memory.remember(ann, rootKey, nowMs + hourMs);
    const second = await memory.remember(parseUserName("bob"), rootKey, nowMs + hourMs);
    expect([first.ended.aborted, second.ended.aborted]).toEqual([true, false]);
    expect(second.rootKey).toEqual(rootKey);
    await memory.forget();
    await memory.forget();
    expect([second.ended.aborted, await exists(), memory.present]).toEqual([true, false, undefined]);
  });

  it("SESS-5 is on the disk what it is in memory, however many change it at once", async () => {
    const memory = newMemory();
    const changes = Array.from({ length: 20 }, (_, place) =>
      place % 2 === 0 ? memory.remember(ann, rootKey, nowMs + hourMs + place) : memory.forget(),
    );
    await Promise.all(changes);
    expect([memory.present, await exists()]).toEqual([undefined, false]);
    await Promise.all([memory.forget(), memory.remember(ann, rootKey, nowMs + hourMs)]);
    expect([memory.present?.name, (await loadLogin(path))?.name]).toEqual(["ann", "ann"]);
    memory.stop();
  });

  it("SESS-6 counts for nobody when it is of another network, damaged, or of a newer program", async () => {
    await newMemory().remember(ann, rootKey, nowMs + hourMs);
    const good = await readFile(path);
    const other = newMemory("cd".repeat(32) as NetworkId);
    await other.load();
    expect(other.present).toBeUndefined();
    const damages: readonly [Uint8Array, string][] = [
      [good.subarray(1), "integrity"],
      [new Uint8Array(0), "integrity"],
      [good.subarray(0, good.length - 1), "integrity"],
      [
        encode({ v: 1, network: new Uint8Array(32), name: "ann", rootKey: new Uint8Array(31), expiresMs: 1 }),
        "integrity",
      ],
      [encode({ v: 1, network: new Uint8Array(32), name: "../ann", rootKey, expiresMs: 1 }), "integrity"],
      [encode({ v: 2, anything: rootKey }), "version"],
    ];
    for (const [content, kind] of damages) {
      warnings = [];
      await writeFile(path, content);
      await expect(loadLogin(path)).rejects.toMatchObject({ kind });
      const memory = newMemory();
      await memory.load();
      expect(memory.present).toBeUndefined();
      expect(warnings.join()).toContain("log in again");
      expect(warnings.join()).not.toContain(Buffer.from(rootKey).toString("hex"));
    }
  });
});
