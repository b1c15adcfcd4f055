import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { CallBudget, CallBudgets } from "../../src/peer/wire/call-budget.ts";
import { RpcClient } from "../../src/peer/wire/rpc-client.ts";
import { defineMethod, route } from "../../src/peer/wire/rpc-method.ts";
import { routeTable, serveRpc } from "../../src/peer/wire/rpc-server.ts";
import { channelPair } from "./memory-channel.ts";

const busy = (retryAfterMs: number): unknown => expect.objectContaining({ kind: "busy", retryAfterMs });

function budgetAt(rate = { perSecond: 100, burst: 3 }, inFlightMax = 1_000) {
  const clock = { nowMs: 5_000 };
  return { clock, budget: new CallBudget({ rate, inFlightMax }, () => clock.nowMs) };
}

const hold = defineMethod({ name: "hold", params: v.object({}), result: v.null() });

/** Two channels of one caller to a server whose calls end when they are told to. */
function start(budget: CallBudget) {
  const waiting: (() => void)[] = [];
  const routes = routeTable([route(hold, () => new Promise<null>((resolve) => waiting.push(() => resolve(null))))]);
  const clients = [0, 1].map(() => {
    const [near, far] = channelPair();
    void serveRpc(far, routes, budget);
    return new RpcClient(near);
  }) as [RpcClient, RpcClient];
  return { clients, waiting };
}

describe("how many calls a peer may make", () => {
  it("GATE-10 after a burst so many calls a second go through, and the others are told when to come back", () => {
    const { budget, clock } = budgetAt();
    for (let call = 0; call < 3; call += 1) budget.take();
    expect(() => budget.take()).toThrow(busy(10));
    clock.nowMs += 4;
    expect(() => budget.take()).toThrow(busy(6));
    clock.nowMs += 6;
    budget.take();
    expect(() => budget.take()).toThrow(busy(10));
    clock.nowMs += 60_000;
    for (let call = 0; call < 3; call += 1) budget.take();
    expect(() => budget.take()).toThrow(busy(10));
  });

  it("GATE-10 calls over all channels of a peer count together, and those that end make room", async () => {
    const { clients, waiting } = start(new CallBudget({ inFlightMax: 2 }));
    const running = clients.map((client) => client.call(hold, {}));
    await expect.poll(() => waiting.length).toBe(2);
    for (const client of clients)
      await expect(client.call(hold, {})).rejects.toMatchObject({ kind: "busy", retryAfterMs: 100 });
    waiting.shift()?.();
    await running[0];
    const next = clients[1].call(hold, {});
    await expect.poll(() => waiting.length).toBe(2);
    for (const end of waiting.splice(0)) end();
    await Promise.all([...running, next]);
  });

  it("GATE-10 a peer that leaves with calls under way gives its places back once they end", async () => {
    const budget = new CallBudget({ inFlightMax: 1 });
    const { clients, waiting } = start(budget);
    const call = clients[0].call(hold, {});
    await expect.poll(() => waiting.length).toBe(1);
    await clients[0].close();
    await expect(call).rejects.toMatchObject({ kind: "unreachable" });
    waiting[0]?.();
    await expect.poll(() => budget.isUnused).toBe(true);
  });

  it("GATE-10 each caller has a budget of its own, and unused ones are forgotten", () => {
    const budgets = new CallBudgets<string>({ inFlightMax: 1 }, 2);
    budgets.of("ann").take();
    expect(() => budgets.of("ann").take()).toThrow("under way");
    const ben = budgets.of("ben");
    ben.take();
    ben.done();
    budgets.of("cat").take();
    expect(budgets.of("ben")).not.toBe(ben);
    expect(() => budgets.of("ann").take()).toThrow("under way");
  });
});
