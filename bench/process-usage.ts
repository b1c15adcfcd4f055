/** What a process cost: read from /proc, so it is blank on systems without one. */
import { readFileSync } from "node:fs";

/** CPU time so far and the most memory so far of one process. */
export interface ProcessUsage {
  readonly role: string;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** Linux counts CPU time in hundredths of a second for every reader of /proc. */
const ticksPerSecond = 100;
/** User and system time, counted from the field after the command's closing bracket. */
const [userField, systemField] = [11, 12];

/** The usage of a running process, all its threads together; undefined when it is gone or there is no /proc. */
export function usageOf(role: string, pid: number): ProcessUsage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    if (peak === undefined) return undefined; // it has ended, and nobody has fetched its exit code yet
    const ticks = Number(fields[userField]) + Number(fields[systemField]);
    return { role, cpuSeconds: ticks / ticksPerSecond, peakMiB: Number(peak) / 1024 };
  } catch {
    return undefined;
  }
}

/** What was used between two readings of the same process; its peak is that of its whole life. */
export function usageBetween(before: ProcessUsage | undefined, after: ProcessUsage | undefined): ProcessUsage[] {
  if (after === undefined) return [];
  return [{ ...after, cpuSeconds: after.cpuSeconds - (before?.cpuSeconds ?? 0) }];
}

/** One line for the table: of each role the median of its CPU seconds and the highest of its peaks. */
export function usageText(usages: readonly ProcessUsage[]): string {
  const roles = new Map<string, ProcessUsage[]>();
  for (const usage of usages) roles.set(usage.role, [...(roles.get(usage.role) ?? []), usage]);
  const texts = Array.from(roles, ([role, all]) => {
    const cpuSeconds = median(all.map((usage) => usage.cpuSeconds));
    const peakMiB = Math.max(...all.map((usage) => usage.peakMiB));
    return `${role} ${cpuSeconds.toFixed(2)} s, ${peakMiB.toFixed(0)} MiB`;
  });
  return texts.join("; ");
}

/** The middle of the values, or the upper of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
