/** The memory of other processes, as /proc tells it. */
import { readFile } from "node:fs/promises";

/** What a peer may take at the most, whatever is done to it. */
export const peerMemoryBytesMax = 300 * 1024 * 1024;

/** The most memory that a process has had resident since it was started; 0 once it has ended. */
export async function peakResidentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
