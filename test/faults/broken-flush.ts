/** A disk whose flushes fail: strace makes every fsync of a running process fail with EIO. For Linux and root. */
import { type ChildProcess, spawn } from "node:child_process";
import { until } from "./until.ts";

const attachMs = 10_000;
const calls = "fsync,fdatasync";

/** Resolves when every flush of the process fails, until what it resolves with is called; the process must be killed then. */
export async function breakFlushes(pid: number): Promise<() => Promise<void>> {
  const inject = `inject=${calls}:error=EIO`;
  // It must not outlive a test that was killed.
  const wrapper = ["--pdeathsig", "KILL", "strace"];
  const strace = spawn("setpriv", [...wrapper, "-f", "-qq", "-p", String(pid), "-e", `trace=${calls}`, "-e", inject], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => strace.once("close", () => resolve()));
  let said = "";
  strace.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  await until("a flush that fails", attachMs, () => {
    requireRunning(strace, said);
    return said.includes("(INJECTED)") || undefined;
  });
  return async () => {
    // It may wait for a process that is gone and hear no gentler signal; nobody learns of that end before it lets go.
    strace.kill("SIGKILL");
    await ended;
  };
}

function requireRunning(strace: ChildProcess, said: string): void {
  if (strace.exitCode !== null && !said.includes("(INJECTED)")) throw new Error(`strace ended: ${said}`);
}
