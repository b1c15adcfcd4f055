import { setMaxListeners } from "node:events";
import * as fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it, vi } from "vitest";
import { DfsError } from "../../src/core/errors.ts";
import { rpcCallsInFlightMax, rpcCreditItems } from "../../src/core/limits.ts";
import { CallBudget } from "../../src/peer/wire/call-budget.ts";
import { RpcClient } from "../../src/peer/wire/rpc-client.ts";
import { type RpcRoute, defineMethod, route } from "../../src/peer/wire/rpc-method.ts";
import { routeTable, serveRpc } from "../../src/peer/wire/rpc-server.ts";
import { channelPair } from "./memory-channel.ts";

const double = defineMethod({ name: "double", params: v.object({ value: v.number() }), result: v.number() });
const fail = defineMethod({ name: "fail", params: v.object({}), result: v.null() });
const hang = defineMethod({ name: "hang", params: v.object({}), result: v.null() });
const count = defineMethod({
  name: "count",
  params: v.object({ to: v.number() }),
  result: v.number(),
  item: v.number(),
});
const collect = defineMethod({ name: "collect", params: v.object({}), result: v.number() });

const unlimited = (): CallBudget => new CallBudget({ inFlightMax: Number.POSITIVE_INFINITY });

/** A client and a server with these methods, and what the server saw. */
function start(budget = unlimited()): {
  client: RpcClient;
  seen: { emitted: number; aborted: unknown[] };
  ended: Promise<void>;
} {
  const seen = { emitted: 0, aborted: [] as unknown[] };
  const routes: RpcRoute[] = [
    route(double, ({ value }) => Promise.resolve(2 * value)),
    route(fail, () => Promise.reject(new DfsError("conflict", "revision 7 won", { path: "/a", retryAfterMs: 5 }))),
    route(
      hang,
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            seen.aborted.push(signal.reason);
            reject(signal.reason as Error);
          });
        }),
    ),
    route(count, async ({ to }, call) => {
      for (let value = 0; value < to; value += 1) {
        await call.emit(value);
        seen.emitted += 1;
      }
      return to;
    }),
    route(collect, async (_, { input }) => {
      let bytes = 0;
      for await (const piece of input) bytes += piece.length;
      return bytes;
    }),
  ];
  const [near, far] = channelPair();
  const ended = serveRpc(far, routeTable(routes), budget);
  return { client: new RpcClient(near), seen, ended };
}

