/**
 * The shell's background: transfers of the peer that this shell started and does not wait for, and jobs of its own.
 *
 * A transfer belongs to the peer, which numbers it (`%3`), and goes on when the shell ends. Everything else that a `&`
 * sends to the background is a job of this shell (`%s1`), and ends with it.
 */
import pLimit from "p-limit";
import type { DfsClient } from "../core/client.ts";
import { DfsError, toDfsError } from "../core/errors.ts";
import type { JobId } from "../core/ids.ts";
import type { EndedJob, Job } from "../core/jobs.ts";
import { printable } from "../core/names.ts";
import { ownJobsKept, ownJobsMax, watchedTransfersMax } from "../core/limits.ts";
import { untilAborted } from "../core/until-aborted.ts";
import { isBrokenPipe } from "./output.ts";
import { endedText, jobExitCode } from "./job-text.ts";

/** A job of this shell. */
export interface OwnJob {
  /** `s1`, `s2`, … */
  readonly id: string;
  readonly label: string;
  readonly startedMs: number;
  readonly endedMs: number | undefined;
  /** Absent until it has ended. */
  readonly code: number | undefined;
}

interface RunningOwnJob extends OwnJob {
  endedMs: number | undefined;
  code: number | undefined;
  isWaitedFor: boolean;
  readonly stopping: AbortController;
  /** Its exit code. */
  readonly over: Promise<number>;
}

/** A transfer that this shell put into the background. */
interface WatchedTransfer {
  /** Resolves once its end is known and told; absent when that could not be learned. */
  readonly over: Promise<EndedJob | undefined>;
}

export interface BackgroundOptions {
  readonly client: () => Promise<DfsClient>;
  /** The client where it was opened already. */
  readonly openedClient: () => Promise<DfsClient> | undefined;
  /** Whether a person types the lines: then every job's start and end is told, otherwise only what went wrong. */
  readonly isPrompt: boolean;
  readonly tell: (text: string) => Promise<void>;
}

export class Background {
  readonly isPrompt: boolean;
  readonly #options: BackgroundOptions;
  readonly #startedMs = Date.now();
  readonly #own = new Map<string, RunningOwnJob>();
  readonly #watched = new Map<JobId, WatchedTransfer>();
  readonly #watching = pLimit(watchedTransfersMax);
  readonly #closing = new AbortController();
  #lastOwn = 0;
  /** Sends the transfer that is followed in the foreground to the background. */
  #leaveForeground: (() => void) | undefined;
  /** Transfers whose end is told where they are followed. */
  readonly #inForeground = new Set<JobId>();
  /** The rest of a line whose transfer was sent to the background is not run: it may rest on that. */
  hasLeft = false;
  /** What was said about leaving, where nothing was typed since. */
  #hasWarned = false;

  constructor(options: BackgroundOptions) {
    this.#options = options;
    this.isPrompt = options.isPrompt;
  }

