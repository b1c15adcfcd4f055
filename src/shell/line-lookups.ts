/**
 * What is looked up behind a line while it is typed: which of its paths exist, and how its last word could go on.
 *
 * A lookup begins when no key came for a moment, ends with the next key or at its deadline, and never holds a key up.
 */
import { lstat } from "node:fs/promises";
import { resolve } from "node:path";
import { lookupDelayMs, lookupMs, lookupPathsMax } from "../core/limits.ts";
import { typedPath } from "./operands.ts";
import { complete } from "./completion.ts";
import type { TypedPath } from "./highlight.ts";
import { completionEnvironment } from "./prompt-view.ts";
import type { Shell } from "./shell.ts";

interface LookupPorts {
  readonly shell: Shell;
  /** A path turned out to exist. */
  readonly found: () => void;
  /** The line `after` could go on with `rest`. */
  readonly offer: (after: string, rest: string) => void;
}

/** What is to be known of a line. */
interface Wanted {
  readonly text: string;
  readonly paths: readonly TypedPath[];
  /** Whether to look how its last word could go on. */
  readonly wantsOffer: boolean;
}

export class LineLookups {
  readonly #ports: LookupPorts;
  readonly #known = new Map<string, boolean>();
  #timer: NodeJS.Timeout | undefined;
  #running: AbortController | undefined;
  /** A directory took longer than a key is worth: nothing is offered until a command ran. */
  #isSlow = false;

  constructor(ports: LookupPorts) {
    this.#ports = ports;
  }

  /** Whether the path is known to exist. */
  exists(path: TypedPath): boolean {
    return this.#known.get(this.#key(path)) === true;
  }

  /** Looks soon; what was being looked for is given up. */
  look(wanted: Wanted): void {
    this.stop();
    const isNews = wanted.paths.some((path) => !this.#known.has(this.#key(path)));
    if (!isNews && (!wanted.wantsOffer || this.#isSlow)) return;
    this.#timer = setTimeout(() => void this.#look(wanted), lookupDelayMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#running = undefined;
  }

  /** A command ran: what was known may be wrong now. */
  forget(): void {
    this.stop();
    this.#known.clear();
    this.#isSlow = false;
  }

  async #look({ text, paths, wantsOffer }: Wanted): Promise<void> {
    const cancel = new AbortController();
    this.#running = cancel;
    const deadline = AbortSignal.timeout(lookupMs);
    const signal = AbortSignal.any([cancel.signal, deadline]);
    const unknown = paths.filter((path) => !this.#known.has(this.#key(path))).slice(0, lookupPathsMax);
    if (wantsOffer && !this.#isSlow) await this.#offer(text, signal);
    // One after the other: a line of many words is no reason to keep the network busy.
    for (const path of unknown) if (!signal.aborted) await this.#check(path, signal);
    if (deadline.aborted && !cancel.signal.aborted) this.#isSlow = true;
  }

  async #check(path: TypedPath, signal: AbortSignal): Promise<void> {
    const exists = await this.#isThere(path, signal);
    if (signal.aborted) return;
    this.#known.set(this.#key(path), exists);
    if (exists) this.#ports.found();
  }

  async #isThere({ side, path }: TypedPath, signal: AbortSignal): Promise<boolean> {
    const { state, openedClient } = this.#ports.shell;
    try {
      if (side === "local") await lstat(resolve(state.lcwd, path));
      else if (openedClient === undefined) return false;
      else await (await openedClient).stat(typedPath(path, state.cwd), { signal, stale: true });
      return true;
    } catch {
      // Whatever cannot be looked at is not underlined; the command will tell why.
      return false;
    }
  }

  async #offer(text: string, signal: AbortSignal): Promise<void> {
    const environment = completionEnvironment(this.#ports.shell, signal);
    const { start, end, candidates } = await complete(text, text.length, environment);
    const typed = text.slice(start, end);
    const first = candidates.find((one) => one.isPath === true && one.text.startsWith(typed) && one.text !== typed);
    if (signal.aborted || typed === "" || first === undefined) return;
    this.#ports.offer(text, first.text.slice(typed.length));
  }

  #key({ side, path }: TypedPath): string {
    const { cwd, lcwd } = this.#ports.shell.state;
    try {
      return `${side} ${side === "local" ? resolve(lcwd, path) : typedPath(path, cwd)}`;
    } catch {
      return `${side} ${path}`;
    }
  }
}
