/** `top` as rows: the transfers that go on, those that ended lately, or one of them with all that is known of it. */
import { toDfsError } from "../../core/errors.ts";
import type { EndedJob, Job } from "../../core/jobs.ts";
import { printable } from "../../core/names.ts";
import { byteText, durationText, timeText } from "../formats.ts";
import { jobDetail } from "../job-text.ts";
import { type JobsSeen, isUnfinished } from "./job-rates.ts";
import { barText, jobRows, jobStyles, rateText } from "./job-rows.ts";
import type { Answer } from "./picture.ts";
import { type Row, type ViewSpace, keysRow, padded, page, textRow } from "./rows.ts";

export interface TopState {
  readonly seen: Answer<JobsSeen>;
  /** As `topOrder` gives them. */
  readonly jobs: readonly Job[];
  /** Its place among the jobs. */
  readonly selected: number;
  readonly offset: number;
  /** The transfer that is shown alone, as it ended where it has. */
  readonly detailed?: Job | EndedJob | undefined;
  /** What is to be cancelled, once that is confirmed. */
  readonly question?: Job | undefined;
  readonly message?: { readonly text: string; readonly isBad: boolean } | undefined;
  /** By the clock of what was seen. */
  readonly nowMs: number;
}

const listKeys = [
  ["q", "leave"],
  ["↑↓", "select"],
  ["Enter", "details"],
  ["p", "pause"],
  ["r", "resume"],
  ["k", "cancel"],
] as const;
const detailKeys = [
  ["Esc", "back"],
  ["p", "pause"],
  ["r", "resume"],
  ["k", "cancel"],
  ["q", "leave"],
] as const;
/** A look that is older than this is told as old. */
const lateMs = 4_000;

/** Those that go on in the order of their start, then those that ended, the last one first. */
export function topOrder(jobs: readonly Job[]): readonly Job[] {
  const ended = jobs.filter((job) => !isUnfinished(job));
  return [...jobs.filter(isUnfinished), ...ended.toSorted((one, other) => (other.endedMs ?? 0) - (one.endedMs ?? 0))];
}

export function topRows(state: TopState, space: ViewSpace): readonly Row[] {
  const { detailed, question } = state;
  const foot: Row =
    question === undefined
      ? keysRow(detailed === undefined ? listKeys : detailKeys, space)
      : [{ text: padded(`cancel [${question.id}] ${printable(question.label)}? [y/N]`, space.columns), style: "bad" }];
  const body = detailed === undefined ? listRows(state, space) : detailRows(detailed, state, space);
  return page(headRows(state), body, foot, space, detailed === undefined ? 0 : state.offset);
}

/** Rows of the list that are shown at once. */
export function listRoom({ rows }: ViewSpace): number {
  const footRows = rows > 2 ? 1 : 0;
  return Math.max(1, rows - footRows - Math.min(2, Math.max(1, Math.floor((rows - footRows) / 2))));
}

function headRows({ seen, message, nowMs }: TopState): readonly Row[] {
  const { value, atMs, failure } = seen;
  const second: Row = message === undefined ? [] : textRow(printable(message.text), message.isBad ? "bad" : "good");
  if (value === undefined || atMs === undefined)
    return [
      textRow(failure === undefined ? "asking the peer …" : printable(failure), failure === undefined ? "dim" : "bad"),
      second,
    ];
  const count = (state: Job["state"]): number => value.jobs.filter((job) => job.state === state).length;
  const rate = [...value.rates.values()].reduce((sum, each) => sum + each, 0);
  const first = textRow(
    `${count("running")} running, ${count("waiting")} waiting, ${count("paused")} paused; ${byteText(rate)}/s in all`,
    "title",
  );
  if (failure === undefined && nowMs - atMs < lateMs) return [first, second];
  const why = failure === undefined ? "the peer has not answered since" : printable(failure);
  return [first, textRow(`as of ${durationText(nowMs - atMs)} ago: ${why}`, "bad")];
}

function listRows({ seen, jobs, selected, offset }: TopState, space: ViewSpace): readonly Row[] {
  if (seen.value === undefined) return [];
  if (jobs.length === 0)
    return [textRow("  no transfers; put and get at the prompt, or with &, are listed here", "dim")];
  const shown = jobs.slice(offset, offset + listRoom(space));
  return jobRows(shown, seen.value, space, jobs[selected]?.id);
}

/** Everything about one transfer: what it is, the files in work, and those that failed. */
export function detailRows(
  job: Job | EndedJob,
  { seen }: Pick<TopState, "seen">,
  { columns }: ViewSpace,
): readonly Row[] {
  const { id, label, state, startedMs, endedMs, activeMs, progress } = job;
  const rate = seen.value?.rates.get(id);
  const ended = endedMs === undefined ? "" : `, ended ${timeText(endedMs)}`;
  const failures = "failures" in job ? job.failures : [];
  return [
    [{ text: `[${id}] ` }, { text: state, style: jobStyles[state] }, { text: `  ${printable(label)}`, style: "title" }],
    textRow(`began ${timeText(startedMs)}${ended}; ran for ${durationText(activeMs)}`),
    textRow(
      `${jobDetail(job)}${state === "running" && rate !== undefined ? ` (now${rateText(rate, progress.foundBytes - progress.bytes).slice(1)})` : ""}`,
    ),
    ...(progress.running.length === 0 ? [] : [[], textRow("in work", "title")]),
    ...progress.running.map(({ path, bytes, sizeBytes }): Row => {
      const share = sizeBytes === 0 ? 1 : Math.min(1, bytes / sizeBytes);
      const numbers = ` ${padded(`${Math.floor(share * 100)}%`, 4, "right")} of ${padded(byteText(sizeBytes), 10)} `;
      return [{ text: columns < 50 ? "" : barText(share), style: "bar" }, { text: numbers }, { text: printable(path) }];
    }),
    ...(failures.length === 0 ? [] : [[], textRow("failed", "title")]),
    ...failures.map(({ path, error }) => textRow(`${printable(path)}: ${printable(toDfsError(error).message)}`, "bad")),
  ];
}
