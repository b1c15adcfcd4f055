/** The client that a shell speaks to its peer by, opened when it is needed and again when the peer has stopped meanwhile. */
import type { DfsClient } from "../core/client.ts";
import { DfsError } from "../core/errors.ts";
import type { UserName } from "../core/ids.ts";
import { rootPath } from "../core/names.ts";
import type { ShellState } from "./command.ts";

export class ShellClient {
  readonly #open: () => Promise<DfsClient>;
  readonly #state: ShellState;
  #opened: Promise<DfsClient> | undefined;
  /** Whose login ended with the peer, until a command has told it. */
  #endedLogin: UserName | undefined;

  constructor(open: () => Promise<DfsClient>, state: ShellState) {
    this.#open = open;
    this.#state = state;
  }

  /** The client where it was opened already, or is being opened. */
  get opened(): Promise<DfsClient> | undefined {
    return this.#opened;
  }

  /** The client, opened at the first call; a failed opening is tried again at the next. */
  async get(): Promise<DfsClient> {
    const opening = (this.#opened ??= this.#kept(this.#open()));
    const client = await opening;
    if (client.hasEnded !== true) return client;
    if (this.#opened === opening) this.#opened = this.#kept(this.#reopen());
    return this.#opened ?? this.get();
  }

  /** As `get`, for a command: fails once with `not-logged-in` where the shell acts for somebody else than it did. */
  async forCommand(): Promise<DfsClient> {
    const client = await this.get();
    const user = this.#endedLogin;
    this.#endedLogin = undefined;
    if (user === undefined) return client;
    const message = `this machine's peer was started anew, which ended the login of ${user}; log in again`;
    throw new DfsError("not-logged-in", message);
  }

  #kept(client: Promise<DfsClient>): Promise<DfsClient> {
    const opening = client.catch((error: unknown) => {
      if (this.#opened === opening) this.#opened = undefined;
      throw error;
    });
    return opening;
  }

  /** A login ends with the peer, unless it is remembered: no command may act for somebody else unawares. */
  async #reopen(): Promise<DfsClient> {
    const client = await this.#open();
    const { user } = this.#state;
    if (user === undefined || (await client.whoami({ stale: true })).name === user) return client;
    this.#endedLogin = user;
    Object.assign(this.#state, { user: undefined, cwd: rootPath, previousCwd: undefined });
    return client;
  }
}
