/**
 * Bytes on the loopback interface. The superuser's benchmarks run in a network namespace of their own, so that nothing
 * else on the machine is counted; others count what the whole machine sends to itself, and say so.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { installed } from "./run-program.ts";

const inNamespace = "DFS_BENCH_NAMESPACE";

/** Whether this process has loopback for itself. */
export const hasOwnLoopback = process.env[inNamespace] !== undefined;

/** Bytes and packets sent over loopback so far, headers included, in either direction; NaN where that cannot be read. */
function onLoopback(): { readonly bytes: number; readonly packets: number } {
  try {
    const [, , ...interfaces] = readFileSync("/proc/self/net/dev", "utf8").split("\n");
    const loopback = interfaces.find((line) => line.trim().startsWith("lo:"));
    const [, bytes, packets] = /lo:\s*(\d+)\s+(\d+)/.exec(loopback ?? "") ?? [];
    return { bytes: Number(bytes), packets: Number(packets) };
  } catch {
    return { bytes: NaN, packets: NaN };
  }
}

/** Does `work`; resolves with what went over loopback meanwhile, too. */
export async function onTheWire<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly megabytes: number; readonly packets: number; readonly result: Result }> {
  const before = onLoopback();
  const result = await work();
  const after = onLoopback();
  return { megabytes: (after.bytes - before.bytes) / 1e6, packets: after.packets - before.packets, result };
}

/**
 * Runs this program again in a network namespace of its own, where that is possible and has not happened yet. Resolves
 * with that program's exit code; undefined where the caller is to go on itself.
 */
export async function runInOwnNamespace(): Promise<number | undefined> {
  const isPossible = process.platform === "linux" && process.getuid?.() === 0;
  if (hasOwnLoopback || !isPossible || installed("unshare") === undefined || installed("ip") === undefined)
    return undefined;
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn("unshare", ["--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...again], {
    stdio: "inherit",
    env: { ...process.env, [inNamespace]: "1" },
  });
  // The terminal tells both of an interrupt; whoever ends only this process means the other one.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
