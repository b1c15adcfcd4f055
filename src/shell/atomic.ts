/** Scripts whose changes happen all at once or not at all: they run in a transaction, which is committed when they succeed. */
import type { DfsClient, DfsTransaction } from "../core/client.ts";
import { type ErrorKind, toDfsError } from "../core/errors.ts";
import { stopMs } from "../core/limits.ts";
import { printable } from "../core/names.ts";
import { newChange } from "./change-tag.ts";
import { messageText } from "./formats.ts";
import { isBrokenPipe } from "./output.ts";
import { closed, unlessStuck, withinTime } from "./patience.ts";

export interface AtomicOptions {
  readonly openClient: () => Promise<DfsClient>;
  readonly interrupt: AbortSignal;
  /** The longest that the commit may take; absent for no limit. */
  readonly timeoutMs: number | undefined;
  readonly isVerbose: boolean;
  /** Tells the person what became of the changes; without a line end. */
  readonly say: (text: string) => void;
}

const failedCode = 1;

/** With these kinds a commit was refused; after any other it may have happened. */
const refusals: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  "usage",
  "invalid-name",
  "not-found",
  "exists",
  "not-empty",
  "not-directory",
  "is-directory",
  "permission",
  "quota",
  "no-space",
  "conflict",
  "busy",
  "not-logged-in",
]);

/**
 * Runs `script` with a client that is a transaction, begun when the script first needs it. The transaction is committed
 * when the script ends with 0; otherwise nothing happens. Returns the exit code of the script or of the failed commit.
 */
export async function runAtomically(
  options: AtomicOptions,
  script: (openClient: () => Promise<DfsClient>) => Promise<number>,
): Promise<number> {
  const batch = new AtomicBatch(options);
  try {
    const code = await script(() => batch.open());
    if (code === 0) return await batch.commit();
    options.say("nothing was changed");
    return code;
  } catch (error) {
    if (!isBrokenPipe(error)) throw error;
    options.say("nobody reads the output any more: nothing was changed");
    return failedCode;
  } finally {
    await batch.close();
  }
}

class AtomicBatch {
  readonly #options: AtomicOptions;
  #client: DfsClient | undefined;
  #transaction: DfsTransaction | undefined;

  constructor(options: AtomicOptions) {
    this.#options = options;
  }

  async open(): Promise<DfsClient> {
    this.#client ??= await this.#options.openClient();
    this.#transaction ??= await this.#client.begin({ signal: this.#options.interrupt });
    return this.#transaction;
  }

  async commit(): Promise<number> {
    const transaction = this.#transaction;
    if (transaction === undefined) return 0;
    const { interrupt, timeoutMs, isVerbose, say } = this.#options;
    try {
      const { changes } = await withinTime(interrupt, timeoutMs, (signal) =>
        unlessStuck(signal, transaction.commit({ signal, change: newChange("atomic") })),
      );
      if (isVerbose) say(changes === 1 ? "1 change committed" : `${changes} changes committed`);
      return 0;
    } catch (error) {
      return this.#tell(error);
    }
  }

  #tell(error: unknown): number {
    const failure = toDfsError(error);
    const { kind, path, exitCode } = failure;
    const outcome = refusals.has(kind)
      ? "nothing was changed"
      : "all changes were made or none was: look before you run it again";
    this.#options.say(`${path === undefined ? "" : `${printable(path)}: `}${messageText(failure)}; ${outcome}`);
    return exitCode;
  }

  async close(): Promise<void> {
    const letGo = async (): Promise<void> => {
      await this.#transaction?.close();
      await this.#client?.close();
    };
    await closed(letGo(), stopMs);
  }
}
