/** The answering end of an RPC channel: checks each call, runs its handler under a deadline, sends one answer. */
import { DfsError, toDfsError } from "../../core/errors.ts";
import { answerSendMs, rpcCallsInFlightMax, rpcCreditItems, rpcDeadlineMsMax } from "../../core/limits.ts";
import { checked, decodeCbor, encodeCbor } from "./cbor.ts";
import type { CallBudget } from "./call-budget.ts";
import { CreditGate, CreditQueue } from "./credits.ts";
import type { FrameChannel } from "./frame-channel.ts";
import { type ClientMessage, clientMessageSchema, errorToWire, tags } from "./rpc-messages.ts";
import type { RpcRoute } from "./rpc-method.ts";

interface RunningCall {
  readonly abort: AbortController;
  readonly deadlineMs: number;
  readonly itemGate: CreditGate;
  readonly input: CreditQueue<Uint8Array>;
  readonly answered: Promise<void>;
  readonly onAnswered: () => void;
}

/** The routes that a server offers, by method name. */
export type RpcRoutes = ReadonlyMap<string, RpcRoute>;

export function routeTable(routes: readonly RpcRoute[]): RpcRoutes {
  return new Map(routes.map((entry) => [entry.method.name, entry]));
}

/**
 * Serves `routes` on `channel` until it ends. Resolves then; every call that still runs is aborted. Calls beyond the
 * caller's `budget` are answered `busy`.
 */
export function serveRpc(channel: FrameChannel, routes: RpcRoutes, budget: CallBudget): Promise<void> {
  return new Promise((resolve) => {
    const connection = new RpcServerConnection(channel, routes, budget);
    channel.receive({
      onFrame: (frame) => connection.onFrame(frame),
      onEnd: (error) => {
        connection.end(error);
        resolve();
      },
    });
  });
}

class RpcServerConnection {
  readonly #channel: FrameChannel;
  readonly #routes: RpcRoutes;
  readonly #calls = new Map<number, RunningCall>();
  readonly #budget: CallBudget;
  #lastCallId = 0;

  constructor(channel: FrameChannel, routes: RpcRoutes, budget: CallBudget) {
    this.#channel = channel;
    this.#routes = routes;
    this.#budget = budget;
  }

  onFrame(frame: Uint8Array): void {
    try {
      this.#dispatch(decodeCbor(frame, clientMessageSchema, "RPC message"));
    } catch (error) {
      this.#channel.abort(error as Error);
      this.end(error as Error);
    }
  }

  end(error?: Error): void {
    const reason = error ?? new DfsError("interrupted", "the caller is gone");
    for (const call of this.#calls.values()) stopCall(call, reason);
    this.#calls.clear();
  }

  #dispatch(message: ClientMessage): void {
    switch (message[0]) {
      case tags.call:
        this.#onCall(message[1], message[2], message[3], message[4]);
        return;
      case tags.cancel:
        this.#stop(message[1], new DfsError("interrupted", "the caller cancelled"));
        return;
      case tags.itemCredit:
        this.#calls.get(message[1])?.itemGate.grant(message[2]);
        return;
      case tags.input:
        this.#calls.get(message[1])?.input.push(message[2]);
        return;
      case tags.inputEnd:
        this.#calls.get(message[1])?.input.end();
        return;
    }
  }

  #onCall(id: number, methodName: string, params: unknown, timeoutMs: number): void {
    if (id <= this.#lastCallId) throw new DfsError("protocol", "a call id was used twice");
    this.#lastCallId = id;
    if (this.#calls.size >= rpcCallsInFlightMax) {
      this.#fail(id, new DfsError("busy", "too many calls at once on one connection", { retryAfterMs: 100 }));
      return;
    }
    try {
      this.#budget.take();
    } catch (error) {
      this.#fail(id, toDfsError(error, { op: methodName }));
      return;
    }
    const allowedMs = Math.min(timeoutMs, rpcDeadlineMsMax);
    let onAnswered = (): void => undefined;
    const answered = new Promise<void>((resolve) => (onAnswered = resolve));
    const call: RunningCall = {
      abort: new AbortController(),
      deadlineMs: performance.now() + allowedMs,
      itemGate: new CreditGate(rpcCreditItems),
      input: new CreditQueue(rpcCreditItems, (count) => void this.#post([tags.inputCredit, id, count])),
      answered,
      onAnswered,
    };
    this.#calls.set(id, call);
    const deadline = setTimeout(
      () => this.#stop(id, new DfsError("timeout", `${methodName} did not end within its deadline`)),
      allowedMs,
    );
    void this.#run(id, methodName, params, call).finally(() => {
      clearTimeout(deadline);
      this.#calls.delete(id);
      this.#budget.done();
    });
  }

  async #run(id: number, methodName: string, params: unknown, call: RunningCall): Promise<void> {
    try {
      const entry = this.#routes.get(methodName);
      if (entry === undefined) throw new DfsError("protocol", `this peer has no method ${JSON.stringify(methodName)}`);
      const result = await entry.handler(checked(params, entry.method.params, `call of ${methodName}`), {
        signal: call.abort.signal,
        deadlineMs: call.deadlineMs,
        answered: call.answered,
        input: call.input,
        emit: async (item) => {
          await call.itemGate.take();
          await this.#channel.send([encodeCbor([tags.item, id, item])]);
        },
      });
      if (this.#calls.has(id)) untilSent(this.#post([tags.result, id, result ?? null]), call.onAnswered);
      else call.onAnswered();
    } catch (error) {
      call.onAnswered();
      if (this.#calls.has(id))
        this.#fail(id, toDfsError(call.abort.signal.aborted ? call.abort.signal.reason : error, { op: methodName }));
    }
  }

  #stop(id: number, reason: DfsError): void {
    const call = this.#calls.get(id);
    if (call !== undefined) stopCall(call, reason);
  }

  #fail(id: number, error: DfsError): void {
    void this.#post([tags.error, id, errorToWire(error)]);
  }

  /** Sends; resolves when there is room for more. A channel that has ended tells its own end. */
  #post(message: readonly unknown[]): Promise<void> {
    return this.#channel.send([encodeCbor(message)]).catch((error: Error) => this.end(error));
  }
}

/** An asker that reads slowly keeps no place from the others. */
function untilSent(sending: Promise<void>, onSent: () => void): void {
  const patience = setTimeout(onSent, answerSendMs);
  void sending.finally(() => {
    clearTimeout(patience);
    onSent();
  });
}

function stopCall(call: RunningCall, reason: Error): void {
  call.abort.abort(reason);
  call.itemGate.close(reason);
  call.input.end(reason);
}
