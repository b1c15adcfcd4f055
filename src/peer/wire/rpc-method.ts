/** What both ends of the RPC protocol agree on about one method. */
import type { GenericSchema } from "valibot";

export interface RpcMethod<Params, Result, Item = never> {
  readonly name: string;
  readonly params: GenericSchema<unknown, Params>;
  readonly result: GenericSchema<unknown, Result>;
  /** Present when the server sends items before its result. */
  readonly item?: GenericSchema<unknown, Item> | undefined;
}

/** A server's side of one call. */
export interface RpcCall<Item> {
  /** Aborted when the client cancels, its deadline passes or the channel ends. */
  readonly signal: AbortSignal;
  /** When the client stops waiting for the answer, by `performance.now()`. */
  readonly deadlineMs: number;
  /** Sends one item; resolves when the client has room for another. */
  emit(item: Item): Promise<void>;
  /** Resolves when the answer has left, however the call ended, or its caller has not taken it for `answerSendMs`. */
  readonly answered: Promise<void>;
  /** Bytes that the client sends along, in order. */
  readonly input: AsyncIterable<Uint8Array>;
}

export type RpcHandler<Params, Result, Item> = (params: Params, call: RpcCall<Item>) => Promise<Result>;

/** A method with its handler, its types forgotten: an entry of a server's table. */
export interface RpcRoute {
  readonly method: RpcMethod<unknown, unknown, unknown>;
  readonly handler: RpcHandler<unknown, unknown, unknown>;
}

/** Declares a method. */
export function defineMethod<Params, Result, Item = never>(
  method: RpcMethod<Params, Result, Item>,
): RpcMethod<Params, Result, Item> {
  return method;
}

/** Joins a method and its handler for a server's table. */
export function route<Params, Result, Item>(
  method: RpcMethod<Params, Result, Item>,
  handler: RpcHandler<Params, Result, Item>,
): RpcRoute {
  return { method, handler: handler as RpcHandler<unknown, unknown, unknown> };
}
