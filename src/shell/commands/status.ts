import type { GroupMember, GroupStatus, NetworkStatus, SafetyStatus } from "../../core/client.ts";
import { printable } from "../../core/names.ts";
import { setTimeout as delay } from "node:timers/promises";
import { DfsError } from "../../core/errors.ts";
import { watchIntervalMs, watchIntervalMsMax, watchIntervalMsMin } from "../../core/limits.ts";
import { allOn, isJson, jsonOption } from "../command.ts";
import type { Command, CommandContext, Invocation } from "../command.ts";
import { alignRows, byteText, durationText, jsonLine, revisionsText, timeText } from "../formats.ts";
import { temporary } from "../manual.ts";
import { statusJson } from "../network-json.ts";

/** `status`: the network's health in one word, why, and what to do. */
export const status: Command = {
  name: "status",
  purpose: "network",
  summary: "the network's health in one word, why, and what to do",
  usage: "[-v] [--json] [--watch [--interval SECONDS]]",
  description: [
    "Says healthy, degraded or unavailable, why, and which command helps; then the peers, the coordinators and their log, the files, and on how many disks they are. It answers also while no majority of the coordinators does, and says how old that is.",
    "With --watch it fills the terminal and looks again and again: the health, the peers in rings, each with the one that backs it up and how far that is, your transfers and how fast they are, the coordinators, the files and the space. What it shows while the peer does not answer is told as old. Elsewhere than on a terminal it prints one report after another, until it is interrupted.",
  ],
  options: [
    { long: "verbose", short: "v", summary: "also addresses, counters and this peer's store" },
    jsonOption,
    { long: "watch", short: "w", summary: "look again and again, until q or Ctrl-C" },
    { long: "interval", value: "SECONDS", summary: "with --watch: between two looks (2)" },
  ],
  side: allOn("none"),
  operandsMin: 0,
  operandsMax: 0,
  operands: {},
  exitCodes: temporary,
  examples: [
    ["status", "How the network is."],
    ["status -v", "Also addresses, counters and this peer's store."],
    ["status --json", "The same for a monitor."],
    ["status --watch", "How the network is, all the time."],
    ["status --watch --interval 60 --json", "One object a minute, for a log."],
  ],
  seeAlso: ["peers", "backup", "coordinator", "why"],
  async run(invocation, context) {
    const { options } = invocation;
    const intervalMs = intervalOf(options.text("interval"));
    if (!options.has("watch")) {
      if (options.has("interval")) throw new DfsError("usage", "--interval belongs to --watch");
      return printReport(invocation, context);
    }
    const { showView, stdout } = context;
    if (showView === undefined || !stdout.isTTY || isJson(invocation, context))
      return printReports(invocation, context, intervalMs);
    const { statusView } = await import("../views/status-view.ts");
    await showView(statusView({ client: () => context.client(), intervalMs }), context.signal);
    return 0;
  },
};

function intervalOf(text: string | undefined): number {
  if (text === undefined) return watchIntervalMs;
  const intervalMs = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) * 1000 : Number.NaN;
  if (intervalMs >= watchIntervalMsMin && intervalMs <= watchIntervalMsMax) return intervalMs;
  const range = `from ${watchIntervalMsMin / 1000} to ${watchIntervalMsMax / 1000}`;
  throw new DfsError("usage", `--interval needs a number of seconds ${range}, not "${text}"`);
}

async function printReport(invocation: Invocation, context: CommandContext, takenMs?: number): Promise<number> {
  const client = await context.client();
  const report = await client.status({ signal: context.signal });
  const time = takenMs === undefined ? {} : { time: new Date(takenMs).toISOString() };
  if (isJson(invocation, context)) await context.stdout.write(jsonLine({ ...time, ...statusJson(report) }));
  else {
    const isVerbose = invocation.options.has("verbose") || context.settings.verbose;
    await context.stdout.write(`${report.health}: ${printable(report.reason)}\n`);
    if (report.advice !== undefined) await context.stdout.write(`${printable(report.advice)}\n`);
    await context.stdout.write(alignRows([...statusRows(report), ...(isVerbose ? verboseRows(report) : [])]));
  }
  return 0;
}

