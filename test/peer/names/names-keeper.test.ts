/** The index of names that is there before anybody asks for it. */
import { readdir } from "node:fs/promises";
import { afterEach, expect, it, vi } from "vitest";
import type { UserName } from "../../../src/core/ids.ts";
import {
  namesBehindChangesMax,
  namesBusyChanges,
  namesGatheredMax,
  namesKeptFromEntries,
} from "../../../src/core/limits.ts";
import { deriveUser } from "../../../src/identity/user-keys.ts";
import type { Remembered } from "../../../src/peer/accounts/remembered-login.ts";
import { createLog } from "../../../src/peer/log.ts";
import { NamesKeeper, type NamesKeeperOptions } from "../../../src/peer/names/names-keeper.ts";
import { shared } from "../../catalogue/world.ts";
import { NameSpace, at } from "./name-space.ts";

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const timeout = 60_000;

function newSpace(): NameSpace {
  const space = new NameSpace();
  cleanups.push(() => space.stop());
  return space;
}

interface KeeperWorld {
  /** In the network. */
  readonly entries?: number;
  readonly remembered?: NamesKeeperOptions["remembered"];
  /** How far its log has come. */
  readonly log?: { appliedIndex: number };
  /** Where lines of the log come. */
  readonly said?: string[];
}

function keeperOf(space: NameSpace, world: KeeperWorld = {}): NamesKeeper {
  const { entries = namesKeptFromEntries, remembered = { present: undefined }, said = [] } = world;
  const log = world.log ?? { appliedIndex: 1 };
  const counts = { ...space.world.catalogue.counts(), files: entries, directories: 0 };
  const keeper = new NamesKeeper({
    indexes: space.indexes,
    catalogue: { totals: async () => ({ counts, ...log }) },
    remembered,
    shared,
    log: createLog((line) => said.push(line), { level: "warn", json: false }),
  });
  cleanups.unshift(() => keeper.stop());
  return keeper;
}

/** A keeper of that log whose index is up to date. */
async function followedKeeper(space: NameSpace, log: { appliedIndex: number }): Promise<NamesKeeper> {
  const keeper = keeperOf(space, { log });
  await keeper.follow();
  return keeper;
}

it("DIR-10 a large directory is told by the index the first time that anybody asks", { timeout }, async () => {
  const space = newSpace();
  await space.client.mkdir(at("/large"));
  await space.files(Array.from({ length: namesGatheredMax + 1 }, (_, place) => `/large/${place}`));
  const keeper = keeperOf(space);
  await keeper.follow();
  await space.file("/large/later");
  await keeper.follow();
  const list = vi.spyOn(space.world.catalogue, "list");
  let rows = 0;
  space.alter = (page) => {
    rows += page.rows.length;
    return page;
  };
  const page = await space.client.names(at("/large"), { prefix: "la" });
  expect(page).toMatchObject({ isSorted: true, names: [{ name: "later" }] });
  expect(list).not.toHaveBeenCalled();
  expect(rows).toBe(0);
});

it("DIR-10 a network of few entries has no index that nobody asked for", { timeout }, async () => {
  const space = newSpace();
  await space.file("/file");
  await keeperOf(space, { entries: namesKeptFromEntries - 1 }).follow();
  expect(space.pages).toBe(0);
  expect(await readdir(space.world.folder)).not.toContain("names");
});

it("DIR-10 the index of a remembered user is let go of with the login", { timeout }, async () => {
  const space = newSpace();
  const rootKey = new Uint8Array(32).fill(7);
  const ending = new AbortController();
  const present: Remembered = { name: "ann" as UserName, rootKey, expiresMs: Infinity, ended: ending.signal };
  const remembered: { present: Remembered | undefined } = { present };
  const keeper = keeperOf(space, { remembered });
  await keeper.follow();
  const { userId } = deriveUser(rootKey);
  expect(await readdir(space.folder)).toContain(`${userId}.db`);
  const index = await space.indexes.acquire(deriveUser(rootKey), space);
  await space.indexes.release(userId, space);
  expect(index.isAlive).toBe(true);
  remembered.present = undefined;
  ending.abort();
  await vi.waitFor(() => expect(index.isAlive).toBe(false));
  await keeper.follow();
  expect(await readdir(space.folder)).toContain(`${shared.userId}.db`);
});

it("DIR-10 what keeps it from following is said once, and it is tried again", { timeout }, async () => {
  const space = newSpace();
  await space.file("/file");
  const said: string[] = [];
  const keeper = keeperOf(space, { said });
  const soundly = space.alter;
  space.alter = () => {
    throw new Error("the catalogue is away");
  };
  await keeper.follow();
  await keeper.follow();
  expect(said).toEqual([expect.stringContaining("the catalogue is away; it is tried again")]);
  space.alter = soundly;
  await keeper.follow();
  expect(space.indexes.isReady(shared.userId)).toBe(true);
  await keeper.stop();
  expect(space.indexes.isReady(shared.userId)).toBe(false);
});

it("DIR-10 the index waits while changes pour in, and follows once they rest", { timeout }, async () => {
  const space = newSpace();
  const log = { appliedIndex: 1 };
  const keeper = await followedKeeper(space, log);
  const { pages } = space;
  log.appliedIndex += namesBusyChanges + 1;
  await keeper.follow();
  expect(space.pages).toBe(pages);
  await keeper.follow();
  expect(space.pages).toBeGreaterThan(pages);
});

it("DIR-10 the index does not fall behind without bounds while changes pour in", { timeout }, async () => {
  const space = newSpace();
  const log = { appliedIndex: 1 };
  const keeper = await followedKeeper(space, log);
  const { pages } = space;
  const looks = Math.ceil(namesBehindChangesMax / (namesBusyChanges * 10)) + 1;
  for (let look = 0; look < looks; look += 1) {
    log.appliedIndex += namesBusyChanges * 10;
    await keeper.follow();
  }
  expect(space.pages).toBeGreaterThan(pages);
});