  get own(): readonly OwnJob[] {
    return [...this.#own.values()];
  }

  /** Runs `work` as a job of this shell. Returns the exit code of that: 5 when too many run already. */
  async start(label: string, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
    const running = [...this.#own.values()].filter(({ code }) => code === undefined);
    if (running.length >= ownJobsMax) {
      const busy = new DfsError("busy", `${ownJobsMax} jobs of this shell run already: wait for some`);
      await this.#options.tell(`${busy.message}\n`);
      return busy.exitCode;
    }
    this.#lastOwn += 1;
    const id = `s${this.#lastOwn}`;
    const shown = printable(label);
    const stopping = new AbortController();
    const over = quietly(work(stopping.signal)).then(async (code) => {
      job.code = code;
      job.endedMs = Date.now();
      this.#forgetOldest();
      if (this.isPrompt) await this.#options.tell(`[${id}] ${code === 0 ? "done" : `exit code ${code}`}: ${shown}\n`);
      return code;
    });
    over.catch(() => undefined); // a terminal that is gone is noticed by whoever writes to it next
    const begun = { id, label, startedMs: Date.now(), endedMs: undefined, code: undefined };
    const job: RunningOwnJob = { ...begun, isWaitedFor: false, stopping, over };
    this.#own.set(id, job);
    if (this.isPrompt) await this.#options.tell(`[${id}] ${shown}\n`);
    return 0;
  }

  /** Has the end of a transfer told, and waited for by `wait`. */
  watch(id: JobId): void {
    const over = this.#watch(id);
    over.catch(() => undefined);
    this.#watched.set(id, { over });
  }

  /** Transfers that this shell put into the background, whose end nobody has waited for. */
  get unwaited(): readonly JobId[] {
    return [...this.#watched.keys()];
  }

  /** The jobs of this shell that run, and those whose end nobody has waited for. */
  get unwaitedOwn(): readonly string[] {
    return [...this.#own.values()].filter(({ isWaitedFor }) => !isWaitedFor).map(({ id }) => id);
  }

  /** How a transfer ended; waits for it. The signal only stops the waiting. */
  async transferEnd(id: JobId, signal: AbortSignal): Promise<EndedJob> {
    const client = await this.#options.client();
    const job = await client.followJob(id, { signal });
    await this.#watched.get(id)?.over.catch(() => undefined);
    this.#watched.delete(id);
    return job;
  }

  /** The exit code of a job of this shell; waits for it. Fails with `not-found`, and as the signal says. */
  async ownEnd(id: string, signal: AbortSignal): Promise<number> {
    const job = this.#requireOwn(id);
    const code = await untilAborted(signal, job.over);
    job.isWaitedFor = true;
    return code;
  }

  /** Stops a job of this shell. Fails with `not-found`, and `usage` when it has ended. */
  stopOwn(id: string): void {
    const { code, stopping } = this.#requireOwn(id);
    if (code !== undefined) throw new DfsError("usage", `job ${id} has ended already`);
    stopping.abort(new DfsError("interrupted", "interrupted"));
  }

  /**
   * Follows a transfer in the foreground: until it has ended, or until it is sent to the background (`undefined`). When
   * the signal fires the transfer is cancelled, and this fails with the signal's reason.
   */
  async follow(id: JobId, signal: AbortSignal, onProgress: (job: Job) => void): Promise<EndedJob | undefined> {
    const client = await this.#options.client();
    const following = new AbortController();
    let isLeft = false;
    const cancel = (): void => {
      // Following goes on: it tells when the transfer has let go of everything.
      client.steerJob(id, "cancel").catch(() => undefined);
    };
    this.#leaveForeground = () => {
      isLeft = true;
      this.hasLeft = true;
      following.abort();
    };
    signal.addEventListener("abort", cancel, { once: true });
    if (signal.aborted) cancel();
    this.#inForeground.add(id);
    try {
      const job = await client.followJob(id, { signal: following.signal, onProgress });
      this.#watched.delete(id);
      if (signal.aborted && job.state === "cancelled") throw signal.reason as Error;
      return job;
    } catch (error) {
      if (!isLeft) throw error;
      this.#inForeground.delete(id);
      if (!this.#watched.has(id)) this.watch(id);
      return undefined;
    } finally {
      this.#leaveForeground = undefined;
      signal.removeEventListener("abort", cancel);
    }
  }

  /** Sends what is followed in the foreground to the background; false where nothing is. */
  leaveForeground(): boolean {
    const leave = this.#leaveForeground;
    leave?.();
    return leave !== undefined;
  }

  /** Tells of transfers that go on from before this shell, where there are any and the peer can be asked. */
  async tellOfEarlier(): Promise<void> {
    try {
      const client = await this.#options.openedClient();
      const jobs = (await client?.jobs({ signal: this.#closing.signal })) ?? [];
      const earlier = jobs.filter(({ startedMs, endedMs }) => endedMs === undefined && startedMs < this.#startedMs);
      const count = earlier.length;
      if (count === 0) return;
      await this.#options.tell(
        `${count === 1 ? "1 transfer goes" : `${count} transfers go`} on in the background: see jobs\n`,
      );
    } catch {
      // Whoever types a command is told what is wrong.
    }
  }

  /** What would be lost by leaving now, as a sentence; nothing when there is nothing, or when it was said just now. */
  async reasonToStay(): Promise<string | undefined> {
    const stopped = await this.#endsWithShell();
    if (stopped === undefined || this.#hasWarned) return undefined;
    this.#hasWarned = true;
    return `${stopped} would be stopped; exit again to leave all the same`;
  }

  /** Something else than leaving was typed. */
  forgetWarning(): void {
    this.#hasWarned = false;
  }

  /**
   * The end of a script: its transfers are waited for where they would end with the shell, and its own jobs are stopped,
   * which is told. When the signal fires, what is waited for is left to end with the shell.
   */
  async endScript(signal: AbortSignal): Promise<void> {
    for (const job of this.#own.values()) {
      if (job.code !== undefined) continue;
      this.stopOwn(job.id);
      await this.#options.tell(
        `[${job.id}] stopped with the script, which did not wait for it: ${printable(job.label)}\n`,
      );
      await job.over.catch(() => undefined);
    }
    if (this.#watched.size === 0 || (await (await this.#options.client()).jobsAtStake()) === 0) return;
    for (const { over } of this.#watched.values()) {
      try {
        await untilAborted(signal, over);
      } catch {
        if (signal.aborted) return;
      }
    }
  }

  /** Watches nothing any more, and stops what is this shell's own. */
  close(): void {
    this.#closing.abort();
    for (const { stopping } of this.#own.values()) stopping.abort(new DfsError("interrupted", "interrupted"));
  }

  async #endsWithShell(): Promise<string | undefined> {
    const own = [...this.#own.values()].filter(({ code }) => code === undefined).length;
    // Without a peer nothing is at stake.
    const client = await this.#options.openedClient()?.catch(() => undefined);
    const transfers = (await client?.jobsAtStake()) ?? 0;
    const parts: string[] = [];
    if (transfers > 0) parts.push(transfers === 1 ? "1 transfer" : `${transfers} transfers`);
    if (own > 0) parts.push(own === 1 ? "1 job of this shell" : `${own} jobs of this shell`);
    return parts.length === 0 ? undefined : parts.join(" and ");
  }

  async #watch(id: JobId): Promise<EndedJob | undefined> {
    const { signal } = this.#closing;
    let job: EndedJob;
    try {
      const client = await this.#options.client();
      job = await this.#watching(() => client.followJob(id, { signal }));
    } catch (error) {
      if (!signal.aborted) await this.#options.tell(`[${id}] ${toDfsError(error).message}: see jobs\n`);
      return undefined;
    }
    if (this.#inForeground.has(id)) return job;
    if (this.isPrompt || jobExitCode(job) !== 0) await this.#options.tell(`${endedText(job)}\n`);
    return job;
  }

  #requireOwn(id: string): RunningOwnJob {
    const job = this.#own.get(id);
    if (job === undefined) throw new DfsError("not-found", "there is no such job: see jobs");
    return job;
  }

  #forgetOldest(): void {
    const ended = [...this.#own.values()].filter(({ code }) => code !== undefined);
    for (const { id } of ended.slice(0, Math.max(0, ended.length - ownJobsKept))) this.#own.delete(id);
  }
}

/** Output that nobody reads any more ends a job without a word. */
async function quietly(work: Promise<number>): Promise<number> {
  try {
    return await work;
  } catch (error) {
    if (isBrokenPipe(error)) return 0;
    throw error;
  }
}