/** One report after another, until the signal fires; a look that fails is told on stderr, and the next one follows. */
async function printReports(invocation: Invocation, context: CommandContext, intervalMs: number): Promise<number> {
  const { stdout, signal } = context;
  for (let isFirst = true; ; isFirst = false) {
    const takenMs = Date.now();
    if (!isJson(invocation, context)) await stdout.write(`${isFirst ? "" : "\n"}${timeOfDay(takenMs)}\n`);
    await printReport(invocation, context, takenMs).catch((error: unknown) => context.report(error));
    await stdout.flush();
    await delay(intervalMs, undefined, { signal });
  }
}

/** `2025-11-20 11:47:03`, local time. */
function timeOfDay(milliseconds: number): string {
  return `${timeText(milliseconds)}:${String(new Date(milliseconds).getSeconds()).padStart(2, "0")}`;
}

function statusRows(report: NetworkStatus): readonly (readonly string[])[] {
  const { peers, group } = report;
  const age = group.hasQuorum ? "" : `, as of ${durationText(group.ageMs)} ago`;
  const totals = [
    [
      "files:",
      `${report.files} in ${report.directories} ${report.directories === 1 ? "directory" : "directories"}${age}`,
    ],
    ["size:", `${byteText(report.logicalBytes)} logical, ${byteText(report.storedBytes)} stored`],
    ...safetyRows(report.safety),
  ];
  return [
    ["peer:", report.self.name],
    ["peers:", `${peers.up} up, ${peers.suspect} suspect, ${peers.down} down, ${peers.out} out`],
    ...groupRows(group),
    ...(group.members.length > 0 ? totals : [["files:", "unknown while no coordinator answers"]]),
    ...(report.store.missing > 0 ? [["damage:", `${report.store.missing} chunks of this disk; see fsck`]] : []),
  ];
}

/** How many disks the files are on, and what keeps that from getting better. */
function safetyRows(safety: SafetyStatus): readonly (readonly string[])[] {
  const { copies, fewestCopies, belowRevisions, belowBytes, unreadableRevisions, halted } = safety;
  const below = `; on too few: ${revisionsText(belowRevisions)}, ${byteText(belowBytes)}; see backup`;
  const waits = "too many peers vanished at once";
  return [
    ["copies:", `${copies} wanted, ${fewestCopies} at the least${belowRevisions > 0 ? below : ""}`],
    ...(unreadableRevisions > 0 ? [["unreadable:", `${revisionsText(unreadableRevisions)} for now; see peers`]] : []),
    ...(halted === undefined ? [] : [["repair:", `waits: ${waits} (${halted.join(", ")})`]]),
  ];
}

function groupRows(group: GroupStatus): readonly (readonly string[])[] {
  if (group.members.length === 0) return [["coordinators:", "none answers"]];
  const leader = group.leader === undefined ? "no leader" : `${group.leader} leads`;
  return [
    ["coordinators:", group.members.map(memberText).join(", ")],
    ["log:", `term ${group.term}, ${leader}, committed ${group.commitIndex}, applied ${group.appliedIndex}`],
  ];
}

/** `ben`, and in brackets whatever is not as with a voter that is up to date. */
function memberText({ name, role, isActive, lagEntries = 0 }: GroupMember): string {
  const notes = [
    ...(role === "learner" ? ["learner"] : []),
    ...(isActive ? [] : ["silent"]),
    ...(lagEntries > 0 ? [`lacks ${lagEntries} ${lagEntries === 1 ? "entry" : "entries"}`] : []),
  ];
  return notes.length === 0 ? name : `${name} (${notes.join(", ")})`;
}

function verboseRows(report: NetworkStatus): readonly (readonly string[])[] {
  const { self, store } = report;
  return [
    ["network:", report.networkId],
    ["peer id:", self.id],
    ["addresses:", self.addresses.join(" ")],
    ["own store:", `${store.chunks} chunks, ${store.records} records, ${byteText(store.bytes)}`],
    ["own disk:", `${byteText(store.freeBytes)} free`],
    ["quarantined:", `${store.quarantined} chunks`],
    ["to announce:", `${report.announceQueue} file keys`],
    ["up for:", durationText(report.uptimeMs)],
    ["version:", report.version],
  ];
}
