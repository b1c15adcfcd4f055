/** How late the main loop gets while something runs beside it. */
import { readFileSync } from "node:fs";
import type { Bench } from "./contest.ts";

const timerMs = 1;
/** Where Linux tells the nanoseconds that the main thread has been on a processor. */
const threadUsage = `/proc/self/task/${process.pid}/schedstat`;

/**
 * Runs `work`, and adds a row with the latest that a timer came meanwhile, which other processes of a busy machine may have
 * caused too, and the most that the loop itself worked in one go.
 */
export async function watchMainLoop(bench: Bench, name: string, work: () => Promise<unknown>): Promise<void> {
  let [worstMs, lastMs] = [0, performance.now()];
  let [mostWorkMs, lastWorkMs] = [0, workedMs()];
  const look = (): void => {
    const [nowMs, nowWorkMs] = [performance.now(), workedMs()];
    worstMs = Math.max(worstMs, nowMs - lastMs - timerMs);
    if (nowWorkMs !== undefined) mostWorkMs = Math.max(mostWorkMs, nowWorkMs - (lastWorkMs ?? nowWorkMs));
    [lastMs, lastWorkMs] = [nowMs, nowWorkMs];
  };
  const timer = setInterval(look, timerMs);
  await work();
  clearInterval(timer);
  look();
  const inOneGo = lastWorkMs === undefined ? "" : `, at most ${mostWorkMs.toFixed(1)} ms of work in one go`;
  bench.add({ name, ours: `at most ${worstMs.toFixed(1)} ms late${inOneGo}`, others: "", runs: "", processes: "" });
}

function workedMs(): number | undefined {
  try {
    return Number(readFileSync(threadUsage, "latin1").split(" ")[0]) / 1e6;
  } catch {
    return undefined;
  }
}
