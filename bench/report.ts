/** What a run leaves: its figures as data, and the table that is made from them. */
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { cpus, loadavg, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { type Measured, type Result, type Row, memoryResult } from "./result.ts";
import { tableOf } from "./table.ts";

const root = resolve(import.meta.dirname, "..");
const performancePath = join(root, "docs/PERFORMANCE.md");
/** What docs/PERFORMANCE.md has a table of. */
export type TableName = "main" | "others";
/** No process of ours may take more in any row of the table. */
const memoryTargetMiB = 300;

/** The figures of one run, or of several that were put together. */
export interface Report {
  readonly commit: string;
  readonly machine: string;
  readonly command: string;
  /** Names of the jobs that ran. */
  readonly jobs: readonly string[];
  readonly startedAt: string;
  /** Load of the machine at the start and at the end. */
  readonly load: readonly [number, number];
  readonly scale: number;
  readonly rows: readonly (Result | Row)[];
  /** What was left out, and why. */
  readonly skipped: readonly string[];
}

type ReportHead = Pick<Report, "commit" | "machine" | "command" | "jobs" | "startedAt">;

/** What is known of a run before it begins. */
export function reportHead(options: string, jobs: readonly string[]): ReportHead {
  const [cpu] = cpus();
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GiB`;
  return {
    commit: commitNow(),
    machine: `${cpus().length} cores (${cpu?.model ?? "unknown"}), ${memory}, ${process.platform} ${process.arch}, Node ${process.version}`,
    command: commandOf(options, jobs),
    jobs,
    startedAt: new Date().toISOString(),
  };
}

export function loadNow(): number {
  return loadavg()[0] ?? NaN;
}

/** Rows of a later report take the place of those of the same job in an earlier one; the head tells of all of them. */
export function joined(reports: readonly Report[]): Report {
  const [last] = reports.slice(-1);
  if (last === undefined) throw new Error("no report");
  const rows = new Map(reports.flatMap((report) => report.rows).map((row) => [nameOf(row), row]));
  const allOf = <Value>(of: (report: Report) => readonly Value[]): Value[] => [...new Set(reports.flatMap(of))];
  const jobs = allOf((report) => report.jobs);
  return {
    ...last,
    jobs,
    command: commandOf("", jobs),
    commit: allOf(({ commit }) => [commit]).join(", "),
    load: [Math.max(...reports.map(({ load }) => load[0])), Math.max(...reports.map(({ load }) => load[1]))],
    rows: [...rows.values()],
    skipped: allOf(({ skipped }) => skipped),
  };
}

function commandOf(options: string, jobs: readonly string[]): string {
  return ["npm run bench --", options, ...jobs].filter((word) => word !== "").join(" ");
}

/** The report as a person reads it. */
export function reportText({ commit, machine, command, startedAt, load, scale, rows, skipped }: Report): string {
  const results = rows.filter((row): row is Result => "job" in row && row.targets.length > 0);
  const all = results.length === 0 ? rows : [...rows, memoryResult(results, memoryTargetMiB)];
  const loads = load.map((value) => value.toFixed(1)).join(" before, ");
  const trial = scale < 1 ? ["A trial: the figures mean nothing.", ""] : [];
  const notes = skipped.length === 0 ? [] : ["", "Left out:", "", ...skipped.map((note) => `- ${oneLine(note)}`)];
  return [
    ...trial,
    `\`${command}\`, commit ${commit}, ${startedAt.slice(0, 16)} UTC; ${machine}; load ${loads} at the end.`,
    "",
    tableOf(all),
    "",
    ...waysOf(results),
    ...notes,
    "",
  ].join("\n");
}

/** Puts the report's table in the place of the one with this name in docs/PERFORMANCE.md. */
export async function writePerformance(report: Report, name: TableName): Promise<void> {
  const [tableBegin, tableEnd] = ["begin", "end"].map(
    (place) => `<!-- npm run bench -- --write, ${name}: ${place} -->`,
  ) as [string, string];
  const text = await readFile(performancePath, "utf8");
  const [begin, end] = [text.indexOf(tableBegin), text.indexOf(tableEnd)];
  if (begin === -1 || end < begin) throw new Error(`${performancePath} has no place for the table ${name}`);
  const table = `${tableBegin}\n\n${reportText(report)}\n`;
  await writeFile(performancePath, text.slice(0, begin) + table + text.slice(end));
}

/** What each other tool did, once for each tool and way. */
function waysOf(results: readonly Result[]): string[] {
  const ways = new Map<string, Set<string>>();
  for (const { name, how } of results.flatMap(({ others }): readonly Measured[] => others))
    if (how !== undefined) ways.set(name, (ways.get(name) ?? new Set()).add(how));
  return Array.from(ways, ([name, hows]) => `- ${name}: ${[...hows].join("; ")}.`);
}

function nameOf(row: Result | Row): string {
  return "job" in row ? row.job : row.name;
}

function commitNow(): string {
  try {
    const git = (...args: string[]): string => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
    return `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain", "src") === "" ? "" : " with changes"}`;
  } catch {
    return "unknown";
  }
}

function oneLine(text: string): string {
  return text.replaceAll("\n", " ");
}
