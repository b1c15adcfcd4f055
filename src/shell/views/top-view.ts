/** `top`: looks at the transfers again and again, and pauses, resumes and cancels them. */
import { setTimeout as delay } from "node:timers/promises";
import type { DfsClient } from "../../core/client.ts";
import { withDeadline } from "../../core/deadline.ts";
import { toDfsError } from "../../core/errors.ts";
import type { JobId } from "../../core/ids.ts";
import type { EndedJob, Job, JobOrder } from "../../core/jobs.ts";
import { topIntervalMs, watchAnswerMs } from "../../core/limits.ts";
import type { Key } from "../line-editor.ts";
import type { OpenView, View, ViewScreen } from "./full-screen.ts";
import { type JobsSeen, isUnfinished, seenJobs } from "./job-rates.ts";
import type { Answer } from "./picture.ts";
import type { Row, ViewSpace } from "./rows.ts";
import { moveOf, offsetShowing, within } from "./scroll.ts";
import { type TopState, detailRows, listRoom, topOrder, topRows } from "./top-rows.ts";

export function topView(client: () => Promise<DfsClient>): OpenView {
  return (screen) => new TopView(client, screen);
}

const orders: Readonly<Record<string, JobOrder>> = { p: "pause", r: "resume" };
const orderWords: Readonly<Record<JobOrder, string>> = {
  pause: "paused",
  resume: "resumed",
  cancel: "cancelled",
  forget: "forgotten",
};

class TopView implements View {
  readonly #client: () => Promise<DfsClient>;
  readonly #screen: ViewScreen;
  #seen: Answer<JobsSeen> = {};
  #selected: JobId | undefined;
  #offset = 0;
  #isDetailed = false;
  /** How the transfer that is shown alone ended. */
  #ended: EndedJob | undefined;
  #question: Job | undefined;
  #message: TopState["message"];
  #space: ViewSpace = { columns: 0, rows: 0 };
  #signal = new AbortController().signal;
  #wake: () => void = () => undefined;

  constructor(client: () => Promise<DfsClient>, screen: ViewScreen) {
    this.#client = client;
    this.#screen = screen;
  }

  readonly draw = (space: ViewSpace): readonly Row[] => {
    this.#space = space;
    return topRows(this.#state(), space);
  };

  readonly work = async (signal: AbortSignal): Promise<void> => {
    this.#signal = signal;
    const client = await this.#client();
    while (!signal.aborted) {
      await this.#look(client, signal);
      this.#screen.changed();
      await this.#rest(signal);
    }
  };

  readonly press = (key: Key): void => {
    const { name, sequence = "" } = key;
    if (this.#question !== undefined) this.#answer(this.#question, sequence);
    else if (sequence === "q") this.#screen.leave();
    else if (name === "escape") this.#back();
    else if (sequence === "k") this.#ask();
    else if (orders[sequence] !== undefined) void this.#order(orders[sequence]);
    else if (name === "return" || name === "right") this.#detail();
    else if (name === "left") this.#isDetailed = false;
    else this.#move(key);
  };

  async #look(client: DfsClient, signal: AbortSignal): Promise<void> {
    try {
      const jobs = await withDeadline(watchAnswerMs, signal, (bounded) => client.jobs({ signal: bounded }));
      const atMs = performance.now();
      this.#seen = { value: seenJobs(this.#seen.value, jobs, atMs), atMs };
    } catch (error) {
      signal.throwIfAborted();
      this.#seen = { ...this.#seen, failure: toDfsError(error).message };
    }
  }

  async #rest(signal: AbortSignal): Promise<void> {
    const early = new AbortController();
    this.#wake = () => early.abort();
    signal.addEventListener("abort", this.#wake, { once: true });
    await delay(topIntervalMs, undefined, { signal: early.signal }).catch(() => undefined);
    signal.removeEventListener("abort", this.#wake);
  }

  #back(): void {
    if (!this.#isDetailed) return this.#screen.leave();
    this.#isDetailed = false;
    this.#offset = 0;
  }

  #move(key: Key): void {
    const { jobs, selected, detailed } = this.#state();
    this.#message = undefined;
    if (detailed !== undefined) {
      const count = detailRows(detailed, { seen: this.#seen }, this.#space).length;
      this.#offset = within(this.#offset + (moveOf(key, count, this.#space.rows) ?? 0), count - 1);
      return;
    }
    const moved = within(selected + (moveOf(key, jobs.length, listRoom(this.#space)) ?? 0), jobs.length - 1);
    this.#selected = jobs[moved]?.id;
  }

  #detail(): void {
    const { jobs, selected } = this.#state();
    const job = jobs[selected];
    if (job === undefined) return;
    this.#selected = job.id;
    this.#isDetailed = true;
    this.#offset = 0;
    if (!isUnfinished(job)) void this.#learnEnd(job.id);
  }

  /** What failed is told only of one transfer at a time. */
  async #learnEnd(id: JobId): Promise<void> {
    try {
      const client = await this.#client();
      this.#ended = await withDeadline(watchAnswerMs, this.#signal, (signal) => client.followJob(id, { signal }));
    } catch (error) {
      this.#tell(id, error);
    }
    this.#screen.changed();
  }

  #ask(): void {
    const { jobs, selected } = this.#state();
    const job = jobs[selected];
    if (job === undefined) return;
    if (isUnfinished(job)) this.#question = job;
    else this.#message = { text: `[${job.id}] has ended`, isBad: false };
  }

  #answer(job: Job, sequence: string): void {
    this.#question = undefined;
    this.#selected = job.id;
    if (sequence === "y" || sequence === "Y") void this.#order("cancel");
  }

  async #order(order: JobOrder): Promise<void> {
    const { jobs, selected } = this.#state();
    const job = jobs[selected];
    if (job === undefined) return;
    try {
      const client = await this.#client();
      await client.steerJob(job.id, order, { signal: this.#signal });
      this.#message = { text: `[${job.id}] is ${orderWords[order]}`, isBad: false };
    } catch (error) {
      this.#tell(job.id, error);
    }
    this.#wake();
    this.#screen.changed();
  }

  #tell(id: JobId, error: unknown): void {
    if (!this.#signal.aborted) this.#message = { text: `[${id}] ${toDfsError(error).message}`, isBad: true };
  }

  #state(): TopState {
    const jobs = topOrder(this.#seen.value?.jobs ?? []);
    const selected = within(
      jobs.findIndex(({ id }) => id === this.#selected),
      jobs.length - 1,
    );
    const shown = this.#isDetailed ? jobs[selected] : undefined;
    const room = listRoom(this.#space);
    if (shown === undefined) this.#offset = within(offsetShowing(selected, this.#offset, room), jobs.length - room);
    return {
      seen: this.#seen,
      jobs,
      selected,
      offset: this.#offset,
      detailed: shown !== undefined && this.#ended?.id === shown.id ? this.#ended : shown,
      question: this.#question,
      message: this.#message,
      nowMs: performance.now(),
    };
  }
}
