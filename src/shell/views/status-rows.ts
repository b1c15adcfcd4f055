/** `status --watch` as rows: from what is known of the network to what a person sees. */
import type { GroupMember, NetworkStatus, SpaceReport } from "../../core/client.ts";
import { printable } from "../../core/names.ts";
import { byteText, durationText, revisionsText } from "../formats.ts";
import { type JobsSeen, isUnfinished } from "./job-rates.ts";
import { jobRows } from "./job-rows.ts";
import type { Answer, Picture } from "./picture.ts";
import { peerRows } from "./ring-rows.ts";
import {
  type Cell,
  type Row,
  type Style,
  type ViewSpace,
  bodyRoom,
  keysRow,
  padded,
  page,
  textRow,
  widest,
  wrapped,
} from "./rows.ts";

export interface WatchState {
  readonly picture: Picture;
  /** First row of the body that is shown. */
  readonly offset: number;
  /** Milliseconds between two looks. */
  readonly intervalMs: number;
  /** By the clock of the picture. */
  readonly nowMs: number;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
}

const healthStyles: Readonly<Record<NetworkStatus["health"], Style>> = {
  healthy: "good",
  degraded: "warn",
  unavailable: "bad",
};
/** Answers that are later than two rounds and this are told as old. */
const lateMs = 2_000;
const keys = [
  ["q", "leave"],
  ["↑↓", "scroll"],
  ["r", "look now"],
] as const;

export function watchRows(state: WatchState, space: ViewSpace): readonly Row[] {
  const head = headRows(state, space);
  return page(head, bodyRows(state, space), keysRow(keys, space), space, state.offset);
}

/** The furthest that the body can be scrolled. */
export function offsetMax(state: WatchState, space: ViewSpace): number {
  return Math.max(0, bodyRows(state, space).length - bodyRoom(headRows(state, space), space));
}

/** The health in one word, why, and what to do; how old that is where it is. */
function headRows({ picture: { status }, intervalMs, nowMs, timeMs }: WatchState, space: ViewSpace): readonly Row[] {
  const { value, failure } = status;
  if (value === undefined) {
    const waiting = failure === undefined ? "asking the peer …" : `the peer does not answer: ${printable(failure)}`;
    return wrapped(waiting, space.columns).map((line) => textRow(line, failure === undefined ? "dim" : "bad"));
  }
  const { health, reason, advice } = value;
  const [first = "", ...rest] = wrapped(`${health}: ${printable(reason)}`, space.columns);
  const age = ageText(status, nowMs, intervalMs);
  // What is old comes first, also where there is room for nothing else, and looks like nothing that is known.
  const style = age === undefined ? healthStyles[health] : "dim";
  const reasonStyle = age === undefined ? "title" : "dim";
  return [
    ...(age === undefined ? [] : [textRow(age, "bad")]),
    [
      { text: first.slice(0, health.length), style },
      { text: first.slice(health.length), style: reasonStyle },
    ],
    ...rest.map((line) => textRow(line, reasonStyle)),
    ...(advice === undefined ? [] : [textRow(`→ ${printable(advice)}`, "warn")]),
    textRow(`${clockText(timeMs)}  every ${intervalMs / 1000} s`, "dim"),
  ];
}

function clockText(timeMs: number): string {
  return new Date(timeMs).toTimeString().slice(0, 8);
}

/** How old an answer is that should be newer; undefined where it is fresh. */
function ageText({ atMs, failure }: Answer<unknown>, nowMs: number, intervalMs: number): string | undefined {
  if (atMs === undefined) return failure === undefined ? undefined : `no answer: ${printable(failure)}`;
  const ageMs = nowMs - atMs;
  if (failure === undefined && ageMs < 2 * intervalMs + lateMs) return undefined;
  const why = failure === undefined ? "the peer has not answered since" : printable(failure);
  return `as of ${durationText(ageMs)} ago: ${why}`;
}

