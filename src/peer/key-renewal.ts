/**
 * Keeping up with keys: those that somebody may still know are replaced before anything is sealed by them, and what was
 * sealed by keys that were replaced meanwhile is sealed again.
 *
 * When a share is taken back the shared node gets a new key. What is below it gets one when it is next written to, from
 * the top down: each by an operation that puts the new keyring into a wrap under the new key of the directory above.
 */
import type { Operation, OperationOf } from "../catalogue/operation.ts";
import { DfsError } from "../core/errors.ts";
import type { NodeId, UserId } from "../core/ids.ts";
import { rekeyTriesMax } from "../core/limits.ts";
import { type DfsPath, parentPath, rootPath } from "../core/names.ts";
import { CommandRefused, type CommandTarget } from "./command-session.ts";
import type { Located } from "./located.ts";
import type { Namespace } from "./namespace.ts";
import { type Named, renewedWraps, requireNamed } from "./sealed-operations.ts";

type Rekey = OperationOf<"rekey">;

/** What moves a node, and the keys that it has afterwards. */
interface KeyedMove {
  readonly operations: readonly Operation[];
  readonly keyring: Located["keyring"];
}

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

  /**
   * What gives a place a new key, by which its share for `drop` ends, and then everything on the way from it to each of
   * the paths below it: in the order in which it has to happen.
   */
  async operations(place: Located, below: readonly DfsPath[], drop: UserId, signal?: AbortSignal): Promise<Rekey[]> {
    const operations: Rekey[] = [];
    const renewed = new Map<NodeId, Located>();
    for (const path of [place.path, ...below]) {
      let parent: Located | undefined;
      let isBelow = false;
      for await (const found of this.#namespace.way(path, { signal })) {
        isBelow ||= found.node === place.node;
        let next = renewed.get(found.node) ?? found;
        if (isBelow && next === found && parent !== undefined) {
          next = withNewKey(found);
          operations.push(await this.#operation(parent, next, found.node === place.node ? drop : null, signal));
          renewed.set(found.node, next);
        }
        parent = next;
      }
    }
    return operations;
  }

  /**
   * A move, and the new key that its node gets where it leaves a directory that is shared: whoever has that directory
   * knows the node's key, and is no more to read what is written to it.
   */
  async move(source: Named, parent: Located, move: OperationOf<"move">, signal?: AbortSignal): Promise<KeyedMove> {
    const { keyring } = source;
    if (keyring.isFull || !(await this.#leavesShare(source, parent, signal))) return { operations: [move], keyring };
    const moved = { ...withNewKey(source), parent: parent.node, token: move.toToken };
    const renewal = await this.#operation(parent, moved, null, signal);
    return { operations: [move, renewal], keyring: moved.keyring };
  }

  /** Whether a directory that the user shares has a place in it that moves to another directory, and not that one. */
  async #leavesShare(source: Named, target: Located, signal: AbortSignal | undefined): Promise<boolean> {
    const { boxes } = this.#namespace;
    if (boxes === undefined || source.space.path !== rootPath || source.parent === target.node) return false;
    const given = new Set(await boxes.given({ signal }));
    if (given.size === 0) return false;
    for await (const { node } of this.#namespace.way(target.path, { signal })) given.delete(node);
    for await (const { node } of this.#namespace.way(parentPath(source.path), { signal }))
      if (given.has(node)) return true;
    return false;
  }

  /** Gives every stale node on the way to a place a new key, in one command. */
  async #renewed(place: Located, signal: AbortSignal | undefined): Promise<Located> {
    const operations: Rekey[] = [];
    let parent: Located | undefined;
    for await (const found of this.#namespace.way(place.path, { signal })) {
      let next = found;
      if (found.isStale && parent !== undefined) {
        next = withNewKey(found);
        operations.push(await this.#operation(parent, next, null, signal));
      }
      parent = next;
    }
    if (parent?.path !== place.path) throw new DfsError("not-found", "is not there any more", { path: place.path });
    if (operations.length > 0) await this.#commands.execute(operations, signal);
    return parent;
  }

  async #operation(
    parent: Located,
    renewed: Located,
    drop: UserId | null,
    signal: AbortSignal | undefined,
  ): Promise<Rekey> {
    const named = requireNamed(renewed, "given a new key");
    const { node, token, keyring } = named;
    return {
      op: "rekey",
      parent: parent.node,
      token,
      node,
      parentGeneration: parent.keyring.generation,
      fromGeneration: keyring.generation - 1,
      ...renewedWraps(parent, named),
      shares: (await this.#namespace.boxes?.renew(renewed, drop, { signal })) ?? [],
      drop,
    };
  }
}

function withNewKey(place: Located): Located {
  return { ...place, keyring: place.keyring.withNewKey(), isStale: false };
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
