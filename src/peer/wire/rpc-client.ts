/** The calling end of an RPC channel. */
import type { GenericSchema } from "valibot";
import { DfsError, toDfsError } from "../../core/errors.ts";
import { callTimeoutMs, rpcCreditItems } from "../../core/limits.ts";
import { checked, decodeCbor, encodeCbor } from "./cbor.ts";
import { CreditGate, CreditQueue } from "./credits.ts";
import type { FrameChannel } from "./frame-channel.ts";
import { pieces } from "./pieces.ts";
import { type ServerMessage, errorFromWire, serverMessageSchema, tags } from "./rpc-messages.ts";
import type { RpcMethod } from "./rpc-method.ts";

export interface RpcCallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Longest that the call may take, in milliseconds; the default is `callTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Bytes to send along. */
  readonly input?: AsyncIterable<Uint8Array> | undefined;
}

interface PendingCall {
  readonly method: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly items: CreditQueue<unknown>;
  readonly inputGate: CreditGate;
}

export class RpcClient {
  readonly #channel: FrameChannel;
  readonly #calls = new Map<number, PendingCall>();
  #nextId = 1;
  #failure: Error | undefined;
  /** Resolves when the channel has ended, for whatever reason. */
  readonly ended: Promise<void>;

  constructor(channel: FrameChannel) {
    this.#channel = channel;
    this.ended = new Promise((resolve) => {
      channel.receive({
        onFrame: (frame) => this.#onFrame(frame),
        onEnd: (error) => {
          this.#fail(new DfsError("unreachable", "the connection ended before the answer came", { cause: error }));
          resolve();
        },
      });
    });
  }

  get hasEnded(): boolean {
    return this.#failure !== undefined;
  }

  /** Calls a method that has no items. Fails with what the server answered, `unreachable`, `timeout` or `interrupted`. */
  async call<Params, Result>(
    method: RpcMethod<Params, Result>,
    params: Params,
    options: RpcCallOptions = {},
  ): Promise<Result> {
    const running = this.#start(method, params, options);
    return checked(await running.result, method.result, `answer to ${method.name}`);
  }

  /** Calls a method with items: each is handed to `onItem`, in order, before the result. */
  async callWithItems<Params, Result, Item>(
    method: RpcMethod<Params, Result, Item>,
    params: Params,
    onItem: (item: Item) => void,
    options: RpcCallOptions = {},
  ): Promise<Result> {
    const running = this.#start(method, params, options);
    const [result] = await Promise.all([running.result, consume(running.items, method, onItem)]);
    return checked(result, method.result, `answer to ${method.name}`);
  }

  /** The items of a method, as they are asked for; ending early cancels the call. */
  async *items<Params, Result, Item>(
    method: RpcMethod<Params, Result, Item>,
    params: Params,
    options: RpcCallOptions = {},
  ): AsyncGenerator<Item> {
    const running = this.#start(method, params, options);
    let isDone = false;
    running.result.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    try {
      for await (const item of running.items) yield checked(item, itemSchema(method), `item of ${method.name}`);
      await running.result;
    } finally {
      if (!isDone) running.cancel(new DfsError("interrupted", "no more was wanted"));
    }
  }

  async close(): Promise<void> {
    await this.#channel.close();
    this.#fail(new DfsError("unreachable", "the connection was closed"));
  }

  #start<Params, Result, Item>(method: RpcMethod<Params, Result, Item>, params: Params, options: RpcCallOptions) {
    const id = this.#nextId;
    this.#nextId += 1;
    const timeoutMs = options.timeoutMs ?? callTimeoutMs;
    const items = new CreditQueue<unknown>(rpcCreditItems, (count) => this.#post([tags.itemCredit, id, count]));
    const inputGate = new CreditGate(rpcCreditItems);
    const finish = (error: Error | undefined): void => {
      this.#calls.delete(id);
      items.end(error);
      if (options.input !== undefined) inputGate.close(error ?? new DfsError("interrupted", "the call has ended"));
      clearTimeout(deadline);
      options.signal?.removeEventListener("abort", onAbort);
    };
    const cancel = (error: Error): void => {
      const pending = this.#calls.get(id);
      if (pending === undefined) return;
      this.#post([tags.cancel, id]);
      pending.reject(error);
    };
    const onAbort = (): void => cancel(toDfsError(options.signal?.reason, { op: method.name }));
    const deadline = setTimeout(
      () => cancel(new DfsError("timeout", `no answer within ${timeoutMs / 1000} s`, { op: method.name })),
      timeoutMs,
    );
    const result = new Promise<unknown>((resolve, reject) => {
      if (this.#failure !== undefined || options.signal?.aborted) {
        const error = this.#failure ?? toDfsError(options.signal?.reason, { op: method.name });
        finish(error);
        reject(error);
        return;
      }
      options.signal?.addEventListener("abort", onAbort);
      this.#calls.set(id, {
        method: method.name,
        items,
        inputGate,
        resolve: (value) => {
          finish(undefined);
          resolve(value);
        },
        reject: (error) => {
          finish(error);
          reject(error);
        },
      });
      this.#post([tags.call, id, method.name, params, timeoutMs]);
      if (options.input !== undefined) void this.#sendInput(id, options.input, inputGate, cancel);
    });
    result.catch(() => undefined); // whoever awaits it learns of it; nobody has to
    return { result, items, cancel };
  }

  async #sendInput(
    id: number,
    input: AsyncIterable<Uint8Array>,
    gate: CreditGate,
    cancel: (error: Error) => void,
  ): Promise<void> {
    try {
      for await (const bytes of input) {
        for (const piece of pieces(bytes)) {
          await gate.take();
          await this.#channel.send([encodeCbor([tags.input, id, piece])]);
        }
      }
      this.#post([tags.inputEnd, id]);
    } catch (error) {
      cancel(toDfsError(error));
    }
  }

  #onFrame(frame: Uint8Array): void {
    try {
      this.#dispatch(decodeCbor(frame, serverMessageSchema, "RPC message"));
    } catch (error) {
      this.#fail(error as Error);
      this.#channel.abort(error as Error);
    }
  }

  #dispatch(message: ServerMessage): void {
    const pending = this.#calls.get(message[1]);
    if (pending === undefined) return; // the answer to a call that was cancelled
    switch (message[0]) {
      case tags.result:
        pending.resolve(message[2]);
        return;
      case tags.error:
        pending.reject(errorFromWire(message[2]));
        return;
      case tags.item:
        pending.items.push(message[2]);
        return;
      case tags.inputCredit:
        pending.inputGate.grant(message[2]);
        return;
    }
  }

  #post(message: readonly unknown[]): void {
    this.#channel.send([encodeCbor(message)]).catch((error: Error) => this.#fail(error));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const pending of Array.from(this.#calls.values())) pending.reject(this.#failure);
  }
}

function itemSchema<Item>(
  method: RpcMethod<never, unknown, Item> | RpcMethod<unknown, unknown, Item>,
): GenericSchema<unknown, Item> {
  if (method.item === undefined) throw new DfsError("internal", `${method.name} has no items`);
  return method.item;
}

async function consume<Item>(
  items: AsyncIterable<unknown>,
  method: { name: string; item?: GenericSchema<unknown, Item> | undefined },
  onItem: (item: Item) => void,
): Promise<void> {
  const schema = method.item;
  if (schema === undefined) throw new DfsError("internal", `${method.name} has no items`);
  for await (const item of items) onItem(checked(item, schema, `item of ${method.name}`));
}
