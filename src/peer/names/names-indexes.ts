/** The indexes of names that this peer keeps, each for the sessions of one user: one file, and one thread while it is in use. */
import { mkdir, readdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { UserId } from "../../core/ids.ts";
import { namesFileBytesMax, namesFilesMax } from "../../core/limits.ts";
import type { UserKeys } from "../../identity/user-keys.ts";
import type { Roster, UserReader } from "../coordination/catalogue-access.ts";
import { removeNames } from "./names-database.ts";
import { NamesIndex } from "./names-index.ts";
import { NamesThread } from "./names-thread.ts";

export interface NamesIndexesOptions {
  /** The data folder: the index files are in `names` in it, which is made when the first one is. */
  readonly folder: string;
  readonly catalogue: Pick<UserReader, "changes">;
  /** Knows the coordinators' group, whose log numbers the changes. */
  readonly members: { readonly roster: Pick<Roster, "group"> | undefined };
}

interface Kept {
  readonly index: Promise<NamesIndex>;
  /** The index once it is open. */
  opened?: NamesIndex;
  readonly holders: Set<object>;
}

/** What an index needs of a user. */
type IndexKeys = Pick<UserKeys, "userId" | "namesKey" | "rootDirectory" | "rootKeyring">;

const suffix = ".db";

export class NamesIndexes {
  readonly #options: NamesIndexesOptions;
  readonly #folder: string;
  readonly #kept = new Map<UserId, Kept>();
  /** What is being closed: a file is opened again only when that is over. */
  readonly #closing = new Map<UserId, Promise<void>>();

  constructor(options: NamesIndexesOptions) {
    this.#options = options;
    this.#folder = join(options.folder, "names");
  }

  /**
   * The index of this user, shared by all who hold it; one whose thread has died is opened again. Fails as the file system
   * does.
   */
  async acquire(keys: IndexKeys, holder: object): Promise<NamesIndex> {
    const { userId } = keys;
    for (;;) {
      const kept = this.#kept.get(userId) ?? this.#keep(keys);
      kept.holders.add(holder);
      const index = await kept.index;
      if (index.isAlive) return index;
      if (this.#kept.get(userId) === kept) await this.#close(userId, kept);
    }
  }

  /** Whether the index of this user is open, and was up to date once. */
  isReady(user: UserId): boolean {
    return this.#kept.get(user)?.opened?.isReady === true;
  }

  /** Gives back what was acquired; the last one closes the file, which stays. */
  async release(user: UserId, holder: object): Promise<void> {
    const kept = this.#kept.get(user);
    if (kept?.holders.delete(holder) === true && kept.holders.size === 0) await this.#close(user, kept);
  }

  /** Removes the file of a user who is no more. */
  async forget(user: UserId): Promise<void> {
    const kept = this.#kept.get(user);
    if (kept !== undefined) await this.#close(user, kept);
    removeNames(this.#pathOf(user));
  }

  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#kept, ([user, kept]) => this.#close(user, kept)));
    await Promise.all(this.#closing.values());
  }

  #keep(keys: IndexKeys): Kept {
    const kept: Kept = { index: this.#open(keys), holders: new Set() };
    this.#kept.set(keys.userId, kept);
    kept.index.then(
      (index) => (kept.opened = index),
      () => this.#kept.delete(keys.userId),
    );
    return kept;
  }

  async #open(keys: IndexKeys): Promise<NamesIndex> {
    const { catalogue, members } = this.#options;
    const { userId, namesKey, rootDirectory, rootKeyring } = keys;
    // Copied before anything is waited for: whoever logs out meanwhile wipes the keys.
    const job = {
      path: this.#pathOf(userId),
      fileKey: Uint8Array.from(namesKey),
      root: rootDirectory,
      rootKeyring: Uint8Array.from(rootKeyring.bytes),
      bytesMax: namesFileBytesMax,
    };
    await this.#closing.get(userId);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.#makeRoom(userId);
    const thread = new NamesThread(job);
    job.fileKey.fill(0);
    job.rootKeyring.fill(0);
    return new NamesIndex({ user: userId, thread, catalogue, group: () => members.roster?.group ?? "" });
  }

  async #close(user: UserId, kept: Kept): Promise<void> {
    this.#kept.delete(user);
    const closing = kept.index.then((index) => index.close()).catch(() => undefined);
    this.#closing.set(user, closing);
    await closing;
    if (this.#closing.get(user) === closing) this.#closing.delete(user);
  }

  /** Removes the files that were unused for longest, so that there is room for one more. */
  async #makeRoom(wanted: UserId): Promise<void> {
    const folder = this.#folder;
    const files = (await readdir(folder)).filter((name) => name.endsWith(suffix) && name !== `${wanted}${suffix}`);
    const closed = files.filter((name) => !this.#kept.has(name.slice(0, -suffix.length) as UserId));
    const dated = await Promise.all(
      closed.map(async (name) => ({ name, usedMs: (await stat(join(folder, name))).mtimeMs })),
    );
    dated.sort((one, other) => one.usedMs - other.usedMs);
    for (const { name } of dated.slice(0, Math.max(0, files.length + 1 - namesFilesMax)))
      removeNames(join(folder, name));
    const now = new Date();
    await utimes(this.#pathOf(wanted), now, now).catch(() => undefined);
  }

  #pathOf(user: UserId): string {
    return join(this.#folder, `${user}${suffix}`);
  }
}