describe("RPC", () => {
  it("LOAD-10 a handler hears when its answer has left, however its call ended", async () => {
    const [near, far] = channelPair();
    let leave = (): void => undefined;
    const send = far.send.bind(far);
    vi.spyOn(far, "send").mockImplementation((parts) => {
      void send(parts);
      return new Promise((resolve) => (leave = resolve));
    });
    let heard = 0;
    const hears = route(double, ({ value }, { answered }) => {
      void answered.then(() => (heard += 1));
      return value < 0 ? Promise.reject(new DfsError("usage", "less than nothing")) : Promise.resolve(2 * value);
    });
    void serveRpc(far, routeTable([hears]), unlimited());
    const client = new RpcClient(near);
    expect(await client.call(double, { value: 1 })).toBe(2);
    await new Promise(setImmediate);
    expect(heard).toBe(0);
    leave();
    await expect.poll(() => heard).toBe(1);
    await expect(client.call(double, { value: -1 })).rejects.toMatchObject({ kind: "usage" });
    await expect.poll(() => heard).toBe(2);
  });

  it("WIRE-5 a call is answered by its result, or by the error with its kind and details", async () => {
    const { client } = start();
    expect(await client.call(double, { value: 21 })).toBe(42);
    await expect(client.call(fail, {})).rejects.toMatchObject({
      kind: "conflict",
      message: "revision 7 won",
      path: "/a",
      retryAfterMs: 5,
    });
  });

  it("WIRE-6 parameters and results that break their schema are protocol errors", async () => {
    const { client } = start();
    await expect(client.call(double, { value: "x" as unknown as number })).rejects.toMatchObject({ kind: "protocol" });
    const lies = defineMethod({ name: "double", params: v.object({ value: v.number() }), result: v.string() });
    await expect(client.call(lies, { value: 1 })).rejects.toMatchObject({ kind: "protocol" });
    const unknown = defineMethod({ name: "no-such", params: v.object({}), result: v.null() });
    await expect(client.call(unknown, {})).rejects.toMatchObject({ kind: "protocol" });
  });

  it("WIRE-7 a deadline ends the call at both ends", async () => {
    const { client, seen } = start();
    await expect(client.call(hang, {}, { timeoutMs: 30 })).rejects.toMatchObject({ kind: "timeout" });
    await expect.poll(() => seen.aborted.length).toBe(1);
  });

  it("WIRE-8 a signal cancels the call at both ends", async () => {
    const { client, seen } = start();
    const stop = new AbortController();
    const call = client.call(hang, {}, { signal: stop.signal });
    stop.abort();
    await expect(call).rejects.toMatchObject({ kind: "interrupted" });
    await expect.poll(() => seen.aborted.length).toBe(1);
  });

  it("WIRE-9 a server sends no more items than its reader has room for", async () => {
    const { client, seen } = start();
    const items = client.items(count, { to: 1000 });
    expect((await items.next()).value).toBe(0);
    await new Promise<void>((resolve) => setImmediate(resolve));
    await client.call(double, { value: 1 });
    expect(seen.emitted).toBeLessThanOrEqual(rpcCreditItems + 1);
    let last = 0;
    for await (const value of items) last = value;
    expect(last).toBe(999);
  });

  it("WIRE-10 a reader that leaves early cancels the call", async () => {
    const { client, seen } = start();
    for await (const value of client.items(count, { to: 1_000_000 })) if (value === 5) break;
    const emitted = seen.emitted;
    await client.call(double, { value: 1 });
    expect(seen.emitted).toBeLessThanOrEqual(emitted + rpcCreditItems);
  });

  it("WIRE-11 input streams arrive whole, whatever their length", async () => {
    const { client } = start();
    async function* input(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 100; i += 1) yield new Uint8Array(300_000);
    }
    expect(await client.call(collect, {}, { input: input() })).toBe(30_000_000);
  });

  it("WIRE-12 more calls at once than the limit are answered busy, and the others go on", async () => {
    const { client } = start();
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const hanging = Array.from({ length: rpcCallsInFlightMax }, () =>
      client.call(hang, {}, { signal: stop.signal }).catch((error: unknown) => error),
    );
    await expect(client.call(double, { value: 1 })).rejects.toMatchObject({
      kind: "busy",
      retryAfterMs: expect.any(Number) as number,
    });
    stop.abort();
    await Promise.all(hanging);
    expect(await client.call(double, { value: 1 })).toBe(2);
  });

  it("WIRE-13 calls fail with unreachable when the channel ends, and the server's are aborted", async () => {
    const { client, ended, seen } = start();
    const call = client.call(hang, {});
    await client.call(double, { value: 1 });
    await client.close();
    await expect(call).rejects.toMatchObject({ kind: "unreachable" });
    await ended;
    expect(seen.aborted).toHaveLength(1);
    await expect(client.call(double, { value: 1 })).rejects.toMatchObject({ kind: "unreachable" });
  });

  it("WIRE-14 garbage ends the channel and never the server", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (garbage) => {
        const [near, far] = channelPair();
        const ended = serveRpc(far, routeTable([route(double, ({ value }) => Promise.resolve(value))]), unlimited());
        let hasEnded = false;
        near.receive({ onFrame: () => undefined, onEnd: () => (hasEnded = true) });
        await near.send([garbage]);
        await near.close();
        await ended;
        expect(hasEnded).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
