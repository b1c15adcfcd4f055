/** What the trees of a network in memory were before each of its last changes. */
import { type DirectoryNode, branch } from "./memory-tree.ts";

const statesMax = 1000;

export class MemoryPast {
  readonly #states: { readonly untilMs: number; readonly world: DirectoryNode }[] = [];

  /** Keeps what is there before a change that happens now. */
  keep(world: DirectoryNode, nowMs: number): void {
    this.#states.push({ untilMs: nowMs, world: branch(world) });
    if (this.#states.length > statesMax) this.#states.shift();
  }

  /** What was there at a time; `world` is what is there now. */
  at(timeMs: number, world: DirectoryNode): DirectoryNode {
    return this.#states.find(({ untilMs }) => untilMs > timeMs)?.world ?? world;
  }
}
