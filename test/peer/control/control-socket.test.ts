import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { controlCallsInFlightMax, controlFrameBytesMax, controlTransactionsMax } from "../../../src/core/limits.ts";
import { resolvePath } from "../../../src/core/names.ts";
import { connectControl } from "../../../src/peer/control/control-client.ts";
import { openControlSocket } from "../../../src/peer/control/control-connect.ts";
import type { ControlAddress } from "../../../src/peer/control/control-key.ts";
import { methods } from "../../../src/peer/control/control-methods.ts";
import { ControlServer } from "../../../src/peer/control/control-server.ts";
import { controlAddress } from "../../../src/peer/data-folder-paths.ts";
import { RpcClient } from "../../../src/peer/wire/rpc-client.ts";
import { socketChannel } from "../../../src/peer/wire/socket-channel.ts";
import { clientContract } from "../../contract/client.ts";
import { MemoryClient } from "../../shell/memory-client.ts";

async function serve(client: MemoryClient) {
  const folder = await mkdtemp(join(tmpdir(), "control-"));
  const address = controlAddress(folder);
  const server = new ControlServer(() => ({ client, end: () => undefined }), address);
  await server.start();
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true });
  };
  return { address, stop };
}

clientContract("a client in memory behind a control socket", async () => {
  const memory = new MemoryClient();
  const { address, stop } = await serve(memory);
  return { client: await connectControl(address), advance: async (ms) => memory.advance(ms), stop };
});

describe("transactions over the control socket", () => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop();
  });

  async function started() {
    const memory = new MemoryClient();
    const closings: (() => Promise<void>)[] = [];
    const begin = memory.begin.bind(memory);
    memory.begin = async (options) => {
      const transaction = await begin(options);
      closings.push(vi.spyOn(transaction, "close"));
      return transaction;
    };
    const { address, stop } = await serve(memory);
    stops.push(stop);
    return { memory, closings, address };
  }

  async function rawClient(address: ControlAddress): Promise<{ rpc: RpcClient; socket: Socket }> {
    const socket = await openControlSocket(address);
    stops.push(async () => void socket.destroy());
    return { rpc: new RpcClient(socketChannel(socket, controlFrameBytesMax)), socket };
  }

  it("CTRL-1 the end of its connection abandons a transaction", async () => {
    const { memory, closings, address } = await started();
    const { rpc, socket } = await rawClient(address);
    await rpc.call(methods.begin, {});
    await rpc.call(methods.mkdir, { path: resolvePath("/a"), parents: false });
    await rpc.call(methods.stat, { path: resolvePath("/a") });
    socket.destroy();
    await vi.waitFor(() => expect(closings[0]).toHaveBeenCalledOnce());
    await expect(memory.stat(resolvePath("/a"))).rejects.toMatchObject({ kind: "not-found" });
  });

  it("CTRL-2 a connection has one transaction, and commits no other", async () => {
    const { address } = await started();
    const { rpc } = await rawClient(address);
    await expect(rpc.call(methods.commit, {})).rejects.toMatchObject({ kind: "usage" });
    await rpc.call(methods.begin, {});
    await expect(rpc.call(methods.begin, {})).rejects.toMatchObject({ kind: "usage" });
    expect(await rpc.call(methods.commit, {})).toEqual({ changes: 0 });
    await expect(rpc.call(methods.mkdir, { path: resolvePath("/a") })).rejects.toMatchObject({ kind: "usage" });
  });

  it("GATE-14 calls of all who are attached have a bound together, which those that end make room in", async () => {
    let waiting = 0;
    const memory = new MemoryClient({
      hold: (signal) => {
        waiting += 1;
        return new Promise((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
      },
    });
    const { address, stop } = await serve(memory);
    stops.push(stop);
    const [last, ...clients] = await Promise.all(Array.from({ length: 5 }, () => rawClient(address)));
    const calls = clients.flatMap(({ rpc }) =>
      Array.from({ length: controlCallsInFlightMax / 4 }, () =>
        rpc.callWithItems(methods.fsck, {}, () => undefined).catch(() => undefined),
      ),
    );
    await vi.waitFor(() => expect(waiting).toBe(controlCallsInFlightMax));
    await expect(last?.rpc.call(methods.policy, {})).rejects.toMatchObject({ kind: "busy", retryAfterMs: 100 });
    clients[0]?.socket.destroy();
    await vi.waitFor(() => expect(last?.rpc.call(methods.policy, {})).resolves.toBeDefined());
    for (const { socket } of clients) socket.destroy();
    await Promise.all(calls);
  });

  it("CTRL-3 open transactions are bounded, and one that ends makes room", async () => {
    const { address, closings } = await started();
    const client = await connectControl(address);
    const open = await Promise.all(Array.from({ length: controlTransactionsMax }, () => client.begin()));
    await expect(client.begin()).rejects.toMatchObject({ kind: "busy" });
    await open[0]?.close();
    await vi.waitFor(async () => open.push(await client.begin()));
    expect(closings).toHaveLength(controlTransactionsMax + 1);
    await Promise.all(open.map((transaction) => transaction.close()));
    await client.close();
  });
});
