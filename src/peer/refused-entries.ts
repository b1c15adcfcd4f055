/** What is left out of a walk because it breaks the rules, told in the end. */
import { DfsError } from "../core/errors.ts";
import type { DfsPath } from "../core/names.ts";
import type { RefusedChild } from "./located.ts";

export class RefusedEntries {
  #first: DfsError | undefined;
  #others = -1;

  readonly note = ({ error }: RefusedChild): void => {
    this.#first ??= error;
    this.#others += 1;
  };

  /** Fails as the first of them, naming it, where there was any below `path`. */
  end(path: DfsPath): void {
    if (this.#first === undefined) return;
    const { kind, message, path: where } = this.#first;
    const others = this.#others === 0 ? "" : `; ${this.#others} more ${this.#others === 1 ? "was" : "were"} left out`;
    throw new DfsError(kind, `left out ${where ?? path}: ${message}${others}`, { path: where });
  }
}
