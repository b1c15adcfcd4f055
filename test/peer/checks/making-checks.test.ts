import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import type { CheckResult } from "../../../src/core/checks.ts";
import { DfsError } from "../../../src/core/errors.ts";
import { type PeerId, parsePeerId, parsePeerName } from "../../../src/core/ids.ts";
import { clockJumpToldMs, dialBacksAtOnceMax } from "../../../src/core/limits.ts";
import { askPeers } from "../../../src/peer/checks/asked-peers.ts";
import { type Check, fine, makeChecks } from "../../../src/peer/checks/check.ts";
import { CheckHelp, checkMethods } from "../../../src/peer/checks/check-methods.ts";
import { ClockWatch } from "../../../src/peer/checks/clock-watch.ts";
import { findListening, findReachable } from "../../../src/peer/checks/port-checks.ts";
import type { RpcCall } from "../../../src/peer/wire/rpc-method.ts";

const never = new AbortController().signal;
const ben = { id: parsePeerId(`12D3KooW${"B".repeat(44)}`), name: parsePeerName("ben"), isCoordinator: true };

async function collect(results: AsyncIterable<CheckResult>): Promise<CheckResult[]> {
  const all: CheckResult[] = [];
  for await (const result of results) all.push(result);
  return all;
}

const hanging: Check["find"] = () => new Promise(() => undefined);
const check = (name: string, find: Check["find"]): Check => ({ area: "machine", name, find });

describe("making checks", () => {
  it("DOCTOR-9 a check that hangs or fails is told as such, and holds up nothing but itself", async () => {
    const fails = (): never => {
      throw new DfsError("io", "the disk is gone");
    };
    const startedMs = performance.now();
    const results = await collect(
      makeChecks([check("slow", hanging), check("broken", fails), check("fine", () => fine("well"))], undefined, 50),
    );
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(results).toEqual([
      expect.objectContaining({
        name: "slow",
        outcome: "warning",
        found: "could not be checked: no answer within 0.05 s",
      }),
      expect.objectContaining({ name: "broken", outcome: "warning", found: "could not be checked: the disk is gone" }),
      { area: "machine", name: "fine", outcome: "ok", found: "well" },
    ]);
  });

  it("DOCTOR-9 who stops listening ends what is still looked at; an interruption ends all", async () => {
    const ended: string[] = [];
    const watched =
      (name: string): Check["find"] =>
      (signal) =>
        new Promise(() => signal.addEventListener("abort", () => ended.push(name)));
    for await (const result of makeChecks(
      [check("first", () => fine("well")), check("second", watched("second"))],
      undefined,
    )) {
      expect(result.name).toBe("first");
      break;
    }
    expect(ended).toEqual(["second"]);
    const interrupt = new AbortController();
    const running = collect(makeChecks([check("third", watched("third"))], interrupt.signal));
    interrupt.abort();
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    expect(ended).toEqual(["second", "third"]);
  });

  it("DOCTOR-10 a jump of the clock is told for a day, and what a time service corrects is none", () => {
    let nowMs = 1_000_000;
    let steadyMs = 0;
    const pass = (ms: number, alsoMs = 0): void => {
      steadyMs += ms;
      nowMs += ms + alsoMs;
    };
    const watch = new ClockWatch({ nowMs: () => nowMs, steadyMs: () => steadyMs });
    pass(10_000, 500);
    expect(watch.find().outcome).toBe("ok");
    pass(10_000, -3_600_000);
    watch.look();
    pass(60_000);
    expect(watch.find()).toMatchObject({
      outcome: "warning",
      found: "the system clock jumped back by 60 min, 60.0 s ago",
    });
    pass(clockJumpToldMs);
    expect(watch.find().outcome).toBe("ok");
    pass(1_000, 30_000);
    expect(watch.find().found).toBe("the system clock jumped forward by 30.0 s, 0 ms ago");
  });

  it("DOCTOR-11 another's clock is held against the middle of the round trip", async () => {
    let steadyMs = 0;
    const links = {
      call: async () => {
        steadyMs += 100;
        return { nowMs: 500_000 + steadyMs, version: "2" } as never;
      },
    };
    const clocks = { nowMs: () => 440_000 + steadyMs, steadyMs: () => steadyMs };
    const [answer] = await askPeers([ben], links, clocks, { timeoutMs: 1_000, signal: never });
    expect(answer?.answer).toEqual({ aheadMs: 60_050, roundTripMs: 100, version: "2" });
    const hanging = { call: () => new Promise<never>(() => undefined) };
    expect(await askPeers([ben], hanging, clocks, { timeoutMs: 20, signal: never })).toEqual([
      { ...ben, reason: "no answer within 0.02 s" },
    ]);
    const silent = { call: () => Promise.reject(new DfsError("unreachable", "cannot connect to the peer")) };
    expect(await askPeers([ben], silent, clocks, { timeoutMs: 1_000, signal: never })).toEqual([
      { ...ben, reason: "cannot connect to the peer" },
    ]);
  });

  it("DOCTOR-12 a port that does not listen is found", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const addresses = [`/ip4/10.255.255.1/tcp/${port}/p2p/x`, `/ip4/127.0.0.1/tcp/${port}/p2p/x`];
    expect(await findListening(addresses, never)).toEqual({ outcome: "ok", found: `port ${port} listens` });
    await new Promise((resolve) => server.close(resolve));
    expect(await findListening(addresses, never)).toMatchObject({
      outcome: "fault",
      found: expect.stringMatching(/does not answer at 127\.0\.0\.1/) as string,
    });
    expect(await findListening([], never)).toMatchObject({ outcome: "fault", found: "this peer listens nowhere" });
  });

  it("DOCTOR-13 a peer dials its caller back, a few at once, and says why where it cannot", async () => {
    const dials: { readonly peer: PeerId; readonly done: () => void; readonly fail: (error: Error) => void }[] = [];
    const help = new CheckHelp({
      version: "1",
      nowMs: () => 7,
      dial: (peer) => new Promise((resolve, reject) => dials.push({ peer, done: resolve, fail: reject })),
    });
    const dialBack = (): Promise<unknown> => {
      const route = help.routes(ben.id).find(({ method }) => method.name === checkMethods.dialBack.name);
      return route?.handler({}, { signal: never } as RpcCall<unknown>) ?? Promise.reject(new Error("no such route"));
    };
    const asked = Array.from({ length: dialBacksAtOnceMax }, dialBack);
    await expect(dialBack()).rejects.toMatchObject({ kind: "busy" });
    expect(dials.map(({ peer }) => peer)).toEqual(asked.map(() => ben.id));
    dials[0]?.fail(new DfsError("unreachable", "cannot connect to the peer"));
    for (const { done } of dials.slice(1)) done();
    expect(await Promise.all(asked)).toEqual(["cannot connect to the peer", ...asked.slice(1).map(() => null)]);

    const links = { call: async () => "refused" as never };
    expect(await findReachable([ben], links, { timeoutMs: 1_000, signal: never })).toMatchObject({
      outcome: "fault",
      found: "other peers cannot reach this one: ben (refused)",
    });
  });
});
