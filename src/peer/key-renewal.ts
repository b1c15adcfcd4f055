/**
 * Keeping up with keys: those that somebody may still know are replaced before anything is sealed by them, and what was
 * sealed by keys that were replaced meanwhile is sealed again.
 *
 * When a share is taken back only the shared node gets a new key. What is below it gets one when it is next written to,
 * from the top down: each by an operation that puts the new keyring into a wrap under the new key of the directory above.
 */
import type { OperationOf } from "../catalogue/operation.ts";
import { DfsError } from "../core/errors.ts";
import { rekeyTriesMax } from "../core/limits.ts";
import { CommandRefused, type CommandTarget } from "./command-session.ts";
import type { Located } from "./located.ts";
import type { Namespace } from "./namespace.ts";
import { type Named, renewedWrap, requireNamed } from "./sealed-operations.ts";

export class KeyRenewal {
  readonly #namespace: Namespace;
  readonly #commands: CommandTarget;

  constructor(namespace: Namespace, commands: CommandTarget) {
    this.#namespace = namespace;
    this.#commands = commands;
  }

  /** `place`, once its keys may be written with: at once, unless it is stale. Fails with `not-found` when it is not there any more. */
  async fresh(place: Located, signal?: AbortSignal): Promise<Located> {
    return place.isStale ? whenRekeyed(() => this.#renewed(place, signal)) : place;
  }

  /** Gives every stale node on the way to a place a new key, in one command. */
  async #renewed(place: Located, signal: AbortSignal | undefined): Promise<Located> {
    const operations: OperationOf<"rekey">[] = [];
    let parent: Located | undefined;
    for await (const found of this.#namespace.way(place.path, { signal })) {
      let next = found;
      if (found.isStale && parent !== undefined) {
        next = { ...found, keyring: found.keyring.withNewKey(), isStale: false };
        operations.push(rekeyOperation(parent, requireNamed(next, "given a new key")));
      }
      parent = next;
    }
    if (parent?.path !== place.path) throw new DfsError("not-found", "is not there any more", { path: place.path });
    if (operations.length > 0) await this.#commands.execute(operations, signal);
    return parent;
  }
}

function rekeyOperation(parent: Located, renewed: Named): OperationOf<"rekey"> {
  const { node, token, keyring } = renewed;
  return {
    op: "rekey",
    parent: parent.node,
    token,
    node,
    parentGeneration: parent.keyring.generation,
    fromGeneration: keyring.generation - 1,
    attributes: renewedWrap(parent, renewed, keyring),
    shares: [],
    drop: null,
  };
}

/** Does `work`, which looks up what it seals by, again while keys are replaced under it. */
export async function whenRekeyed<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isRekeyed(error) || tries >= rekeyTriesMax) throw error;
    }
  }
}

/** Whether a command was refused because it was sealed by keys that were replaced. */
export function isRekeyed(error: unknown): error is CommandRefused {
  return error instanceof CommandRefused && error.kind === "rekeyed";
}
