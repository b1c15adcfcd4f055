/** What many operands name, as a glob leaves them: looked up a directory at a time instead of one by one. */
import type { DfsClient, Entry } from "../core/client.ts";
import { listedAtOnce } from "../core/limits.ts";
import { type DfsPath, baseName, childPath, parentPath, rootPath } from "../core/names.ts";
import type { ReadCalls } from "./command.ts";

export class PathLookup {
  readonly #client: DfsClient;
  readonly #reads: ReadCalls;
  readonly #paths: readonly DfsPath[];
  #at = 0;
  #ahead: ReadonlyMap<DfsPath, Entry> = new Map();

  /** `paths` are those that will be asked for, in this order. */
  constructor(client: DfsClient, reads: ReadCalls, paths: readonly DfsPath[]) {
    this.#client = client;
    this.#reads = reads;
    this.#paths = paths;
  }

  /** The entry at `path`. Fails as `client.stat` does. */
  async stat(path: DfsPath): Promise<Entry> {
    if (!this.#ahead.has(path)) this.#ahead = await this.#lookAhead(path);
    return this.#ahead.get(path) ?? this.#client.stat(path, this.#reads);
  }

  /** The entries of this path and of those after it in the same directory, as far as they are there. */
  async #lookAhead(path: DfsPath): Promise<ReadonlyMap<DfsPath, Entry>> {
    const at = this.#paths.indexOf(path, this.#at);
    if (at < 0 || path === rootPath) return new Map();
    this.#at = at;
    const parent = parentPath(path);
    const some = this.#paths.slice(at, at + listedAtOnce);
    const end = some.findIndex((each) => each === rootPath || parentPath(each) !== parent);
    const names = (end < 0 ? some : some.slice(0, end)).map(baseName);
    if (names.length < 2) return new Map();
    try {
      const { entries } = await this.#client.entries(parent, names, this.#reads);
      return new Map(entries.map((entry) => [childPath(parent, entry.name), entry]));
    } catch {
      return new Map(); // whoever asks for it alone is told why
    }
  }
}