function bodyRows(state: WatchState, space: ViewSpace): readonly Row[] {
  const { picture, intervalMs, nowMs, timeMs } = state;
  const section = (title: string, answer: Answer<unknown>, rows: readonly Row[]): readonly Row[] => {
    const age = ageText(answer, nowMs, intervalMs);
    const heading: Row = [
      { text: title, style: "title" },
      ...(age === undefined ? [] : [{ text: `  ${age}`, style: "bad" as const }]),
    ];
    return [[], heading, ...rows];
  };
  const { status, peers, shelves, space: room, jobs } = picture;
  const going = jobs.value?.jobs.filter(isUnfinished) ?? [];
  return [
    ...(shelves.value === undefined && peers.value === undefined
      ? []
      : section("peers, each with the one that backs it up", shelves, peerRows(picture, timeMs, space))),
    ...(jobs.value === undefined || going.length === 0
      ? []
      : section(transfersTitle(jobs.value), jobs, jobRows(going, jobs.value, space))),
    ...(status.value === undefined ? [] : section("coordinators", {}, coordinatorRows(status.value))),
    ...(status.value === undefined ? [] : section("files", {}, fileRows(status.value))),
    ...(room.value === undefined ? [] : section("space", room, spaceRows(room.value, space))),
  ];
}

function transfersTitle({ rates }: JobsSeen): string {
  const rate = [...rates.values()].reduce((sum, each) => sum + each, 0);
  return `transfers, ${byteText(rate)}/s in all`;
}

function coordinatorRows({ group }: NetworkStatus): readonly Row[] {
  if (group.members.length === 0) return [textRow("  none answers", "bad")];
  const leader = group.leader === undefined ? "no leader" : `${group.leader} leads`;
  return [
    [{ text: `  term ${group.term}, ${leader}, entry ${group.commitIndex}`, style: group.hasQuorum ? "plain" : "bad" }],
    ...group.members.map((member) => memberRow(member, widest(group.members.map(({ name }) => name)))),
  ];
}

function memberRow({ name, role, isLeader, isActive, lagEntries = 0 }: GroupMember, width: number): Row {
  const what = isLeader ? "leader" : role;
  const lag = lagEntries > 0 ? `, lacks ${lagEntries}` : "";
  const cells: Cell[] = [
    { text: `  ${padded(name, width)}  ` },
    { text: isActive ? what : `${what}, silent`, style: isActive ? "good" : "bad" },
  ];
  return lag === "" ? cells : [...cells, { text: lag, style: "warn" }];
}

function fileRows({
  files,
  directories,
  logicalBytes,
  storedBytes,
  safety,
  announceQueue,
  store,
}: NetworkStatus): readonly Row[] {
  const { copies, fewestCopies, belowRevisions, belowBytes, unreadableRevisions, halted } = safety;
  const rows: Row[] = [
    textRow(`  ${files} in ${directories} directories, ${byteText(logicalBytes)}; ${byteText(storedBytes)} stored`),
    textRow(`  ${copies} copies wanted, ${fewestCopies} at the least`, fewestCopies < copies ? "warn" : "plain"),
  ];
  if (belowRevisions > 0)
    rows.push(textRow(`  on too few disks: ${revisionsText(belowRevisions)}, ${byteText(belowBytes)}`, "warn"));
  if (unreadableRevisions > 0) rows.push(textRow(`  unreadable for now: ${revisionsText(unreadableRevisions)}`, "bad"));
  if (halted !== undefined) rows.push(textRow(`  repair waits: ${halted.join(", ")} vanished at once`, "bad"));
  if (store.missing > 0) rows.push(textRow(`  ${store.missing} chunks of this disk are damaged or lost`, "bad"));
  if (announceQueue > 0) rows.push(textRow(`  ${announceQueue} file keys to announce`, "dim"));
  return rows;
}

const barCells = 20;

function spaceRows({ peers }: SpaceReport, { columns }: ViewSpace): readonly Row[] {
  const nameColumns = Math.min(
    peers.reduce((most, { name }) => Math.max(most, name.length), 0),
    24,
  );
  const cells = columns < 60 ? 8 : barCells;
  const storing = peers.filter(({ capacityBytes }) => capacityBytes > 0);
  return storing.map(({ name, capacityBytes, usedBytes, freeBytes }) => {
    const share = Math.min(1, usedBytes / capacityBytes);
    const filled = Math.round(share * cells);
    return [
      { text: `  ${name.padEnd(nameColumns)}  ` },
      {
        text: `${"█".repeat(filled)}${"░".repeat(cells - filled)}`,
        style: share > 0.95 ? "bad" : share > 0.85 ? "warn" : "bar",
      },
      {
        text: ` ${String(Math.round(share * 100)).padStart(3)}%  ${byteText(usedBytes)} used, ${byteText(freeBytes)} free`,
      },
    ];
  });
}
