/** RPC methods by which peers help each other with their checks, and who answers them. */
import * as v from "valibot";
import { DfsError, toDfsError } from "../../core/errors.ts";
import type { PeerId } from "../../core/ids.ts";
import { dialBackMs, dialBacksAtOnceMax, versionCharactersMax } from "../../core/limits.ts";
import { withDeadline } from "../../core/deadline.ts";
import { type RpcRoute, defineMethod, route } from "../wire/rpc-method.ts";

const wireText = (most: number): v.GenericSchema<unknown, string> =>
  v.pipe(
    v.string(),
    v.transform((text) => text.slice(0, most)),
  );
const reasonCharactersMax = 500;

export const checkMethods = {
  /** What a peer's clock says, in milliseconds since 1970, and the version of its program. */
  about: defineMethod({
    name: "checks.about",
    params: v.object({}),
    result: v.object({ nowMs: v.pipe(v.number(), v.finite()), version: wireText(versionCharactersMax) }),
  }),
  /** Whether the callee can make a new connection to the caller, at the addresses that the catalogue has of it; null: yes, else why not. */
  dialBack: defineMethod({
    name: "checks.dial-back",
    params: v.object({}),
    result: v.nullable(wireText(reasonCharactersMax)),
  }),
};

export interface CheckServing {
  readonly version: string;
  readonly nowMs: () => number;
  /** Makes a connection to a member at its known addresses, and closes it. */
  readonly dial: (peer: PeerId, signal: AbortSignal) => Promise<void>;
}

/** Answers the checks of other members. */
export class CheckHelp {
  readonly #serving: CheckServing;
  #dialling = 0;

  constructor(serving: CheckServing) {
    this.#serving = serving;
  }

  /** The routes for calls of `from`. */
  routes(from: PeerId): RpcRoute[] {
    const { nowMs, version } = this.#serving;
    return [
      route(checkMethods.about, () => Promise.resolve({ nowMs: nowMs(), version })),
      route(checkMethods.dialBack, (_, { signal }) => this.#dialBack(from, signal)),
    ];
  }

  async #dialBack(from: PeerId, signal: AbortSignal): Promise<string | null> {
    if (this.#dialling >= dialBacksAtOnceMax)
      throw new DfsError("busy", "this peer dials enough others back already", { retryAfterMs: dialBackMs });
    this.#dialling += 1;
    try {
      await withDeadline(dialBackMs, signal, (bounded) => this.#serving.dial(from, bounded));
      return null;
    } catch (error) {
      signal.throwIfAborted();
      return toDfsError(error).message.slice(0, reasonCharactersMax);
    } finally {
      this.#dialling -= 1;
    }
  }
}
