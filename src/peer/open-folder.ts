/** A folder of a tree that get is writing: who still works in it, and which names were used there. */
import { DfsError } from "../core/errors.ts";
import { foldedName } from "../core/local-names.ts";
import type { TargetFolder } from "./target-folder.ts";

export class OpenFolder {
  /** Absent while nothing is written (a dry run). */
  readonly target: TargetFolder | undefined;
  readonly #path: string;
  readonly #finish: () => void;
  /** Where the file system takes different names for one: those of this get. Grows with the folder there. */
  #claimed: Set<string> | undefined;
  #folds: boolean | undefined;
  #holds = 1;

  /**
   * `finish` is called when the walk has left the folder and nothing in it is under way. A folder inside of `above` is
   * on the same file system.
   */
  constructor(path: string, target: TargetFolder | undefined, finish: () => void, above?: OpenFolder) {
    this.#path = path;
    this.target = target;
    this.#finish = finish;
    this.#folds = above === undefined ? undefined : above.#folds;
  }

  /** The path of `name` in this folder, for messages. */
  shown(name: string): string {
    return `${this.#path}/${name}`;
  }

  /** Fails with `exists` when the file system takes `name` for another one that this get has used here. */
  claim(name: string): void {
    this.#folds ??= this.target?.foldsNames() ?? false;
    if (!this.#folds) return;
    this.#claimed ??= new Set();
    const folded = foldedName(name);
    if (this.#claimed.has(folded)) {
      const message = "this file system takes it for another name of the same directory; rename it with mv";
      throw new DfsError("exists", message, { path: this.shown(name) });
    }
    this.#claimed.add(folded);
  }

  hold(): void {
    this.#holds += 1;
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#finish();
  }
}
