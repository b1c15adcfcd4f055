import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DfsError } from "../../../src/core/errors.ts";
import type { PeerId } from "../../../src/core/ids.ts";
import { departureLookMs, departureTellsMax } from "../../../src/core/limits.ts";
import type { Coordinator } from "../../../src/peer/coordination/coordinator.ts";
import { DepartureNews } from "../../../src/peer/coordination/departure-news.ts";

const self = "self" as PeerId;
const silent = () => undefined;
const log = { error: silent, warn: silent, info: silent, debug: silent };

/** A coordinator of these members, and what is told to whom. */
function start(peers: string[], { isLeader = true, away = "" } = {}) {
  const state = { version: 1, peers, isLeader };
  const told: { readonly peer: string; readonly answer: () => void }[] = [];
  let refreshes = 0;
  const coordinator = {
    catalogue: { membersVersion: () => state.version, peers: () => state.peers.map((id) => ({ id })) },
    log: {
      get isLeader() {
        return state.isLeader;
      },
    },
  } as unknown as Coordinator;
  const news = new DepartureNews({
    self,
    own: () => coordinator,
    links: {
      isConnected: (peer) => peer !== away,
      call: (peer: PeerId) =>
        new Promise<never>((resolve) => told.push({ peer, answer: () => resolve(null as never) })),
    },
    refresh: () => (refreshes += 1),
    log,
  });
  news.start();
  return {
    told,
    change: (next: string[]) => {
      state.peers = next;
      state.version += 1;
    },
    get refreshes() {
      return refreshes;
    },
    stop: () => news.stop(),
  };
}

const look = async (): Promise<void> => void (await vi.advanceTimersByTimeAsync(departureLookMs));

describe("news of departures", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("GATE-2 the leader tells every member that it is connected to within a tenth of a second, and only when somebody has left", async () => {
    const network = start(["self", "ann", "ben", "away"], { away: "away" });
    await look();
    network.change(["self", "ann", "ben", "away", "cat"]);
    await look();
    expect([network.told.length, network.refreshes]).toEqual([0, 0]);
    network.change(["self", "ann", "cat", "away"]);
    await look();
    expect(network.told.map(({ peer }) => peer)).toEqual(["ann", "cat"]);
    expect(network.refreshes).toBe(1);
    network.stop();
  });

  it("GATE-2 a coordinator that does not lead only renews its own list", async () => {
    const network = start(["self", "ann"], { isLeader: false });
    await look();
    network.change(["self"]);
    await look();
    expect([network.told.length, network.refreshes]).toEqual([0, 1]);
    network.stop();
  });

  it("GATE-2 in a large network a bounded number is told at once, and what happens meanwhile is told afterwards", async () => {
    const many = Array.from({ length: 2 * departureTellsMax }, (_, index) => `peer-${index}`);
    const network = start(["self", ...many]);
    await look();
    network.change(["self", ...many.slice(1)]);
    await look();
    expect(network.told).toHaveLength(departureTellsMax);
    network.change(["self", ...many.slice(2)]);
    await look();
    expect(network.told).toHaveLength(departureTellsMax);
    for (let index = 0; index < many.length - 1; index += 1) {
      network.told[index]?.answer();
      await vi.advanceTimersByTimeAsync(0);
    }
    await look();
    expect(new Set(network.told.slice(many.length - 1).map(({ peer }) => peer)).has("peer-1")).toBe(false);
    expect(network.told).toHaveLength(many.length - 1 + departureTellsMax);
    expect(network.refreshes).toBe(2);
    network.stop();
  });

  it("GATE-2 a catalogue that is being replaced is looked at again", async () => {
    let isReplaced = true;
    const coordinator = {
      get catalogue() {
        if (isReplaced) throw new DfsError("busy", "being replaced");
        return { membersVersion: () => 1, peers: () => [] };
      },
      log: { isLeader: true },
    } as unknown as Coordinator;
    const looks: string[] = [];
    const news = new DepartureNews({
      self,
      own: () => coordinator,
      links: { isConnected: () => true, call: () => Promise.reject(new Error("nobody")) },
      refresh: silent,
      log: { ...log, debug: (text) => void looks.push(text) },
    });
    news.start();
    await look();
    expect(looks).toHaveLength(1);
    isReplaced = false;
    await look();
    expect(looks).toHaveLength(1);
    news.stop();
  });
});
