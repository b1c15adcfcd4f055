/**
 * Keeps collection from dropping a record that a put has just found.
 *
 * Collection marks keys, asks whether a lease holds or a revision names them, and drops the rest. A put that finds one
 * of these records between the question and the drop would be told that it is there, and commit it. So whoever adds
 * records does so inside `touching`: a key that was touched at any moment since it was marked is not dropped, and a
 * key that is being dropped is touched only once that is over, when the put sees that the record is gone.
 */
import pLimit from "p-limit";
import type { FileKey } from "../../core/ids.ts";

/** The keys that are marked; each says whether it was touched since. */
type Marks = Map<FileKey, boolean>;

/** Serves one shelf. */
export class DropGuard {
  /** How many calls of `touching` are under way with a key. */
  readonly #touching = new Map<FileKey, number>();
  readonly #turns = pLimit(1);
  #marks: Marks = new Map();
  #dropping: { readonly keys: ReadonlySet<FileKey>; readonly over: Promise<void> } | undefined;

  /** Runs `work`, which adds these records under a lease that holds them when it resolves. Waits for a drop of one of them. */
  async touching<Result>(fileKeys: readonly FileKey[], work: () => Promise<Result>): Promise<Result> {
    while (fileKeys.some((key) => this.#dropping?.keys.has(key) === true)) await this.#dropping?.over;
    for (const key of fileKeys) {
      this.#touching.set(key, (this.#touching.get(key) ?? 0) + 1);
      if (this.#marks.has(key)) this.#marks.set(key, true);
    }
    try {
      return await work();
    } finally {
      for (const key of fileKeys) this.#untouch(key);
    }
  }

  #untouch(key: FileKey): void {
    const others = (this.#touching.get(key) ?? 0) - 1;
    if (others > 0) this.#touching.set(key, others);
    else this.#touching.delete(key);
  }

  /**
   * Marks keys, has `unneeded` say which of them nothing needs, and drops those of them that were not touched meanwhile.
   * Resolves with what was dropped. One call runs at a time; further ones wait.
   */
  dropUnneeded(
    fileKeys: readonly FileKey[],
    unneeded: () => Promise<readonly FileKey[]>,
    drop: (fileKeys: readonly FileKey[]) => Promise<void>,
  ): Promise<readonly FileKey[]> {
    return this.#turns(async () => {
      this.#marks = new Map(fileKeys.map((key) => [key, this.#touching.has(key)]));
      try {
        const candidates = await unneeded();
        const untouched = candidates.filter((key) => this.#marks.get(key) === false);
        if (untouched.length > 0) await this.#drop(untouched, drop);
        return untouched;
      } finally {
        this.#marks = new Map();
      }
    });
  }

  async #drop(keys: readonly FileKey[], drop: (fileKeys: readonly FileKey[]) => Promise<void>): Promise<void> {
    const dropped = drop(keys);
    const over = dropped.catch(() => undefined); // who touches a key cares that it is over, not how it went
    this.#dropping = { keys: new Set(keys), over };
    try {
      await dropped;
    } finally {
      this.#dropping = undefined;
    }
  }
}
